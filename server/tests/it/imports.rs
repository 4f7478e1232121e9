//! What becomes of a file, from the form to the terminals and back.

mod places;
mod preview;
mod sending;
mod told;
mod tries;

use crate::client::{Answer, Client, between, table_rows};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use axum::http::StatusCode;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use server::database::Engine;
use server::entities::{audit_log, import_parts, stores, terminals};
use std::time::Duration;

on_both_engines!(
    every_fault_is_told_on_its_line,
    the_same_file_twice_changes_nothing,
    the_same_file_twice_at_once_is_brought_in_once,
    a_row_gives_a_terminal_to_its_merchant,
    what_is_no_such_file_is_refused,
    files_of_every_kind_bring_the_same_terminals,
    columns_that_nobody_knows_are_matched,
    a_job_survives_the_server_that_did_it,
    somebody_stops_it_and_takes_it_back,
    what_somebody_touched_is_not_taken_back,
    refused_rows_come_back_as_the_same_file,
);

/// The merchants of the samples, besides the world's own.
const OTHERS: [&str; 6] = [
    "898273360000004",
    "898215930000003",
    "898290640000007",
    "898238060000005",
    "898291570000006",
    "898273010000002",
];

/// The merchants that the samples name.
async fn with_merchants(world: &World<'_>) -> Result<()> {
    for number in OTHERS {
        world
            .sql(&format!(
                "INSERT INTO merchants (id, merchant_no, name, state, state_since, time_zone, terminal_quota, created_at, \
                 updated_at) SELECT {}, '{number}', '商户 {number}', state, state_since, time_zone, terminal_quota, \
                 created_at, updated_at FROM merchants WHERE merchant_no = '{XIAOMAN}'",
                match world.db.engine() {
                    Engine::Sqlite => "randomblob(16)",
                    Engine::Postgres => "gen_random_uuid()",
                }
            ))
            .await?;
    }
    Ok(())
}

/// Sends a file and lets it be checked; leads to what is to be decided.
async fn send(world: &World<'_>, admin: &mut Client, name: &str, bytes: &[u8]) -> Result<(String, Answer)> {
    let answer = admin.upload("/actions/import", &[], ("file", name, bytes)).await?;
    let to = answer.location().ok_or("no way")?.to_owned();
    world.services.imports.work_on_all().await?;
    let page = admin.get(&to).await?;
    Ok((to, page))
}

/// Confirms an import and lets it go in; leads to its report.
async fn confirm(world: &World<'_>, admin: &mut Client, to: &str, skip: bool) -> Result<Answer> {
    let id = to.rsplit('/').next().unwrap_or_default();
    let skip = if skip { "true" } else { "" };
    let fields = [("import", id), ("skip_bad_rows", skip)];
    admin.post("/actions/import-confirm", &fields).await?;
    world.services.imports.work_on_all().await?;
    admin.get(to).await
}

/// The lines that a page complains about.
fn lines_on(page: &str) -> Vec<u32> {
    lines_of(page.split_once("errors-title").map_or("", |(_, rest)| rest))
}

/// The numbers in the first column of a table.
fn lines_of(part: &str) -> Vec<u32> {
    let line = |row: &str| {
        let cell = row.split_once("</td>")?.0;
        cell.rsplit('>').next()?.trim().replace(',', "").parse().ok()
    };
    table_rows(part).into_iter().filter_map(line).collect()
}

/// The figures of a page: rows, created, updated, skipped, failed.
fn tally(page: &Answer) -> Vec<u64> {
    let list = between(&page.body, "<dl class=\"grid", "</dl>").unwrap_or_default();
    let figures = list.split("<dd").skip(1).filter_map(|dd| between(dd, ">", "<"));
    figures
        .filter_map(|text| text.replace([',', ' '], "").parse().ok())
        .collect()
}

async fn count(db: &TestDb) -> Result<u64> {
    Ok(terminals::Entity::find().count(db.reader()).await?)
}

async fn all(db: &TestDb) -> Result<Vec<terminals::Model>> {
    let all = terminals::Entity::find().order_by_asc(terminals::Column::Id);
    Ok(all.all(db.reader()).await?)
}

fn rows(count: usize) -> String {
    let rows: String = (0..count).map(|n| format!("ROW{n:07},PAX,S90,,,\n")).collect();
    format!("sn,manufacturer,model,name,merchant_no,store\n{rows}")
}

async fn every_fault_is_told_on_its_line(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    with_merchants(&world).await?;
    let file = include_bytes!("../data/inventory-faulty.csv");
    let mut admin = world.signed_in("admin").await?;
    let (to, preview) = send(&world, &mut admin, "faulty.csv", file).await?;
    assert_eq!(
        lines_on(&preview.body),
        [5, 7, 10, 14, 16, 18, 20, 24, 32],
        "{preview:?}"
    );
    assert_eq!(tally(&preview), [31, 22, 0, 0, 9]);
    preview.says(&["ABC#1234", "=HYPERLINK", "应为", "修改方法", "4 至 64 位的序列号"]);
    assert_eq!(count(db).await?, 0, "looking changes nothing");

    // The good rows go in only when the person says so.
    let refused = confirm(&world, &mut admin, &to, false).await?;
    refused.says(&["role=\"alert\"", "文件中有错误的行"]);
    assert_eq!(count(db).await?, 0);
    let report = confirm(&world, &mut admin, &to, true).await?;
    assert_eq!(tally(&report), [31, 22, 0, 0, 9]);
    assert_eq!(lines_on(&report.body), [5, 7, 10, 14, 16, 18, 20, 24, 32]);
    assert_eq!(count(db).await?, 22);
    assert_eq!(
        world.terminals("6500012345").await?.len(),
        1,
        "full-width digits on line 12"
    );
    assert_eq!(world.terminals("6500622288").await?.len(), 1, "blanks on line 22");
    let again = admin
        .post(
            "/actions/import-confirm",
            &[("import", to.rsplit('/').next().unwrap_or_default())],
        )
        .await?;
    admin.follow(again).await?.says(&["role=\"alert\""]);
    assert_eq!(
        import_parts::Entity::find()
            .filter(import_parts::Column::Kind.eq("file"))
            .count(db.reader())
            .await?,
        0
    );
    Ok(())
}

async fn the_same_file_twice_changes_nothing(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let file = format!(
        "sn,manufacturer,model,name,merchant_no,store\nOWN10001,PAX,S90,前台,{XIAOMAN},一店\nFREE0001,SUNMI,P2,,,\n"
    );
    let mut admin = world.signed_in("admin").await?;
    let (to, preview) = send(&world, &mut admin, "a.csv", file.as_bytes()).await?;
    assert_eq!(tally(&preview), [2, 2, 0, 0, 0]);
    confirm(&world, &mut admin, &to, false).await?.says(&["文件已导入"]);
    let (before, log) = (all(db).await?, world.log().await?);
    world.clock.advance_ms(1000);
    let (to, preview) = send(&world, &mut admin, "a.csv", file.as_bytes()).await?;
    assert_eq!(tally(&preview), [2, 0, 0, 2, 0]);
    preview.says(&["没有可以导入的新内容"]);
    // Also for whoever insists.
    let report = confirm(&world, &mut admin, &to, false).await?;
    assert_eq!(tally(&report), [2, 0, 0, 2, 0]);
    assert_eq!(all(db).await?, before);
    assert_eq!(world.log().await?, log);
    Ok(())
}

async fn the_same_file_twice_at_once_is_brought_in_once(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let other = world.other_services().await?;
    let mut admin = world.signed_in("admin").await?;
    let file = rows(1500);
    for name in ["one.csv", "two.csv"] {
        let (to, _) = send(&world, &mut admin, name, file.as_bytes()).await?;
        let id = to.rsplit('/').next().unwrap_or_default();
        admin.post("/actions/import-confirm", &[("import", id)]).await?;
    }
    let (first, second) = tokio::join!(world.services.imports.work_on_all(), other.imports.work_on_all());
    first?;
    second?;
    world.services.imports.work_on_all().await?;
    assert_eq!(count(db).await?, 1500);
    assert_eq!(world.log().await?.len(), 1500, "one entry for each terminal");
    let list = admin.get("/terminals/import").await?;
    assert_eq!(list.body.matches("已导入").count(), 2, "{list:?}");
    Ok(())
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
    let (_, preview) = send(&world, &mut admin, "x.csv", file.as_bytes()).await?;
    assert_eq!(lines_on(&preview.body), [2]);
    assert_eq!(world.terminals("FREE0001").await?.remove(0), terminal);
    Ok(())
}

async fn what_is_no_such_file_is_refused(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    for (bytes, why) in [
        (&b"\xff\xff\xff\xfe"[..], "文件编码无法识别"),
        (b"PK\x03\x04\x00\x00", "工作簿已损坏"),
        (b"\xd0\xcf\x11\xe0", "不是可以读取的清单"),
        (b"sn,manufacturer,model\n", "没有收到内容"),
    ] {
        let (_, page) = send(&world, &mut admin, "x.csv", bytes).await?;
        page.says(&["没有导入任何内容", why]);
    }
    // A form without a file, and one that is no such form at all.
    for (field, bytes) in [("file", &b""[..]), ("other", b"x")] {
        let answer = admin.upload("/actions/import", &[], (field, "x.csv", bytes)).await?;
        admin.follow(answer).await?.says(&["role=\"alert\""]);
    }
    let answer = admin.post("/actions/import", &[("file", "x")]).await?;
    assert!(!answer.status.is_success(), "{answer:?}");
    // Another's key, and none.
    for id in ["00000000-0000-0000-0000-000000000001", "x"] {
        let gone = admin.get(&format!("/terminals/import/{id}")).await?;
        assert_eq!(gone.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(count(db).await?, 0);
    Ok(())
}

async fn files_of_every_kind_bring_the_same_terminals(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    with_merchants(&world).await?;
    let mut admin = world.signed_in("admin").await?;
    let csv = include_str!("../data/inventory.csv");
    let (to, preview) = send(&world, &mut admin, "inventory.csv", csv.as_bytes()).await?;
    assert_eq!(tally(&preview), [240, 240, 0, 0, 0], "{preview:?}");
    confirm(&world, &mut admin, &to, false).await?;
    assert_eq!(count(db).await?, 240);
    let utf_16: Vec<u8> = format!("\u{feff}{}", csv.replace(',', ";"))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (name, bytes, rows) in [
        ("gbk.csv", &include_bytes!("../data/inventory-gbk.csv")[..], 120),
        ("inventory.xlsx", include_bytes!("../data/inventory.xlsx"), 240),
        ("utf-16.csv", &utf_16, 240),
    ] {
        let (_, preview) = send(&world, &mut admin, name, bytes).await?;
        assert_eq!(tally(&preview), [rows, 0, 0, rows, 0], "{name}: {preview:?}");
    }
    let answer = admin
        .upload(
            "/actions/import",
            &[("rows", &csv.replace(',', "\t"))],
            ("file", "", b""),
        )
        .await?;
    world.services.imports.work_on_all().await?;
    let pasted = admin.follow(answer).await?;
    assert_eq!(tally(&pasted), [240, 0, 0, 240, 0], "{pasted:?}");
    Ok(())
}

async fn columns_that_nobody_knows_are_matched(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let (to, page) = send(
        &world,
        &mut admin,
        "list.csv",
        "机具,位置\n12345678,前台\n12345679,吧台\n".as_bytes(),
    )
    .await?;
    page.says(&["对应列", "机具", "12345678 · 12345679", "name=\"columns[1]\""]);
    let id = to.rsplit('/').next().unwrap_or_default();
    let form = |sn: &'static str, model: &'static str| {
        [
            ("import", id),
            ("columns[0]", sn),
            ("columns[1]", "name"),
            ("headings", "true"),
            ("manufacturer", "pax"),
            ("model", model),
        ]
    };
    let answer = admin.submit("/actions/import-map", &form("sn", "")).await?;
    answer.says(&["role=\"alert\"", "列没有对应齐全"]);
    admin.submit("/actions/import-map", &form("sn", "S90")).await?;
    world.services.imports.work_on_all().await?;
    assert_eq!(tally(&admin.get(&to).await?), [2, 2, 0, 0, 0]);
    // Said wrongly, and said again.
    admin
        .submit("/actions/import-map", &form("note", "S90"))
        .await?
        .says(&["role=\"alert\""]);
    confirm(&world, &mut admin, &to, false).await?;
    let terminal = world.terminals("12345679").await?.remove(0);
    assert_eq!(
        (
            terminal.name.as_str(),
            terminal.manufacturer.as_str(),
            terminal.model.as_str()
        ),
        ("吧台", "PAX", "S90")
    );
    Ok(())
}

/// Confirms an import and works on it until some of it is in; the server that did it is then gone.
async fn half_way(world: &World<'_>, admin: &mut Client, count_of_rows: usize) -> Result<String> {
    let (to, _) = send(world, admin, "half.csv", rows(count_of_rows).as_bytes()).await?;
    let id = to.rsplit('/').next().unwrap_or_default();
    admin.post("/actions/import-confirm", &[("import", id)]).await?;
    let imports = world.services.imports.clone();
    let working = tokio::spawn(async move { imports.work_on_all().await.is_ok() });
    let mut tries = 0;
    while count(world.db).await? == 0 {
        tries += 1;
        assert!(tries < 3000, "nothing goes in");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    working.abort();
    let ended = working.await;
    assert!(ended.is_err(), "it was to break off");
    Ok(to)
}

async fn a_job_survives_the_server_that_did_it(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let to = half_way(&world, &mut admin, 6_000).await?;
    let so_far = count(db).await?;
    assert!(so_far < 6_000 && so_far.is_multiple_of(1000), "{so_far}");
    let page = admin.get(&to).await?;
    page.says(&["<progress", "导入中"]);
    assert_eq!(page.header("refresh"), Some("2"), "without scripts, too");
    assert_eq!(admin.get(&format!("{to}?still=1")).await?.header("refresh"), None);
    // Its lease holds still: nobody takes over.
    let other = world.other_services().await?;
    other.imports.work_on_all().await?;
    assert_eq!(count(db).await?, so_far);
    world.clock.advance_ms(21_000);
    other.imports.work_on_all().await?;
    assert_eq!(count(db).await?, 6_000);
    assert_eq!(tally(&admin.get(&to).await?), [6_000, 6_000, 0, 0, 0]);
    assert_eq!(world.log().await?.len(), 6_000, "each row once");
    let bad = server::services::chain_verify::verify(db.reader(), &mut |_| {}).await;
    assert!(bad.is_ok(), "{bad:?}");
    Ok(())
}

async fn somebody_stops_it_and_takes_it_back(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    // Before anything went in.
    let (to, _) = send(&world, &mut admin, "early.csv", rows(3).as_bytes()).await?;
    let id = to.rsplit('/').next().unwrap_or_default();
    admin
        .submit("/actions/import-cancel", &[("import", id)])
        .await?
        .says(&["导入已取消，没有改变任何内容"])
        .is_silent_on(&["import-undo"]);
    admin
        .submit("/actions/import-cancel", &[("import", id)])
        .await?
        .says(&["role=\"alert\""]);
    assert_eq!(import_parts::Entity::find().count(db.reader()).await?, 0);

    // Half way: whoever works on it hears it before the next chunk.
    let to = half_way(&world, &mut admin, 6_000).await?;
    let id = to.rsplit('/').next().unwrap_or_default().to_owned();
    let so_far = count(db).await?;
    admin.post("/actions/import-cancel", &[("import", &id)]).await?;
    world.clock.advance_ms(21_000);
    world.services.imports.work_on_all().await?;
    let page = admin.get(&to).await?;
    page.says(&["取消之前已处理的行保留如下"]);
    assert_eq!(count(db).await?, so_far);
    admin.post("/actions/import-undo", &[("import", &id)]).await?;
    world.services.imports.work_on_all().await?;
    admin.get(&to).await?.says(&["这次导入已撤销"]);
    let left = terminals::Entity::find().filter(terminals::Column::Lifecycle.ne("retired"));
    assert_eq!(left.count(db.reader()).await?, 0);
    // The serial numbers are free.
    world.import("ROW0000000,PAX,S90,,,\n").await?;
    let entries = audit_log::Entity::find().all(db.reader()).await?;
    let kinds: Vec<_> = entries.into_iter().map(|entry| entry.action).collect();
    for action in ["import.cancelled", "import.started", "import.undone"] {
        assert!(
            kinds.iter().any(|kind| kind == action),
            "{action} is missing in {kinds:?}"
        );
    }
    Ok(())
}

async fn what_somebody_touched_is_not_taken_back(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import("FREE0001,PAX,S90,旧名,,\nFREE0002,PAX,S90,,,\n").await?;
    let before = all(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let file = format!(
        "sn,manufacturer,model,name,merchant_no,store\nFREE0001,PAX,A920,新名,{XIAOMAN},二店\nOWN10001,PAX,S90,,{XIAOMAN},二店\n"
    );
    let (to, preview) = send(&world, &mut admin, "b.csv", file.as_bytes()).await?;
    assert_eq!(tally(&preview), [2, 1, 1, 0, 0]);
    let id = to.rsplit('/').next().unwrap_or_default().to_owned();
    confirm(&world, &mut admin, &to, false).await?.says(&["撤销这次导入"]);
    let mut owner = world.signed_in("xiaoman").await?;
    assert_eq!(table_rows(&owner.get("/devices").await?.body).len(), 2);

    // Somebody registers one of them: all stays.
    let undo = [("import", id.as_str())];
    let registered = owner.submit("/actions/register", &[("sn", "OWN10001")]).await?;
    assert!(crate::client::code_on(&registered.body).is_some(), "{registered:?}");
    admin.post("/actions/import-undo", &undo).await?;
    world.services.imports.work_on_all().await?;
    admin.get(&to).await?.says(&["没有撤销：其中 1 台终端"]);
    assert_eq!(world.terminals("FREE0001").await?[0].name, "新名");

    // Another one, untouched: all as it was.
    let file = format!(
        "sn,manufacturer,model,name,merchant_no,store\nFREE0002,PAX,A920,新名,{XIAOMAN},三店\nNEW00001,PAX,S90,,{XIAOMAN},三店\n"
    );
    let (to, _) = send(&world, &mut admin, "c.csv", file.as_bytes()).await?;
    let id = to.rsplit('/').next().unwrap_or_default().to_owned();
    confirm(&world, &mut admin, &to, false).await?;
    assert_eq!(stores::Entity::find().count(db.reader()).await?, 2);
    admin.post("/actions/import-undo", &[("import", &id)]).await?;
    world.services.imports.work_on_all().await?;
    let page = admin.get(&to).await?;
    page.says(&["这次导入已撤销"]).is_silent_on(&["import-undo"]);
    let mut back = world.terminals("FREE0002").await?.remove(0);
    let was = before.iter().find(|row| row.sn == "FREE0002").ok_or("gone")?;
    assert!(back.updated_at > was.updated_at);
    back.updated_at = was.updated_at;
    assert_eq!(&back, was);
    let made = world.terminals("NEW00001").await?.remove(0);
    assert_eq!((made.lifecycle.as_str(), made.merchant_id), ("retired", None));
    assert_eq!(
        stores::Entity::find().count(db.reader()).await?,
        1,
        "the store that it made is gone"
    );
    let verified = server::services::chain_verify::verify(db.reader(), &mut |_| {}).await;
    assert!(verified.is_ok(), "{verified:?}");
    Ok(())
}

async fn refused_rows_come_back_as_the_same_file(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let file = "序列号;厂商;型号;备注;=1+1\n12;PAX;S90;甲;\n12345678;PAX;S90;乙;\n12345679;;S90;\"丙;丁\";\n";
    let (to, preview) = send(&world, &mut admin, "清单.csv", file.as_bytes()).await?;
    preview.says(&["下载有错误的行"]);
    let rejects = admin.get(&format!("{to}/rejects")).await?;
    assert_eq!(rejects.status, StatusCode::OK);
    assert!(
        rejects
            .header("content-disposition")
            .is_some_and(|name| name.ends_with("-errors.csv"))
    );
    let mut lines = rejects.body.lines();
    assert_eq!(lines.next(), Some("\u{feff}序列号;厂商;型号;备注;'=1+1;导入错误"));
    let rows: Vec<&str> = lines.collect();
    assert!(
        matches!(rows.as_slice(), [first, second]
            if first.starts_with("12;PAX;S90;甲;;序列号：序列号太短。")
                && second.starts_with("12345679;;S90;\"丙;丁\";;厂商：")),
        "{rows:?}"
    );
    // Put right, it goes in as it is.
    let mended = rejects
        .body
        .replace("\n12;", "\n12345670;")
        .replace("12345679;;", "12345679;PAX;");
    let (to, preview) = send(&world, &mut admin, "清单-errors.csv", mended.as_bytes()).await?;
    assert_eq!(tally(&preview), [2, 2, 0, 0, 0], "{preview:?}");
    confirm(&world, &mut admin, &to, false).await?;
    assert_eq!(world.terminals("12345679").await?[0].note.as_deref(), Some("丙;丁"));
    Ok(())
}
