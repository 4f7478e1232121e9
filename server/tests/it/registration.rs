//! Who may register what, what is told, and what is kept.

use crate::client::{Client, code_on, without_chance};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::domain::Timestamp;
use axum::http::StatusCode;
use serde_json::json;

on_both_engines!(
    a_merchant_is_told_no_more_than_it_may_know,
    the_platform_is_told_the_truth,
    a_code_works_once_and_only_for_its_terminal,
    a_code_that_is_over_says_so,
    a_terminal_of_the_platform_needs_a_code,
    one_serial_number_of_two_makers,
    the_quota_holds,
    claims_at_once_have_one_winner,
    a_reinstalled_terminal_gets_another_token,
    what_stops_a_terminal_is_told_to_its_own,
    a_code_of_another_time_takes_nothing,
);

const CLAIM: &str = "/api/v1/terminals/register";

/// Issues a code for a terminal through its page and reads it there.
async fn issue(client: &mut Client, world: &World<'_>, sn: &str, merchant: &str) -> Result<String> {
    let terminal = world
        .terminals(sn)
        .await?
        .pop()
        .ok_or("no such terminal")?
        .id
        .to_string();
    let fields = [("terminal", terminal.as_str()), ("merchant_no", merchant), ("sn", sn)];
    let page = client.submit("/actions/issue-code", &fields).await?;
    code_on(&page.body).ok_or_else(|| format!("no code on {page:?}").into())
}

async fn claim(world: &World<'_>, sn: &str, code: &str) -> Result<(StatusCode, String)> {
    let body = json!({ "sn": sn, "activation_code": code });
    let answer = world.visitor().post_json(CLAIM, &body).await?;
    let json = answer.json()?;
    Ok((answer.status, json["code"].as_str().unwrap_or_default().to_owned()))
}

async fn a_merchant_is_told_no_more_than_it_may_know(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},\nOTHER001,PAX,S90,,{SHENGJING},\nFREE0001,PAX,S90,,,\n"
        ))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let mut pages = Vec::new();
    for (sn, code, truth) in [
        ("NOBODYS1", "", "sn_unknown"),
        ("OTHER001", "", "registered_elsewhere"),
        ("FREE0001", "", "code_required"),
        ("FREE0001", "0000-0000-000000", "code_invalid"),
        ("OTHER001", "0000-0000-000000", "code_invalid"),
    ] {
        let page = owner.submit("/actions/register", &[("sn", sn), ("code", code)]).await?;
        page.says(&[sn]);
        assert_eq!(
            world.last_refusal().await?,
            (truth.to_owned(), "sn_or_code_wrong".to_owned()),
            "{sn}"
        );
        pages.push(without_chance(&alert_on(&page.body)).replace(sn, "SN"));
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "the sentences differ: {pages:?}");

    let page = owner.submit("/actions/register", &[("sn", "OWN#1")]).await?;
    page.says(&["OWN#1", "#"]);
    assert_eq!(world.last_refusal().await?.0, "sn_malformed");
    owner.submit("/actions/register", &[("sn", "own1-0001")]).await?;
    assert_eq!(world.terminals("OWN10001").await?[0].lifecycle, "registered");
    owner.submit("/actions/register", &[("sn", "OWN10001")]).await?;
    assert_eq!(
        world.last_refusal().await?,
        ("already_registered".to_owned(), "already_registered".to_owned())
    );
    // Another merchant's terminal is not there at all.
    let other = owner.get("/devices/OTHER001").await?;
    let nothing = owner.get("/devices/NOTHING1").await?;
    assert_eq!(
        (other.status, nothing.status),
        (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
    );
    assert_eq!(blank(&other.body, "OTHER001"), blank(&nothing.body, "NOTHING1"));
    Ok(())
}

/// The alert on a page, without what differs on every page.
fn alert_on(page: &str) -> String {
    let alert = crate::client::between(page, "role=\"alert\"", "</div>").unwrap_or_default();
    assert!(!alert.is_empty(), "no alert on {page}");
    alert.to_owned()
}

/// A page without what was asked for and without what is random or the clock's.
fn blank(page: &str, asked: &str) -> String {
    let nonce = crate::client::between(page, "nonce=\"", "\"").unwrap_or(asked);
    without_chance(&page.replace(asked, "").replace(nonce, ""))
}

async fn the_platform_is_told_the_truth(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!("OTHER001,PAX,S90,,{SHENGJING},\nFREE0001,PAX,S90,,,\n"))
        .await?;
    let mut admin = world.signed_in("admin").await?;
    let page = admin.submit("/actions/register", &[("sn", "NOBODYS1")]).await?;
    page.says(&["序列号不在平台清单中"]);
    let page = admin
        .submit("/actions/register", &[("sn", "OTHER001"), ("merchant_no", XIAOMAN)])
        .await?;
    page.says(&["已被其他商户注册"]);
    let before = world.log().await?.len();
    admin
        .submit("/actions/register", &[("sn", "FREE0001")])
        .await?
        .says(&["FREE0001"]);
    admin
        .submit("/actions/register", &[("sn", "FREE0001"), ("merchant_no", "0")])
        .await?
        .says(&["FREE0001"]);
    assert_eq!(world.log().await?.len(), before, "a question is no attempt");
    let page = admin
        .submit("/actions/register", &[("sn", "FREE0001"), ("merchant_no", XIAOMAN)])
        .await?;
    assert!(code_on(&page.body).is_some());
    let terminal = &world.terminals("FREE0001").await?[0];
    assert_eq!(terminal.lifecycle, "registered");
    assert!(terminal.merchant_id.is_some());
    Ok(())
}

async fn a_code_works_once_and_only_for_its_terminal(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\nOWN10002,PAX,S90,,{XIAOMAN},\n"))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let first = issue(&mut owner, &world, "OWN10001", "").await?;
    let second = issue(&mut owner, &world, "OWN10001", "").await?;
    let told = |code: &str| (StatusCode::UNPROCESSABLE_ENTITY, code.to_owned());
    assert_eq!(claim(&world, "OWN10001", &first).await?, told("code_revoked"));
    assert_eq!(claim(&world, "OWN10002", &second).await?, told("sn_or_code_wrong"));
    let sloppy = second.to_lowercase().replace('0', "o").replace('-', " ");
    assert_eq!(claim(&world, " own1–0001", &sloppy).await?.0, StatusCode::CREATED);
    assert_eq!(claim(&world, "OWN10001", &second).await?, told("code_used"));
    let kinds: Vec<_> = world.log().await?.into_iter().map(|(kind, ..)| kind).collect();
    for kind in ["code.issued", "code.revoked", "code.consumed", "registration.succeeded"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind} is not in {kinds:?}");
    }
    // Nothing that opens a door is kept.
    let terminal = &world.terminals("OWN10001").await?[0];
    assert_eq!(terminal.token_hash.as_ref().map(Vec::len), Some(32));
    Ok(())
}

async fn a_code_that_is_over_says_so(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let code = issue(&mut owner, &world, "OWN10001", "").await?;
    world.clock.advance_ms(30 * Timestamp::DAY_MS - 1000);
    assert_eq!(
        claim(&world, "OWN10001", &code.replace('-', "")).await?.0,
        StatusCode::CREATED
    );
    let mut owner = world.signed_in("xiaoman").await?;
    let code = issue(&mut owner, &world, "OWN10001", "").await?;
    world.clock.advance_ms(30 * Timestamp::DAY_MS);
    assert_eq!(claim(&world, "OWN10001", &code).await?.1, "code_expired");
    assert_eq!(world.last_refusal().await?.0, "code_expired");
    Ok(())
}

async fn a_terminal_of_the_platform_needs_a_code(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import("FREE0001,PAX,S90,,,\nFREE0002,PAX,S90,,,\n").await?;
    let mut admin = world.signed_in("admin").await?;
    // In the portal, by the merchant that the code is for and no other.
    let code = issue(&mut admin, &world, "FREE0001", XIAOMAN).await?;
    let mut other = world.signed_in("shengjing").await?;
    other
        .submit("/actions/register", &[("sn", "FREE0001"), ("code", &code)])
        .await?;
    assert_eq!(
        world.last_refusal().await?,
        ("code_invalid".to_owned(), "sn_or_code_wrong".to_owned())
    );
    let mut owner = world.signed_in("xiaoman").await?;
    let page = owner
        .submit("/actions/register", &[("sn", "FREE0001"), ("code", &code)])
        .await?;
    assert!(code_on(&page.body).is_some(), "{page:?}");
    owner
        .get("/devices")
        .await?
        .says(&["FREE0001"])
        .is_silent_on(&["FREE0002"]);
    // By the terminal: the code says whose it is.
    let code = issue(&mut admin, &world, "FREE0002", SHENGJING).await?;
    assert_eq!(claim(&world, "FREE0002", &code).await?.0, StatusCode::CREATED);
    other.get("/devices").await?.says(&["FREE0002"]);
    Ok(())
}

async fn a_code_of_another_time_takes_nothing(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import("FREE0001,PAX,S90,,,\n").await?;
    let mut admin = world.signed_in("admin").await?;
    let code = issue(&mut admin, &world, "FREE0001", XIAOMAN).await?;
    world.import(&format!("FREE0001,PAX,S90,,{SHENGJING},一店\n")).await?;
    let given = world.terminals("FREE0001").await?.remove(0);
    let mut owner = world.signed_in("xiaoman").await?;
    for _ in 0..2 {
        let fields = [("sn", "FREE0001"), ("code", code.as_str())];
        let page = owner.submit("/actions/register", &fields).await?;
        page.says(&["role=\"alert\""]);
        assert_eq!(world.terminals("FREE0001").await?.remove(0).lifecycle, "awaiting");
        assert_eq!(
            claim(&world, "FREE0001", &code).await?.0,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        assert_eq!(
            world.terminals("FREE0001").await?.remove(0).merchant_id,
            given.merchant_id
        );
        // Not even when the code had not been withdrawn.
        world
            .sql("UPDATE activation_codes SET state = 'issued', ended_at = NULL")
            .await?;
    }
    assert_eq!(world.last_refusal().await?.0, "registered_elsewhere");
    Ok(())
}

async fn one_serial_number_of_two_makers(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "SAME0001,PAX,S90,,{XIAOMAN},\nSAME0001,Sunmi,P2,,{XIAOMAN},\n"
        ))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let asked = owner.submit("/actions/register", &[("sn", "SAME0001")]).await?;
    asked.says(&["PAX", "Sunmi", "SAME0001"]);
    assert!(
        world
            .terminals("SAME0001")
            .await?
            .iter()
            .all(|t| t.lifecycle == "awaiting")
    );
    owner.get("/devices/SAME0001").await?.says(&["PAX", "Sunmi"]);
    let page = owner
        .submit("/actions/register", &[("sn", "SAME0001"), ("manufacturer", "sunmi")])
        .await?;
    assert!(code_on(&page.body).is_some(), "{page:?}");
    for terminal in world.terminals("SAME0001").await? {
        let expected = if terminal.manufacturer == "Sunmi" {
            "registered"
        } else {
            "awaiting"
        };
        assert_eq!(terminal.lifecycle, expected);
    }
    Ok(())
}

async fn the_quota_holds(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\nOWN10002,PAX,S90,,{XIAOMAN},\n"))
        .await?;
    world.sql("UPDATE merchants SET terminal_quota = 1").await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let code = issue(&mut owner, &world, "OWN10002", "").await?;
    owner.submit("/actions/register", &[("sn", "OWN10001")]).await?;
    owner.submit("/actions/register", &[("sn", "OWN10002")]).await?;
    assert_eq!(world.last_refusal().await?.1, "quota_exceeded");
    assert_eq!(claim(&world, "OWN10002", &code).await?.1, "quota_exceeded");
    world
        .sql("UPDATE merchants SET terminal_quota = 2, state = 'suspended'")
        .await?;
    assert_eq!(claim(&world, "OWN10002", &code).await?.1, "merchant_suspended");
    world.sql("UPDATE merchants SET state = 'active'").await?;
    assert_eq!(claim(&world, "OWN10002", &code).await?.0, StatusCode::CREATED);
    Ok(())
}

async fn claims_at_once_have_one_winner(db: &TestDb) -> Outcome {
    const CLAIMS: usize = 24;
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let code = issue(&mut owner, &world, "OWN10001", "").await?;
    let before = world.log().await?.len();
    let mut claims = tokio::task::JoinSet::new();
    for _ in 0..CLAIMS {
        let mut terminal = world.visitor();
        let body = json!({ "sn": "OWN10001", "activation_code": code });
        claims.spawn(async move { terminal.post_json(CLAIM, &body).await.map(|answer| answer.status) });
    }
    let mut won = 0;
    while let Some(status) = claims.join_next().await {
        won += usize::from(status?? == StatusCode::CREATED);
    }
    assert_eq!(won, 1);
    // The winner leaves two entries, everybody else one.
    assert_eq!(world.log().await?.len() - before, CLAIMS + 1);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn a_reinstalled_terminal_gets_another_token(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let mut hashes = Vec::new();
    for _ in 0..2 {
        let code = issue(&mut owner, &world, "OWN10001", "").await?;
        assert_eq!(claim(&world, "OWN10001", &code).await?.0, StatusCode::CREATED);
        hashes.push(world.terminals("OWN10001").await?.remove(0).token_hash);
    }
    assert_ne!(hashes[0], hashes[1]);
    Ok(())
}

async fn what_stops_a_terminal_is_told_to_its_own(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\nOWN10002,PAX,S90,,{XIAOMAN},\n"))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let code = issue(&mut owner, &world, "OWN10001", "").await?;
    let retired = issue(&mut owner, &world, "OWN10002", "").await?;
    let body = json!({ "sn": "OWN10001", "activation_code": code, "model": "A920" });
    let answer = world.visitor().post_json(CLAIM, &body).await?;
    assert_eq!(answer.json()?["code"], "model_mismatch");
    world
        .sql("UPDATE terminals SET lifecycle = 'suspended', lifecycle_reason = 'lost' WHERE sn = 'OWN10001'")
        .await?;
    assert_eq!(claim(&world, "OWN10001", &code).await?.1, "terminal_suspended");
    owner.submit("/actions/register", &[("sn", "OWN10001")]).await?;
    assert_eq!(world.last_refusal().await?.1, "terminal_suspended");
    let mut other = world.signed_in("shengjing").await?;
    other.submit("/actions/register", &[("sn", "OWN10001")]).await?;
    assert_eq!(world.last_refusal().await?.1, "sn_or_code_wrong");
    world
        .sql("UPDATE terminals SET lifecycle = 'retired', lifecycle_reason = 'damaged' WHERE sn = 'OWN10002'")
        .await?;
    owner.submit("/actions/register", &[("sn", "OWN10002")]).await?;
    assert_eq!(world.last_refusal().await?.1, "terminal_retired");
    assert_eq!(claim(&world, "OWN10002", &retired).await?.1, "terminal_retired");
    assert_eq!(
        claim(&world, "OWN10002", "0000-0000-000000").await?.1,
        "sn_or_code_wrong"
    );
    // A suspended terminal gets no code either.
    let terminal = world.terminals("OWN10001").await?[0].id.to_string();
    let refused = owner
        .submit("/actions/issue-code", &[("terminal", &terminal), ("sn", "OWN10001")])
        .await?;
    assert_eq!(code_on(&refused.body), None);
    Ok(())
}
