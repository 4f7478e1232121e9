//! All that a list has: chosen and changed by a job, which whichever server has the time goes on with.

use super::states;
use crate::client::{Answer, Client, between, table_rows};
use crate::crossing::holding;
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use server::entities::{audit_log, batch_jobs, batches, device_log, merchants, terminal_tags};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

on_both_engines!(
    all_that_match_are_done,
    each_is_done_once_whoever_does_it,
    it_can_be_stopped,
    nobody_reaches_into_another_merchant,
    what_breaks_each_time_is_given_up,
    terminals_are_tagged_and_moved,
    old_batches_are_forgotten,
    who_is_locked_out_changes_nothing_more,
);

/// Longer than a lease lasts.
const LEASE_MS: i64 = 21_000;

/// Rows of terminals of a merchant, or of nobody.
fn rows(prefix: &str, count: usize, merchant: &str) -> Result<String> {
    let mut rows = String::new();
    for n in 0..count {
        writeln!(rows, "{prefix}{n:06},PAX,S90,,{merchant},")?;
    }
    Ok(rows)
}

/// Chooses all that a list has; answers the page that this leads to and the batch's key.
async fn choose_all(client: &mut Client, list: &str, query: &str) -> Result<(Answer, String)> {
    let fields = [("list", list), ("which", "all"), ("query", query)];
    let answer = client.post("/actions/choose", &fields).await?;
    let batch = answer.location().and_then(|to| to.strip_prefix("/batches/"));
    let batch = batch.ok_or_else(|| format!("no batch: {answer:?}"))?.to_owned();
    Ok((client.follow(answer).await?, batch))
}

async fn retire(client: &mut Client, batch: &str) -> Result<Answer> {
    let fields = [
        ("batch", batch),
        ("wanted", "retire"),
        ("reason", "end_of_life"),
        ("confirmed", "true"),
    ];
    client.submit("/actions/change-batch", &fields).await
}

/// What a page shows below its heading, an element a line.
fn main_of(page: &Answer, batch: &str) -> Result<String> {
    let main = between(&page.body, "<main", "</main>").ok_or("no main")?;
    Ok(main.replace(batch, "{batch}").replace("><", ">\n<"))
}

/// What the log has of terminals that were retired.
async fn retired(db: &TestDb) -> Result<Vec<device_log::Model>> {
    let retired = device_log::Column::Kind.eq("terminal.retired");
    Ok(device_log::Entity::find().filter(retired).all(db.reader()).await?)
}

/// What the audit log has of batches, oldest first.
async fn of_batches(db: &TestDb) -> Result<Vec<audit_log::Model>> {
    let mut entries = audit_log::Entity::find().all(db.reader()).await?;
    entries.retain(|entry| entry.action.starts_with("batch."));
    entries.sort_by_key(|entry| entry.id);
    Ok(entries)
}

/// A batch of so many terminals of nobody's, of which the first 500 are retired and a job has the rest.
async fn begun(world: &World<'_>, admin: &mut Client, count: usize) -> Result<String> {
    world.import(&rows("FREE", count, "")?).await?;
    let (_, batch) = choose_all(admin, "/terminals", "select=1").await?;
    world.services.batches.work_on_all().await?;
    retire(admin, &batch).await?.says(&["<progress", "正在处理所选终端"]);
    assert_eq!(retired(world.db).await?.len(), 500);
    Ok(batch)
}

async fn all_that_match_are_done(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&rows("FREE", 1_120, "")?).await?;
    world.import(&rows("OWN", 30, XIAOMAN)?).await?;
    let mut admin = world.signed_in("admin").await?;
    let (page, batch) = choose_all(&mut admin, "/terminals", "q=00&state=unregistered&sort=-name").await?;
    page.says(&["<progress", "正在查找全部符合条件的终端", "已找到 500 台"]);
    let path = format!("/batches/{batch}");
    let page = admin.get(&path).await?;
    assert_eq!(page.header("refresh"), Some("2"), "without scripts, too");
    assert_eq!(admin.get(&format!("{path}?still=1")).await?.header("refresh"), None);
    world.services.batches.work_on_all().await?;

    let page = admin.get(&path).await?;
    page.says(&[
        "已选 1,150 台终端",
        "可以操作：1,120 台",
        "不能操作：30 台",
        "一次最多为 500 台签发",
        "rel=\"next\"",
    ])
    .is_silent_on(&["/actions/batch-codes"]);
    assert_eq!(table_rows(&page.body).len(), 100);
    let codes = [("batch", batch.as_str()), ("merchant_no", XIAOMAN)];
    admin
        .submit("/actions/batch-codes", &codes)
        .await?
        .says(&["一次选得太多"]);

    let page = retire(&mut admin, &batch).await?;
    page.says(&["<progress", "已处理 500 / 1,150 台（43%）"]);
    world.services.batches.work_on_all().await?;
    let page = admin.get(&path).await?;
    page.says(&["成功 1,150 台", "rel=\"next\""])
        .is_silent_on(&["没有成功", "未执行", "<progress"]);
    assert_eq!(table_rows(&page.body).len(), 100);
    let entries = retired(db).await?;
    assert_eq!(entries.len(), 1_150);
    // Nothing is done twice.
    retire(&mut admin, &batch).await?.says(&["成功 1,150 台"]);
    world.services.batches.work_on_all().await?;
    assert_eq!(retired(db).await?.len(), 1_150);

    let audit = of_batches(db).await?;
    let told: Vec<_> = audit
        .iter()
        .map(|entry| (entry.action.as_str(), entry.after.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("batch.started", Some(r#"{"terminals":1150,"work":"retire"}"#)),
            ("batch.done", Some(r#"{"done":1150,"not_reached":0,"refused":0}"#)),
        ]
    );
    assert!(
        audit
            .iter()
            .all(|entry| entry.target.as_deref() == Some(batch.as_str()))
    );
    assert_eq!(audit[0].request_id, audit[1].request_id, "one group");
    assert!(
        entries.iter().all(|entry| entry.correlation_id == audit[0].request_id),
        "with what the log says of it"
    );
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn each_is_done_once_whoever_does_it(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let batch = begun(&world, &mut admin, 2_000).await?;
    let service = world.services.batches.clone();
    let working = tokio::spawn(async move { service.work_on_all().await.is_ok() });
    let mut tries = 0;
    while retired(db).await?.len() == 500 {
        tries += 1;
        assert!(tries < 3000, "nothing goes on");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    working.abort();
    assert!(working.await.is_err(), "it was to break off");
    let so_far = retired(db).await?.len();
    assert!(so_far < 2_000 && so_far.is_multiple_of(100), "{so_far}");
    // Its lease holds still: nobody takes over.
    let other = world.other_services().await?;
    other.batches.work_on_all().await?;
    assert_eq!(retired(db).await?.len(), so_far);
    world.clock.advance_ms(LEASE_MS);
    // Two come at once, and one of them does it.
    let (one, two) = tokio::join!(world.services.batches.work_on_all(), other.batches.work_on_all());
    one?;
    two?;
    let entries = retired(db).await?;
    let terminals: BTreeSet<_> = entries.iter().map(|entry| entry.terminal_id).collect();
    assert_eq!((entries.len(), terminals.len()), (2_000, 2_000), "each once");
    admin.get(&format!("/batches/{batch}")).await?.says(&["成功 2,000 台"]);
    let audit = of_batches(db).await?;
    let kinds: Vec<_> = audit.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(kinds, ["batch.started", "batch.done"]);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn it_can_be_stopped(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let batch = begun(&world, &mut admin, 700).await?;
    let cancel = [("batch", batch.as_str())];
    let page = admin.submit("/actions/cancel-batch", &cancel).await?;
    page.says(&["已停止", "成功 500 台", "未执行 200 台"]);
    admin
        .submit("/actions/cancel-batch", &cancel)
        .await?
        .says(&["已经做过了"]);
    world.services.batches.work_on_all().await?;
    assert_eq!(retired(db).await?.len(), 500);
    let page = admin.get(&format!("/batches/{batch}?only=not_done")).await?;
    page.says(&["FREE000500", "FREE000599", "rel=\"next\"", "only=not_done"])
        .is_silent_on(&["FREE000499", "FREE000600"]);

    // Somebody works on it: it stops before the next piece.
    let (_, batch) = choose_all(&mut admin, "/terminals", "state=unassigned").await?;
    retire(&mut admin, &batch).await?.says(&["成功 200 台"]);
    world.import(&rows("MORE", 700, "")?).await?;
    let (_, batch) = choose_all(&mut admin, "/terminals", "state=unassigned").await?;
    world.services.batches.work_on_all().await?;
    retire(&mut admin, &batch).await?.says(&["<progress"]);
    let until = world.state.surroundings.now().0 + 20_000;
    world
        .sql(&format!(
            "UPDATE batch_jobs SET lease_owner = batch_id, lease_until = {until} WHERE stage = 'running'"
        ))
        .await?;
    admin
        .submit("/actions/cancel-batch", &[("batch", &batch)])
        .await?
        .says(&["<progress"]);
    world.clock.advance_ms(LEASE_MS);
    world.services.batches.work_on_all().await?;
    let page = admin.get(&format!("/batches/{batch}")).await?;
    page.says(&["已停止", "成功 500 台", "未执行 200 台"]);
    let kinds: Vec<_> = of_batches(db).await?.into_iter().map(|entry| entry.action).collect();
    let stopped = kinds.iter().filter(|kind| *kind == "batch.cancelled").count();
    assert_eq!((kinds.len(), stopped), (6, 2), "{kinds:?}");

    // While it is chosen from the list.
    world.import(&rows("LAST", 600, "")?).await?;
    let (_, batch) = choose_all(&mut admin, "/terminals", "state=unassigned").await?;
    let page = admin.submit("/actions/cancel-batch", &[("batch", &batch)]).await?;
    page.says(&["已停止"]).is_silent_on(&["/actions/change-batch"]);
    assert_eq!(of_batches(db).await?.len(), 6, "nothing was done");
    Ok(())
}

async fn nobody_reaches_into_another_merchant(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&rows("OWN", 620, XIAOMAN)?).await?;
    world.import(&rows("OTHER", 20, SHENGJING)?).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    // Whatever the list is said to be.
    let list = format!("merchant={SHENGJING}");
    let fields = [("list", "/terminals"), ("which", "all"), ("query", list.as_str())];
    owner.submit("/actions/choose", &fields).await?.says(&["没有选择终端"]);
    let (_, batch) = choose_all(&mut owner, "/devices", "").await?;
    world.services.batches.work_on_all().await?;
    let path = format!("/batches/{batch}");
    owner
        .get(&path)
        .await?
        .says(&["已选 620 台终端"])
        .is_silent_on(&["OTHER0"]);
    // One is given to another merchant before its turn.
    world
        .sql(&format!(
            "UPDATE terminals SET merchant_id = (SELECT id FROM merchants WHERE merchant_no = '{SHENGJING}') \
             WHERE sn IN ('OWN000610', 'OWN000000')"
        ))
        .await?;
    owner.get(&path).await?.says(&["已找不到：2 台"]);
    retire(&mut owner, &batch).await?;
    world.services.batches.work_on_all().await?;
    owner
        .get(&format!("{path}?only=not_done"))
        .await?
        .says(&["成功 618 台", "没有成功 2 台", "OWN000610"]);
    let others = ["OWN000610", "OWN000000", "OTHER000000"];
    assert_eq!(states(&world, &others).await?, ["awaiting"; 3]);
    let mut other = world.signed_in("shengjing").await?;
    let page = other.submit("/actions/cancel-batch", &[("batch", &batch)]).await?;
    assert_eq!(page.status, axum::http::StatusCode::NOT_FOUND);
    Ok(())
}

async fn what_breaks_each_time_is_given_up(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let batch = begun(&world, &mut admin, 700).await?;
    world.sql("UPDATE batch_jobs SET ordered = '{}'").await?;
    let mut broken = 0;
    while world.services.batches.work_on_all().await.is_err() {
        broken += 1;
        assert!(broken < 50, "it is tried for ever");
        world.clock.advance_ms(LEASE_MS);
    }
    assert_eq!(broken, 5);
    let page = admin.get(&format!("/batches/{batch}")).await?;
    page.says(&["试了几次都没能完成", "成功 500 台", "未执行 200 台"]);
    let ended = of_batches(db).await?.pop().ok_or("no entry")?;
    assert_eq!(
        (ended.action.as_str(), ended.reason.as_deref(), ended.after.as_deref()),
        (
            "batch.done",
            Some("no_more_tries"),
            Some(r#"{"done":500,"not_reached":200,"refused":0}"#)
        )
    );

    // More than can be chosen.
    world.import(&rows("MORE", 600, "")?).await?;
    let (_, batch) = choose_all(&mut admin, "/terminals", "q=MORE").await?;
    world
        .sql("UPDATE batch_jobs SET chosen = 99901 WHERE stage = 'choosing'")
        .await?;
    world.services.batches.work_on_all().await?;
    let page = admin.get(&format!("/batches/{batch}")).await?;
    page.says(&["符合条件的终端太多", "缩小列表范围"])
        .is_silent_on(&["/actions/change-batch"]);
    Ok(())
}

async fn terminals_are_tagged_and_moved(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},西湖店\nOWN10002,PAX,S90,,{XIAOMAN},\nOWN10003,PAX,S90,,{XIAOMAN},\n"
        ))
        .await?;
    let store = server::entities::stores::Entity::find().one(db.reader()).await?;
    let store = store.ok_or("no store")?.id.to_string();
    let mut owner = world.signed_in("xiaoman").await?;
    let (page, batch) = choose_all(&mut owner, "/devices", "").await?;
    page.says(&["加标签", "移除标签", "调整门店"])
        .is_silent_on(&["转给其他商户"]);
    let shown = main_of(&page, &batch)?.replace(&store, "{store}");
    insta::allow_duplicates! { insta::assert_snapshot!("what_can_be_done", shown) };
    let tag = |wanted| [("batch", batch.clone()), ("wanted", wanted), ("tag", "备机".to_owned())];
    let wrong = [("batch", batch.as_str()), ("wanted", "tag"), ("tag", "=1")];
    owner
        .submit("/actions/change-batch", &wrong)
        .await?
        .says(&["标签不正确"]);
    let fields = tag("tag".to_owned());
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = owner.submit("/actions/change-batch", &fields).await?;
    page.says(&["成功 3 台"]);
    let shown = main_of(&page, &batch)?;
    insta::allow_duplicates! { insta::assert_snapshot!("what_came_of_it", shown) };
    let page = owner.get("/devices?tag=备机").await?;
    assert_eq!(table_rows(&page.body).len(), 3);

    // Taken off those that are chosen by it but one, which goes to another merchant and leaves it behind.
    let fill = "INSERT INTO terminal_tags (terminal_id, tag) SELECT id, 'T' || number FROM terminals, \
                (SELECT 1 AS number UNION ALL SELECT 2 UNION ALL SELECT 3) AS numbers WHERE sn = 'OWN10003'";
    world.sql(fill).await?;
    let mut admin = world.signed_in("admin").await?;
    let (page, batch) = choose_all(&mut admin, "/terminals", "q=OWN10003").await?;
    page.says(&["已选 1 台终端"]);
    let fields = [
        ("batch", batch.as_str()),
        ("wanted", "move_merchant"),
        ("merchant_no", SHENGJING),
        ("confirmed", "true"),
    ];
    admin
        .submit("/actions/change-batch", &fields)
        .await?
        .says(&["成功 1 台"]);
    let (_, batch) = choose_all(&mut owner, "/devices", "tag=备机").await?;
    let fields = [("batch", batch.as_str()), ("wanted", "untag"), ("tag", "备机")];
    owner
        .submit("/actions/change-batch", &fields)
        .await?
        .says(&["成功 2 台"]);
    assert!(terminal_tags::Entity::find().one(db.reader()).await?.is_none());
    let entries = audit_log::Entity::find().all(db.reader()).await?;
    let of = |action: &str| entries.iter().filter(|entry| entry.action == action).count();
    assert_eq!((of("terminal.tagged"), of("terminal.untagged")), (3, 2));

    // To a store of their merchant.
    let (_, batch) = choose_all(&mut owner, "/devices", "").await?;
    let fields = [("batch", batch.as_str()), ("wanted", "move_store"), ("store", &store)];
    owner
        .submit("/actions/change-batch", &fields)
        .await?
        .says(&["成功 2 台"]);
    let page = owner.get(&format!("/devices?store={store}")).await?;
    assert_eq!(table_rows(&page.body).len(), 2);
    Ok(())
}

async fn old_batches_are_forgotten(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&rows("FREE", 3, "")?).await?;
    let mut admin = world.signed_in("admin").await?;
    choose_all(&mut admin, "/terminals", "").await?;
    assert_eq!(world.services.batches.sweep().await?, 0);
    world.clock.set(world.later(8));
    assert_eq!(world.services.batches.sweep().await?, 1);
    assert!(batches::Entity::find().one(db.reader()).await?.is_none());
    assert!(batch_jobs::Entity::find().one(db.reader()).await?.is_none());

    // One that is worked on stays.
    let mut admin = world.signed_in("admin").await?;
    let batch = begun(&world, &mut admin, 700).await?;
    world.clock.set(world.later(16));
    assert_eq!(world.services.batches.sweep().await?, 0);
    world.services.batches.work_on_all().await?;
    assert_eq!(retired(db).await?.len(), 700);
    let mut admin = world.signed_in("admin").await?;
    admin.get(&format!("/batches/{batch}")).await?.says(&["成功 700 台"]);
    assert_eq!(world.services.batches.sweep().await?, 1);
    Ok(())
}

async fn who_is_locked_out_changes_nothing_more(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let batch = begun(&world, &mut admin, 800).await?;
    // As soon as the next hundred are done.
    let out = "UPDATE users SET disabled_at = 1 WHERE login = 'admin'";
    world.upon("UPDATE OF place ON batch_jobs", out).await?;
    world.services.batches.work_on_all().await?;
    assert_eq!(retired(db).await?.len(), 600);
    let job = batch_jobs::Entity::find().one(db.reader()).await?.ok_or("no job")?;
    assert_eq!(
        (job.stage.as_str(), job.problem.as_deref()),
        ("failed", Some("no_longer_allowed"))
    );
    let audit = of_batches(db).await?;
    let kinds: Vec<_> = audit.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(kinds, ["batch.started", "batch.done"]);
    assert_eq!(audit[1].reason.as_deref(), Some("no_longer_allowed"));
    world
        .sql("UPDATE users SET disabled_at = NULL WHERE login = 'admin'")
        .await?;
    let path = format!("/batches/{batch}");
    admin
        .get(&path)
        .await?
        .says(&["没有做完就停止了", "成功 600 台", "200 台"]);
    Ok(())
}

/// Terminals of two merchants are put to use again, the second merchant's first, while somebody who holds the first
/// merchant's row, as an import does, comes to want the second's. PostgreSQL alone: SQLite has one writer.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_each_other() -> Outcome {
    let db = TestDb::postgres().await?;
    let world = World::new(&db).await?;
    let mut merchants = merchants::Entity::find().all(db.reader()).await?;
    merchants.sort_by_key(|merchant| merchant.id);
    let [first, second] = [0, 1].map(|at: usize| merchants[at].merchant_no.as_str());
    world
        .import(&format!("OWN10001,PAX,S90,,{second},\nOWN10002,PAX,S90,,{first},\n"))
        .await?;
    let suspended = "UPDATE terminals SET lifecycle = 'suspended', lifecycle_reason = 'lost'";
    world.sql(suspended).await?;
    let mut admin = world.signed_in("admin").await?;
    let (_, batch) = choose_all(&mut admin, "/terminals", "").await?;
    let resume = [("batch", batch.as_str()), ("wanted", "resume"), ("confirmed", "true")];

    let held = |number: &str| format!("SELECT id FROM merchants WHERE merchant_no = '{number}' FOR NO KEY UPDATE");
    let (first, second) = (held(first), held(second));
    let crossed = holding(&db, &first, &second).await?;
    let (page, crossed) = tokio::join!(admin.submit("/actions/change-batch", &resume), crossed);
    crossed?;
    page?.says(&["成功 2 台"]);
    assert_eq!(world.terminals("OWN10001").await?[0].lifecycle, "registered");
    Ok(())
}
