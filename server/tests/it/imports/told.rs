//! What the pages tell of an import that is no plain success.

use super::{confirm, send};
use crate::client::table_rows;
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{SHENGJING, World, XIAOMAN};
use app::backend::imports::{Imports, MAX_ERRORS};
use app::caller::Caller;

on_both_engines!(
    the_list_of_faults_says_when_it_is_cut,
    a_file_that_is_being_sent_is_not_worked_on,
    rows_that_went_bad_leave_nothing_to_tick,
    the_list_of_imports_has_every_number,
);

const HEADINGS: &str = "sn,manufacturer,model,name,merchant_no,store\n";

async fn the_list_of_faults_says_when_it_is_cut(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    // Each row has two faults.
    let row = ",PAX,S90,=1,,\n";
    let exactly = format!("{HEADINGS}{}", row.repeat(MAX_ERRORS / 2));
    let (_, page) = send(&world, &mut admin, "exactly.csv", exactly.as_bytes()).await?;
    page.says(&["没有序列号", "名称像电子表格公式"])
        .is_silent_on(&["只列出前"]);
    let more = format!("{exactly}{row}");
    let (_, page) = send(&world, &mut admin, "more.csv", more.as_bytes()).await?;
    page.says(&["只列出前 1,000 处错误。"]);
    Ok(())
}

async fn a_file_that_is_being_sent_is_not_worked_on(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let system = Caller::system("test");
    let id = world
        .services
        .imports
        .create(system.platform_admin()?, "slow.csv")
        .await?;
    let page = admin.get(&format!("/terminals/import/{id}")).await?;
    page.says(&["导入进度", "文件正在上传。", "请取消后重新上传", "取消导入"])
        .is_silent_on(&["<progress", "已读 0 行", "工作会在后台继续", "停止自动刷新"]);
    assert_eq!(page.header("refresh"), None);
    Ok(())
}

async fn rows_that_went_bad_leave_nothing_to_tick(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let file = format!("{HEADINGS}OWN10001,PAX,S90,,{XIAOMAN},\n");
    let (to, _) = send(&world, &mut admin, "late.csv", file.as_bytes()).await?;
    // Between the look and the confirmation somebody gives it to another merchant.
    world.import(&format!("OWN10001,PAX,S90,,{SHENGJING},\n")).await?;
    confirm(&world, &mut admin, &to, false)
        .await?
        .says(&["文件中有错误的行", "确认导入时这些行没有错误", "终端已属于其他商户"])
        .is_silent_on(&["请先勾选"]);
    Ok(())
}

async fn the_list_of_imports_has_every_number(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let file =
        format!("{HEADINGS}OWN10001,PAX,S90,新名,{XIAOMAN},\nNEW00001,PAX,S90,,,\nNEW00002,PAX,S90,,,\n#,PAX,S90,,,\n");
    let (to, _) = send(&world, &mut admin, "mixed.csv", file.as_bytes()).await?;
    confirm(&world, &mut admin, &to, true).await?;
    let list = admin.get("/terminals/import").await?;
    let (_, recent) = list.body.split_once("recent-title").ok_or("no list")?;
    let rows = table_rows(recent);
    let mixed = rows.iter().find(|row| row.contains("mixed.csv")).ok_or("not listed")?;
    let numbers: Vec<&str> = mixed
        .split("md:text-end tabular-nums")
        .skip(1)
        .filter_map(|cell| cell.split("</td>").next()?.rsplit('>').next())
        .map(str::trim)
        .collect();
    assert_eq!(numbers, ["4", "2", "1", "1"], "{mixed}");
    Ok(())
}
