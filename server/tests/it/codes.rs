//! Activation codes on a terminal's page: for the counter, withdrawn, over.

use crate::client::{Client, code_on};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::domain::{Role, Timestamp};
use axum::http::StatusCode;
use serde_json::json;

on_both_engines!(
    a_code_for_the_counter_works_for_fifteen_minutes,
    a_withdrawn_code_is_refused,
    codes_that_are_over_are_logged_once,
    codes_are_for_those_who_may_issue_them,
);

async fn press(client: &mut Client, world: &World<'_>, form: &str, sn: &str) -> Result<crate::client::Answer> {
    let id = world.terminals(sn).await?.pop().ok_or("no terminal")?.id.to_string();
    let fields = [("terminal", id.as_str()), ("sn", sn)];
    client.submit(form, &fields).await
}

async fn claim(world: &World<'_>, sn: &str, code: &str) -> Result<String> {
    let body = json!({ "sn": sn, "activation_code": code });
    let answer = world.visitor().post_json("/api/v1/terminals/register", &body).await?;
    Ok(match answer.status {
        StatusCode::CREATED => "created".to_owned(),
        _ => answer.json()?["code"].as_str().unwrap_or_default().to_owned(),
    })
}

async fn a_code_for_the_counter_works_for_fifteen_minutes(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\nOWN10002,PAX,S90,,{XIAOMAN},\n"))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let page = press(&mut owner, &world, "/actions/counter-code", "OWN10001").await?;
    page.says(&["有效期至", "有效", "xiaoman"]);
    let late = code_on(&page.body).ok_or("no code")?;
    let page = press(&mut owner, &world, "/actions/counter-code", "OWN10002").await?;
    let early = code_on(&page.body).ok_or("no code")?;
    world.clock.advance_ms(14 * 60_000);
    assert_eq!(claim(&world, "OWN10002", &early).await?, "created");
    world.clock.advance_ms(2 * 60_000);
    assert_eq!(claim(&world, "OWN10001", &late).await?, "code_expired");
    owner.get("/devices/OWN10001").await?.says(&["已过期"]);
    owner.get("/devices/OWN10002").await?.says(&["已使用"]);
    Ok(())
}

async fn a_withdrawn_code_is_refused(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    press(&mut owner, &world, "/actions/revoke-code", "OWN10001")
        .await?
        .says(&["没有可作废的激活码"]);
    let page = press(&mut owner, &world, "/actions/issue-code", "OWN10001").await?;
    let code = code_on(&page.body).ok_or("no code")?;
    press(&mut owner, &world, "/actions/revoke-code", "OWN10001")
        .await?
        .says(&["OWN10001 的激活码已作废", "已作废"])
        .is_silent_on(&["/actions/revoke-code"]);
    assert_eq!(claim(&world, "OWN10001", &code).await?, "code_revoked");
    let kinds: Vec<_> = world.log().await?.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(
        kinds[kinds.len() - 3..],
        ["code.issued", "code.revoked", "registration.failed"]
    );
    Ok(())
}

async fn codes_that_are_over_are_logged_once(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut rows = String::new();
    for n in 0..105 {
        rows.push_str(&format!("OWN1{n:04},PAX,S90,,{XIAOMAN},\n"));
    }
    world.import(&rows).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    for n in 0..105 {
        let sn = format!("OWN1{n:04}");
        let form = if n == 0 {
            "/actions/issue-code"
        } else {
            "/actions/counter-code"
        };
        press(&mut owner, &world, form, &sn).await?;
    }
    assert_eq!(world.services.codes.sweep().await?, 0);
    world.clock.advance_ms(20 * 60_000);
    assert_eq!(world.services.codes.sweep().await?, 104);
    assert_eq!(world.services.codes.sweep().await?, 0);
    world.clock.advance_ms(31 * Timestamp::DAY_MS);
    assert_eq!(world.services.codes.sweep().await?, 1);
    let expired = world
        .log()
        .await?
        .into_iter()
        .filter(|(kind, ..)| kind == "code.expired");
    assert_eq!(expired.count(), 105);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn codes_are_for_those_who_may_issue_them(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},\nOTHER001,PAX,S90,,{SHENGJING},\nFREE0001,PAX,S90,,,\n"
        ))
        .await?;
    world.add_user("clerk", Role::MerchantClerk, Some(XIAOMAN)).await?;
    world.add_user("support", Role::PlatformSupport, None).await?;
    let mut clerk = world.signed_in("clerk").await?;
    clerk
        .get("/devices/OWN10001")
        .await?
        .is_silent_on(&["/actions/counter-code", "/actions/revoke-code"]);
    let page = press(&mut clerk, &world, "/actions/counter-code", "OWN10001").await?;
    page.says(&["没有权限"]);
    let mut owner = world.signed_in("xiaoman").await?;
    for form in ["/actions/counter-code", "/actions/revoke-code"] {
        let page = press(&mut owner, &world, form, "OTHER001").await?;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
    }
    let mut support = world.signed_in("support").await?;
    press(&mut support, &world, "/actions/counter-code", "FREE0001")
        .await?
        .says(&["请填写商户编号"]);
    let page = press(&mut support, &world, "/actions/counter-code", "OWN10001").await?;
    assert!(code_on(&page.body).is_some());
    // Who of the platform issued it is not the merchant's business.
    owner
        .get("/devices/OWN10001")
        .await?
        .is_silent_on(&["<td>support</td>"]);
    Ok(())
}
