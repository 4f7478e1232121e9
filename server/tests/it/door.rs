//! Getting in, staying in, and staying out.

use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{PASSWORD, World, XIAOMAN};
use app::domain::Role;
use axum::http::StatusCode;

on_both_engines!(
    nobody_gets_in_without_a_session,
    what_is_wrong_with_a_sign_in_is_not_told,
    a_session_ends,
    a_session_is_shared_and_outlives_a_server,
    redirects_stay_on_this_site,
    other_sites_change_nothing,
    headers_close_what_nobody_needs,
    pages_of_the_platform_are_not_there_for_merchants,
    support_looks_and_issues_codes,
    the_language_is_remembered,
    health_tells_what_it_should,
);

async fn nobody_gets_in_without_a_session(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut visitor = world.visitor();
    for path in [
        "/",
        "/devices",
        "/devices/register",
        "/devices/ABCD",
        "/logs?kind=x",
        "/terminals",
        "/terminals/import",
        "/audit",
    ] {
        let answer = visitor.get(path).await?;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {answer:?}");
        assert!(
            answer.location().is_some_and(|to| to.starts_with("/sign-in")),
            "{path}: {answer:?}"
        );
    }
    for path in ["/actions/register", "/actions/issue-code", "/actions/import"] {
        let answer = visitor.post(path, &[("sn", "ABCD"), ("terminal", "x")]).await?;
        assert!(!answer.status.is_success(), "{path}: {answer:?}");
    }
    assert_eq!(world.log().await?, []);
    visitor
        .cookies
        .insert("tillkeeper".to_owned(), "AAAAAAAAAAAAAAAAAAAAAA".to_owned());
    assert_eq!(visitor.get("/devices").await?.status, StatusCode::SEE_OTHER);
    visitor
        .cookies
        .insert("tillkeeper".to_owned(), "not a session".to_owned());
    assert_eq!(visitor.get("/devices").await?.status, StatusCode::SEE_OTHER);
    let answer = visitor.get("/devices?q=a%20b").await?;
    let back = answer.location().ok_or("no location")?.to_owned();
    let mut fields = vec![("login", "xiaoman"), ("password", PASSWORD)];
    let next = urlencoding::decode(back.split("next=").nth(1).ok_or("no next")?)?.into_owned();
    fields.push(("next", &next));
    assert_eq!(
        visitor.post("/sign-in", &fields).await?.location(),
        Some("/devices?q=a%20b")
    );
    Ok(())
}

async fn what_is_wrong_with_a_sign_in_is_not_told(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.add_user("gone", Role::MerchantOwner, Some(XIAOMAN)).await?;
    world
        .sql("UPDATE users SET disabled_at = 1 WHERE login = 'gone'")
        .await?;
    let mut pages = Vec::new();
    for (login, password) in [
        ("nobody", PASSWORD),
        ("xiaoman", "wrong"),
        ("xiaoman", ""),
        ("gone", PASSWORD),
        ("a b", PASSWORD),
        ("", ""),
    ] {
        let mut visitor = world.visitor();
        let page = visitor
            .submit("/sign-in", &[("login", login), ("password", password)])
            .await?;
        assert_eq!(page.status, StatusCode::OK);
        page.is_silent_on(&[PASSWORD]);
        pages.push(crate::client::between(&page.body, "role=\"alert\"", "</div>").map(str::to_owned));
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert!(pages[0].is_some());
    // Width and case of a login do not matter.
    let answer = world
        .visitor()
        .post("/sign-in", &[("login", "ＸiaoMan"), ("password", PASSWORD)])
        .await?;
    assert_eq!(answer.location(), Some("/"));
    Ok(())
}

async fn a_session_ends(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let mut elsewhere = owner.clone();
    let first = owner.cookies["tillkeeper"].clone();
    let again = owner
        .post("/sign-in", &[("login", "xiaoman"), ("password", PASSWORD)])
        .await?;
    let cookie = again.header("set-cookie").ok_or("no cookie")?.to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    assert_ne!(
        owner.cookies["tillkeeper"], first,
        "a session gets another id at sign-in"
    );
    assert_eq!(elsewhere.get("/devices").await?.status, StatusCode::SEE_OTHER);

    let mut elsewhere = owner.clone();
    owner.post("/sign-out", &[]).await?;
    assert_eq!(elsewhere.get("/devices").await?.status, StatusCode::SEE_OTHER);

    let mut owner = world.signed_in("xiaoman").await?;
    world
        .sql("UPDATE users SET disabled_at = 1 WHERE login = 'xiaoman'")
        .await?;
    assert_eq!(owner.get("/devices").await?.status, StatusCode::SEE_OTHER);
    world.sql("UPDATE users SET disabled_at = NULL").await?;
    assert_eq!(
        owner.get("/devices").await?.status,
        StatusCode::SEE_OTHER,
        "a session that has ended does not come back"
    );
    let mut owner = world.signed_in("xiaoman").await?;
    world.clock.advance_ms(24 * 60 * 60 * 1000);
    assert_eq!(owner.get("/devices").await?.status, StatusCode::SEE_OTHER);

    let mut owner = world.signed_in("xiaoman").await?;
    let system = app::caller::Caller::system("test");
    let login = app::domain::Login::parse("xiaoman")?;
    let accounts = &world.services.accounts;
    accounts
        .set_password(system.platform_admin()?, &login, "another long password".to_owned())
        .await?;
    assert_eq!(
        owner.get("/devices").await?.status,
        StatusCode::SEE_OTHER,
        "a new password ends sessions"
    );
    Ok(())
}

async fn a_session_is_shared_and_outlives_a_server(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let owner = world.signed_in("xiaoman").await?;
    let mut elsewhere = world.another_server().await?;
    elsewhere.cookies = owner.cookies;
    assert_eq!(elsewhere.get("/devices").await?.status, StatusCode::OK);
    // What is kept of a session does not open it.
    use sea_orm::EntityTrait;
    let kept = server::entities::sessions::Entity::find().all(db.reader()).await?;
    assert!(
        kept.iter()
            .all(|session| session.id_hash.len() == 32 && session.user_id.is_some())
    );
    Ok(())
}

async fn redirects_stay_on_this_site(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    for next in [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "evil",
    ] {
        let fields = [("login", "xiaoman"), ("password", PASSWORD), ("next", next)];
        assert_eq!(
            world.visitor().post("/sign-in", &fields).await?.location(),
            Some("/"),
            "{next}"
        );
        let fields = [("language", "en"), ("back", next)];
        assert_eq!(
            world.visitor().post("/language", &fields).await?.location(),
            Some("/"),
            "{next}"
        );
    }
    Ok(())
}

async fn other_sites_change_nothing(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let owner = world.signed_in("xiaoman").await?;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let mut forged = owner.clone().with_header(name, value);
        let answer = forged.post("/actions/register", &[("sn", "OWN10001")]).await?;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert_eq!(world.terminals("OWN10001").await?[0].lifecycle, "awaiting");
    // Nor does an address.
    let mut owner = owner;
    let answer = owner.get("/actions/register?sn=OWN10001").await?;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(world.terminals("OWN10001").await?[0].lifecycle, "awaiting");
    Ok(())
}

async fn headers_close_what_nobody_needs(db: &TestDb) -> Outcome {
    let world = World::with(db, &[("TILLKEEPER_PUBLIC_URL", "https://pos.example")]).await?;
    let mut visitor = world.visitor();
    let page = visitor.get("/sign-in").await?;
    let policy = page.header("content-security-policy").ok_or("no policy")?.to_owned();
    let nonce = crate::client::between(&policy, "'nonce-", "'")
        .ok_or("no nonce")?
        .to_owned();
    page.says(&[&format!("nonce=\"{nonce}\"")]);
    assert!(
        policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-inline"),
        "{policy}"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ] {
        assert_eq!(page.header(name), Some(value));
    }
    let next = visitor.get("/sign-in").await?;
    assert_ne!(page.header("x-request-id"), next.header("x-request-id"));
    assert_ne!(
        page.header("content-security-policy"),
        next.header("content-security-policy")
    );
    let answer = visitor
        .post("/sign-in", &[("login", "xiaoman"), ("password", PASSWORD)])
        .await?;
    let cookie = answer.header("set-cookie").ok_or("no cookie")?;
    assert!(
        cookie.starts_with("__Host-tillkeeper=") && cookie.contains("Secure"),
        "{cookie}"
    );
    let answer = visitor.post("/language", &[("language", "en"), ("back", "/")]).await?;
    let cookie = answer.header("set-cookie").ok_or("no cookie")?;
    assert!(
        cookie.starts_with("__Host-tillkeeper_language=en;") && cookie.contains("Secure"),
        "{cookie}"
    );
    visitor.get("/sign-in").await?.says(&["lang=\"en\""]);
    Ok(())
}

async fn pages_of_the_platform_are_not_there_for_merchants(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    for path in [
        "/terminals",
        "/terminals/import",
        "/terminals/import/0190163d-8694-739b-aea5-966c26f8ad91",
        "/nothing",
    ] {
        assert_eq!(owner.get(path).await?.status, StatusCode::NOT_FOUND, "{path}");
    }
    let answer = owner
        .upload(
            "/actions/import",
            &[],
            ("file", "x.csv", b"sn,manufacturer,model\nABCD,PAX,S90\n"),
        )
        .await?;
    assert!(!answer.status.is_success());
    assert!(world.terminals("ABCD").await?.is_empty());
    for malformed in ["/devices/%23", "/devices/ab", "/terminals/import/x"] {
        assert_eq!(owner.get(malformed).await?.status, StatusCode::NOT_FOUND, "{malformed}");
    }
    Ok(())
}

async fn support_looks_and_issues_codes(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    world.add_user("support", Role::PlatformSupport, None).await?;
    world.add_user("clerk", Role::MerchantClerk, Some(XIAOMAN)).await?;
    let mut support = world.signed_in("support").await?;
    support.get("/terminals").await?.says(&["OWN10001"]);
    assert_eq!(support.get("/terminals/import").await?.status, StatusCode::FORBIDDEN);
    support.post("/actions/register", &[("sn", "OWN10001")]).await?;
    assert_eq!(world.terminals("OWN10001").await?[0].lifecycle, "awaiting");
    let terminal = world.terminals("OWN10001").await?[0].id.to_string();
    let fields = [("terminal", terminal.as_str()), ("sn", "OWN10001")];
    let page = support.submit("/actions/issue-code", &fields).await?;
    assert!(crate::client::code_on(&page.body).is_some(), "{page:?}");
    // A clerk registers, but issues no code.
    let mut clerk = world.signed_in("clerk").await?;
    let page = clerk.submit("/actions/issue-code", &fields).await?;
    assert_eq!(crate::client::code_on(&page.body), None);
    clerk.submit("/actions/register", &[("sn", "OWN10001")]).await?;
    assert_eq!(world.terminals("OWN10001").await?[0].lifecycle, "registered");
    Ok(())
}

async fn the_language_is_remembered(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner.get("/devices").await?.says(&["lang=\"zh-CN\"", "设备管理"]);
    let page = owner
        .submit("/language", &[("language", "en"), ("back", "/devices?q=x")])
        .await?;
    page.says(&["lang=\"en\"", "value=\"x\""]).is_silent_on(&["设备管理"]);
    let mut visitor = world.visitor().with_header("accept-language", "en-GB,zh;q=0.5");
    visitor.get("/sign-in").await?.says(&["lang=\"en\""]);
    Ok(())
}

async fn health_tells_what_it_should(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut visitor = world.visitor();
    assert_eq!(visitor.get("/healthz").await?.status, StatusCode::OK);
    assert_eq!(visitor.get("/readyz").await?.status, StatusCode::OK);
    migrations::down(db.writer(), 1).await?;
    assert_eq!(visitor.get("/healthz").await?.status, StatusCode::OK);
    assert_eq!(visitor.get("/readyz").await?.status, StatusCode::SERVICE_UNAVAILABLE);
    Ok(())
}
