//! The terminals of the demo proper: every state, one serial number that came back, one that two makers use.

use super::TERMINALS;
use super::catalogue::{APP_VERSIONS, COUNTERS, FIRMWARES, MERCHANTS, NOTES};
use super::signals;
use super::world::World;
use crate::entities::{import_batches, terminals};
use app::domain::{Lifecycle, LifecycleReason, Timestamp};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel};
use uuid::Uuid;

/// Place of the merchant with the failure story, of the one whose retired terminal came back, and of the one with a
/// serial number that two makers use.
pub(super) const STORY: usize = 0;
pub(super) const CAME_BACK: usize = 2;
pub(super) const TWO_MAKERS: usize = 1;

/// The serial number that two makers use.
const SHARED_SN: &str = "1609004417";

/// How long a terminal waits between heartbeats. Nothing stands behind those of the demo, and they should not all fall
/// silent while somebody looks at it: four hours.
pub(super) const HEARTBEAT_MS: i64 = 4 * 3600 * 1000;

/// What became of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nobody's.
    Unassigned,
    /// Given to its merchant and not registered.
    Awaiting,
    /// Registered in the portal; nobody has keyed in the code yet.
    Never,
    /// Registered and connected, but not heard from since.
    Silent,
    /// Registered and heard from just now.
    Online,
    /// Registered and not heard from for days.
    Offline,
    /// Registered once, and stopped.
    Suspended,
    /// Registered once, and out of use.
    Retired,
}

use Fate::{Awaiting, Never, Offline, Online, Retired, Silent, Suspended, Unassigned};

const FATES: [Fate; 16] = [
    Online, Online, Online, Offline, Awaiting, Online, Silent, Suspended, Online, Awaiting, Offline, Never, Retired,
    Online, Awaiting, Online,
];

/// A terminal and what the story needs to know of it.
#[derive(Clone, Debug)]
pub(super) struct Terminal {
    pub(super) row: terminals::Model,
    pub(super) fate: Fate,
    /// Its merchant's place in the catalogue.
    pub(super) merchant: Option<usize>,
    /// When it was suspended or retired.
    pub(super) ended: Option<Timestamp>,
}

/// Writes the terminals and the imports that brought them, and answers the terminals.
pub(super) async fn insert(txn: &DatabaseTransaction, world: &mut World) -> Result<Vec<Terminal>, DbErr> {
    let first = batch(world, world.calendar.ago(75, 9, 20), "2号仓库存.csv");
    let second = batch(world, world.calendar.ago(33, 10, 5), "新到终端.csv");
    let third = batch(world, world.calendar.ago(15, 16, 40), "翻新返库.csv");
    let mut fleet = Vec::new();
    for (place, merchant) in MERCHANTS.iter().enumerate() {
        for number in 0..merchant.terminals {
            let fate = FATES[(number + 5 * place) % FATES.len()];
            let terminal = of_merchant(world, place, number, fate, &first);
            fleet.push(terminal);
        }
    }
    while fleet.len() < usize::try_from(TERMINALS).unwrap_or(usize::MAX) {
        let created = arrival(&second, fleet.len());
        let mut row = blank(world, created, &second);
        row.note = Some("新机".to_owned());
        fleet.push(Terminal {
            row,
            fate: Unassigned,
            merchant: None,
            ended: None,
        });
    }
    two_makers(&mut fleet);
    came_back(world, &mut fleet, &third);
    late_starter(world, &mut fleet);
    stolen(world, &mut fleet);
    write_batches(txn, [first, second, third], &fleet).await?;
    let rows = fleet
        .iter()
        .map(|terminal| terminal.row.clone().into_active_model().reset_all());
    terminals::Entity::insert_many(rows).exec_without_returning(txn).await?;
    Ok(fleet)
}

fn of_merchant(world: &mut World, place: usize, number: usize, fate: Fate, batch: &import_batches::Model) -> Terminal {
    let created = arrival(batch, place * 100 + number);
    let mut row = blank(world, created, batch);
    let merchant = &world.merchants[place];
    let store = merchant.store(number);
    let counter = COUNTERS[(number / merchant.stores.len()) % COUNTERS.len()];
    row.name = format!("{}-{counter}", store.name);
    row.merchant_id = Some(merchant.id());
    row.store_id = Some(store.id);
    row.firmware = Some((*world.dice.one_of(&FIRMWARES)).to_owned());
    row.note = (world.dice.below(3) == 0).then(|| (*world.dice.one_of(&NOTES)).to_owned());
    let mut terminal = Terminal {
        row,
        fate,
        merchant: Some(place),
        ended: None,
    };
    settle(world, &mut terminal);
    terminal
}

/// Gives a terminal the instants and the state of its fate.
fn settle(world: &World, terminal: &mut Terminal) {
    let (calendar, dice) = (&world.calendar, &world.dice);
    let row = &mut terminal.row;
    let opening = |days| calendar.ago(days, dice.between(9, 20), dice.between(0, 59));
    let registered = match terminal.fate {
        Unassigned | Awaiting => None,
        Retired => Some(opening(dice.between(60, 70))),
        Suspended => Some(opening(dice.between(14, 29))),
        _ => Some(opening(dice.between(1, 29))),
    };
    row.registered_at = registered.map(|at| at.0);
    row.lifecycle = match terminal.fate {
        Unassigned => Lifecycle::Unassigned,
        Awaiting => Lifecycle::Awaiting,
        Suspended => Lifecycle::Suspended,
        Retired => Lifecycle::Retired,
        _ => Lifecycle::Registered,
    }
    .code()
    .to_owned();
    let connected = registered
        .filter(|_| terminal.fate != Never)
        .map(|at| at.plus_ms(dice.between(3, 24) * 60_000));
    row.token_issued_at = connected.map(|at| at.0);
    row.token_hash = connected
        .filter(|_| terminal.fate != Retired)
        .map(|_| dice.digest().to_vec());
    if connected.is_some() {
        row.app_version = Some((*dice.one_of(&APP_VERSIONS)).to_owned());
        row.heartbeat_interval_ms = Some(HEARTBEAT_MS);
    }
    let now = calendar.now();
    terminal.ended = match terminal.fate {
        Suspended => Some(opening(dice.between(2, 12))),
        Retired => Some(opening(dice.between(20, 50))),
        _ => None,
    };
    let seen = match terminal.fate {
        Online => Some(now.plus_ms(-dice.between(2, 200) * 1_000)),
        Offline => {
            let seen = now.plus_ms(-dice.between(14, 160) * 3_600_000);
            Some(seen.max(Timestamp(row.token_issued_at.unwrap_or(seen.0))))
        }
        Suspended | Retired => terminal.ended.map(|ended| ended.plus_ms(-dice.between(5, 90) * 60_000)),
        _ => None,
    };
    if let Some(seen) = seen {
        signals::heard(calendar, dice, row, seen);
    }
    if let Some(ended) = terminal.ended {
        let (reason, note) = match terminal.fate {
            Suspended => *dice.one_of(&[
                (LifecycleReason::Damaged, "屏幕碎裂，待维修"),
                (LifecycleReason::Lost, "盘点未找到"),
                (LifecycleReason::Tampered, "防拆报警"),
            ]),
            _ => *dice.one_of(&[
                (LifecycleReason::EndOfLife, "厂商停止支持"),
                (LifecycleReason::Replaced, "已由新机替换"),
                (LifecycleReason::Returned, "退回平台"),
            ]),
        };
        row.lifecycle_reason = Some(reason.code().to_owned());
        row.lifecycle_note = Some(note.to_owned());
        row.updated_at = ended.0;
    } else {
        row.updated_at = connected.or(registered).map_or(row.created_at, |at| at.0);
    }
}

/// Two makers use one serial number, and the merchant waits for both terminals.
fn two_makers(fleet: &mut [Terminal]) {
    let mut waiting = fleet
        .iter_mut()
        .filter(|terminal| terminal.merchant == Some(TWO_MAKERS) && terminal.fate == Awaiting);
    for (manufacturer, model) in [("PAX", "S90"), ("Newland", "N910")] {
        if let Some(terminal) = waiting.next() {
            let row = &mut terminal.row;
            row.manufacturer = manufacturer.to_owned();
            row.model = model.to_owned();
            row.sn = SHARED_SN.to_owned();
            row.sn_printed = SHARED_SN.to_owned();
        }
    }
}

/// A retired terminal of a merchant was repaired and is back as a new record, which waits.
fn came_back(world: &World, fleet: &mut [Terminal], batch: &import_batches::Model) {
    let Some(old) = first_mut(fleet, CAME_BACK, Retired) else {
        return;
    };
    let retired = world.calendar.ago(22, 11, 15);
    old.ended = Some(retired);
    old.row.updated_at = retired.0;
    old.row.lifecycle_reason = Some(LifecycleReason::Returned.code().to_owned());
    old.row.lifecycle_note = Some("送修后返库".to_owned());
    let old = old.row.clone();
    let Some(new) = first_mut(fleet, CAME_BACK, Awaiting) else {
        return;
    };
    let created = arrival(batch, 0);
    new.row = terminals::Model {
        id: world.dice.id(created),
        manufacturer: old.manufacturer,
        model: old.model,
        sn: old.sn,
        sn_printed: old.sn_printed,
        note: Some("翻新机".to_owned()),
        import_batch_id: Some(batch.id),
        created_at: created.0,
        updated_at: created.0,
        ..new.row.clone()
    };
}

/// The terminal of the failure story: nobody's for a long time, then registered at last.
fn late_starter(world: &World, fleet: &mut [Terminal]) {
    if let Some(terminal) = first_mut(fleet, STORY, Online) {
        let registered = world.calendar.ago(6, 14, 30).0;
        terminal.row.registered_at = Some(registered);
        terminal.row.token_issued_at = Some(registered);
        terminal.row.updated_at = registered;
    }
}

/// The terminal that was taken at night.
fn stolen(world: &World, fleet: &mut [Terminal]) {
    if let Some(terminal) = first_mut(fleet, STORY, Suspended) {
        let noticed = world.calendar.ago(12, 21, 40);
        terminal.ended = Some(noticed);
        terminal.row.lifecycle_reason = Some(LifecycleReason::Stolen.code().to_owned());
        terminal.row.lifecycle_note = Some("夜间被盗，已报警".to_owned());
        terminal.row.updated_at = noticed.0;
        signals::heard(
            &world.calendar,
            &world.dice,
            &mut terminal.row,
            world.calendar.ago(12, 3, 12),
        );
    }
}

/// The first terminal of a merchant with a fate.
pub(super) fn first(fleet: &[Terminal], merchant: usize, fate: Fate) -> Option<&Terminal> {
    fleet
        .iter()
        .find(|terminal| terminal.merchant == Some(merchant) && terminal.fate == fate)
}

fn first_mut(fleet: &mut [Terminal], merchant: usize, fate: Fate) -> Option<&mut Terminal> {
    fleet
        .iter_mut()
        .find(|terminal| terminal.merchant == Some(merchant) && terminal.fate == fate)
}

/// A terminal as an import makes it, which is nobody's.
fn blank(world: &mut World, created: Timestamp, batch: &import_batches::Model) -> terminals::Model {
    let (model, printed) = world.serials.next(&world.dice);
    unassigned(world.dice.id(created), created, batch.id, model, printed)
}

/// A terminal that is nobody's.
pub(super) fn unassigned(
    id: Uuid,
    created: Timestamp,
    batch: Uuid,
    model: super::serials::Model,
    printed: String,
) -> terminals::Model {
    terminals::Model {
        id,
        manufacturer: model.manufacturer.to_owned(),
        model: model.name.to_owned(),
        sn: printed.replace('-', ""),
        sn_printed: printed,
        name: String::new(),
        name_key: None,
        merchant_id: None,
        store_id: None,
        lifecycle: Lifecycle::Unassigned.code().to_owned(),
        lifecycle_reason: None,
        lifecycle_note: None,
        note: None,
        firmware: None,
        app_version: None,
        token_hash: None,
        token_issued_at: None,
        heartbeat_interval_ms: None,
        last_report: None,
        reported_at: None,
        online: false,
        online_until: None,
        business_day: None,
        signed_in_at: None,
        signed_out_at: None,
        operator_no: None,
        import_batch_id: Some(batch),
        created_at: created.0,
        registered_at: None,
        last_seen_at: None,
        updated_at: created.0,
    }
}

/// When the `row`th row of an import was made: keys rise with their rows.
fn arrival(batch: &import_batches::Model, row: usize) -> Timestamp {
    Timestamp(batch.created_at).plus_ms(1 + i64::try_from(row).unwrap_or_default())
}

/// An import that went well; its rows are counted later.
pub(super) fn batch(world: &World, created: Timestamp, file_name: &str) -> import_batches::Model {
    import_batches::Model {
        id: world.dice.id(created),
        created_by: None,
        source: "cli".to_owned(),
        file_name: file_name.to_owned(),
        state: "done".to_owned(),
        rows_total: 0,
        rows_created: 0,
        rows_updated: 0,
        rows_skipped: 0,
        rows_failed: 0,
        created_at: created.0,
        finished_at: Some(created.0 + 2_000),
    }
}

async fn write_batches(
    txn: &DatabaseTransaction,
    batches: [import_batches::Model; 3],
    fleet: &[Terminal],
) -> Result<(), DbErr> {
    let counted = batches.into_iter().map(|mut batch| {
        let rows = fleet
            .iter()
            .filter(|terminal| terminal.row.import_batch_id == Some(batch.id))
            .count();
        batch.rows_total = i64::try_from(rows).unwrap_or_default();
        batch.rows_created = batch.rows_total;
        batch.into_active_model().reset_all()
    });
    import_batches::Entity::insert_many(counted)
        .exec_without_returning(txn)
        .await?;
    Ok(())
}
