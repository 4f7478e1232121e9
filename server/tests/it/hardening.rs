//! What somebody who means harm sends.

use crate::client::code_on;
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{PASSWORD, Result, World, XIAOMAN};
use app::domain::Role;
use axum::http::StatusCode;
use server::services::passwords;

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

/// SQLite alone: what is bounded is work of this process. Its memory is measured in `sign_in_timing.rs`.
#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_hash_two_at_a_time() -> Outcome {
    let db = TestDb::sqlite().await?;
    let world = World::new(&db).await?;
    let hashing = world.services.accounts.hashing();
    let before = hashing.verified();
    let attempts = (0..12).map(|place| {
        let mut visitor = world.visitor();
        async move {
            let login = format!("guess{place}");
            let fields = [("login", login.as_str()), ("password", "wrong")];
            Result::Ok(visitor.post("/sign-in", &fields).await?.status)
        }
    });
    let statuses = futures_util::future::join_all(attempts).await;
    let statuses = statuses.into_iter().collect::<Result<Vec<_>>>()?;
    assert_eq!(statuses, [StatusCode::SEE_OTHER; 12]);
    assert_eq!(hashing.verified() - before, 12);
    assert_eq!(hashing.most_at_once(), passwords::AT_ONCE);
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
