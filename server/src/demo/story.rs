//! What happened: the device log of the demo, in the order of its instants, through the real chain.

use super::dice::Dice;
use super::fleet::{self, Fate, STORY, Terminal};
use super::hardship;
use super::world::World;
use crate::entities::{activation_codes, merchants, terminals, users};
use crate::services::chain::{self, Actor, NewEntry};
use app::domain::{ActorKind, Lifecycle, LogKind, MerchantId, Outcome, TerminalId, Timestamp};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter,
};
use serde_json::json;
use uuid::Uuid;

/// Addresses from the ranges for documentation (RFC 5737).
const PLATFORM_ADDRESS: &str = "192.0.2.10";
pub(super) const TERMINAL_ADDRESS: &str = "198.51.100.23";

/// How long an activation code works.
const CODE_MS: i64 = 30 * Timestamp::DAY_MS;

/// The merchant that has no room for another terminal.
pub(super) const FULL: usize = 6;

/// Entries and codes, as they are found.
#[derive(Default)]
pub(super) struct Script {
    pub(super) entries: Vec<(Timestamp, NewEntry)>,
    pub(super) codes: Vec<activation_codes::Model>,
}

/// Who does something, and from where.
#[derive(Clone, Copy)]
pub(super) struct Person<'a> {
    user: &'a users::Model,
    address: &'a str,
}

impl<'a> Person<'a> {
    /// The administrator, at the platform's desk.
    pub(super) fn at_the_platform(user: &'a users::Model) -> Self {
        Self {
            user,
            address: PLATFORM_ADDRESS,
        }
    }

    pub(super) fn id(self) -> Uuid {
        self.user.id
    }

    pub(super) fn actor(self) -> Actor {
        Actor {
            kind: ActorKind::User,
            id: Some(self.user.id),
            label: Some(self.user.login.clone()),
        }
    }

    pub(super) fn address(self) -> Option<String> {
        Some(self.address.to_owned())
    }
}

/// Writes the log of the demo proper and the activation codes that it speaks of. `users` are the administrator and then
/// the owners, in the order of the merchants; `before` is what was found already.
pub(super) async fn tell(
    txn: &DatabaseTransaction,
    world: &mut World,
    users: &[users::Model],
    fleet: &[Terminal],
    before: Vec<(Timestamp, NewEntry)>,
) -> Result<(), DbErr> {
    let Some((admin, owners)) = users.split_first() else {
        return Ok(());
    };
    let admin = Person::at_the_platform(admin);
    let addresses: Vec<String> = (0..owners.len())
        .map(|place| format!("203.0.113.{}", 10 + place))
        .collect();
    let owners: Vec<Person<'_>> = owners
        .iter()
        .zip(&addresses)
        .map(|(user, address)| Person { user, address })
        .collect();
    let mut script = Script {
        entries: before,
        ..Script::default()
    };
    let late = fleet::first(fleet, STORY, Fate::Online);
    for terminal in fleet {
        if late.is_some_and(|late| late.row.id == terminal.row.id) {
            script.imported(terminal, None);
            hardship::late_start(&mut script, world, terminal, admin, owners[STORY]);
        } else {
            script.imported(terminal, terminal.row.merchant_id);
            script.life(world, terminal, admin, &owners);
        }
    }
    hardship::refusals(&mut script, world, fleet, &owners);
    leave_no_room(txn, world).await?;

    let codes = script
        .codes
        .into_iter()
        .map(|code| code.into_active_model().reset_all());
    activation_codes::Entity::insert_many(codes)
        .exec_without_returning(txn)
        .await?;
    append(txn, &world.dice, script.entries).await
}

/// Appends entries at their instants, each a little after the one before it.
pub(super) async fn append(
    txn: &DatabaseTransaction,
    dice: &Dice,
    mut entries: Vec<(Timestamp, NewEntry)>,
) -> Result<(), DbErr> {
    entries.sort_by_key(|(at, _)| *at);
    let mut last = Timestamp(0);
    for (at, mut entry) in entries {
        last = at.max(last.plus_ms(1));
        entry.occurred = last;
        chain::append(txn, &dice.surroundings_at(last), vec![entry]).await?;
    }
    Ok(())
}

impl Script {
    pub(super) fn add(&mut self, at: Timestamp, entry: NewEntry) {
        self.entries.push((at, entry));
    }

    /// The import that brought a terminal, which was then given to `merchant`.
    fn imported(&mut self, terminal: &Terminal, merchant: Option<Uuid>) {
        let at = Timestamp(terminal.row.created_at);
        let actor = Actor {
            kind: ActorKind::System,
            id: None,
            label: Some("tillkeeper".to_owned()),
        };
        let mut entry = about(&terminal.row, LogKind::TerminalImported, Outcome::Info, actor);
        entry.merchant = merchant.map(MerchantId);
        entry.correlation = "import".to_owned();
        entry.detail = json!({ "import": terminal.row.import_batch_id });
        self.add(at, entry);
    }

    /// What happened to a terminal to which nothing out of the ordinary happened.
    fn life(&mut self, world: &World, terminal: &Terminal, admin: Person<'_>, owners: &[Person<'_>]) {
        let row = &terminal.row;
        let Some(owner) = terminal.merchant.and_then(|place| owners.get(place)).copied() else {
            return;
        };
        match (terminal.fate, row.registered_at.map(Timestamp)) {
            (Fate::Awaiting, _) if world.dice.below(2) == 0 => {
                let at = world
                    .calendar
                    .ago(world.dice.between(3, 10), 10, world.dice.between(0, 59));
                let code = self.code_issued(&world.dice, row, at, admin, world.dice.id(at).to_string());
                self.codes.push(code);
            }
            (_, Some(registered)) => {
                let request = world.dice.id(registered).to_string();
                let mut entry = about(row, LogKind::RegistrationSucceeded, Outcome::Success, owner.actor());
                entry.address = owner.address();
                entry.correlation.clone_from(&request);
                self.add(registered, entry);
                let mut code = self.code_issued(&world.dice, row, registered, owner, request);
                if let Some(connected) = row.token_issued_at.map(Timestamp) {
                    self.claimed(world, row, connected, &mut code);
                }
                self.codes.push(code);
            }
            _ => {}
        }
        if let Some(ended) = terminal.ended {
            let (kind, person) = match terminal.fate {
                Fate::Suspended => (LogKind::TerminalSuspended, owner),
                _ => (LogKind::TerminalRetired, admin),
            };
            let mut entry = about(row, kind, Outcome::Info, person.actor());
            entry.address = person.address();
            entry.correlation = world.dice.id(ended).to_string();
            entry.detail = json!({ "reason": row.lifecycle_reason, "note": row.lifecycle_note });
            self.add(ended, entry);
        }
    }

    /// A code is issued for a terminal; its row is answered, as it is then.
    pub(super) fn code_issued(
        &mut self,
        dice: &Dice,
        row: &terminals::Model,
        at: Timestamp,
        by: Person<'_>,
        request: String,
    ) -> activation_codes::Model {
        let mut entry = about(row, LogKind::CodeIssued, Outcome::Info, by.actor());
        entry.address = by.address();
        entry.correlation = request;
        self.add(at, entry);
        activation_codes::Model {
            id: dice.id(at),
            terminal_id: row.id,
            merchant_id: row.merchant_id.unwrap_or_default(),
            code_hash: dice.digest().to_vec(),
            state: "issued".to_owned(),
            issued_by: Some(by.user.id),
            issued_at: at.0,
            expires_at: at.plus_ms(CODE_MS).0,
            ended_at: None,
        }
    }

    /// The terminal itself keys in its code and is given its token.
    pub(super) fn claimed(
        &mut self,
        world: &World,
        row: &terminals::Model,
        at: Timestamp,
        code: &mut activation_codes::Model,
    ) {
        code.state = "consumed".to_owned();
        code.ended_at = Some(at.0);
        let request = world.dice.id(at).to_string();
        for (kind, outcome) in [
            (LogKind::CodeConsumed, Outcome::Info),
            (LogKind::RegistrationSucceeded, Outcome::Success),
        ] {
            let mut entry = about(row, kind, outcome, Actor::terminal(Some(TerminalId(row.id))));
            entry.address = Some(TERMINAL_ADDRESS.to_owned());
            entry.correlation.clone_from(&request);
            self.add(at, entry);
        }
    }
}

/// An entry about a terminal, in the chain of its merchant.
pub(super) fn about(row: &terminals::Model, kind: LogKind, outcome: Outcome, actor: Actor) -> NewEntry {
    NewEntry {
        merchant: row.merchant_id.map(MerchantId),
        occurred: Timestamp(row.created_at),
        sn_sent: Some(row.sn_printed.clone()),
        terminal: Some(TerminalId(row.id)),
        kind,
        outcome,
        reason: None,
        told: None,
        actor,
        address: None,
        correlation: String::new(),
        detail: json!({}),
    }
}

/// Sets the quota of [`FULL`] to what it has.
async fn leave_no_room(txn: &DatabaseTransaction, world: &World) -> Result<(), DbErr> {
    let merchant = world.merchants[FULL].id();
    let used = terminals::Entity::find()
        .filter(terminals::Column::MerchantId.eq(merchant))
        .filter(terminals::Column::Lifecycle.is_in([Lifecycle::Registered.code(), Lifecycle::Suspended.code()]))
        .count(txn)
        .await?;
    let quota = i64::try_from(used).unwrap_or(i64::MAX);
    merchants::Entity::update_many()
        .col_expr(merchants::Column::TerminalQuota, quota.into())
        .filter(merchants::Column::Id.eq(merchant))
        .exec(txn)
        .await?;
    Ok(())
}
