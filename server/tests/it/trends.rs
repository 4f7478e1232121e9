//! What the first page counts of the last days: a merchant its own, the platform everybody's, each on its own days.

use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{SHENGJING, World, XIAOMAN};
use app::backend::trends::{DAYS, Trends};
use app::caller::Caller;
use app::domain::{MerchantId, Reason, Role, Timestamp, UserId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, TransactionTrait};
use server::database::Engine;
use server::entities::merchants;
use server::services::trends::registrations;
use uuid::Uuid;

on_both_engines!(registrations_are_counted_by_day, counting_reads_the_index_alone);

async fn owner_of(db: &TestDb, number: &str) -> crate::world::Result<Caller> {
    let merchant = merchants::Entity::find()
        .filter(merchants::Column::MerchantNo.eq(number))
        .one(db.reader())
        .await?
        .ok_or("no merchant")?;
    let user = UserId(merchant.id);
    Caller::user(
        user,
        "owner".to_owned(),
        Role::MerchantOwner,
        Some(MerchantId(merchant.id)),
        Default::default(),
    )
    .ok_or_else(|| "no caller".into())
}

async fn registrations_are_counted_by_day(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},\nOWN10002,PAX,S90,,{XIAOMAN},\nTHEIRS01,PAX,S90,,{SHENGJING},\n"
        ))
        .await?;
    let mut xiaoman = world.signed_in("xiaoman").await?;
    let mut shengjing = world.signed_in("shengjing").await?;
    xiaoman.submit("/actions/register", &[("sn", "OWN10001")]).await?;
    shengjing.submit("/actions/register", &[("sn", "THEIRS01")]).await?;
    for _ in 0..2 {
        xiaoman.submit("/actions/register", &[("sn", "NEVER001")]).await?;
    }
    shengjing.submit("/actions/register", &[("sn", "THEIRS01")]).await?;
    world.clock.advance_ms(Timestamp::DAY_MS);
    let mut xiaoman = world.signed_in("xiaoman").await?;
    let mut shengjing = world.signed_in("shengjing").await?;
    xiaoman.submit("/actions/register", &[("sn", "OWN10002")]).await?;

    let trends = &world.services.trends;
    let own = trends.days(&owner_of(db, XIAOMAN).await?).await?;
    let counted = |days: &[app::backend::trends::Day]| {
        assert_eq!(days.len(), DAYS);
        let told = days.iter().filter(|day| day.succeeded + day.failed > 0);
        told.map(|day| (day.date.to_string(), day.succeeded, day.failed))
            .collect::<Vec<_>>()
    };
    let first = "2026-03-01".to_owned();
    assert_eq!(counted(&own), [(first.clone(), 1, 2), ("2026-03-02".to_owned(), 1, 0)]);
    let theirs = trends.days(&owner_of(db, SHENGJING).await?).await?;
    assert_eq!(counted(&theirs), [(first.clone(), 1, 1)]);
    let admin = Caller::system("test");
    let all = trends.days(&admin).await?;
    assert_eq!(counted(&all), [(first, 2, 3), ("2026-03-02".to_owned(), 1, 0)]);
    let reasons = trends.reasons(admin.platform_viewer()?).await?;
    assert_eq!(reasons, [(Reason::SnUnknown, 2), (Reason::AlreadyRegistered, 1)]);

    // The platform's is a minute old at most, a merchant's never.
    shengjing.submit("/actions/register", &[("sn", "NEVER001")]).await?;
    assert_eq!(trends.days(&admin).await?, all);
    world.clock.advance_ms(60_000);
    assert_ne!(trends.days(&admin).await?, all);
    // A month later nothing of it is told.
    world.clock.advance_ms(31 * Timestamp::DAY_MS);
    assert_eq!(counted(&trends.days(&owner_of(db, XIAOMAN).await?).await?), []);

    // The page has the numbers as a table, and true reasons only for the platform.
    world.clock.set(Timestamp(1_772_424_000_000));
    let page = xiaoman.get("/").await?;
    page.says(&[
        "role=\"img\"",
        "from=2026-03-01&amp;to=2026-03-01",
        "近 30 天：注册成功 2 次，失败 2 次。",
    ]);
    page.is_silent_on(&["序列号不在平台清单中", "失败最多的原因"]);
    let mut platform = world.signed_in("admin").await?;
    platform.get("/").await?.says(&[
        "序列号不在平台清单中",
        "失败最多的原因",
        "outcome=failure&amp;reason=sn_unknown",
    ]);
    Ok(())
}

/// Each engine says how it counts; PostgreSQL, which reads a short table from end to end, when it may not do that.
async fn counting_reads_the_index_alone(db: &TestDb) -> Outcome {
    let sqlite = db.engine() == Engine::Sqlite;
    for (index, merchant) in [
        ("ix_device_log_registrations_merchant", Some(MerchantId(Uuid::nil()))),
        ("ix_device_log_registrations", None),
    ] {
        let plan = db.reader().begin().await?;
        if !sqlite {
            plan.execute_unprepared("SET LOCAL enable_seqscan = off").await?;
        }
        let mut asked = registrations(&plan, merchant, Timestamp(1));
        let explain = if sqlite { "EXPLAIN QUERY PLAN" } else { "EXPLAIN" };
        asked.sql = format!("{explain} {}", asked.sql);
        let found = plan.query_all_raw(asked).await?;
        let lines: std::result::Result<Vec<String>, _> = found
            .iter()
            .map(|row| row.try_get_by_index(if sqlite { 3 } else { 0 }))
            .collect();
        let found = lines?.join("\n");
        let expected = if sqlite {
            format!("USING COVERING INDEX {index} ")
        } else {
            // With nothing in the table both cost the same.
            "using ix_device_log_registrations".to_owned()
        };
        assert!(found.contains(&expected), "{found}");
    }
    Ok(())
}
