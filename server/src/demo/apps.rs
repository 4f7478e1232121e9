//! The apps of the demo: who may run them, and where they are installed.

use super::fleet::Terminal;
use super::world::World;
use crate::entities::{app_grants, app_installs, app_versions, apps};
use app::domain::{InstallState, Timestamp};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel};
use uuid::Uuid;

/// Rows of one statement, far under SQLite's 32,766 parameters.
const CHUNK: usize = 1_000;

/// Place of the merchant whose payment app ends soon, and of the one whose has ended.
const ENDS_SOON: usize = 1;
const HAS_ENDED: usize = 6;

/// An app of the demo; both are invented.
struct DemoApp {
    package: &'static str,
    name_zh: &'static str,
    name_en: &'static str,
    payment: bool,
    /// Version, notes in Chinese and in English, days since it came out; the oldest first.
    versions: &'static [(&'static str, &'static str, &'static str, i64)],
}

const PUBLISHER: &str = "掌柜演示软件";

const APPS: [DemoApp; 3] = [
    DemoApp {
        package: "cn.example.zhanggui.pay",
        name_zh: "掌柜收银",
        name_en: "Zhanggui Pay",
        payment: true,
        versions: &[
            ("3.1.0", "支持插卡和挥卡。", "Chip and contactless cards.", 200),
            (
                "3.2.4",
                "签到更快，重打签购单更方便。",
                "Faster sign-in; slips are easier to reprint.",
                40,
            ),
        ],
    },
    DemoApp {
        package: "cn.example.zhanggui.member",
        name_zh: "会员积分",
        name_en: "Loyalty Points",
        payment: false,
        versions: &[("1.8.0", "手机号查积分。", "Points by phone number.", 60)],
    },
    DemoApp {
        package: "cn.example.zhanggui.invoice",
        name_zh: "电子发票",
        name_en: "E-Invoice",
        payment: false,
        versions: &[(
            "2.0.2",
            "小票上直接打印开票码。",
            "The invoice code is printed on the slip.",
            25,
        )],
    },
];

/// Writes the catalogue, the grants of all merchants and the installs of the demo's own terminals.
pub(super) async fn insert(txn: &DatabaseTransaction, world: &World, fleet: &[Terminal]) -> Result<(), DbErr> {
    let mut ids = Vec::new();
    for app in &APPS {
        let id = catalogue(txn, world, app).await?;
        ids.push(id);
    }
    let [pay, member, invoice] = ids[..] else {
        return Ok(());
    };
    let mut grants = Vec::new();
    for (place, merchant) in world.merchants.iter().enumerate() {
        let expires = match place {
            ENDS_SOON => world.calendar.ago(-19, 0, 0),
            HAS_ENDED => world.calendar.ago(2, 0, 0),
            _ => world.calendar.ago(-280, 0, 0),
        };
        grants.push(grant(world, pay, merchant.id(), None, Some(expires)));
        if place % 3 == 0 {
            grants.push(grant(world, member, merchant.id(), None, None));
        }
        if place % 4 == 0 {
            grants.push(grant(world, invoice, merchant.id(), Some(merchant.store(0).id), None));
        }
    }
    for rows in grants.chunks(CHUNK) {
        let rows = rows.iter().map(|row| row.clone().into_active_model().reset_all());
        app_grants::Entity::insert_many(rows)
            .exec_without_returning(txn)
            .await?;
    }
    let installs: Vec<_> = fleet
        .iter()
        .filter_map(|terminal| install(world, pay, terminal))
        .map(|row| row.into_active_model().reset_all())
        .collect();
    app_installs::Entity::insert_many(installs)
        .exec_without_returning(txn)
        .await?;
    Ok(())
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
    for (version, notes_zh, notes_en, days) in app.versions {
        let published = world.calendar.ago(*days, 10, 0);
        let row = app_versions::Model {
            id: world.dice.id(published),
            app_id: id,
            version: (*version).to_owned(),
            notes_zh: (*notes_zh).to_owned(),
            notes_en: (*notes_en).to_owned(),
            min_firmware: None,
            published_at: published.0,
        };
        row.into_active_model().reset_all().insert(txn).await?;
    }
    Ok(id)
}

fn grant(
    world: &World,
    app: Uuid,
    merchant: Uuid,
    store: Option<Uuid>,
    expires: Option<Timestamp>,
) -> app_grants::Model {
    let starts = world.calendar.ago(75, 9, 0);
    app_grants::Model {
        id: world.dice.id(starts),
        app_id: app,
        merchant_id: merchant,
        store_id: store,
        terminal_id: None,
        starts_at: starts.0,
        expires_at: expires.map(|at| at.0),
        revoked_at: None,
        revoke_reason: None,
        granted_by: None,
        created_at: starts.0,
    }
}

/// What a terminal that has connected said of the payment app.
fn install(world: &World, app: Uuid, terminal: &Terminal) -> Option<app_installs::Model> {
    let row = &terminal.row;
    let (connected, merchant) = row.token_hash.as_ref().and(row.token_issued_at).zip(row.merchant_id)?;
    let (state, version, error) = match world.dice.below(14) {
        0 => (InstallState::Failed, None, Some("no_space")),
        1 => (InstallState::Installed, Some("3.1.0"), None),
        _ => (InstallState::Installed, Some("3.2.4"), None),
    };
    Some(app_installs::Model {
        terminal_id: row.id,
        app_id: app,
        merchant_id: merchant,
        state: state.code().to_owned(),
        version: version.map(str::to_owned),
        error_code: error.map(str::to_owned),
        reported_at: Timestamp(connected).plus_ms(4 * 60_000).min(world.calendar.now()).0,
    })
}
