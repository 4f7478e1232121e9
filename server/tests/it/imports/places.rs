//! Where an import puts terminals, and that they are found there.

use super::{confirm, lines_on, send, tally};
use crate::client::{Client, table_rows};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use server::entities::stores;

on_both_engines!(
    a_suspended_merchant_is_given_nothing,
    a_merchant_that_is_suspended_meanwhile_is_given_no_more,
    nothing_goes_into_a_closed_store,
    nothing_goes_back_into_a_closed_store,
    what_went_in_is_found_as_it_is_now,
);

const HEADINGS: &str = "sn,manufacturer,model,name,merchant_no,store\n";

/// Closes a store, in which nothing stands any more.
async fn close(world: &World<'_>, name: &str) -> Result<()> {
    world
        .sql(&format!("UPDATE stores SET closed_at = 1 WHERE name = '{name}'"))
        .await
}

/// The name of the store where a terminal stands.
async fn place_of(world: &World<'_>, sn: &str) -> Result<Option<String>> {
    let Some(store) = world.terminals(sn).await?.remove(0).store_id else {
        return Ok(None);
    };
    let store = stores::Entity::find().filter(stores::Column::Id.eq(store));
    Ok(store.one(world.db.reader()).await?.map(|store| store.name))
}

async fn undo(world: &World<'_>, admin: &mut Client, to: &str) -> Result<()> {
    let id = to.rsplit('/').next().unwrap_or_default();
    admin.post("/actions/import-undo", &[("import", id)]).await?;
    world.services.imports.work_on_all().await?;
    admin.get(to).await?.says(&["这次导入已撤销"]);
    Ok(())
}

async fn a_suspended_merchant_is_given_nothing(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!("FREE0001,PAX,S90,,,\nOWN10001,PAX,S90,旧名,{XIAOMAN},一店\n"))
        .await?;
    let mut admin = world.signed_in("admin").await?;
    let file = format!(
        "{HEADINGS}NEW00001,PAX,S90,,{XIAOMAN},\nFREE0001,PAX,S90,,{XIAOMAN},\nNEW00002,PAX,S90,,{SHENGJING},\n\
         OWN10001,PAX,S90,新名,{XIAOMAN},二店\n"
    );
    // When it is suspended after somebody has looked, that is seen when the rows go in.
    let (to, preview) = send(&world, &mut admin, "early.csv", file.as_bytes()).await?;
    assert_eq!(tally(&preview), [4, 2, 2, 0, 0]);
    let suspend = [("number", XIAOMAN), ("reason", "合同到期")];
    admin.post("/actions/merchant-suspend", &suspend).await?;
    let report = confirm(&world, &mut admin, &to, false).await?;
    report.says(&["文件中有错误的行", "确认导入时这些行没有错误", "商户已停用"]);
    assert_eq!(lines_on(&report.body), [2, 3], "{report:?}");
    undo(&world, &mut admin, &to).await?;

    // What it has already may be described and put elsewhere, as on the terminal's own page.
    let (to, preview) = send(&world, &mut admin, "a.csv", file.as_bytes()).await?;
    assert_eq!(
        (tally(&preview), lines_on(&preview.body)),
        (vec![4, 1, 1, 0, 2], vec![2, 3])
    );
    preview.says(&["商户已停用", "未停用的商户的编号，或留空", "先恢复该商户", XIAOMAN]);
    confirm(&world, &mut admin, &to, true).await?;
    assert!(world.terminals("NEW00001").await?.is_empty());
    assert_eq!(world.terminals("FREE0001").await?[0].merchant_id, None);
    let given = world.terminals("NEW00002").await?;
    assert!(given.iter().any(|row| row.lifecycle == "awaiting"), "{given:?}");
    assert_eq!(world.terminals("OWN10001").await?[0].name, "新名");
    assert_eq!(place_of(&world, "OWN10001").await?.as_deref(), Some("二店"));

    // The rows that came back go in once it is resumed.
    let rejects = admin.get(&format!("{to}/rejects")).await?;
    assert!(rejects.body.contains("商户已停用"), "{rejects:?}");
    admin.post("/actions/merchant-resume", &[("number", XIAOMAN)]).await?;
    let (to, preview) = send(&world, &mut admin, "a-errors.csv", rejects.body.as_bytes()).await?;
    assert_eq!(tally(&preview), [2, 1, 1, 0, 0]);
    confirm(&world, &mut admin, &to, false).await?;
    assert_eq!(world.terminals("FREE0001").await?[0].lifecycle, "awaiting");
    Ok(())
}

async fn a_merchant_that_is_suspended_meanwhile_is_given_no_more(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let rows: String = (0..1_010)
        .map(|n| format!("BULK{n:06},PAX,S90,,{XIAOMAN},\n"))
        .collect();
    let (to, preview) = send(&world, &mut admin, "a.csv", format!("{HEADINGS}{rows}").as_bytes()).await?;
    assert_eq!(tally(&preview), [1_010, 1_010, 0, 0, 0]);
    // While the first thousand go in.
    world
        .upon("INSERT ON terminals", "UPDATE merchants SET state = 'suspended'")
        .await?;
    let report = confirm(&world, &mut admin, &to, false).await?;
    assert_eq!(tally(&report), [1_010, 1_000, 0, 0, 10]);
    assert_eq!(lines_on(&report.body), (1_002..1_012).collect::<Vec<_>>());
    Ok(())
}

async fn nothing_goes_into_a_closed_store(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},一店\n")).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},二店\n")).await?;
    close(&world, "一店").await?;
    let mut admin = world.signed_in("admin").await?;
    let file = format!(
        "{HEADINGS}NEW00001,PAX,S90,,{XIAOMAN},一店\nNEW00002,PAX,S90,,{XIAOMAN},二店\nOWN10001,PAX,S90,,{XIAOMAN},一店\n"
    );
    let (to, preview) = send(&world, &mut admin, "a.csv", file.as_bytes()).await?;
    assert_eq!(
        (tally(&preview), lines_on(&preview.body)),
        (vec![3, 1, 0, 0, 2], vec![2, 4])
    );
    preview.says(&["门店已关闭", "一店"]);
    let report = confirm(&world, &mut admin, &to, true).await?;
    assert_eq!(tally(&report), [3, 1, 0, 0, 2]);
    assert!(world.terminals("NEW00001").await?.is_empty());
    assert_eq!(place_of(&world, "OWN10001").await?.as_deref(), Some("二店"));

    // Also when it is closed after somebody has looked.
    world.import(&format!("OWN10002,PAX,S90,,{XIAOMAN},三店\n")).await?;
    world.import(&format!("OWN10002,PAX,S90,,{XIAOMAN},二店\n")).await?;
    let file = format!("{HEADINGS}NEW00003,PAX,S90,,{XIAOMAN},三店\n");
    let (to, preview) = send(&world, &mut admin, "b.csv", file.as_bytes()).await?;
    assert_eq!(tally(&preview), [1, 1, 0, 0, 0]);
    close(&world, "三店").await?;
    let report = confirm(&world, &mut admin, &to, false).await?;
    assert_eq!(lines_on(&report.body), [2], "{report:?}");
    assert!(world.terminals("NEW00003").await?.is_empty());
    Ok(())
}

async fn nothing_goes_back_into_a_closed_store(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,旧名,{XIAOMAN},一店\n")).await?;
    let mut admin = world.signed_in("admin").await?;
    let file = format!("{HEADINGS}OWN10001,PAX,S90,新名,{XIAOMAN},二店\n");
    let (to, _) = send(&world, &mut admin, "a.csv", file.as_bytes()).await?;
    confirm(&world, &mut admin, &to, false).await?;
    close(&world, "一店").await?;
    undo(&world, &mut admin, &to).await?;
    assert_eq!(world.terminals("OWN10001").await?[0].name, "旧名");
    assert_eq!(place_of(&world, "OWN10001").await?.as_deref(), Some("二店"));
    Ok(())
}

/// How many terminals a search finds.
async fn found(admin: &mut Client, words: &str) -> Result<usize> {
    let page = admin.get(&format!("/terminals?q={words}")).await?;
    Ok(table_rows(&page.body).len())
}

async fn what_went_in_is_found_as_it_is_now(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let rows: String = (0..1200)
        .map(|n| format!("BULK{n:06},PAX,S90,Ｂ座吧台{n:04},,\n"))
        .collect();
    world.import(&rows).await?;
    let mut admin = world.signed_in("admin").await?;
    for words in ["BULK000777", "b座吧台0777", "Ｂ座吧台0777", "0777"] {
        assert_eq!(found(&mut admin, words).await?, 1, "{words}");
    }
    let file = format!("{HEADINGS}BULK000777,PAX,S90,Ｃ座前厅,{XIAOMAN},湖滨店\nNEW00001,PAX,S90,Ｃ座后厨,,\n");
    let (to, _) = send(&world, &mut admin, "a.csv", file.as_bytes()).await?;
    confirm(&world, &mut admin, &to, false).await?;
    for (words, count) in [("吧台0777", 0), ("c座前厅", 1), ("湖滨", 1), ("c座", 2)] {
        assert_eq!(found(&mut admin, words).await?, count, "{words}");
    }
    undo(&world, &mut admin, &to).await?;
    for (words, count) in [("b座吧台0777", 1), ("前厅", 0), ("湖滨", 0)] {
        assert_eq!(found(&mut admin, words).await?, count, "{words}");
    }
    Ok(())
}
