//! Too many attempts: turned away for a while, on every server, told when to try again, and logged once.

use crate::client::Client;
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{PASSWORD, Result, SHENGJING, World, XIAOMAN};
use app::domain::Timestamp;
use axum::http::StatusCode;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use server::entities::{audit_log, device_log, throttles};
use server::services::throttle::{self, Limit};

on_both_engines!(
    ten_failures_lock_a_login_known_or_not,
    an_address_may_fail_five_times_a_minute,
    what_succeeds_is_not_counted,
    attempts_at_once_do_not_outrun_the_limit,
    wrong_codes_for_one_serial_number,
    an_account_that_tries_serial_numbers,
    a_flood_is_told_with_its_number,
    each_window_is_told_by_itself,
    a_flood_at_once_is_counted_whole,
    a_flood_over_many_serial_numbers_names_none,
    a_window_ends,
);

const CLAIM: &str = "/api/v1/terminals/register";
const MINUTE_MS: i64 = 60_000;

async fn try_in(client: &mut Client, login: &str, password: &str) -> Result<(StatusCode, Option<u64>)> {
    let answer = client
        .post("/sign-in", &[("login", login), ("password", password)])
        .await?;
    let wait = answer.header("retry-after").map(str::parse).transpose()?;
    if answer.status == StatusCode::TOO_MANY_REQUESTS {
        answer
            .says(&["尝试次数过多", "可以再试", "name=\"password\""])
            .is_silent_on(&[PASSWORD]);
    }
    Ok((answer.status, wait))
}

async fn refusals(world: &World<'_>, reason: &str) -> Result<usize> {
    let all = audit_log::Entity::find().all(world.db.reader()).await?;
    Ok(all
        .iter()
        .filter(|entry| entry.reason.as_deref() == Some(reason))
        .count())
}

async fn ten_failures_lock_a_login_known_or_not(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut signed_in = world.signed_in("xiaoman").await?;
    for login in ["xiaoman", "nobody"] {
        let mut visitor = world.visitor();
        for _ in 0..10 {
            assert_eq!(try_in(&mut visitor, login, "wrong").await?.0, StatusCode::SEE_OTHER);
        }
        for spelling in [login.to_owned(), login.to_uppercase(), format!(" {login} ")] {
            let (status, wait) = try_in(&mut visitor, &spelling, PASSWORD).await?;
            assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{spelling}");
            assert!(wait.is_some_and(|seconds| (1700..=1800).contains(&seconds)), "{wait:?}");
        }
    }
    assert_eq!(refusals(&world, "too_many_attempts").await?, 2, "a flood is one entry");
    assert_eq!(refusals(&world, "login_or_password_wrong").await?, 20);
    // Who is in stays in; others are not concerned.
    assert_eq!(signed_in.get("/devices").await?.status, StatusCode::OK);
    world.signed_in("shengjing").await?;
    // Another server knows.
    let mut elsewhere = world.another_server().await?;
    let answer = elsewhere
        .post("/sign-in", &[("login", "xiaoman"), ("password", PASSWORD)])
        .await?;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    world.clock.advance_ms(31 * MINUTE_MS);
    world.signed_in("xiaoman").await?;
    // What is kept tells neither login nor address.
    let kept = format!("{:?}", throttles::Entity::find().all(db.reader()).await?);
    assert!(!kept.contains("nobody"), "{kept}");
    Ok(())
}

async fn an_address_may_fail_five_times_a_minute(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut bad = world.visitor().at_address("192.0.2.1");
    for place in 0..5 {
        let login = format!("guess{place}");
        assert_eq!(try_in(&mut bad, &login, "wrong").await?.0, StatusCode::SEE_OTHER);
    }
    let (status, wait) = try_in(&mut bad, "xiaoman", PASSWORD).await?;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(wait.is_some_and(|seconds| seconds <= 60), "{wait:?}");
    for _ in 0..20 {
        try_in(&mut bad, "xiaoman", "wrong").await?;
    }
    // Others sign in, and the login is not locked by what was turned away.
    let mut good = world.visitor().at_address("192.0.2.2");
    assert_eq!(
        try_in(&mut good, "xiaoman", PASSWORD).await?,
        (StatusCode::SEE_OTHER, None)
    );
    assert!(good.cookies.contains_key("tillkeeper"));
    world.clock.advance_ms(MINUTE_MS);
    assert_eq!(
        try_in(&mut bad, "xiaoman", PASSWORD).await?,
        (StatusCode::SEE_OTHER, None)
    );
    assert!(bad.cookies.contains_key("tillkeeper"));
    Ok(())
}

async fn what_succeeds_is_not_counted(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut person = world.visitor().at_address("2001:db8::1");
    for _ in 0..8 {
        assert_eq!(
            try_in(&mut person, "xiaoman", PASSWORD).await?,
            (StatusCode::SEE_OTHER, None)
        );
    }
    // Four wrong, one right: the count begins anew for the login.
    for _ in 0..4 {
        for _ in 0..4 {
            try_in(&mut person, "xiaoman", "wrong").await?;
        }
        assert_eq!(
            try_in(&mut person, "xiaoman", PASSWORD).await?,
            (StatusCode::SEE_OTHER, None)
        );
        world.clock.advance_ms(MINUTE_MS);
    }
    assert!(person.cookies.contains_key("tillkeeper"));
    Ok(())
}

async fn attempts_at_once_do_not_outrun_the_limit(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let client = world.visitor();
    let attempts = (0..16).map(|_| {
        let mut client = client.clone();
        async move { try_in(&mut client, "xiaoman", "wrong").await.map(|(status, _)| status) }
    });
    let statuses = futures_util::future::join_all(attempts).await;
    let statuses = statuses.into_iter().collect::<Result<Vec<_>>>()?;
    let tried = statuses
        .iter()
        .filter(|status| **status == StatusCode::SEE_OTHER)
        .count();
    assert_eq!(tried, 10, "{statuses:?}");
    assert_eq!(refusals(&world, "too_many_attempts").await?, 1);
    Ok(())
}

async fn wrong_codes_for_one_serial_number(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OTHER001,PAX,S90,,{SHENGJING},\n")).await?;
    for sn in ["OTHER001", "NOBODYS1"] {
        let body = json!({ "sn": sn, "activation_code": "0000-0000-000000" });
        for _ in 0..10 {
            let answer = world.visitor().post_json(CLAIM, &body).await?;
            assert_eq!(answer.json()?["code"], "sn_or_code_wrong");
        }
        let before = world.log().await?.len();
        for _ in 0..5 {
            let answer = world.visitor().post_json(CLAIM, &body).await?;
            assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{sn}");
            assert_eq!(answer.json()?["code"], "too_many_attempts");
            let seconds: u64 = answer.header("retry-after").ok_or("when?")?.parse()?;
            assert!((800..=900).contains(&seconds), "{seconds}");
        }
        assert_eq!(world.log().await?.len(), before + 1, "a flood is one entry");
        assert_eq!(
            world.last_refusal().await?,
            ("too_many_attempts".to_owned(), "too_many_attempts".to_owned())
        );
    }
    // Others are not concerned, and the window ends.
    let mut owner = world.signed_in("shengjing").await?;
    world.clock.advance_ms(15 * MINUTE_MS);
    owner.submit("/actions/register", &[("sn", "OTHER001")]).await?;
    assert_eq!(world.terminals("OTHER001").await?[0].lifecycle, "registered");
    Ok(())
}

async fn an_account_that_tries_serial_numbers(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    for place in 0..20 {
        let sn = format!("GUESS{place:03}");
        owner.post("/actions/register", &[("sn", &sn)]).await?;
        assert_eq!(world.last_refusal().await?.0, "sn_unknown");
    }
    let page = owner.submit("/actions/register", &[("sn", "OWN10001")]).await?;
    page.says(&["尝试次数过多", "15 分钟后"]);
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = page.header("retry-after").ok_or("when?")?.parse()?;
    assert!((800..=900).contains(&seconds), "{seconds}");
    assert_eq!(world.terminals("OWN10001").await?[0].lifecycle, "awaiting");
    // The platform sees every serial number and has nothing to guess.
    let mut admin = world.signed_in("admin").await?;
    for _ in 0..25 {
        admin.post("/actions/register", &[("sn", "NOBODYS1")]).await?;
        assert_eq!(world.last_refusal().await?.0, "sn_unknown");
    }
    world.clock.advance_ms(15 * MINUTE_MS);
    owner.submit("/actions/register", &[("sn", "OWN10001")]).await?;
    assert_eq!(world.terminals("OWN10001").await?[0].lifecycle, "registered");
    Ok(())
}

/// The entries about too many attempts, oldest first, each with its detail.
async fn floods(world: &World<'_>) -> Result<Vec<(device_log::Model, Value)>> {
    let entries = device_log::Entity::find()
        .filter(device_log::Column::Reason.eq("too_many_attempts"))
        .order_by_asc(device_log::Column::Id)
        .all(world.db.reader())
        .await?;
    let with_detail = |entry: device_log::Model| {
        let detail = serde_json::from_str(&entry.detail)?;
        Ok((entry, detail))
    };
    entries.into_iter().map(with_detail).collect()
}

/// Sends a wrong code for a serial number, each time from another address of the network 198.51.100.0.
async fn guess(world: &World<'_>, sn: &str, places: std::ops::Range<usize>) -> Result<Vec<u16>> {
    let body = json!({ "sn": sn, "activation_code": "0000-0000-000000" });
    let mut statuses = Vec::new();
    for place in places {
        let mut terminal = world.visitor().at_address(&format!("198.51.100.{place}"));
        statuses.push(terminal.post_json(CLAIM, &body).await?.status.as_u16());
    }
    Ok(statuses)
}

async fn a_flood_is_told_with_its_number(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OTHER001,PAX,S90,,{SHENGJING},\n")).await?;
    let terminal = world.terminals("OTHER001").await?.remove(0);
    assert_eq!(guess(&world, "OTHER001", 0..10).await?, [422; 10]);
    assert_eq!(guess(&world, "OTHER001", 10..35).await?, [429; 25]);
    // The first one is told at once, in the chain of the merchant whose terminal it is.
    let told = floods(&world).await?;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0.merchant_id, terminal.merchant_id);
    assert_eq!(told[0].0.terminal_id, Some(terminal.id));
    assert_eq!(world.services.registration.sweep().await?, 0, "the window goes on");
    world.clock.advance_ms(15 * MINUTE_MS);
    assert_eq!(world.services.registration.sweep().await?, 1);
    assert_eq!(world.services.registration.sweep().await?, 0);
    let told = floods(&world).await?;
    assert_eq!(told.len(), 2);
    let (entry, detail) = &told[1];
    assert_eq!(detail["turned_away"], 25);
    assert!(detail["from"].as_i64() < detail["until"].as_i64(), "{detail}");
    assert_eq!(detail["until"].as_i64(), Some(entry.occurred_at));
    assert_eq!(entry.merchant_id, terminal.merchant_id);
    assert_eq!(
        (entry.terminal_id, entry.sn_sent.as_deref()),
        (Some(terminal.id), Some("OTHER001"))
    );
    assert_eq!(entry.address, None, "they came from many");
    // Its owner reads how many there were, nobody else does.
    let mut owner = world.signed_in("shengjing").await?;
    owner
        .get("/logs?reason=too_many_attempts")
        .await?
        .says(&["共拦下 25 次"]);
    owner
        .get("/logs/export.csv?reason=too_many_attempts")
        .await?
        .says(&["turned_away", ",25"]);
    let mut other = world.signed_in("xiaoman").await?;
    other.get("/logs").await?.is_silent_on(&["25 次", "OTHER001"]);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn each_window_is_told_by_itself(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    guess(&world, "NOBODYS1", 0..13).await?;
    world.clock.advance_ms(15 * MINUTE_MS);
    assert_eq!(guess(&world, "NOBODYS1", 0..10).await?, [422; 10]);
    assert_eq!(floods(&world).await?.len(), 1);
    assert_eq!(guess(&world, "NOBODYS1", 10..11).await?, [429]);
    // The window before ended long ago; nobody had looked since.
    assert_eq!(world.services.registration.sweep().await?, 1);
    let told: Vec<_> = floods(&world)
        .await?
        .into_iter()
        .map(|(_, detail)| detail["turned_away"].as_i64())
        .collect();
    assert_eq!(told, [None, None, Some(3)]);
    // One alone has been told of already.
    world.clock.advance_ms(15 * MINUTE_MS);
    assert_eq!(world.services.registration.sweep().await?, 1);
    assert_eq!(floods(&world).await?.len(), 3);
    Ok(())
}

async fn a_flood_at_once_is_counted_whole(db: &TestDb) -> Outcome {
    const AT_ONCE: usize = 40;
    let world = World::new(db).await?;
    guess(&world, "NOBODYS1", 0..10).await?;
    let before = world.log().await?.len();
    let body = json!({ "sn": "NOBODYS1", "activation_code": "0000-0000-000000" });
    let attempts = (0..AT_ONCE).map(|place| {
        let mut terminal = world.visitor().at_address(&format!("198.51.100.{}", 100 + place));
        let body = body.clone();
        async move { terminal.post_json(CLAIM, &body).await }
    });
    for answer in futures_util::future::join_all(attempts).await {
        assert_eq!(answer?.status, StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(world.log().await?.len(), before + 1, "a flood fills no disk");
    world.clock.advance_ms(15 * MINUTE_MS);
    assert_eq!(world.services.registration.sweep().await?, 1);
    let told = floods(&world).await?;
    assert_eq!(told[1].1["turned_away"], AT_ONCE);
    assert_eq!(told[1].0.merchant_id, None);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn a_flood_over_many_serial_numbers_names_none(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OTHER001,PAX,S90,,{SHENGJING},\n")).await?;
    let mut terminal = world.visitor().at_address("192.0.2.9");
    let mut statuses = Vec::new();
    for place in 0..70 {
        let sn = if place == 60 {
            "OTHER001".to_owned()
        } else {
            format!("GUESS{place:03}")
        };
        let body = json!({ "sn": sn, "activation_code": "0000-0000-000000" });
        statuses.push(terminal.post_json(CLAIM, &body).await?.status.as_u16());
    }
    assert_eq!(statuses, [[422; 60].as_slice(), &[429; 10]].concat());
    world.clock.advance_ms(15 * MINUTE_MS);
    world.services.registration.sweep().await?;
    let told = floods(&world).await?;
    let (entry, detail) = told.last().ok_or("nothing is told")?;
    assert_eq!(detail["turned_away"], 10);
    assert_eq!(
        (&entry.sn_sent, entry.merchant_id, entry.terminal_id),
        (&None, None, None)
    );
    assert_eq!(entry.address.as_deref(), Some("192.0.2.9"));
    Ok(())
}

static TWICE: Limit = Limit {
    kind: "test",
    most: 2,
    window_ms: 100,
    lock_ms: Some(1000),
};

async fn a_window_ends(db: &TestDb) -> Outcome {
    let (key, other) = (TWICE.key("a"), TWICE.key("b"));
    let keys = [key.clone()];
    let count = async |at| -> Result<(bool, bool, Option<i64>)> {
        let standing = throttle::count(db.writer(), &keys, Timestamp(at)).await?[0];
        Ok((
            standing.over,
            standing.first_over,
            standing.locked_until.map(|until| until.0),
        ))
    };
    assert_eq!(count(1000).await?, (false, false, None));
    // The window of 100 ms is over: the next begins.
    assert_eq!(count(1100).await?, (false, false, None));
    assert_eq!(count(1199).await?, (false, false, Some(2199)));
    assert_eq!(count(1200).await?, (true, true, Some(2199)));
    assert_eq!(count(1201).await?, (true, false, Some(2199)));
    let locked =
        async |key: &throttle::Key, at| throttle::locked(db.reader(), std::slice::from_ref(key), Timestamp(at)).await;
    assert_eq!(locked(&key, 2198).await?, Some(Timestamp(2199)));
    assert_eq!(locked(&other, 2198).await?, None);
    assert_eq!(locked(&key, 2199).await?, None);
    assert_eq!(count(2199).await?, (false, false, None));
    // One that did not go wrong is taken back, and with it the lock that it brought.
    assert_eq!(count(2200).await?, (false, false, Some(3200)));
    throttle::take_back(db.writer(), &key).await?;
    assert_eq!(locked(&key, 2201).await?, None);
    assert_eq!(count(2202).await?.2, Some(3202));
    throttle::forget(db.writer(), &key).await?;
    assert_eq!(locked(&key, 2203).await?, None);
    count(2204).await?;
    assert_eq!(throttle::delete_expired(db.writer(), Timestamp(3203)).await?, 0);
    assert_eq!(throttle::delete_expired(db.writer(), Timestamp(3204)).await?, 1);
    Ok(())
}
