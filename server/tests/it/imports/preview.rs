//! What an import is going to do is shown before anybody says that it may.

use super::{confirm, count, lines_of, rows, send, tally};
use crate::client::{Answer, between, table_rows};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World, XIAOMAN};
use app::backend::imports::PREVIEW_ROWS;
use sea_orm::{EntityTrait, PaginatorTrait};
use server::entities::import_previews;

on_both_engines!(
    each_row_says_what_it_would_do,
    what_is_shown_is_bounded_and_kept_only_until_it_is_decided,
    no_cell_breaks_its_row,
);

const HEADINGS: &str = "sn,manufacturer,model,name,merchant_no,store,firmware,note\n";

const CREATED: &str = "将新增的终端";
const UPDATED: &str = "将更新的终端";
const SKIPPED: &str = "没有变化的终端";

/// The list of a page under a title; empty when there is none.
fn list<'a>(page: &'a Answer, title: &str) -> &'a str {
    between(&page.body, &format!("{title} ("), "</details>").unwrap_or_default()
}

async fn kept(db: &TestDb) -> Result<u64> {
    Ok(import_previews::Entity::find().count(db.reader()).await?)
}

async fn each_row_says_what_it_would_do(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "FREE0001,PAX,S90,旧名,,\nOWN10001,PAX,S90,前台,{XIAOMAN},一店\nOWN10002,PAX,S90,吧台,{XIAOMAN},一店\n"
        ))
        .await?;
    let mut admin = world.signed_in("admin").await?;
    let file = format!(
        "{HEADINGS}\
         NEW-0001,PAX,S90,后厨,{XIAOMAN},新店,,\n\
         NEW00002,PAX,S90,,,,,\n\
         FREE0001,PAX,A920,新名,{XIAOMAN},一店,2.0,备用机\n\
         OWN10001,PAX,S90,前台,,,,\n\
         OWN10002,PAX,S90,,{XIAOMAN},新店,,\n"
    );
    let (to, page) = send(&world, &mut admin, "a.csv", file.as_bytes()).await?;
    assert_eq!(tally(&page), [5, 2, 2, 1, 0]);
    let (created, updated, skipped) = (list(&page, CREATED), list(&page, UPDATED), list(&page, SKIPPED));
    assert_eq!(
        [created, updated, skipped].map(lines_of),
        [vec![2, 3], vec![4, 6], vec![5]],
        "{page:?}"
    );
    let shown = [created, updated, skipped].map(table_rows).concat().join("\n");
    insta::allow_duplicates! { insta::assert_snapshot!("what_rows_would_do", shown) }

    // What was foretold is what comes.
    confirm(&world, &mut admin, &to, false).await?;
    let given = world.terminals("FREE0001").await?.remove(0);
    assert_eq!(
        (given.model.as_str(), given.name.as_str(), given.note.as_deref()),
        ("A920", "新名", Some("备用机"))
    );
    assert_eq!(given.firmware.as_deref(), Some("2.0"));
    Ok(())
}

async fn what_is_shown_is_bounded_and_kept_only_until_it_is_decided(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let (to, _) = send(&world, &mut admin, "old.csv", rows(1_010).as_bytes()).await?;
    assert_eq!(kept(db).await?, PREVIEW_ROWS as u64);
    confirm(&world, &mut admin, &to, false).await?;
    assert_eq!((kept(db).await?, count(db).await?), (0, 1_010));

    // Thirty updates, of which some are in the first transaction and some in the second.
    let row = |n: usize| match n {
        0..980 => format!("ROW{n:07},PAX,S90,,\n"),
        980..1010 => format!("ROW{n:07},PAX,S90,备机,\n"),
        _ => format!("MORE{n:06},PAX,S90,备机,\n"),
    };
    let file: String = (0..1_130).map(row).collect();
    let file = format!("sn,manufacturer,model,name,note\n{file}");
    let (to, page) = send(&world, &mut admin, "new.csv", file.as_bytes()).await?;
    assert_eq!(tally(&page), [1_130, 120, 30, 980, 0]);
    assert_eq!(lines_of(list(&page, UPDATED)), (982..1_012).collect::<Vec<_>>());
    assert_eq!(lines_of(list(&page, CREATED)), (1_012..1_062).collect::<Vec<_>>());
    assert!(list(&page, CREATED).contains("还有 70 行没有列出"), "{page:?}");
    assert!(list(&page, SKIPPED).contains("还有 930 行没有列出"), "{page:?}");
    assert!(!list(&page, UPDATED).contains("没有列出"), "{page:?}");
    assert_eq!(kept(db).await?, 130);

    // Another meaning of the columns, another look.
    let id = to.rsplit('/').next().unwrap_or_default();
    let mapping = [
        ("import", id),
        ("columns[0]", "sn"),
        ("columns[1]", "manufacturer"),
        ("columns[2]", "model"),
        ("columns[3]", "note"),
        ("columns[4]", ""),
        ("headings", "true"),
    ];
    admin.post("/actions/import-map", &mapping).await?;
    assert_eq!(kept(db).await?, 0);
    world.services.imports.work_on_all().await?;
    let page = admin.get(&to).await?;
    assert_eq!(tally(&page), [1_130, 120, 30, 980, 0]);
    assert_eq!(kept(db).await?, 130);
    let first = table_rows(list(&page, UPDATED)).remove(0);
    assert!(
        first.contains("备注</dt>") && !first.contains("终端名称</dt>"),
        "{first}"
    );

    admin.post("/actions/import-cancel", &[("import", id)]).await?;
    assert_eq!(kept(db).await?, 0);
    let (_, page) = send(&world, &mut admin, "left.csv", rows(1).as_bytes()).await?;
    assert_eq!(lines_of(list(&page, SKIPPED)), [2]);
    world.clock.advance_ms(8 * 24 * 3_600_000);
    assert_eq!(world.services.imports.sweep().await?, 1);
    assert_eq!(kept(db).await?, 0);
    Ok(())
}

async fn no_cell_breaks_its_row(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let long = "长".repeat(100);
    let dashes = "-".repeat(120);
    let note = "x".repeat(500);
    let file = format!(
        "{HEADINGS}\
         NEW{dashes}00001,PAX,S90,\"<b>مقهى \"\"<script>\",{XIAOMAN},</td></tr><tr>,,\n\
         NEW00002,PAX,S90,{long},{XIAOMAN},{long},,{note}\n"
    );
    let (to, page) = send(&world, &mut admin, "a.csv", file.as_bytes()).await?;
    assert_eq!(tally(&page), [2, 2, 0, 0, 0], "{page:?}");
    let created = list(&page, CREATED);
    assert_eq!(lines_of(created), [2, 3]);
    assert!(created.contains("&lt;b&gt;مقهى \"&lt;script&gt;</bdi>"), "{created}");
    assert!(created.contains("&lt;/td&gt;&lt;/tr&gt;&lt;tr&gt;</bdi>"), "{created}");
    assert!(created.contains(&format!("NEW{}…</bdi>", "-".repeat(77))), "{created}");
    assert!(created.contains(&format!(">{long}</bdi>")), "{created}");
    confirm(&world, &mut admin, &to, false).await?;

    // Two long notes that differ at their ends only can be told apart.
    let other = format!("{}y", &note[1..]);
    let file = format!("{HEADINGS}NEW00002,PAX,S90,,,,,{other}\n");
    let (_, page) = send(&world, &mut admin, "b.csv", file.as_bytes()).await?;
    let updated = list(&page, UPDATED);
    assert!(
        updated.contains(&format!("<bdi>{note}</bdi>")) && updated.contains(&format!("<bdi>{other}</bdi>")),
        "{updated}"
    );
    Ok(())
}
