//! `Idempotency-Key`: sent twice, done once.

use crate::client::{Client, code_on};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World, XIAOMAN};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;
use server::entities::idempotency_keys::Entity;

on_both_engines!(
    a_registration_sent_twice_hands_the_same_token,
    a_key_is_for_one_request_and_one_terminal,
    of_many_at_once_one_runs,
    what_may_change_is_not_kept,
);

const SN: &str = "OWN10001";
const REGISTER: &str = "/api/v1/terminals/register";
const SIGN_IN: &str = "/api/v1/terminals/me/sign-in";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

async fn code(world: &World<'_>) -> Result<String> {
    let mut admin = world.signed_in("admin").await?;
    let id = world.terminals(SN).await?[0].id.to_string();
    let fields = [("terminal", id.as_str()), ("merchant_no", XIAOMAN), ("sn", SN)];
    let page = admin.submit("/actions/issue-code", &fields).await?;
    code_on(&page.body).ok_or_else(|| "no code".into())
}

async fn world(db: &TestDb) -> Result<World<'_>> {
    let world = World::new(db).await?;
    world.import(&format!("{SN},PAX,S90,,{XIAOMAN},\n")).await?;
    Ok(world)
}

fn keyed(world: &World<'_>, key: &str) -> Client {
    world.visitor().with_header("idempotency-key", key)
}

/// A registered terminal with a key on each request.
async fn terminal(world: &World<'_>, key: &str) -> Result<Client> {
    let body = json!({ "sn": SN, "activation_code": code(world).await? });
    let answer = world.visitor().post_json(REGISTER, &body).await?.json()?;
    let token = answer["token"].as_str().ok_or("no token")?;
    Ok(keyed(world, key).with_header("authorization", &format!("Bearer {token}")))
}

async fn a_registration_sent_twice_hands_the_same_token(db: &TestDb) -> Outcome {
    let world = world(db).await?;
    let body = json!({ "sn": SN, "activation_code": code(&world).await? });
    let first = keyed(&world, "a").post_json(REGISTER, &body).await?;
    assert_eq!(first.status.as_u16(), 201, "{first:?}");
    assert_eq!(first.header("idempotency-replayed"), None);
    let log = world.log().await?;
    let again = keyed(&world, "a").post_json(REGISTER, &body).await?;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.header("content-type"), first.header("content-type"));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(world.log().await?, log);
    // The token is not kept readable.
    let token = first.json()?["token"].as_str().ok_or("no token")?.to_owned();
    let kept = Entity::find().all(db.reader()).await?;
    assert_eq!(kept.len(), 1);
    let kept = kept[0].body.clone().unwrap_or_default();
    assert!(
        !kept
            .windows(8)
            .any(|window| token.as_bytes().windows(8).any(|part| part == window))
    );
    // Another key is another request, and that code was used.
    let other = keyed(&world, "b").post_json(REGISTER, &body).await?;
    assert_eq!(other.json()?["code"], "code_used");
    // A refusal is repeated byte for byte, too.
    let again = keyed(&world, "b").post_json(REGISTER, &body).await?;
    assert_eq!((again.status, again.body), (other.status, other.body));
    // After a day the answer is gone.
    world.clock.advance_ms(DAY_MS);
    assert_eq!(world.services.idempotency.delete_expired().await?, 2);
    let late = keyed(&world, "a").post_json(REGISTER, &body).await?;
    assert_eq!(late.json()?["code"], "code_used");
    Ok(())
}

async fn a_key_is_for_one_request_and_one_terminal(db: &TestDb) -> Outcome {
    let world = world(db).await?;
    let mut one = terminal(&world, "a").await?;
    let first = one.post_json(SIGN_IN, &json!({ "operator_no": "01" })).await?;
    assert_eq!(first.status.as_u16(), 200, "{first:?}");
    let other = one.post_json(SIGN_IN, &json!({ "operator_no": "02" })).await?;
    assert_eq!(
        (other.status.as_u16(), other.json()?["code"].as_str()),
        (422, Some("idempotency_key_reused"))
    );
    let elsewhere = one.post_json("/api/v1/terminals/me/heartbeat", &json!({})).await?;
    assert_eq!(elsewhere.json()?["code"], "idempotency_key_reused");
    // Nobody without the token, and no later token, is told anything of it.
    let body = json!({ "operator_no": "01" });
    let nobody = keyed(&world, "a").post_json(SIGN_IN, &body).await?;
    assert_eq!(nobody.json()?["code"], "token_missing");
    let mut two = terminal(&world, "a").await?;
    let own = two.post_json(SIGN_IN, &json!({ "operator_no": "02" })).await?;
    assert_eq!(own.json()?["operator_no"], "02");
    assert_eq!(one.post_json(SIGN_IN, &body).await?.json()?["code"], "token_invalid");
    let long = "x".repeat(256);
    for wrong in ["", "a b", long.as_str(), "键"] {
        let mut wrong = terminal(&world, wrong).await?;
        let answer = wrong.post_json(SIGN_IN, &body).await?;
        assert_eq!(
            (answer.status.as_u16(), answer.json()?["code"].as_str()),
            (400, Some("idempotency_key_malformed"))
        );
    }
    let mut quoted = terminal(&world, "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"").await?;
    assert_eq!(quoted.post_json(SIGN_IN, &body).await?.status.as_u16(), 200);
    Ok(())
}

async fn of_many_at_once_one_runs(db: &TestDb) -> Outcome {
    let world = world(db).await?;
    let body = json!({ "sn": SN, "activation_code": code(&world).await? });
    let asked: Vec<_> = (0..8)
        .map(|_| {
            let (mut client, body) = (keyed(&world, "a"), body.clone());
            tokio::spawn(async move { client.post_json(REGISTER, &body).await })
        })
        .collect();
    let mut tokens = Vec::new();
    for one in asked {
        let answer = one.await??;
        match answer.status.as_u16() {
            201 => tokens.push(answer.body),
            409 => assert_eq!(answer.json()?["code"], "idempotency_key_running"),
            _ => panic!("{answer:?}"),
        }
    }
    assert!(!tokens.is_empty());
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    let registered = world.log().await?;
    let registered = registered.iter().filter(|(kind, ..)| kind == "registration.succeeded");
    assert_eq!(registered.count(), 1);
    Ok(())
}

async fn what_may_change_is_not_kept(db: &TestDb) -> Outcome {
    let world = world(db).await?;
    let mut one = terminal(&world, "a").await?;
    // One that a server worked on when it died.
    let body = json!({ "operator_no": "01" });
    assert_eq!(one.post_json(SIGN_IN, &body).await?.status.as_u16(), 200);
    world
        .sql("UPDATE idempotency_keys SET status = NULL, body = NULL")
        .await?;
    let answer = one.post_json(SIGN_IN, &body).await?;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (409, Some("1")));
    world.clock.advance_ms(61_000);
    assert_eq!(one.post_json(SIGN_IN, &body).await?.status.as_u16(), 200);
    // What broke is tried again.
    let mut broken = one.clone();
    broken.headers.retain(|(name, _)| *name != "idempotency-key");
    let mut broken = broken.with_header("idempotency-key", "b");
    world.sql("UPDATE merchants SET time_zone = 'Nowhere'").await?;
    let sent = json!({ "operator_no": "02" });
    assert_eq!(broken.post_json(SIGN_IN, &sent).await?.status.as_u16(), 500);
    world.sql("UPDATE merchants SET time_zone = 'Asia/Shanghai'").await?;
    assert_eq!(broken.post_json(SIGN_IN, &sent).await?.status.as_u16(), 200);
    // A body that is no JSON is a problem with a key as without, and one that names no terminal is not kept.
    let before = Entity::find().count(db.reader()).await?;
    let json = Some("application/json");
    let answer = keyed(&world, "c").send("POST", REGISTER, json, b"{".to_vec()).await?;
    assert_eq!(answer.json()?["code"], "json_malformed");
    let answer = keyed(&world, "c")
        .send("POST", REGISTER, json, vec![b' '; 70_000])
        .await?;
    assert_eq!(answer.json()?["code"], "body_too_large");
    assert_eq!(Entity::find().count(db.reader()).await?, before);
    Ok(())
}
