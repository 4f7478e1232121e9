//! What comes twice, too late or in the wrong order, and clocks that are far off.

use super::{HEARTBEAT, ME, REGISTER, SIGN_IN, SIGN_OUT, code_for, with_token};
use crate::client::{Answer, Client};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World, XIAOMAN};
use app::domain::Timestamp;
use serde_json::{Value, json};

on_both_engines!(
    whatever_the_order_the_state_is_one,
    a_clock_that_is_far_off_breaks_nothing,
);

const SN: &str = "OWN10001";

/// Numbers that look random and are the same every time (Knuth's 64-bit linear congruential generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % most
    }
}

/// A request that was answered, to be sent again as it was.
struct Sent {
    token: String,
    path: &'static str,
    key: String,
    body: Value,
    answer: Answer,
}

async fn keyed(world: &World<'_>, token: &str, key: &str, path: &str, body: &Value) -> Result<Answer> {
    let mut client = with_token(world, token).with_header("idempotency-key", key);
    client.post_json(path, body).await
}

async fn whatever_the_order_the_state_is_one(db: &TestDb) -> Outcome {
    const STEPS: usize = 120;
    let world = World::new(db).await?;
    world.import(&format!("{SN},PAX,S90,,{XIAOMAN},\n")).await?;
    let mut admin = world.signed_in("admin").await?;
    let mut dice = Dice(20_261_124);
    let mut tokens: Vec<String> = Vec::new();
    let mut codes: Vec<String> = Vec::new();
    let mut sent: Vec<Sent> = Vec::new();
    // The day as it should be: the operator, and whether it is open.
    let mut day: Option<(String, bool)> = None;
    for step in 0..STEPS {
        world.clock.advance_ms(1000);
        world.sql("DELETE FROM throttles").await?;
        let newest = tokens.last().cloned().unwrap_or_default();
        let key = format!("step-{step}");
        match dice.below(8) {
            // It is installed anew, with a fresh code; the codes of before are over.
            0 => {
                let code = code_for(&world, &mut admin, SN).await?;
                let body = json!({ "sn": SN, "activation_code": code });
                let answer = keyed(&world, &newest, &key, REGISTER, &body).await?;
                assert_eq!(answer.status.as_u16(), 201, "{answer:?}");
                tokens.push(answer.json()?["token"].as_str().ok_or("no token")?.to_owned());
                codes.push(code);
            }
            1 if !codes.is_empty() => {
                let code = &codes[dice.below(codes.len())];
                let body = json!({ "sn": SN, "activation_code": code });
                let answer = world.visitor().post_json(REGISTER, &body).await?;
                assert_eq!(answer.json()?["code"], "code_used");
            }
            // A request that was on its way when the token was replaced.
            2 if tokens.len() > 1 => {
                let old = &tokens[dice.below(tokens.len() - 1)];
                for path in [SIGN_IN, SIGN_OUT, HEARTBEAT] {
                    let answer = with_token(&world, old)
                        .post_json(path, &json!({ "operator_no": "99" }))
                        .await?;
                    assert_eq!(answer.status.as_u16(), 401, "{answer:?}");
                }
            }
            // One that was answered before comes again, however late.
            3 if !sent.is_empty() => {
                let before = &sent[dice.below(sent.len())];
                let again = keyed(&world, &before.token, &before.key, before.path, &before.body).await?;
                if before.token == newest {
                    assert_eq!((again.status, &again.body), (before.answer.status, &before.answer.body));
                    assert_eq!(again.header("idempotency-replayed"), Some("true"));
                } else {
                    assert_eq!(again.status.as_u16(), 401, "{again:?}");
                }
            }
            _ if tokens.is_empty() => {}
            turn => {
                let operator = ["01", "02"][dice.below(2)];
                let (path, body) = match turn {
                    4 => (SIGN_IN, json!({ "operator_no": operator })),
                    5 => (SIGN_OUT, json!({})),
                    _ => (HEARTBEAT, json!({ "battery": step % 101 })),
                };
                let answer = keyed(&world, &newest, &key, path, &body).await?;
                match (path, &mut day) {
                    (SIGN_OUT, None) => assert_eq!(answer.json()?["code"], "not_in_this_state"),
                    (SIGN_OUT, Some((_, open))) => *open = false,
                    (SIGN_IN, day) => *day = Some((operator.to_owned(), true)),
                    _ => {}
                }
                assert!(answer.status.as_u16() < 500, "{answer:?}");
                let token = newest.clone();
                sent.push(Sent {
                    token,
                    path,
                    key,
                    body,
                    answer,
                });
            }
        }
    }
    assert!(
        tokens.len() > 5 && sent.len() > 20,
        "the story is too short: {} {}",
        tokens.len(),
        sent.len()
    );
    let row = world.terminals(SN).await?.remove(0);
    let kept = row.operator_no.map(|operator| (operator, row.signed_out_at.is_none()));
    assert_eq!(kept, day);
    let log = world.log().await?;
    let count = |wanted: &str| log.iter().filter(|(kind, ..)| kind == wanted).count();
    assert_eq!(count("registration.succeeded"), tokens.len());
    assert_eq!(count("terminal.online"), 1);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn all_calls(world: &World<'_>, token: &str, when: &str) -> Result<Vec<u16>> {
    // What the terminal thinks of the time is not asked; it may say it all the same.
    let mut terminal: Client = with_token(world, token).with_header("date", "Thu, 01 Jan 1970 00:00:00 GMT");
    let mut statuses = Vec::new();
    for answer in [
        terminal.post_json(HEARTBEAT, &json!({ "paper": "ok" })).await?,
        terminal.post_json(SIGN_IN, &json!({ "operator_no": "01" })).await?,
        terminal.get(ME).await?,
        terminal.post_json(SIGN_OUT, &json!({})).await?,
        world
            .visitor()
            .post_json(REGISTER, &json!({ "sn": SN, "activation_code": "x" }))
            .await?,
    ] {
        assert!(answer.status.as_u16() < 500, "{when}: {answer:?}");
        statuses.push(answer.status.as_u16());
    }
    world.services.presence.flush().await?;
    world.services.presence.sweep().await?;
    world.services.codes.sweep().await?;
    world.services.registration.sweep().await?;
    Ok(statuses)
}

async fn a_clock_that_is_far_off_breaks_nothing(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("{SN},PAX,S90,,{XIAOMAN},\n")).await?;
    let mut admin = world.signed_in("admin").await?;
    let token = super::token_for(&world, &mut admin, SN).await?;
    let noon = 1_772_337_600_000;
    let usual = all_calls(&world, &token, "at noon").await?;
    assert_eq!(usual, [200, 200, 200, 200, 422]);
    for (when, at) in [
        ("an hour back", noon - 3_600_000),
        ("a year ahead", noon + 366 * Timestamp::DAY_MS),
        ("in 1970", 0),
        ("before 1970", -5_000_000_000),
        ("in the year 2500", 16_725_225_600_000),
        ("at noon again", noon + 1_000_000),
    ] {
        world.clock.set(Timestamp(at));
        world.sql("DELETE FROM throttles").await?;
        let statuses = all_calls(&world, &token, when).await?;
        assert_eq!(statuses, usual, "{when}");
        // People can still look, and are told no nonsense with status 500.
        let mut owner = world.signed_in("xiaoman").await?;
        for path in ["/", "/devices", "/devices/OWN10001", "/logs"] {
            let page = owner.get(path).await?;
            assert!(page.status.as_u16() < 500, "{when} {path}: {page:?}");
        }
    }
    // Nothing was lost, and the log is still whole.
    assert_eq!(world.terminals(SN).await?[0].lifecycle, "registered");
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}
