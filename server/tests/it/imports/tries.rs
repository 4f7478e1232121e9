//! What fails each time it is tried comes to an end, and whoever has lost an import does not end it.

use super::{confirm, count, half_way, rows, send, tally};
use crate::client::Client;
use crate::crossing::holding;
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World, XIAOMAN};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};
use server::entities::{audit_log, import_batches, import_jobs, import_parts, terminals};

on_both_engines!(
    a_check_that_breaks_each_time_is_given_up,
    a_check_goes_on_where_it_was,
    an_import_that_breaks_each_time_is_given_up,
    only_tries_at_the_same_place_count,
    an_undoing_that_breaks_each_time_is_given_up,
    who_is_locked_out_has_nothing_looked_at,
    who_is_locked_out_brings_nothing_more_in,
    who_is_locked_out_takes_nothing_more_back,
    what_somebody_retired_was_not_taken_back,
    an_import_whose_maker_cannot_be_read_is_given_up,
    whoever_has_lost_an_import_does_not_end_it,
);

/// Longer than a lease lasts.
const LEASE_MS: i64 = 21_000;

/// How often the work breaks before it is given up.
async fn breaks(world: &World<'_>) -> Result<u32> {
    let mut broken = 0;
    while world.services.imports.work_on_all().await.is_err() {
        broken += 1;
        assert!(broken < 50, "it is tried for ever");
        world.clock.advance_ms(LEASE_MS);
    }
    Ok(broken)
}

/// Loses pieces of the files, from a place on.
async fn lose(world: &World<'_>, from: i64) -> Result<()> {
    let lost = import_parts::Entity::delete_many()
        .filter(import_parts::Column::Kind.eq("file"))
        .filter(import_parts::Column::Place.gte(from))
        .exec(world.db.writer())
        .await?;
    assert_ne!(lost.rows_affected, 0, "there is nothing to lose");
    Ok(())
}

/// Two thousand rows, of which the first half is in the first piece of the file and the other half ends in the second.
fn in_two_pieces() -> String {
    let name = "长".repeat(100);
    let more: String = (1_000..2_000)
        .map(|n| format!("ROW{n:07},PAX,S90,{name},,\n"))
        .collect();
    format!("{}{more}", rows(1_000))
}

/// Sends a file that nobody checks yet; leads to its page.
async fn uploaded(admin: &mut Client, file: &str) -> Result<String> {
    let answer = admin
        .upload("/actions/import", &[], ("file", "a.csv", file.as_bytes()))
        .await?;
    Ok(answer.location().ok_or("no way")?.to_owned())
}

fn id_in(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Action and reason of the audit log's newest entry of an import.
async fn told(db: &TestDb) -> Result<String> {
    let entry = audit_log::Entity::find()
        .filter(audit_log::Column::TargetKind.eq("import"))
        .order_by_desc(audit_log::Column::Id)
        .one(db.reader())
        .await?;
    let entry = entry.ok_or("no entry")?;
    Ok(format!("{}: {}", entry.action, entry.reason.unwrap_or_default()))
}

async fn job(db: &TestDb) -> Result<import_jobs::Model> {
    let job = import_jobs::Entity::find().order_by_desc(import_jobs::Column::BatchId);
    Ok(job.one(db.reader()).await?.ok_or("no job")?)
}

async fn a_check_that_breaks_each_time_is_given_up(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let to = uploaded(&mut admin, &rows(3)).await?;
    lose(&world, 0).await?;
    assert_eq!(breaks(&world).await?, 5);
    admin
        .get(&to)
        .await?
        .says(&["没有导入任何内容", "处理中断", "每次都在同一处中断"])
        .is_silent_on(&["撤销这次导入", "选择剩下的终端"]);
    assert_eq!(told(db).await?, "import.done: no_more_tries");
    // Others are still worked on.
    let (_, page) = send(&world, &mut admin, "b.csv", rows(3).as_bytes()).await?;
    assert_eq!(tally(&page), [3, 3, 0, 0, 0]);
    Ok(())
}

async fn a_check_goes_on_where_it_was(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let (to, page) = send(&world, &mut admin, "a.csv", in_two_pieces().as_bytes()).await?;
    assert_eq!(tally(&page), [2_000, 2_000, 0, 0, 0], "{page:?}");
    // The same meaning of the columns, looked at again.
    let mapping = [
        ("import", id_in(&to)),
        ("columns[0]", "sn"),
        ("columns[1]", "manufacturer"),
        ("columns[2]", "model"),
        ("columns[3]", "name"),
        ("columns[4]", "merchant_no"),
        ("columns[5]", "store"),
        ("headings", "true"),
    ];
    admin.post("/actions/import-map", &mapping).await?;
    let second = import_parts::Entity::find()
        .filter(import_parts::Column::Place.eq(1))
        .one(db.reader())
        .await?;
    lose(&world, 1).await?;
    assert!(world.services.imports.work_on_all().await.is_err());
    assert_eq!(
        (job(db).await?.rows_read, job(db).await?.stage.as_str()),
        (1_000, "checking")
    );
    let second = second.ok_or("it is in one piece")?.into_active_model().reset_all();
    import_parts::Entity::insert(second)
        .exec_without_returning(db.writer())
        .await?;
    world.clock.advance_ms(LEASE_MS);
    world.services.imports.work_on_all().await?;
    assert_eq!(tally(&admin.get(&to).await?), [2_000, 2_000, 0, 0, 0]);
    Ok(())
}

async fn an_import_that_breaks_each_time_is_given_up(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let to = half_way(&world, &mut admin, 6_000).await?;
    let so_far = count(db).await?;
    lose(&world, 0).await?;
    world.clock.advance_ms(LEASE_MS);
    assert_eq!(breaks(&world).await?, 5);
    let page = admin.get(&to).await?;
    page.says(&["导入中途停止", "每次都在同一处中断", "撤销这次导入"]);
    assert_eq!(tally(&page), [6_000, so_far, 0, 0, 0]);
    assert_eq!(told(db).await?, "import.done: no_more_tries");
    admin.post("/actions/import-undo", &[("import", id_in(&to))]).await?;
    world.services.imports.work_on_all().await?;
    admin.get(&to).await?.says(&["这次导入已撤销"]);
    Ok(())
}

/// A job that has come further begins to count anew.
async fn only_tries_at_the_same_place_count(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let file = in_two_pieces();
    let (to, page) = send(&world, &mut admin, "a.csv", file.as_bytes()).await?;
    assert_eq!(tally(&page), [2_000, 2_000, 0, 0, 0], "{page:?}");
    lose(&world, 1).await?;
    admin.post("/actions/import-confirm", &[("import", id_in(&to))]).await?;
    world.sql("UPDATE import_jobs SET attempts = 4").await?;
    assert_eq!(breaks(&world).await?, 1 + 5, "the fifth try came further");
    assert_eq!(count(db).await?, 1_000);
    admin.get(&to).await?.says(&["导入中途停止", "每次都在同一处中断"]);
    Ok(())
}

async fn an_undoing_that_breaks_each_time_is_given_up(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import("FREE0001,PAX,S90,旧名,,\n").await?;
    let mut admin = world.signed_in("admin").await?;
    let file = format!(
        "sn,manufacturer,model,name,merchant_no\nFREE0001,PAX,S90,新名,{XIAOMAN}\nNEW00001,PAX,S90,,{XIAOMAN}\n"
    );
    let (to, _) = send(&world, &mut admin, "a.csv", file.as_bytes()).await?;
    confirm(&world, &mut admin, &to, false).await?;
    let before = "UPDATE import_changes SET before =";
    let kept = server::entities::import_changes::Entity::find()
        .one(db.reader())
        .await?;
    let kept = kept.ok_or("nothing is kept")?.before;
    world.sql(&format!("{before} '{{'")).await?;
    let undo = [("import", id_in(&to))];
    admin.post("/actions/import-undo", &undo).await?;
    assert_eq!(breaks(&world).await?, 1 + 5, "the first try took the new terminal back");
    let page = admin.get(&to).await?;
    page.says(&["撤销没有完成", "文件已导入", "撤销这次导入"])
        .is_silent_on(&["重新上传文件", "选择剩下的终端"]);
    assert_eq!(tally(&page), [2, 1, 1, 0, 0]);
    assert_eq!(told(db).await?, "import.undone: no_more_tries");
    assert_eq!(world.terminals("NEW00001").await?[0].lifecycle, "retired");
    assert_eq!(world.terminals("FREE0001").await?[0].name, "新名");

    // Mended, it is undone to its end: what was taken back before keeps nobody from it.
    world.sql(&format!("{before} '{kept}'")).await?;
    world.clock.advance_ms(1_000);
    admin.post("/actions/import-undo", &undo).await?;
    world.services.imports.work_on_all().await?;
    admin
        .get(&to)
        .await?
        .says(&["这次导入已撤销"])
        .is_silent_on(&["撤销没有完成"]);
    assert_eq!(world.terminals("FREE0001").await?[0].name, "旧名");
    Ok(())
}

/// Lets or does not let the administrator in.
async fn locked_out(world: &World<'_>, is_out: bool) -> Result<()> {
    let since = if is_out { "1" } else { "NULL" };
    world
        .sql(&format!("UPDATE users SET disabled_at = {since} WHERE login = 'admin'"))
        .await
}

async fn who_is_locked_out_brings_nothing_more_in(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let (to, _) = send(&world, &mut admin, "a.csv", rows(2_500).as_bytes()).await?;
    // While the first thousand go in.
    world
        .upon("INSERT ON terminals", "UPDATE users SET disabled_at = 1")
        .await?;
    admin.post("/actions/import-confirm", &[("import", id_in(&to))]).await?;
    world.services.imports.work_on_all().await?;
    assert_eq!(count(db).await?, 1_000);
    assert_eq!(told(db).await?, "import.done: no_longer_allowed");
    locked_out(&world, false).await?;
    admin
        .get(&to)
        .await?
        .says(&[
            "导入中途停止",
            "没有做完就停止了",
            "请由其他管理员重新上传文件",
            "撤销这次导入",
        ])
        .is_silent_on(&["重新选择"]);

    // Why it was not brought in is still told when it is not undone either.
    admin.post("/actions/import-undo", &[("import", id_in(&to))]).await?;
    locked_out(&world, true).await?;
    world.sql("UPDATE import_jobs SET problem = 'bad_rows'").await?;
    world.services.imports.work_on_all().await?;
    locked_out(&world, false).await?;
    admin
        .get(&to)
        .await?
        .says(&["撤销没有完成：发起的账号", "导入中途停止", "有错误"])
        .is_silent_on(&["请由其他管理员重新上传文件"]);
    Ok(())
}

/// While rows are looked at nothing goes in, whatever was foretold of them.
async fn who_is_locked_out_has_nothing_looked_at(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    uploaded(&mut admin, &rows(2_500)).await?;
    world
        .upon("UPDATE OF rows_read ON import_jobs", "UPDATE users SET disabled_at = 1")
        .await?;
    world.services.imports.work_on_all().await?;
    assert_eq!(job(db).await?.rows_read, 1_000);
    let ended = audit_log::Entity::find().filter(audit_log::Column::Action.eq("import.done"));
    let entry = ended.one(db.reader()).await?.ok_or("no entry")?;
    assert_eq!(entry.reason.as_deref(), Some("no_longer_allowed"));
    assert!(
        entry
            .after
            .as_deref()
            .is_some_and(|after| after.contains("\"rows_created\":0")),
        "{entry:?}"
    );
    Ok(())
}

async fn who_is_locked_out_takes_nothing_more_back(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let (to, _) = send(&world, &mut admin, "a.csv", rows(3).as_bytes()).await?;
    confirm(&world, &mut admin, &to, false).await?;
    let undo = [("import", id_in(&to))];
    admin.post("/actions/import-undo", &undo).await?;
    locked_out(&world, true).await?;
    world.services.imports.work_on_all().await?;
    assert_eq!(world.terminals("ROW0000000").await?[0].lifecycle, "unassigned");
    assert_eq!(told(db).await?, "import.undone: no_longer_allowed");
    locked_out(&world, false).await?;
    admin
        .get(&to)
        .await?
        .says(&["撤销没有完成", "发起的账号在此期间被停用", "文件已导入", "撤销这次导入"]);

    // Another role is not the one that was asked.
    admin.post("/actions/import-undo", &undo).await?;
    let role = "UPDATE users SET role =";
    world
        .sql(&format!("{role} 'platform_support' WHERE login = 'admin'"))
        .await?;
    world.services.imports.work_on_all().await?;
    assert_eq!(world.terminals("ROW0000000").await?[0].lifecycle, "unassigned");
    world
        .sql(&format!("{role} 'platform_admin' WHERE login = 'admin'"))
        .await?;
    admin.post("/actions/import-undo", &undo).await?;
    world.services.imports.work_on_all().await?;
    admin
        .get(&to)
        .await?
        .says(&["这次导入已撤销"])
        .is_silent_on(&["撤销没有完成"]);
    Ok(())
}

/// An import holds a terminal and wants its merchant, whom somebody holds who comes to want the terminal. PostgreSQL ends
/// the import's transaction; SQLite has one writer, and nobody to wait for.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_somebody_was_in_the_way_of_go_in_all_the_same() -> Outcome {
    let db = TestDb::postgres().await?;
    let world = World::new(&db).await?;
    world.import("FREE0001,PAX,S90,,,\n").await?;
    let mut admin = world.signed_in("admin").await?;
    let file = format!("sn,manufacturer,model,merchant_no\nFREE0001,PAX,S90,{XIAOMAN}\n");
    let (to, _) = send(&world, &mut admin, "a.csv", file.as_bytes()).await?;
    let merchant = format!("SELECT id FROM merchants WHERE merchant_no = '{XIAOMAN}' FOR NO KEY UPDATE");
    let terminal = "SELECT id FROM terminals WHERE sn = 'FREE0001' FOR NO KEY UPDATE";
    let held = holding(&db, &merchant, terminal).await?;
    let (page, held) = tokio::join!(confirm(&world, &mut admin, &to, false), held);
    held?;
    assert_eq!(tally(&page?), [1, 0, 1, 0, 0]);
    assert_eq!(world.terminals("FREE0001").await?[0].lifecycle, "awaiting");
    assert_eq!(job(&db).await?.attempts, 0, "within the one turn");
    Ok(())
}

async fn what_somebody_retired_was_not_taken_back(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let (to, _) = send(&world, &mut admin, "a.csv", rows(2).as_bytes()).await?;
    confirm(&world, &mut admin, &to, false).await?;
    let retired =
        "UPDATE terminals SET lifecycle = 'retired', lifecycle_reason = 'damaged', updated_at = updated_at + 1";
    world.sql(&format!("{retired} WHERE sn = 'ROW0000001'")).await?;
    admin.post("/actions/import-undo", &[("import", id_in(&to))]).await?;
    world.services.imports.work_on_all().await?;
    admin.get(&to).await?.says(&["没有撤销：其中 1 台终端"]);
    assert_eq!(world.terminals("ROW0000000").await?[0].lifecycle, "unassigned");
    Ok(())
}

async fn an_import_whose_maker_cannot_be_read_is_given_up(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let to = uploaded(&mut admin, &rows(3)).await?;
    world.sql("UPDATE import_jobs SET actor = '{}'").await?;
    assert_eq!(breaks(&world).await?, 5);
    admin.get(&to).await?.says(&["没有导入任何内容", "处理中断"]);
    Ok(())
}

async fn whoever_has_lost_an_import_does_not_end_it(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    // Its columns are clear, and further down it is broken.
    let file = format!("{}BAD00001,PAX,S90,{},,\n", rows(50), "x".repeat(40_000));
    let to = uploaded(&mut admin, &file).await?;
    // Another server has it as soon as this one has found out the columns.
    let taken_over = "UPDATE import_jobs SET lease_owner = batch_id";
    world.upon("UPDATE OF layout ON import_jobs", taken_over).await?;
    world.services.imports.work_on_all().await?;
    let lost = job(db).await?;
    assert!(lost.layout.is_some(), "it did not come as far as that");
    assert_eq!((lost.stage.as_str(), lost.problem.as_deref()), ("checking", None));
    let batch = import_batches::Entity::find_by_id(lost.batch_id)
        .one(db.reader())
        .await?;
    let batch = batch.ok_or("gone")?;
    assert_eq!((batch.state.as_str(), batch.finished_at), ("running", None));
    let ended = audit_log::Entity::find().filter(audit_log::Column::Action.eq("import.done"));
    assert_eq!(ended.clone().count(db.reader()).await?, 0);
    assert_ne!(
        import_parts::Entity::find().count(db.reader()).await?,
        0,
        "the file is still needed"
    );

    // Whoever has it next ends it, once.
    world.clock.advance_ms(LEASE_MS);
    world.services.imports.work_on_all().await?;
    admin.get(&to).await?.says(&["没有导入任何内容", "第 52 行"]);
    assert_eq!(ended.count(db.reader()).await?, 1);
    assert_eq!(terminals::Entity::find().count(db.reader()).await?, 0);
    Ok(())
}
