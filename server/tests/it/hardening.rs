//! What somebody who means harm sends, and what must not be told by the clock, the memory or the logs.

use crate::client::{Client, code_on};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{PASSWORD, Result, World, XIAOMAN};
use app::caller::Caller;
use app::domain::{Login, Role};
use axum::http::StatusCode;
use server::services::passwords;
use std::sync::{Arc, Mutex};

on_both_engines!(
    whatever_is_wrong_takes_one_hash,
    a_forged_cookie_is_nobodys,
    other_sites_sign_nobody_in_or_out,
    a_form_is_a_form,
    a_body_has_its_limit,
    a_form_that_is_sent_again_does_nothing_again,
    a_camera_is_for_this_site,
);

const FORM: &str = "application/x-www-form-urlencoded";

/// Ways of being refused, none of which is to be told from another.
const REFUSED: [(&str, &str); 5] = [
    ("nobody", PASSWORD),
    ("xiaoman", "the wrong password"),
    ("gone", PASSWORD),
    ("gone", "the wrong password"),
    ("a b", PASSWORD),
];

async fn with_a_disabled_user(db: &TestDb) -> Result<World<'_>> {
    let world = World::new(db).await?;
    world.add_user("gone", Role::MerchantOwner, Some(XIAOMAN)).await?;
    world
        .sql("UPDATE users SET disabled_at = 1 WHERE login = 'gone'")
        .await?;
    Ok(world)
}

async fn whatever_is_wrong_takes_one_hash(db: &TestDb) -> Outcome {
    let world = with_a_disabled_user(db).await?;
    let hashing = world.services.accounts.hashing();
    let mut answers = Vec::new();
    for round in 0..3 {
        for (login, password) in REFUSED {
            let before = hashing.verified();
            let answer = world
                .visitor()
                .post("/sign-in", &[("login", login), ("password", password)])
                .await?;
            assert_eq!(hashing.verified() - before, 1, "{login}, round {round}");
            let cookie = answer.header("set-cookie").map(str::to_owned);
            answers.push((answer.status, cookie, answer.body.clone()));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    // A password of a megabyte is no more work than one of 129 characters.
    let before = hashing.verified();
    let long = "x".repeat(200_000);
    let answer = world
        .visitor()
        .post("/sign-in", &[("login", "shengjing"), ("password", &long)])
        .await?;
    assert_eq!((answer.status, hashing.verified() - before), (StatusCode::SEE_OTHER, 1));
    Ok(())
}

/// Prints how long each way of being refused takes: `cargo test -p server --test it -- --ignored --nocapture clock`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a thousand hashes; for reading, and for a machine that does nothing else"]
async fn the_clock_tells_nothing() -> Outcome {
    const ROUNDS: usize = 500;
    let db = TestDb::sqlite().await?;
    let world = with_a_disabled_user(&db).await?;
    let mut taken = [Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS)];
    for _ in 0..ROUNDS {
        // Each login is let off again, so that every attempt is checked.
        world.sql("DELETE FROM throttles").await?;
        for (place, (login, password)) in REFUSED.iter().take(2).enumerate() {
            let started = std::time::Instant::now();
            world
                .visitor()
                .post("/sign-in", &[("login", login), ("password", password)])
                .await?;
            taken[place].push(started.elapsed().as_micros());
        }
    }
    let medians: Vec<f64> = taken
        .iter_mut()
        .map(|times| {
            times.sort_unstable();
            times[ROUNDS / 2] as f64 / 1000.0
        })
        .collect();
    println!(
        "median of {ROUNDS}: unknown login {:.2} ms, wrong password {:.2} ms",
        medians[0], medians[1]
    );
    let apart = (medians[0] - medians[1]).abs() / medians[0];
    assert!(apart < 0.05, "{medians:?}");
    Ok(())
}

/// SQLite alone: what is bounded is memory of this process.
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_hash_two_at_a_time() -> Outcome {
    let db = TestDb::sqlite().await?;
    let world = World::new(&db).await?;
    let hashing = world.services.accounts.hashing();
    let before = hashing.verified();
    let attempts = (0..200).map(|place| {
        let mut visitor = world.visitor();
        async move {
            let login = format!("guess{place}");
            let answer = visitor
                .post("/sign-in", &[("login", &login), ("password", "wrong")])
                .await?;
            Result::Ok(answer.status)
        }
    });
    let statuses = futures_util::future::join_all(attempts).await;
    let statuses = statuses.into_iter().collect::<Result<Vec<_>>>()?;
    // Whoever waits too long is told to come again; nobody is let in.
    assert!(
        statuses
            .iter()
            .all(|status| matches!(*status, StatusCode::SEE_OTHER | StatusCode::SERVICE_UNAVAILABLE)),
        "{statuses:?}"
    );
    assert!(hashing.verified() - before >= 2);
    assert!(
        (1..=passwords::AT_ONCE).contains(&hashing.most_at_once()),
        "{}",
        hashing.most_at_once()
    );
    Ok(())
}

async fn a_forged_cookie_is_nobodys(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let owner = world.signed_in("xiaoman").await?;
    let real = owner.cookies["tillkeeper"].clone();
    let mut turned: Vec<char> = real.chars().collect();
    turned[0] = if turned[0] == 'A' { 'B' } else { 'A' };
    let turned: String = turned.into_iter().collect();
    let name = {
        use sea_orm::EntityTrait;
        let kept = server::entities::sessions::Entity::find().one(db.reader()).await?;
        let kept = kept.ok_or("no session")?;
        kept.id_hash
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    for forged in [
        turned.as_str(),
        &real[1..],
        &name,
        &name[..16],
        "AAAAAAAAAAAAAAAAAAAAAA",
        "%00",
        "\"",
        "",
    ] {
        let mut visitor = world.visitor();
        visitor.cookies.insert("tillkeeper".to_owned(), forged.to_owned());
        let answer = visitor.get("/devices").await?;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{forged:?}");
    }
    // A message for the next page that somebody else made says nothing of its own.
    let mut owner = owner;
    let forged =
        "%7B%22Error%22%3A%7B%22code%22%3A%22%3Cscript%3E%22%2C%22found%22%3A%22%3Cb%3E%22%2C%22kept%22%3Anull%7D%7D";
    owner.cookies.insert("tillkeeper_flash".to_owned(), forged.to_owned());
    owner
        .get("/devices")
        .await?
        .is_silent_on(&["<b>", "&lt;b>", "<script>&"]);
    Ok(())
}

async fn other_sites_sign_nobody_in_or_out(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let mut forged = owner.clone().with_header("sec-fetch-site", "cross-site");
    for path in [
        "/sign-in",
        "/sign-out",
        "/language",
        "/settings/account/password",
        "/actions/end-session",
        "/actions/end-other-sessions",
        "/actions/issue-code",
        "/actions/import",
    ] {
        let fields = [("login", "shengjing"), ("password", PASSWORD), ("language", "en")];
        assert_eq!(
            forged.post(path, &fields).await?.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    assert_eq!(owner.get("/devices").await?.status, StatusCode::OK);
    Ok(())
}

async fn a_form_is_a_form(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    for path in [
        "/actions/register",
        "/actions/import",
        "/sign-in",
        "/settings/account/password",
        "/language",
    ] {
        for content_type in [
            Some("application/json"),
            Some("text/plain"),
            Some("application/cbor"),
            Some("application/x-www-form-urlencoded-not"),
            None,
        ] {
            let answer = owner.send("POST", path, content_type, b"sn=OWN10001".to_vec()).await?;
            assert_eq!(
                answer.status,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "{path} {content_type:?}"
            );
        }
    }
    assert_eq!(world.terminals("OWN10001").await?[0].lifecycle, "awaiting");
    let with_charset = "application/x-www-form-urlencoded; charset=UTF-8";
    let answer = owner
        .send("POST", "/actions/register", Some(with_charset), b"sn=OWN10001".to_vec())
        .await?;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(world.terminals("OWN10001").await?[0].lifecycle, "registered");
    Ok(())
}

async fn a_body_has_its_limit(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let body = format!("sn=OWN10001&code={}", "x".repeat(300 * 1024)).into_bytes();
    let told = body.len().to_string();
    for path in ["/actions/register", "/sign-in", "/language"] {
        let mut announced = owner.clone().with_header("content-length", &told);
        let answer = announced.send("POST", path, Some(FORM), body.clone()).await?;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        // Nor is one read that does not say how long it is.
        let answer = owner.send("POST", path, Some(FORM), body.clone()).await?;
        assert!(!answer.status.is_success(), "{path}: {}", answer.status);
    }
    assert_eq!(world.terminals("OWN10001").await?[0].lifecycle, "awaiting");
    Ok(())
}

async fn a_form_that_is_sent_again_does_nothing_again(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let fields = [("sn", "OWN10001")];
    let page = owner.submit("/actions/register", &fields).await?;
    let code = code_on(&page.body).ok_or("no code")?;
    let again = owner.submit("/actions/register", &fields).await?;
    again.is_silent_on(&[&code]);
    assert_eq!(world.last_refusal().await?.0, "already_registered");
    // The page with the code is told once.
    owner.get("/devices/register").await?.is_silent_on(&[&code]);
    // A sign-in form that is sent again after signing out needs the password as the first did; the session of then is over.
    let mut old = owner.clone();
    owner.post("/sign-out", &[]).await?;
    assert_eq!(old.get("/devices").await?.status, StatusCode::SEE_OTHER);
    assert_eq!(
        old.post("/actions/register", &fields).await?.location(),
        Some("/sign-in?next=%2Fdevices%2Fregister%3Fsn%3DOWN10001")
    );
    Ok(())
}

async fn a_camera_is_for_this_site(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let page = world.visitor().get("/sign-in").await?;
    let policy = page.header("permissions-policy").ok_or("no policy")?;
    assert!(
        policy.contains("camera=(self)") && policy.contains("geolocation=()"),
        "{policy}"
    );
    assert_eq!(page.header("strict-transport-security"), None, "not over plain HTTP");
    Ok(())
}

/// Everything that is logged on this thread.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .map_err(|_| std::io::ErrorKind::Other)?
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// On one thread, so that all that is done for the story is logged there.
#[tokio::test(flavor = "current_thread")]
async fn nothing_secret_is_logged() -> Outcome {
    // While there is but one, other tests' threads decide for all whether a line of the program is logged at all.
    let _another = tracing::Dispatch::new(tracing_subscriber::fmt().with_writer(std::io::sink).finish());
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let db = TestDb::sqlite().await?;
    let world = World::new(&db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut secrets = vec![PASSWORD.to_owned()];
    let wrong = "a wrong password that is long";
    secrets.push(wrong.to_owned());
    world
        .visitor()
        .post("/sign-in", &[("login", "xiaoman"), ("password", wrong)])
        .await?;
    let mut owner: Client = world.signed_in("xiaoman").await?;
    secrets.push(owner.cookies["tillkeeper"].clone());
    let page = owner.submit("/actions/register", &[("sn", "OWN10001")]).await?;
    let code = code_on(&page.body).ok_or("no code")?;
    let body = serde_json::json!({ "sn": "OWN10001", "activation_code": code });
    let answer = world.visitor().post_json("/api/v1/terminals/register", &body).await?;
    let token = answer.json()?["token"].as_str().ok_or("no token")?.to_owned();
    secrets.extend([code.replace('-', ""), code, token]);
    let chosen = "the geese fly south at seven";
    let fields = [("current", PASSWORD), ("chosen", chosen), ("again", chosen)];
    owner.submit("/settings/account/password", &fields).await?;
    secrets.push(owner.cookies["tillkeeper"].clone());
    let system = Caller::system("test");
    let set = "the cranes come back at eight";
    let accounts = &world.services.accounts;
    accounts
        .set_password(system.platform_admin()?, &Login::parse("xiaoman")?, set.to_owned())
        .await?;
    secrets.extend([chosen.to_owned(), set.to_owned()]);
    let bytes = captured.0.lock().map_err(|_| "poisoned")?.clone();
    let text = String::from_utf8_lossy(&bytes);
    assert!(
        text.contains("sign-in") && text.contains("answered"),
        "nothing was captured"
    );
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret} is in the log");
        let encoded = urlencoding::encode(&secret).into_owned();
        assert!(!text.contains(&encoded), "{encoded} is in the log");
    }
    Ok(())
}
