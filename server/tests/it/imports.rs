//! What becomes of a file.

use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{SHENGJING, World, XIAOMAN};
use axum::http::StatusCode;
use sea_orm::{EntityTrait, PaginatorTrait};
use server::entities::terminals;

on_both_engines!(
    every_fault_is_told_on_its_line,
    the_same_file_twice_changes_nothing,
    the_same_file_twice_at_once_is_brought_in_once,
    a_row_gives_a_terminal_to_its_merchant,
    what_is_no_such_file_is_refused,
);

async fn every_fault_is_told_on_its_line(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    // One merchant is there for all good rows.
    world
        .sql(&format!(
            "UPDATE merchants SET name = '深圳盛景餐饮' WHERE merchant_no = '{SHENGJING}'"
        ))
        .await?;
    let file = String::from_utf8(include_bytes!("../data/inventory-faulty.csv").to_vec())?;
    let mut file = file;
    for number in [
        "898273360000004",
        "898215930000003",
        "898290640000007",
        "898238060000005",
        "898291570000006",
    ] {
        file = file.replace(number, XIAOMAN);
    }
    let mut admin = world.signed_in("admin").await?;
    let answer = admin
        .upload("/actions/import", &[], ("file", "faulty.csv", file.as_bytes()))
        .await?;
    let report = admin.follow(answer).await?;
    assert_eq!(lines_on(&report.body), [5, 7, 10, 14, 16, 18, 20, 24, 32], "{report:?}");
    assert_eq!(
        terminals::Entity::find().count(db.reader()).await?,
        0,
        "a file with faults changes nothing"
    );
    report.says(&["ABC#1234", "=HYPERLINK"]);

    let answer = admin
        .upload(
            "/actions/import",
            &[("skip_bad_rows", "on")],
            ("file", "faulty.csv", file.as_bytes()),
        )
        .await?;
    let report = admin.follow(answer).await?;
    assert_eq!(lines_on(&report.body).len(), 9);
    assert_eq!(terminals::Entity::find().count(db.reader()).await?, 22);
    assert_eq!(
        world.terminals("6500012345").await?.len(),
        1,
        "full-width digits on line 12"
    );
    assert_eq!(world.terminals("6500622288").await?.len(), 1, "blanks on line 22");
    Ok(())
}

/// The lines that the report complains about.
fn lines_on(page: &str) -> Vec<u32> {
    let first_cell = |row: &str| {
        row.split_once("<td")?
            .1
            .split_once('>')?
            .1
            .split('<')
            .next()?
            .parse()
            .ok()
    };
    crate::client::table_rows(page)
        .into_iter()
        .filter_map(first_cell)
        .collect()
}

async fn the_same_file_twice_changes_nothing(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let rows = format!("OWN10001,PAX,S90,前台,{XIAOMAN},一店\nFREE0001,SUNMI,P2,,,\n");
    world.import(&rows).await?;
    let (terminals, log) = (all(db).await?, world.log().await?);
    world.clock.advance_ms(1000);
    world.import(&rows).await?;
    assert_eq!(all(db).await?, terminals);
    assert_eq!(world.log().await?, log);
    Ok(())
}

async fn the_same_file_twice_at_once_is_brought_in_once(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let rows: String = (0..400).map(|n| format!("RACE{n:06},PAX,S90,,,\n")).collect();
    let file = format!("sn,manufacturer,model,name,merchant_no,store\n{rows}");
    let (mut one, mut other) = (world.signed_in("admin").await?, world.signed_in("admin").await?);
    let upload = ("file", "x.csv", file.as_bytes());
    let (first, second) = tokio::join!(
        one.upload("/actions/import", &[], upload),
        other.upload("/actions/import", &[], upload)
    );
    for (client, answer) in [(&mut one, first?), (&mut other, second?)] {
        let report = client.follow(answer).await?;
        assert_eq!(report.status, StatusCode::OK, "{report:?}");
        assert_eq!(lines_on(&report.body), [] as [u32; 0]);
    }
    assert_eq!(terminals::Entity::find().count(db.reader()).await?, 400);
    assert_eq!(world.log().await?.len(), 400, "one entry for each terminal");
    Ok(())
}

async fn all(db: &TestDb) -> crate::world::Result<Vec<terminals::Model>> {
    use sea_orm::QueryOrder;
    Ok(terminals::Entity::find()
        .order_by_asc(terminals::Column::Id)
        .all(db.reader())
        .await?)
}

async fn a_row_gives_a_terminal_to_its_merchant(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import("FREE0001,PAX,S90,,,\n").await?;
    world
        .import(&format!("free-0001,pax,S90,前台,{XIAOMAN},一店\n"))
        .await?;
    let terminal = world.terminals("FREE0001").await?.remove(0);
    assert_eq!(
        (terminal.lifecycle.as_str(), terminal.name.as_str()),
        ("awaiting", "前台")
    );
    assert!(terminal.store_id.is_some());
    // But takes it from nobody.
    let mut admin = world.signed_in("admin").await?;
    let file = format!("sn,manufacturer,model,merchant_no\nFREE0001,PAX,S90,{SHENGJING}\n");
    let answer = admin
        .upload("/actions/import", &[], ("file", "x.csv", file.as_bytes()))
        .await?;
    let report = admin.follow(answer).await?;
    assert_eq!(lines_on(&report.body), [2]);
    assert_eq!(
        world.terminals("FREE0001").await?.remove(0).merchant_id,
        terminal.merchant_id
    );
    Ok(())
}

async fn what_is_no_such_file_is_refused(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    for bytes in [&b""[..], b"\xd0\xf2\xc1\xd0", b"PK\x03\x04\x00\x00", b"a,b\n1,2\n"] {
        let answer = admin.upload("/actions/import", &[], ("file", "x.csv", bytes)).await?;
        let page = admin.follow(answer).await?;
        assert_eq!(page.status, StatusCode::OK);
        page.says(&["role=\"alert\""]);
    }
    // A form without a file, and one that is no such form at all.
    let answer = admin.upload("/actions/import", &[], ("other", "x.csv", b"x")).await?;
    admin.follow(answer).await?.says(&["role=\"alert\""]);
    let answer = admin.post("/actions/import", &[("file", "x")]).await?;
    assert!(!answer.status.is_success(), "{answer:?}");
    assert_eq!(terminals::Entity::find().count(db.reader()).await?, 0);
    Ok(())
}
