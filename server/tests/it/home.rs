//! The first page: of the platform's, what somebody should look after, with numbers that the lists behind them have too.

use crate::client::{Answer, Client, between, table_rows};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::backend::imports::Imports;
use app::caller::Caller;
use app::domain::{Role, Timestamp};
use std::fmt::Write;

on_both_engines!(
    the_platform_sees_what_to_look_after,
    what_is_silent_is_told_apart_from_what_is_retired,
    the_platform_sees_its_imports,
    a_merchant_sees_nothing_of_it,
);

/// What stands in the section with that heading.
fn section<'a>(page: &'a Answer, heading: &str) -> &'a str {
    between(&page.body, &format!("id=\"{heading}\""), "</section>").unwrap_or_default()
}

/// The addresses and numbers of the section of what to look after.
fn cares(page: &Answer) -> Vec<(String, String)> {
    let each = section(page, "care-title").split("<li>").skip(1);
    each.filter_map(|tile| {
        let href = between(tile, "href=\"", "\"")?.replace("&amp;", "&");
        let number = tile.rsplit_once("</span>")?.0.rsplit('>').next()?;
        Some((href, number.to_owned()))
    })
    .collect()
}

async fn many_in(client: &mut Client, list: &str) -> Result<String> {
    let page = client.get(list).await?;
    Ok(table_rows(&page.body).len().to_string())
}

async fn the_platform_sees_what_to_look_after(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let page = admin.get("/").await?;
    assert!(section(&page, "care-title").contains("没有需要处理的事项"), "{page:?}");
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},\nOWN10002,PAX,S90,,{XIAOMAN},\nOWN10003,PAX,S90,,{XIAOMAN},\nTHEIRS01,PAX,S90,,{SHENGJING},\n"
        ))
        .await?;
    let mut xiaoman = world.signed_in("xiaoman").await?;
    for sn in ["OWN10001", "OWN10002", "OWN10003"] {
        xiaoman.submit("/actions/register", &[("sn", sn)]).await?;
    }
    // One has called long ago, and none of the codes is used in time.
    world
        .sql("UPDATE terminals SET last_seen_at = 1, token_issued_at = 1 WHERE sn = 'OWN10003'")
        .await?;
    let hash = match db.engine() {
        server::database::Engine::Sqlite => "zeroblob(32)",
        server::database::Engine::Postgres => "decode(repeat('00', 32), 'hex')",
    };
    world
        .sql(&format!(
            "UPDATE terminals SET token_hash = {hash} WHERE sn = 'OWN10003'"
        ))
        .await?;
    world
        .sql("UPDATE terminals SET lifecycle = 'suspended', lifecycle_reason = 'lost' WHERE sn = 'OWN10002'")
        .await?;
    world.clock.advance_ms(31 * Timestamp::DAY_MS);
    world.services.codes.sweep().await?;
    let mut xiaoman = world.signed_in("xiaoman").await?;
    xiaoman.submit("/actions/register", &[("sn", "NEVER001")]).await?;

    let mut admin = world.signed_in("admin").await?;
    let found = cares(&admin.get("/").await?);
    let lists: Vec<&str> = found.iter().map(|(href, _)| href.as_str()).collect();
    assert_eq!(
        lists,
        [
            "/terminals?problem=not_connected",
            "/terminals?state=registered&seen_to=2026-03-24&sort=last_seen",
            "/terminals?state=suspended",
            "/logs?kind=registration.failed&from=2026-04-01&to=2026-04-01",
            "/logs?kind=code.expired&from=2026-03-26",
        ]
    );
    for (href, number) in &found {
        assert_eq!(&many_in(&mut admin, href).await?, number, "{href}");
    }
    let numbers: Vec<&str> = found.iter().map(|(_, number)| number.as_str()).collect();
    assert_eq!(numbers, ["1", "1", "1", "1", "3"]);
    Ok(())
}

/// Of many that have not called for long, most are out of use; those that are left are about as many as is said.
async fn what_is_silent_is_told_apart_from_what_is_retired(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut file = String::new();
    for n in 0..4_700 {
        writeln!(file, "MANY{n:06},PAX,S90,,{XIAOMAN},")?;
    }
    world.import(&file).await?;
    let fresh = world.later(0).0;
    for (from, to, set) in [
        (
            0,
            2_600,
            "lifecycle = 'retired', lifecycle_reason = 'end_of_life', last_seen_at = 1".to_owned(),
        ),
        (
            2_600,
            3_000,
            "lifecycle = 'registered', registered_at = 1, last_seen_at = 2".to_owned(),
        ),
        (
            3_000,
            4_700,
            format!("lifecycle = 'registered', registered_at = 1, last_seen_at = {fresh}"),
        ),
    ] {
        world
            .sql(&format!(
                "UPDATE terminals SET {set} WHERE sn >= 'MANY{from:06}' AND sn < 'MANY{to:06}'"
            ))
            .await?;
    }
    let mut admin = world.signed_in("admin").await?;
    let found = cares(&admin.get("/").await?);
    let silent = found.iter().find(|(href, _)| href.contains("seen_to"));
    let (_, number) = silent.ok_or_else(|| format!("not told: {found:?}"))?;
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    assert!((350..=450).contains(&digits.parse::<u32>()?), "{number}");
    Ok(())
}

async fn the_platform_sees_its_imports(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.add_user("support", Role::PlatformSupport, None).await?;
    let mut admin = world.signed_in("admin").await?;
    let mut support = world.signed_in("support").await?;
    admin.get("/").await?.is_silent_on(&["imports-title"]);
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let system = Caller::system("test");
    let by = system.platform_admin()?;
    let mut ids = Vec::new();
    for name in ["old.csv", "new.csv"] {
        ids.push(world.services.imports.create(by, name).await?);
    }
    world
        .sql("UPDATE import_jobs SET stage = 'running', rows_read = 617 WHERE batch_id IN (SELECT id FROM import_batches WHERE file_name = 'old.csv')")
        .await?;
    world
        .sql("UPDATE import_batches SET rows_total = 1234 WHERE file_name = 'old.csv'")
        .await?;
    let page = admin.get("/").await?;
    let imports = section(&page, "imports-title");
    let places: Vec<_> = [
        "old.csv",
        "已处理 617 / 1,234 行（50%）",
        "new.csv",
        "新增 1，更新 0，有错误 0",
    ]
    .iter()
    .map(|told| imports.find(told))
    .collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?} {imports}"
    );
    assert!(imports.contains(&format!("/terminals/import/{}", ids[0])), "{imports}");
    page.says(&["href=\"/terminals/import#recent-title\""]);
    // Support looks at an import, and has no list of them.
    support
        .get("/")
        .await?
        .says(&["imports-title", "old.csv"])
        .is_silent_on(&["/terminals/import#recent-title"]);
    Ok(())
}

async fn a_merchant_sees_nothing_of_it(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut xiaoman = world.signed_in("xiaoman").await?;
    let page = xiaoman.get("/").await?;
    page.is_silent_on(&["care-title", "imports-title"]);
    Ok(())
}
