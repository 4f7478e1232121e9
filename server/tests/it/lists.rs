//! Lists: what they find, and page by page.

use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{SHENGJING, World, XIAOMAN};
use axum::http::StatusCode;
use std::fmt::Write;

on_both_engines!(
    pages_show_every_row_once,
    filters_and_search_find_what_they_should,
    the_platform_sees_everything,
    nonsense_in_the_address_is_harmless,
);

/// The serial numbers that a page links to, in order.
fn listed(page: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for rest in page.split("data-copy=\"").skip(1) {
        if let Some(sn) = rest.split('"').next() {
            found.push(sn.to_owned());
        }
    }
    found.dedup();
    found
}

/// Where the link with this relation leads.
fn link(page: &str, rel: &str) -> Option<String> {
    let before = page.split(&format!("rel=\"{rel}\"")).next()?;
    if before.len() == page.len() {
        return None;
    }
    let tag = page[before.rfind("<a ")?..].split('>').next()?;
    let href = tag.split("href=\"").nth(1)?.split('"').next()?;
    Some(href.replace("&amp;", "&"))
}

async fn pages_show_every_row_once(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut rows = String::new();
    let mut expected = Vec::new();
    for n in 0..123 {
        writeln!(rows, "SN{n:06},PAX,S90,机{n},{XIAOMAN},")?;
        expected.push(format!("SN{n:06}"));
    }
    world.import(&rows).await?;
    world.import(&format!("SN999999,PAX,S90,,{SHENGJING},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let mut page = owner.get("/devices?state=awaiting").await?;
    let mut forwards = vec![listed(&page.body)];
    while let Some(next) = link(&page.body, "next") {
        assert!(next.contains("state=awaiting"), "{next}");
        page = owner.get(&next).await?;
        forwards.push(listed(&page.body));
    }
    assert_eq!(forwards.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 23]);
    assert_eq!(forwards.concat(), expected);
    let mut backwards = vec![listed(&page.body)];
    while let Some(previous) = link(&page.body, "prev") {
        page = owner.get(&previous).await?;
        backwards.insert(0, listed(&page.body));
    }
    assert_eq!(backwards.concat(), expected);
    Ok(())
}

async fn filters_and_search_find_what_they_should(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "161-203-824,Verifone,X990,杭州西湖店-1号收银台,{XIAOMAN},杭州西湖店\n\
             PB1403D0782377,SUNMI,P2,100%折扣_台,{XIAOMAN},南京鼓楼店\n\
             PB1403D0782378,SUNMI,P2,Back Office,{XIAOMAN},南京鼓楼店\n\
             PB1403D0782379,SUNMI,P2,别家,{SHENGJING},南京鼓楼店\n"
        ))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    for (query, found) in [
        ("q=161203824", &["161203824"][..]),
        ("q=161-203-824", &["161203824"]),
        ("q=203824", &["161203824"]),
        ("q=西湖", &["161203824"]),
        ("q=收银 杭州", &["161203824"]),
        ("q=鼓楼", &["PB1403D0782378", "PB1403D0782377"]),
        ("q=back", &["PB1403D0782378"]),
        ("q=ＢＡＣＫ", &["PB1403D0782378"]),
        ("q=d0782", &["PB1403D0782378", "PB1403D0782377"]),
        ("q=-", &["161203824"]),
        ("q=%", &["PB1403D0782377"]),
        ("q=_", &["PB1403D0782377"]),
        ("q=别家", &[]),
        ("q=PB1403D0782379", &[]),
        ("q=\\", &[]),
        ("q=';--", &[]),
        ("model=P2", &["PB1403D0782377", "PB1403D0782378"]),
        ("model=P2&q=back", &["PB1403D0782378"]),
        ("state=registered", &[]),
        ("state=awaiting&model=X990", &["161203824"]),
    ] {
        let encoded: Vec<_> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| format!("{name}={}", urlencoding::encode(value)))
            .collect();
        let page = owner.get(&format!("/devices?{}", encoded.join("&"))).await?;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        assert_eq!(listed(&page.body), found, "{query}");
    }
    // The list offers its own stores and models, and no others.
    let page = owner.get("/devices").await?;
    page.says(&["杭州西湖店", "南京鼓楼店", ">X990<", ">P2<"]);
    Ok(())
}

async fn the_platform_sees_everything(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "SN000001,PAX,S90,,{XIAOMAN},\nSN000002,PAX,S90,,{SHENGJING},\nSN000003,PAX,S90,,,\n"
        ))
        .await?;
    let mut admin = world.signed_in("admin").await?;
    let page = admin.get("/terminals").await?;
    assert_eq!(listed(&page.body), ["SN000001", "SN000002", "SN000003"]);
    page.says(&["杭州小满母婴", "深圳盛景餐饮"]);
    let page = admin
        .get(&format!("/terminals?q={}", urlencoding::encode("盛景")))
        .await?;
    assert_eq!(listed(&page.body), ["SN000002"]);
    let page = admin.get(&format!("/terminals?q={XIAOMAN}")).await?;
    assert_eq!(listed(&page.body), ["SN000001"]);
    assert_eq!(admin.get("/devices").await?.location(), Some("/terminals"));
    admin.get("/").await?.says(&["3"]);
    Ok(())
}

async fn nonsense_in_the_address_is_harmless(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("SN000001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let long = "a".repeat(5000);
    for query in [
        "after=x",
        "after=~",
        "before=%00~00000000000000000000000000000000",
        "state=nonsense",
        "store=nonsense",
        "model=%F0%9F%98%80",
        "q=%00",
        "q=%FF",
        "q=%zz",
        "state=awaiting&state=retired",
        &format!("q={long}"),
    ] {
        for path in ["/devices", "/logs"] {
            let page = owner.get(&format!("{path}?{query}")).await?;
            assert_eq!(page.status, StatusCode::OK, "{path}?{query}: {}", page.status);
        }
    }
    for query in [
        "from=nonsense",
        "from=2026-02-30&to=9999-99-99",
        "kind=x&outcome=y&reason=z",
        "sn=%23",
    ] {
        assert_eq!(
            owner.get(&format!("/logs?{query}")).await?.status,
            StatusCode::OK,
            "{query}"
        );
    }
    // What is shown is text, whatever it says.
    let page = owner
        .get("/devices?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27")
        .await?;
    page.is_silent_on(&["<script>alert"]);
    Ok(())
}
