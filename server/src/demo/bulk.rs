//! Terminals beyond the demo proper: as many as asked for, merchant by merchant, so that most indexes grow at one place.

use super::catalogue::{COUNTERS, FIRMWARES};
use super::fleet::{self, HEARTBEAT_MS};
use super::story;
use super::world::World;
use crate::entities::{import_batches, terminals};
use crate::services::chain::{Actor, NewEntry};
use app::domain::{ActorKind, Lifecycle, LifecycleReason, LogKind, Outcome, TerminalId, Timestamp};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel};

/// Rows of one statement; 23 columns each stay under SQLite's 32,766 parameters.
const CHUNK: u64 = 1_000;

/// Rows of one import.
const IMPORT_ROWS: u64 = 100_000;

/// Days ago of the first and the last import, all before the story.
const FIRST_DAY: i64 = 380;
const LAST_DAY: i64 = 120;

/// Registrations that are in the device log; more would tell nobody anything.
const LOGGED: u64 = 3_000;

/// Makes the rows one after the other.
struct Maker {
    total: u64,
    made: u64,
    batch: import_batches::Model,
    batches: Vec<import_batches::Model>,
    entries: Vec<(Timestamp, NewEntry)>,
}

/// Writes the further terminals with their imports and some of their registrations.
pub(super) async fn insert(
    txn: &DatabaseTransaction,
    world: &mut World,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(), DbErr> {
    let owned: u64 = world.merchants.iter().map(|merchant| merchant.further).sum();
    let total = owned + world.unassigned;
    if total == 0 {
        return Ok(());
    }
    let batch = next_batch(world, 0, total);
    let mut maker = Maker {
        total,
        made: 0,
        batch,
        batches: Vec::new(),
        entries: Vec::new(),
    };
    // Terminals name their import, which therefore comes first and is counted at once.
    import_batches::Entity::insert(maker.batch.clone().into_active_model().reset_all())
        .exec_without_returning(txn)
        .await?;
    let plan: Vec<(Option<usize>, u64)> = world
        .merchants
        .iter()
        .enumerate()
        .map(|(place, merchant)| (Some(place), merchant.further))
        .chain([(None, world.unassigned)])
        .collect();
    let mut rows = Vec::with_capacity(usize::try_from(CHUNK).unwrap_or_default());
    for (merchant, count) in plan {
        for number in 0..count {
            let (batch, row) = maker.row(world, merchant, number);
            if let Some(batch) = batch {
                import_batches::Entity::insert(batch.into_active_model().reset_all())
                    .exec_without_returning(txn)
                    .await?;
            }
            rows.push(row.into_active_model().reset_all());
            if maker.made.is_multiple_of(CHUNK) || maker.made == total {
                terminals::Entity::insert_many(rows.drain(..))
                    .exec_without_returning(txn)
                    .await?;
                progress(maker.made);
            }
        }
    }
    maker.batches.push(maker.batch);
    for batch in &maker.batches {
        maker.entries.push((Timestamp(batch.created_at), summary(batch)));
    }
    story::append(txn, &world.dice, maker.entries).await
}

impl Maker {
    /// The next row, and the import that it begins, when it begins one.
    fn row(
        &mut self,
        world: &mut World,
        merchant: Option<usize>,
        number: u64,
    ) -> (Option<import_batches::Model>, terminals::Model) {
        let mut begun = None;
        if self.made > 0 && self.made.is_multiple_of(IMPORT_ROWS) {
            let batch = next_batch(world, self.made, self.total);
            begun = Some(batch.clone());
            self.batches.push(std::mem::replace(&mut self.batch, batch));
        }
        let created =
            Timestamp(self.batch.created_at).plus_ms(1 + i64::try_from(self.made % IMPORT_ROWS).unwrap_or_default());
        self.made += 1;
        let (model, printed) = world.serials.next(&world.dice);
        let mut row = fleet::unassigned(world.dice.id(created), created, self.batch.id, model, printed);
        if let Some(place) = merchant {
            give(world, place, number, &mut row);
            let one_of = (self.total / LOGGED).max(1);
            if row.registered_at.is_some()
                && world.dice.below(one_of) == 0
                && row.lifecycle != Lifecycle::Retired.code()
            {
                self.log(&row);
            }
        }
        (begun, row)
    }

    fn log(&mut self, row: &terminals::Model) {
        let Some(at) = row.registered_at.map(Timestamp) else {
            return;
        };
        let actor = Actor::terminal(Some(TerminalId(row.id)));
        let mut entry = story::about(row, LogKind::RegistrationSucceeded, Outcome::Success, actor);
        entry.address = Some(story::TERMINAL_ADDRESS.to_owned());
        entry.correlation = format!("seed-demo-{}", self.made);
        self.entries.push((at, entry));
    }
}

/// Gives a terminal to a merchant, in one of the states that terminals of merchants are in.
fn give(world: &World, place: usize, number: u64, row: &mut terminals::Model) {
    let dice = &world.dice;
    let merchant = &world.merchants[place];
    let number = usize::try_from(number).unwrap_or_default();
    let store = merchant.store(number);
    let counter = COUNTERS[(number / merchant.stores.len()) % COUNTERS.len()];
    row.name = format!("{}-{counter}", store.name);
    row.merchant_id = Some(merchant.id());
    row.store_id = Some(store.id);
    row.firmware = Some((*dice.one_of(&FIRMWARES)).to_owned());
    let state = match dice.below(100) {
        0..14 => Lifecycle::Awaiting,
        14..18 => Lifecycle::Suspended,
        18..23 => Lifecycle::Retired,
        _ => Lifecycle::Registered,
    };
    state.code().clone_into(&mut row.lifecycle);
    if state == Lifecycle::Awaiting {
        return;
    }
    let registered = Timestamp(row.created_at).plus_ms(dice.between(1, 30 * 24 * 3_600) * 1_000);
    row.registered_at = Some(registered.0);
    row.updated_at = registered.0;
    if matches!(state, Lifecycle::Suspended | Lifecycle::Retired) {
        row.lifecycle_reason = Some(LifecycleReason::Damaged.code().to_owned());
    }
    if state != Lifecycle::Retired && dice.below(12) > 0 {
        row.token_hash = Some(dice.digest().to_vec());
        row.token_issued_at = Some(registered.0);
        row.heartbeat_interval_ms = Some(HEARTBEAT_MS);
        let seconds = if dice.below(5) > 0 {
            dice.between(1, 300)
        } else {
            dice.between(300, 30 * 24 * 3_600)
        };
        let seen = world.calendar.now().0 - seconds * 1_000;
        row.last_seen_at = Some(seen);
        // The log was never told that they are online, so that it need not be told of a million that fall silent.
        row.online_until = Some(seen + 3 * HEARTBEAT_MS);
    }
}

fn next_batch(world: &World, made: u64, total: u64) -> import_batches::Model {
    let share = made.saturating_mul(u64::try_from(FIRST_DAY - LAST_DAY).unwrap_or_default()) / total.max(1);
    let day = FIRST_DAY - i64::try_from(share).unwrap_or_default();
    // Several imports of one day follow each other by the half hour.
    let minute = i64::try_from(made / IMPORT_ROWS % 16 * 30).unwrap_or_default();
    let created = world.calendar.ago(day, 8, minute);
    let mut batch = fleet::batch(world, created, &format!("inventory-{:03}.csv", made / IMPORT_ROWS + 1));
    batch.rows_total = i64::try_from(total.saturating_sub(made).min(IMPORT_ROWS)).unwrap_or_default();
    batch.rows_created = batch.rows_total;
    batch
}

/// One entry for all terminals of an import.
fn summary(batch: &import_batches::Model) -> NewEntry {
    NewEntry {
        merchant: None,
        occurred: Timestamp(batch.created_at),
        sn_sent: None,
        terminal: None,
        kind: LogKind::TerminalImported,
        outcome: Outcome::Info,
        reason: None,
        told: None,
        actor: Actor {
            kind: ActorKind::System,
            id: None,
            label: Some("tillkeeper".to_owned()),
        },
        address: None,
        correlation: "seed-demo".to_owned(),
        detail: serde_json::json!({ "import": batch.id, "rows": batch.rows_total }),
    }
}
