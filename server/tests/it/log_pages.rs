//! A long device log: how it is narrowed, opened, counted and taken away, and that a page costs the same at any depth.

use crate::client::{Answer, between, table_rows};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::domain::Role;
use calamine::{Data, Reader, Xlsx};
use sea_orm::sqlx::{self, Connection, PgConnection};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use server::database::{Database, Engine};
use server::entities::{device_log, merchants};
use std::collections::BTreeSet;
use std::io::Cursor;
use std::time::{Duration, Instant};

on_both_engines!(
    every_filter_finds_what_it_should,
    an_entry_opens_with_all_that_it_says,
    a_merchant_is_shown_no_more_of_an_entry_than_is_its_own,
    the_log_is_a_workbook_as_well,
    any_page_of_a_long_log_costs_the_same,
    a_search_that_finds_little_stops_and_goes_on,
);

async fn merchant_id(world: &World<'_>, number: &str) -> Result<String> {
    let find = merchants::Entity::find().filter(merchants::Column::MerchantNo.eq(number));
    let found = find.one(world.db.reader()).await?.ok_or("no merchant")?;
    Ok(found.id.simple().to_string())
}

/// Where the link with this relation leads.
fn link(page: &Answer, rel: &str) -> Option<String> {
    let (before, _) = page.body.split_once(&format!("rel=\"{rel}\""))?;
    let tag = page.body[before.rfind("<a ")?..].split('>').next()?;
    Some(between(tag, "href=\"", "\"")?.replace("&amp;", "&"))
}

/// The keys of the entries on a page, in order.
fn ids(page: &Answer) -> Vec<String> {
    let rows = table_rows(&page.body);
    rows.iter()
        .filter_map(|row| between(row, "id=\"e-", "\""))
        .map(str::to_owned)
        .collect()
}

async fn every_filter_finds_what_it_should(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.add_user("clerk", Role::MerchantClerk, Some(XIAOMAN)).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},西湖店\nOWN10002,PAX,S90,,{XIAOMAN},滨江店\nOTHER001,PAX,S90,,{SHENGJING},\n"
        ))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let mut clerk = world.signed_in("clerk").await?;
    owner.post("/actions/register", &[("sn", "own1-0001")]).await?;
    clerk.post("/actions/register", &[("sn", "OWN10002")]).await?;
    clerk.post("/actions/register", &[("sn", "#1")]).await?;
    let mut admin = world.signed_in("admin").await?;
    admin.post("/actions/register", &[("sn", "OTHER001")]).await?;
    let stores = server::entities::stores::Entity::find().all(db.reader()).await?;
    let west = stores.iter().find(|store| store.name == "西湖店").ok_or("no store")?.id;
    let of_store = format!("store={west}");
    // Imported twice, registered twice, a code for each, and one that was refused.
    for (query, own, all) in [
        ("", 7, 10),
        ("sn=OWN10001", 3, 3),
        ("sn=own1-0001", 3, 3),
        ("sn=WN1000", 6, 6),
        ("sn=０００１", 3, 3),
        ("sn=001", 3, 6),
        ("sn=%23", 1, 1),
        ("sn=%25", 0, 0),
        ("sn=_", 0, 0),
        ("sn=-", 7, 10),
        ("sn=NOWHERE01", 0, 0),
        (&of_store, 3, 3),
        ("store=00000000-0000-0000-0000-000000000001", 0, 0),
        ("store=nonsense", 7, 10),
        ("actor=clerk", 3, 3),
        ("actor=xiaoman", 2, 2),
        ("actor=%20XIAOMAN", 2, 2),
        ("actor=admin", 0, 2),
        ("actor=tillkeeper", 0, 3),
        ("actor=nobody", 0, 0),
        ("by=user", 5, 7),
        ("by=system", 2, 3),
        ("by=terminal", 0, 0),
        ("by=user&actor=clerk&kind=registration.failed", 1, 1),
        ("kind=registration.succeeded&sn=OWN1", 2, 2),
        ("outcome=failure&actor=clerk", 1, 1),
        ("outcome=success&by=user", 2, 3),
        ("reason=sn_malformed&sn=%23", 1, 1),
        ("reason=sn_malformed&outcome=success", 0, 0),
        (
            "reason=sn_malformed&kind=registration.failed&from=2026-03-01&to=2026-03-01",
            1,
            1,
        ),
        ("to=2026-02-28", 0, 0),
    ] {
        for (client, expected) in [(&mut owner, own), (&mut admin, all)] {
            let page = client.get(&format!("/logs?{query}")).await?;
            assert_eq!(table_rows(&page.body).len(), expected, "{query}: {page:?}");
        }
    }
    // The merchant's number narrows what the platform sees, and nothing for a merchant.
    for (number, all) in [(XIAOMAN, 7), (SHENGJING, 3), ("404", 0), ("商户", 0)] {
        let query = format!("/logs?merchant={}", urlencoding::encode(number));
        assert_eq!(table_rows(&admin.get(&query).await?.body).len(), all, "{number}");
        assert_eq!(table_rows(&owner.get(&query).await?.body).len(), 7, "{number}");
        let failed = format!("{query}&reason=sn_malformed");
        assert_eq!(
            table_rows(&admin.get(&failed).await?.body).len(),
            usize::from(number == XIAOMAN)
        );
        let of_kind = format!("{query}&kind=code.issued&actor=admin");
        assert_eq!(
            table_rows(&admin.get(&of_kind).await?.body).len(),
            usize::from(number == SHENGJING)
        );
        let elsewhere = format!("{query}&store={west}");
        let expected = if number == XIAOMAN { 3 } else { 0 };
        assert_eq!(
            table_rows(&admin.get(&elsewhere).await?.body).len(),
            expected,
            "{number}"
        );
    }
    // The form offers the stores, keeps what was asked, and so do the quick choices and the files.
    let page = owner.get(&format!("/logs?{of_store}&by=user&sn=OWN")).await?;
    page.says(&[
        "西湖店</option>",
        "滨江店</option>",
        "value=\"OWN\"",
        "昨天",
        "最近 90 天",
    ]);
    let export = between(&page.body, "href=\"/logs/export.xlsx?", "\"").ok_or("no workbook")?;
    assert!(
        export.contains("sn=OWN") && export.contains("by=user") && export.contains(&of_store),
        "{export}"
    );
    let yesterday = between(&page.body, "from=2026-02-28&amp;to=2026-02-28", "\"");
    assert!(yesterday.is_some(), "{page:?}");
    Ok(())
}

async fn an_entry_opens_with_all_that_it_says(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!("OWN10001,PAX,S90,前台,{XIAOMAN},西湖店\n"))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?.at_address("203.0.113.7");
    owner.post("/actions/register", &[("sn", "own1-0001")]).await?;
    let find = device_log::Entity::find().filter(device_log::Column::Kind.eq("registration.succeeded"));
    let entry = find.one(db.reader()).await?.ok_or("no entry")?;
    let list = owner.get("/logs?sn=OWN10001").await?;
    let simple = entry.id.simple().to_string();
    let way = format!("/logs?sn=OWN10001&amp;open={}#e-{simple}", entry.id);
    list.says(&[
        &way,
        "终端 OWN10001（前台）注册成功",
        "终端 OWN10001（前台）已导入平台清单",
    ]);
    let page = owner.get(&format!("/logs?sn=OWN10001&open={}", entry.id)).await?;
    // The list is as it was, with the entry in its place.
    assert_eq!(ids(&page), ids(&list));
    page.says(&[
        &entry.id.to_string(),
        &entry.correlation_id,
        "own1-0001",
        "203.0.113.7",
        "人员",
        "registration.succeeded",
        "商户链 · 第 2 条",
        "同一次操作的其他日志",
        "签发激活码",
        "aria-expanded=\"true\"",
        &format!("/logs?sn=OWN10001#e-{simple}"),
    ]);
    // What ties it to the code does not tie it to the import.
    let (_, beside) = page.body.split_once("同一次操作的其他日志").ok_or("no others")?;
    let beside = beside.split("</section>").next().unwrap_or_default();
    assert_eq!(beside.matches("/logs?open=").count(), 1, "{beside}");
    // Where the list does not have it, it stands above.
    let page = owner.get(&format!("/logs?kind=code.issued&open={}", entry.id)).await?;
    page.says(&["日志详情", &entry.correlation_id]);
    assert_eq!(table_rows(&page.body).len(), 1);
    let page = owner.get("/logs?open=00000000-0000-0000-0000-000000000001").await?;
    page.says(&["不存在"]);
    let page = owner.get("/logs?open=nonsense").await?;
    page.is_silent_on(&["不存在"]);

    // What a change tells is shown in words.
    let terminal = world.terminals("OWN10001").await?[0].id.to_string();
    let rename = [
        ("terminal", terminal.as_str()),
        ("sn", "OWN10001"),
        ("seen", "registered"),
        ("wanted", "rename"),
        ("name", "吧台<b>"),
    ];
    owner.post("/actions/terminal", &rename).await?;
    let find = device_log::Entity::find().filter(device_log::Column::Kind.eq("terminal.renamed"));
    let renamed = find.one(db.reader()).await?.ok_or("no entry")?;
    let page = owner.get(&format!("/logs?open={}", renamed.id)).await?;
    page.says(&[
        "名称（原）",
        "前台",
        "名称（现）",
        "吧台&lt;b&gt;",
        "已改名：“吧台&lt;b&gt;”",
    ]);
    let english = {
        let mut reader = owner.clone().with_header("accept-language", "en");
        reader.get(&format!("/logs?open={}", renamed.id)).await?
    };
    english.says(&[
        "was renamed: “吧台&lt;b&gt;”",
        "Name (before)",
        "This is the only entry of its request",
    ]);
    Ok(())
}

async fn a_merchant_is_shown_no_more_of_an_entry_than_is_its_own(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},\nOTHER001,PAX,S90,,{SHENGJING},\n"
        ))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner.post("/actions/register", &[("sn", "OTHER001")]).await?;
    let entries = device_log::Entity::find().all(db.reader()).await?;
    let of = |kind: &str, sn: &str| {
        let found = entries
            .iter()
            .find(|e| e.kind == kind && e.sn_sent.as_deref() == Some(sn));
        found.map(|entry| entry.id.to_string()).ok_or("no entry")
    };
    let (refused, others) = (
        of("registration.failed", "OTHER001")?,
        of("terminal.imported", "OTHER001")?,
    );
    let page = owner.get(&format!("/logs?open={refused}")).await?;
    page.says(&["序列号或激活码不正确 · sn_or_code_wrong"]).is_silent_on(&[
        "registered_elsewhere",
        "已被其他商户注册",
        "真实原因",
    ]);
    let nobodys = owner.get("/logs?open=00000000-0000-0000-0000-000000000001").await?;
    let theirs = owner.get(&format!("/logs?open={others}")).await?;
    assert_eq!(theirs.status, nobodys.status);
    theirs.says(&["不存在"]).is_silent_on(&["深圳盛景餐饮", "日志详情"]);
    // The import of both is one request: each merchant sees its own entry of it alone.
    let own = of("terminal.imported", "OWN10001")?;
    owner
        .get(&format!("/logs?open={own}"))
        .await?
        .says(&["这次操作只有这一条日志"])
        .is_silent_on(&["· tillkeeper"]);
    let mut admin = world.signed_in("admin").await?;
    let page = admin.get(&format!("/logs?open={own}")).await?;
    page.says(&[
        &format!("/logs?open={others}"),
        "系统 · tillkeeper",
        "杭州小满母婴 · 898269350000008",
    ]);
    let page = admin.get(&format!("/logs?open={refused}")).await?;
    page.says(&[
        "已被其他商户注册 · registered_elsewhere",
        "序列号或激活码不正确 · sn_or_code_wrong",
    ]);
    Ok(())
}

async fn the_log_is_a_workbook_as_well(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let rows: String = (0..1100)
        .map(|n| format!("00{n:06},PAX,S90,前台,{XIAOMAN},一店\n"))
        .collect();
    world.import(&rows).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner.post("/actions/register", &[("sn", "=cmd|1")]).await?;
    let visitor = world.visitor().get("/logs/export.xlsx").await?;
    assert!(visitor.location().is_some_and(|to| to.starts_with("/sign-in?next=")));
    let (answer, bytes) = owner.fetch("/logs/export.xlsx").await?;
    assert_eq!(
        answer.header("content-type"),
        Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    );
    let mut book = Xlsx::new(Cursor::new(bytes))?;
    let sheets = book.worksheets();
    let range = &sheets[0].1;
    assert_eq!(range.height(), 1102);
    let text = |row: &[Data], at: usize| row[at].to_string();
    let headings = range.rows().next().ok_or("no headings")?;
    assert_eq!(
        [text(headings, 0), text(headings, 3), text(headings, 17)],
        ["日志编号", "序列号", "说明"]
    );
    let newest = range.rows().nth(1).ok_or("no rows")?;
    assert_eq!(newest[2], Data::String("=cmd|1".to_owned()));
    let sns: BTreeSet<_> = range.rows().skip(2).map(|row| text(row, 3)).collect();
    assert_eq!(sns.len(), 1100);
    assert!(sns.iter().all(|sn| sn.len() == 8 && sn.starts_with("00")), "zeros stay");
    assert!(range.rows().skip(2).all(|row| text(row, 16) == "一店"));
    let with = |part: &str| 1 + (0..1100).filter(|n| format!("00{n:06}").contains(part)).count();
    // What the page is narrowed to, the file is too, whatever has to be looked through for it.
    for (query, rows) in [
        ("outcome=failure", 2),
        ("sn=000042", with("000042")),
        ("sn=0010", with("0010")),
        ("by=terminal", 1),
    ] {
        let (_, bytes) = owner.fetch(&format!("/logs/export.xlsx?{query}")).await?;
        let mut book = Xlsx::new(Cursor::new(bytes))?;
        assert_eq!(book.worksheets()[0].1.height(), rows, "{query}");
        let csv = owner.get(&format!("/logs/export.csv?{query}")).await?;
        assert_eq!(csv.body.lines().count(), rows, "{query}");
    }
    Ok(())
}

/// Writes `count` entries straight into xiaoman's log, a second apart, the last one with key `count`: every 1,000th a
/// failure, every terminal of `10` in turn. What they are hashed to is of no matter here.
async fn flood(world: &World<'_>, count: u32) -> Result<()> {
    let merchant = merchant_id(world, XIAOMAN).await?;
    let (key, blob, number) = match world.db.engine() {
        Engine::Sqlite => (
            "unhex(printf('%012x', 1772000000000 + n * 1000) || printf('7000800000000000%04x', 0))",
            format!("x'{merchant}'"),
            "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) ",
        ),
        Engine::Postgres => (
            "(lpad(to_hex(1772000000000 + n::bigint * 1000), 12, '0') || '70008000000000000000')::uuid",
            format!("'{merchant}'::uuid"),
            "WITH s(n) AS (SELECT generate_series(1, {count})) ",
        ),
    };
    let zeros = match world.db.engine() {
        Engine::Sqlite => "zeroblob(32)",
        Engine::Postgres => "decode(repeat('00', 32), 'hex')",
    };
    let heads = format!(
        "INSERT INTO log_heads (chain, merchant_id, last_sequence, last_hash) VALUES ({blob}, {blob}, {count}, {zeros})"
    );
    world.sql(&heads).await?;
    let rows = format!(
        "INSERT INTO device_log (id, chain, sequence, occurred_at, received_at, sn_sent, sn_normalized, terminal_id, \
         merchant_id, kind, outcome, reason, told_reason, actor_kind, actor_id, actor_label, address, correlation_id, \
         detail, bytes, hash) {} SELECT {key}, {blob}, n, 1772000000000 + n * 1000, 1772000000000 + n * 1000, \
         'FLOOD00' || (n % 10), 'FLOOD00' || (n % 10), NULL, {blob}, \
         CASE WHEN n % 1000 = 0 THEN 'registration.failed' ELSE 'terminal.online' END, \
         CASE WHEN n % 1000 = 0 THEN 'failure' ELSE 'info' END, \
         CASE WHEN n % 1000 = 0 THEN 'code_used' END, CASE WHEN n % 1000 = 0 THEN 'code_used' END, \
         'terminal', NULL, NULL, NULL, 'c' || n, '{{}}', {zeros}, {zeros} FROM s",
        number.replace("{count}", &count.to_string())
    );
    world.sql(&rows).await?;
    if world.db.engine() == Engine::Postgres {
        world.sql("ANALYZE device_log").await?;
    }
    Ok(())
}

/// The shortest of three.
async fn timed(client: &mut crate::client::Client, path: &str) -> Result<(Answer, Duration)> {
    let mut best = None;
    let mut last = None;
    for _ in 0..3 {
        let begun = Instant::now();
        last = Some(client.get(path).await?);
        let took = begun.elapsed();
        best = Some(best.map_or(took, |best: Duration| best.min(took)));
    }
    Ok((last.ok_or("nothing")?, best.unwrap_or_default()))
}

/// How many entries PostgreSQL has read in all. A connection tells the rest of what it did when it ends, so that the story's
/// own are ended first: nothing can be asked of it afterwards.
async fn rows_read(db: &TestDb) -> Result<i64> {
    const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity \
                          WHERE datname = current_database() AND pid <> pg_backend_pid()";
    const READ: &str = "SELECT (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint \
                        FROM pg_stat_user_tables WHERE relname = 'device_log'";
    Database::clone(db).close().await?;
    let mut alone = PgConnection::connect(db.url()).await?;
    for _ in 0..500 {
        let others: i64 = sqlx::query_scalar(OTHERS).fetch_one(&mut alone).await?;
        if others == 0 {
            return Ok(sqlx::query_scalar(READ).fetch_one(&mut alone).await?);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err("PostgreSQL does not end the connections of the story".into())
}

async fn any_page_of_a_long_log_costs_the_same(db: &TestDb) -> Outcome {
    const ENTRIES: u32 = 60_000;
    let world = World::new(db).await?;
    flood(&world, ENTRIES).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let (first, shallow) = timed(&mut owner, "/logs").await?;
    assert_eq!(ids(&first).len(), 50);
    first.says(&["共 60,000 条"]);
    // The 1,000th page, by the cursor that its predecessor gives.
    let at = |n: u32| {
        format!(
            "{:012x}70008000000000000000",
            1_772_000_000_000_u64 + u64::from(n) * 1000
        )
    };
    let deep = format!("/logs?after=~{}", at(ENTRIES - 999 * 50 + 1));
    let (page, depth) = timed(&mut owner, &deep).await?;
    let found = ids(&page);
    assert_eq!((found.len(), &found[0]), (50, &at(ENTRIES - 999 * 50)));
    assert!(
        depth < shallow * 3 + Duration::from_millis(20),
        "{shallow:?} then {depth:?}"
    );
    // Forwards and back again over the edge between two pages is the same page.
    let next = link(&page, "next").ok_or("no next page")?;
    let beyond = owner.get(&next).await?;
    assert_eq!(ids(&beyond)[0], at(ENTRIES - 1000 * 50));
    let back = owner.get(&link(&beyond, "prev").ok_or("no way back")?).await?;
    assert_eq!(ids(&back), found);

    // What is exact is said to be so.
    let failures = owner.get("/logs?outcome=failure").await?;
    failures.says(&["共 60 条"]);
    assert_eq!(ids(&failures).len(), 50);
    owner
        .get("/logs?sn=FLOOD007&outcome=failure")
        .await?
        .says(&["没有符合条件的日志"]);
    owner.get("/logs?sn=FLOOD007").await?.says(&["共 6,000 条"]);
    owner.get("/logs?kind=terminal.online").await?.says(&["约 60,000 条"]);
    owner.get("/logs?by=terminal").await?.says(&["约 60,000 条"]);
    owner.get("/logs?reason=code_used").await?.says(&["共 60 条"]);

    if db.engine() == Engine::Postgres {
        let mut admin = world.signed_in("admin").await?;
        let mut asked = 0;
        for one in [
            "sn=FLOOD003",
            "sn=LOOD",
            "kind=registration.failed",
            "outcome=failure",
            "outcome=info",
            "",
        ] {
            for other in [
                "by=terminal",
                "by=system",
                "reason=code_used",
                "actor=xiaoman",
                "from=2026-02-25",
                "sn=D009",
            ] {
                for client in [&mut owner, &mut admin] {
                    client.get(&format!("/logs?{one}&{other}&merchant={XIAOMAN}")).await?;
                    asked += 1;
                }
            }
        }
        let read = rows_read(db).await?;
        // A page and its count look at no more than the window each, and at the window's ends.
        assert!(read <= asked * 2 * 11_000, "{read} entries read for {asked} pages");
        assert!(read > asked * 50, "{read} entries read for {asked} pages");
    }
    Ok(())
}

async fn a_search_that_finds_little_stops_and_goes_on(db: &TestDb) -> Outcome {
    const ENTRIES: u32 = 25_000;
    let world = World::new(db).await?;
    flood(&world, ENTRIES).await?;
    world
        .sql(match db.engine() {
            Engine::Sqlite => "DROP TRIGGER tr_device_log_no_update",
            Engine::Postgres => "ALTER TABLE device_log DISABLE TRIGGER USER",
        })
        .await?;
    // Two entries that are hard to find: one in the second window, one in the third.
    for sequence in [12_000, 3_000] {
        let found = format!("UPDATE device_log SET actor_kind = 'system' WHERE sequence = {sequence}");
        world.sql(&found).await?;
    }
    let mut owner = world.signed_in("xiaoman").await?;
    let mut page = owner.get("/logs?by=system").await?;
    page.says(&["没有符合条件的日志", "继续往前查"]);
    let mut seen = Vec::new();
    let mut pages = 1;
    while let Some(next) = link(&page, "next") {
        assert!(next.contains("by=system"), "{next}");
        page = owner.get(&next).await?;
        seen.extend(ids(&page));
        pages += 1;
    }
    assert_eq!((seen.len(), pages), (2, 3));
    // And all the way back: nothing is lost and nothing told twice.
    let mut back = ids(&page);
    while let Some(previous) = link(&page, "prev") {
        page = owner.get(&previous).await?;
        back.extend(ids(&page));
    }
    let back: BTreeSet<_> = back.into_iter().collect();
    assert_eq!(back, seen.iter().cloned().collect());
    // The files have both, and the headings.
    let csv = owner.get("/logs/export.csv?by=system").await?;
    assert_eq!(csv.body.lines().count(), 3);
    Ok(())
}
