//! The apps of the demo: who may run them, where they are installed, and where that has failed.

use super::catalogue::MERCHANTS;
use super::fleet::{Fate, STORY, Terminal};
use super::story::{Person, TERMINAL_ADDRESS, about};
use super::world::World;
use crate::entities::{app_grants, app_installs, app_versions, apps};
use crate::services::chain::{Actor, NewEntry};
use app::domain::{ActorKind, InstallState, LogKind, MerchantId, Outcome, TerminalId, Timestamp};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use uuid::Uuid;

/// Rows of one statement, far under SQLite's 32,766 parameters.
const CHUNK: usize = 1_000;

/// How long a terminal takes to install its apps, milliseconds.
const SET_UP_MS: i64 = 15 * 60_000;

/// Place of the merchant whose payment app ends soon, and of the one whose has ended.
const ENDS_SOON: usize = 1;
const HAS_ENDED: usize = 6;

/// An app of the demo; all are invented.
struct DemoApp {
    package: &'static str,
    name_zh: &'static str,
    name_en: &'static str,
    payment: bool,
    /// The oldest first.
    versions: &'static [DemoVersion],
}

struct DemoVersion {
    version: &'static str,
    notes_zh: &'static str,
    notes_en: &'static str,
    min_firmware: Option<&'static str>,
    /// Days since it came out.
    days: i64,
}

const PUBLISHER: &str = "掌柜演示软件";

const APPS: [DemoApp; 4] = [
    DemoApp {
        package: "cn.example.zhanggui.pay",
        name_zh: "掌柜收银",
        name_en: "Zhanggui Pay",
        payment: true,
        versions: &[
            DemoVersion {
                version: "3.1.0",
                notes_zh: "支持插卡和挥卡。",
                notes_en: "Chip and contactless cards.",
                min_firmware: None,
                days: 200,
            },
            DemoVersion {
                version: "3.2.4",
                notes_zh: "签到更快，重打签购单更方便。\n修复个别型号断网后不能自动恢复的问题。",
                notes_en: "Faster sign-in; slips are easier to reprint.\nComes back by itself after the network was down.",
                min_firmware: Some("1.9.0"),
                days: 40,
            },
        ],
    },
    DemoApp {
        package: "cn.example.zhanggui.member",
        name_zh: "会员积分",
        name_en: "Loyalty Points",
        payment: false,
        versions: &[DemoVersion {
            version: "1.8.0",
            notes_zh: "手机号查积分。",
            notes_en: "Points by phone number.",
            min_firmware: None,
            days: 60,
        }],
    },
    DemoApp {
        package: "cn.example.zhanggui.invoice",
        name_zh: "电子发票",
        name_en: "E-Invoice",
        payment: false,
        versions: &[DemoVersion {
            version: "2.0.2",
            notes_zh: "小票上直接打印开票码。",
            notes_en: "The invoice code is printed on the slip.",
            min_firmware: Some("2.1.0"),
            days: 25,
        }],
    },
    DemoApp {
        package: "cn.example.zhanggui.queue",
        name_zh: "叫号取餐",
        name_en: "Queue Calls",
        payment: false,
        versions: &[DemoVersion {
            version: "0.9.5",
            notes_zh: "试用版：小票打印取餐号。",
            notes_en: "Trial: the slip has a number to wait for.",
            min_firmware: None,
            days: 50,
        }],
    },
];

/// What the story tells of apps, as it is found.
type Told = Vec<(Timestamp, NewEntry)>;

/// Writes the catalogue, the authorizations of all merchants and what the demo's own terminals installed. Answers what the
/// log has to say of it.
pub(super) async fn insert(
    txn: &DatabaseTransaction,
    world: &World,
    fleet: &[Terminal],
    admin: Person<'_>,
) -> Result<Told, DbErr> {
    let mut ids = Vec::new();
    for app in &APPS {
        ids.push(catalogue(txn, world, app).await?);
    }
    let mut told = Vec::new();
    let mut grants = Vec::new();
    for place in 0..world.merchants.len() {
        for grant in granted(world, &ids, place, admin.id()) {
            if place < MERCHANTS.len() {
                tell_grant(world, &ids, &grant, admin, &mut told);
            }
            grants.push(grant);
        }
    }
    for rows in grants.chunks(CHUNK) {
        let rows = rows.iter().map(|row| row.clone().into_active_model().reset_all());
        app_grants::Entity::insert_many(rows)
            .exec_without_returning(txn)
            .await?;
    }
    let mut installs = Vec::new();
    for terminal in fleet {
        for (place, app) in ids.iter().enumerate() {
            let may = |grant: &app_grants::Model| {
                let row = &terminal.row;
                let ends = [grant.revoked_at, grant.expires_at].into_iter().flatten().min();
                let in_time = |end: i64| row.token_issued_at.is_some_and(|at| at + SET_UP_MS < end);
                grant.app_id == *app
                    && Some(grant.merchant_id) == row.merchant_id
                    && (grant.store_id.is_none() || grant.store_id == row.store_id)
                    && ends.is_none_or(in_time)
            };
            if grants.iter().any(may) {
                installs.extend(install(world, &ids, place, terminal, fleet, &mut told));
            }
        }
    }
    let rows = installs.into_iter().map(|row| row.into_active_model().reset_all());
    app_installs::Entity::insert_many(rows)
        .exec_without_returning(txn)
        .await?;
    Ok(told)
}

/// The authorizations of a merchant.
fn granted(world: &World, ids: &[Uuid], place: usize, admin: Uuid) -> Vec<app_grants::Model> {
    let merchant = &world.merchants[place];
    let ago = |days| world.calendar.ago(days, 0, 0);
    let [pay, member, invoice, queue] = ids[..] else {
        return Vec::new();
    };
    let made = |app, store, expires: Option<Timestamp>| {
        let starts = world.calendar.ago(75, 9, i64::try_from(place % 60).unwrap_or_default());
        app_grants::Model {
            id: world.dice.id(starts),
            app_id: app,
            merchant_id: merchant.id(),
            store_id: store,
            terminal_id: None,
            starts_at: starts.0,
            expires_at: expires.map(|at| at.0),
            revoked_at: None,
            revoke_reason: None,
            granted_by: Some(admin),
            created_at: starts.0,
            expiry_told_at: expires.filter(|at| *at <= world.calendar.now()).map(|at| at.0),
        }
    };
    let expires = match place {
        ENDS_SOON => ago(-19),
        HAS_ENDED => ago(2),
        _ => ago(-280),
    };
    let mut all = vec![made(pay, None, Some(expires))];
    if place.is_multiple_of(3) {
        all.push(made(member, None, (place == STORY).then(|| ago(-12))));
    }
    if place.is_multiple_of(4) {
        all.push(made(invoice, Some(merchant.store(0).id), None));
    }
    if place == STORY {
        let mut trial = made(queue, None, None);
        trial.revoked_at = Some(world.calendar.ago(8, 17, 20).0);
        trial.revoke_reason = Some("试用结束，商户没有续用".to_owned());
        all.push(trial);
    }
    all
}

async fn catalogue(txn: &DatabaseTransaction, world: &World, app: &DemoApp) -> Result<Uuid, DbErr> {
    let created = world.calendar.ago(210, 10, 0);
    let id = world.dice.id(created);
    let row = apps::Model {
        id,
        package: app.package.to_owned(),
        name_zh: app.name_zh.to_owned(),
        name_en: app.name_en.to_owned(),
        publisher: PUBLISHER.to_owned(),
        payment: app.payment,
        created_at: created.0,
        updated_at: created.0,
    };
    row.into_active_model().reset_all().insert(txn).await?;
    for version in app.versions {
        let published = world.calendar.ago(version.days, 10, 0);
        let row = app_versions::Model {
            id: world.dice.id(published),
            app_id: id,
            version: version.version.to_owned(),
            notes_zh: version.notes_zh.to_owned(),
            notes_en: version.notes_en.to_owned(),
            min_firmware: version.min_firmware.map(str::to_owned),
            published_at: published.0,
        };
        row.into_active_model().reset_all().insert(txn).await?;
    }
    Ok(id)
}

/// That an app was authorized, and how that has ended.
fn tell_grant(world: &World, ids: &[Uuid], grant: &app_grants::Model, admin: Person<'_>, told: &mut Told) {
    let package = ids
        .iter()
        .position(|id| *id == grant.app_id)
        .map(|place| APPS[place].package);
    let target = if grant.store_id.is_some() { "store" } else { "merchant" };
    let mut detail = json!({ "package": package, "target": target, "starts_at": grant.starts_at });
    if let Some(expires) = grant.expires_at {
        detail["expires_at"] = json!(expires);
    }
    let mut entry = |at: Timestamp, kind, outcome, actor, address, detail: Value| {
        let entry = NewEntry {
            merchant: Some(MerchantId(grant.merchant_id)),
            occurred: at,
            sn_sent: None,
            terminal: None,
            kind,
            outcome,
            reason: None,
            told: None,
            actor,
            address,
            correlation: world.dice.id(at).to_string(),
            detail,
        };
        told.push((at, entry));
    };
    let by = |kind: LogKind| (kind, Outcome::Success, admin.actor(), admin.address());
    let (kind, outcome, actor, address) = by(LogKind::AppGranted);
    entry(
        Timestamp(grant.starts_at),
        kind,
        outcome,
        actor,
        address,
        detail.clone(),
    );
    if let Some(revoked) = grant.revoked_at {
        let mut detail = detail.clone();
        detail["reason"] = json!(grant.revoke_reason);
        let (kind, outcome, actor, address) = by(LogKind::AppRevoked);
        entry(Timestamp(revoked), kind, outcome, actor, address, detail);
    }
    if let Some(expired) = grant.expiry_told_at {
        let system = Actor {
            kind: ActorKind::System,
            id: None,
            label: Some("tillkeeper".to_owned()),
        };
        entry(
            Timestamp(expired),
            LogKind::AppExpired,
            Outcome::Info,
            system,
            None,
            detail,
        );
    }
}

/// What a terminal that has connected said of an app that it may run.
fn install(
    world: &World,
    ids: &[Uuid],
    place: usize,
    terminal: &Terminal,
    fleet: &[Terminal],
    told: &mut Told,
) -> Option<app_installs::Model> {
    let row = &terminal.row;
    let app = &APPS[place];
    let (connected, merchant) = row.token_hash.as_ref().and(row.token_issued_at).zip(row.merchant_id)?;
    let newest = app.versions.last()?.version;
    let oldest = app.versions.first()?.version;
    let failed = |code| (InstallState::Failed, Some(newest), Some(code));
    let (state, version, error) = match (world.dice.below(14), trouble(terminal, fleet, place)) {
        (_, Some(code)) => failed(code),
        (0, None) => failed(
            *world
                .dice
                .one_of(&["no_space", "download_failed", "battery_low", "E-1207"]),
        ),
        (1, None) => (InstallState::Installed, Some(oldest), None),
        _ => (InstallState::Installed, Some(newest), None),
    };
    let minutes = 4 + 3 * i64::try_from(place).unwrap_or_default();
    let at = Timestamp(connected).plus_ms(minutes * 60_000).min(world.calendar.now());
    let (kind, outcome) = match state {
        InstallState::Failed => (LogKind::AppFailed, Outcome::Failure),
        _ => (LogKind::AppInstalled, Outcome::Success),
    };
    let mut entry = about(row, kind, outcome, Actor::terminal(Some(TerminalId(row.id))));
    entry.address = Some(TERMINAL_ADDRESS.to_owned());
    entry.correlation = world.dice.id(at).to_string();
    entry.detail = json!({ "package": app.package, "state": state.code(), "version": version });
    if let Some(code) = error {
        entry.detail["error_code"] = json!(code);
    }
    told.push((at, entry));
    Some(app_installs::Model {
        terminal_id: row.id,
        app_id: ids[place],
        merchant_id: merchant,
        state: state.code().to_owned(),
        version: version.map(str::to_owned),
        error_code: error.map(str::to_owned),
        reported_at: at.0,
    })
}

/// The troubles of the merchant with the failure story: its second terminal at work has no room for the payment app, its
/// third could not fetch the points.
fn trouble(terminal: &Terminal, fleet: &[Terminal], place: usize) -> Option<&'static str> {
    let mut at_work = fleet
        .iter()
        .filter(|other| other.merchant == Some(STORY) && other.fate == Fate::Online);
    let nth = at_work.position(|other| other.row.id == terminal.row.id)?;
    match (nth, place) {
        (1, 0) => Some("no_space"),
        (2, 1) => Some("download_failed"),
        _ => None,
    }
}
