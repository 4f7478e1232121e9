//! Reading the log: scopes, filters, the export.

use crate::client::table_rows;
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World, XIAOMAN};

on_both_engines!(entries_are_told_within_their_scope, the_log_is_exported_as_it_is_shown,);

async fn entries_are_told_within_their_scope(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,前台,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let mut other = world.signed_in("shengjing").await?;
    other.post("/actions/register", &[("sn", "own10001")]).await?;
    owner.post("/actions/register", &[("sn", "OWN#")]).await?;
    world.clock.advance_ms(86_400_000);
    let mut owner = world.signed_in("xiaoman").await?;
    owner.post("/actions/register", &[("sn", "OWN10001")]).await?;
    // Whoever tried it sees the attempt and nothing of whose terminal it was; its owner sees nothing of the attempt.
    let mut other = world.signed_in("shengjing").await?;
    let page = other.get("/logs").await?;
    let rows = table_rows(&page.body).concat();
    assert!(rows.contains("own10001") && rows.contains("序列号或激活码"), "{rows}");
    assert!(
        !["前台", "已被其他商户注册", "设备注册成功"]
            .iter()
            .any(|word| rows.contains(word)),
        "{rows}"
    );
    let page = owner.get("/logs").await?;
    let rows = table_rows(&page.body).concat();
    assert!(
        ["设备注册成功", "前台", "OWN#"].iter().all(|word| rows.contains(word)),
        "{rows}"
    );
    assert!(!rows.contains("own10001"), "{rows}");
    // Who brought the terminal in is the platform's business.
    let imported = table_rows(&page.body)
        .into_iter()
        .find(|row| row.contains("前台") && !row.contains("设备注册成功"));
    assert!(imported.is_some_and(|row| !row.contains("tillkeeper")), "{page:?}");
    // Filters, in the words of what is told.
    for (query, own, others) in [
        ("reason=sn_malformed", true, false),
        ("reason=registered_elsewhere", false, false),
        ("reason=sn_or_code_wrong", false, true),
        ("sn=own1-0001", true, true),
        ("kind=registration.succeeded", true, false),
        ("outcome=failure", true, true),
        ("from=2026-03-02", true, false),
        ("to=2026-03-01", true, true),
        ("from=2026-03-03", false, false),
    ] {
        let path = format!("/logs?{query}");
        let entries = |page: &str| !table_rows(page).is_empty();
        assert_eq!(entries(&owner.get(&path).await?.body), own, "{query}, owner");
        assert_eq!(entries(&other.get(&path).await?.body), others, "{query}, other");
    }
    Ok(())
}

async fn the_log_is_exported_as_it_is_shown(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    // More than one piece, and what a spreadsheet would run.
    let rows: String = (0..1100)
        .map(|n| format!("OWN{n:06},PAX,S90,前台,{XIAOMAN},一店\n"))
        .collect();
    world.import(&rows).await?;
    world.import("FREE0001,PAX,S90,,,\n").await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner.submit("/actions/register", &[("sn", "=cmd|1")]).await?;
    owner.submit("/actions/register", &[("sn", "NOWHERE01")]).await?;

    let visitor = world.visitor().get("/logs/export.csv").await?;
    assert!(visitor.location().is_some_and(|to| to.starts_with("/sign-in?next=")));
    let exported = async |path: &str, login: &str| -> Result<Vec<csv::StringRecord>> {
        let answer = world.signed_in(login).await?.get(path).await?;
        assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
        let text = answer.body.strip_prefix('\u{feff}').ok_or("no byte-order mark")?;
        Ok(csv::Reader::from_reader(text.as_bytes())
            .records()
            .collect::<std::result::Result<_, _>>()?)
    };
    let own = exported("/logs/export.csv", "xiaoman").await?;
    assert_eq!(own.len(), 1102);
    let ids: std::collections::BTreeSet<_> = own.iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(ids.len(), own.len(), "each entry once");
    let failed = exported("/logs/export.csv?outcome=failure", "xiaoman").await?;
    let told: Vec<_> = failed.iter().map(|row| (&row[2], &row[7], &row[9])).collect();
    assert_eq!(
        told,
        [
            ("NOWHERE01", "设备注册失败", "sn_or_code_wrong"),
            ("'=cmd|1", "设备注册失败", "sn_malformed"),
        ]
    );
    let truth = exported("/logs/export.csv?outcome=failure", "admin").await?;
    assert_eq!(&truth[0][9], "sn_unknown");
    assert_eq!(exported("/logs/export.csv", "shengjing").await?.len(), 0);
    assert_eq!(exported("/logs/export.csv", "admin").await?.len(), 1103);
    Ok(())
}
