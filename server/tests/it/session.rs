//! Sessions: how long they last, where they are open, and what ends them.

use crate::client::{Client, between};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{PASSWORD, Result, World};
use axum::http::StatusCode;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use server::entities::{audit_log, users};
use server::services::passwords;

on_both_engines!(
    an_idle_session_ends,
    a_session_in_use_ends_in_the_end,
    the_time_is_a_setting,
    a_person_sees_and_ends_sessions,
    a_person_changes_the_password,
    guessing_the_present_password_is_limited,
    a_hash_of_old_is_made_anew,
);

const PAGE: &str = "/settings/account";
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const OTHER_PASSWORD: &str = "收银台旁边的绿萝今天开花了";

async fn is_in(client: &mut Client) -> Result<bool> {
    Ok(client.get(PAGE).await?.status == StatusCode::OK)
}

async fn an_idle_session_ends(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    for _ in 0..3 {
        world.clock.advance_ms(14 * MINUTE_MS);
        assert!(is_in(&mut admin).await?, "use keeps it open");
    }
    world.clock.advance_ms(15 * MINUTE_MS);
    assert!(!is_in(&mut admin).await?);
    let mut owner = world.signed_in("xiaoman").await?;
    world.clock.advance_ms(11 * HOUR_MS);
    assert!(is_in(&mut owner).await?);
    world.clock.advance_ms(12 * HOUR_MS);
    assert!(!is_in(&mut owner).await?);
    Ok(())
}

async fn a_session_in_use_ends_in_the_end(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let mut minutes = 0;
    while is_in(&mut admin).await? {
        world.clock.advance_ms(14 * MINUTE_MS);
        minutes += 14;
        assert!(minutes <= 12 * 60 + 14, "{minutes}");
    }
    assert!(minutes > 12 * 60 - 14, "{minutes}");
    let mut owner = world.signed_in("xiaoman").await?;
    let mut hours = 0;
    while is_in(&mut owner).await? {
        world.clock.advance_ms(11 * HOUR_MS);
        hours += 11;
        assert!(hours <= 30 * 24 + 11, "{hours}");
    }
    assert!(hours > 30 * 24 - 11, "{hours}");
    Ok(())
}

async fn the_time_is_a_setting(db: &TestDb) -> Outcome {
    let settings = [
        ("TILLKEEPER_SESSION_IDLE_PLATFORM", "2h"),
        ("TILLKEEPER_SESSION_IDLE_MERCHANT", "5m"),
    ];
    let world = World::with(db, &settings).await?;
    let mut admin = world.signed_in("admin").await?;
    let mut owner = world.signed_in("xiaoman").await?;
    world.clock.advance_ms(5 * MINUTE_MS);
    assert!(!is_in(&mut owner).await?);
    world.clock.advance_ms(110 * MINUTE_MS);
    assert!(is_in(&mut admin).await?);
    Ok(())
}

async fn a_person_sees_and_ends_sessions(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let signed_in = async |address: &str, agent: &str| -> Result<Client> {
        let mut client = world.visitor().at_address(address).with_header("user-agent", agent);
        client
            .post("/sign-in", &[("login", "xiaoman"), ("password", PASSWORD)])
            .await?;
        Ok(client)
    };
    let mut here = signed_in("192.0.2.1", "Mozilla/5.0 (Windows NT 10.0) Firefox/145.0").await?;
    let mut phone = signed_in("192.0.2.2", "Mozilla/5.0 (iPhone) Version/19.0 Safari/604.1").await?;
    let mut till = signed_in("192.0.2.3", "Mozilla/5.0 (Linux; Android 15) Chrome/142.0").await?;
    let mut stranger = world.signed_in("shengjing").await?;
    let page = here.get(PAGE).await?;
    page.says(&[
        "Windows 上的 Firefox",
        "iPhone 上的 Safari",
        "Android 上的 Chrome",
        "192.0.2.2",
        "本设备",
        "结束其他所有登录",
    ]);
    // This one comes first and cannot be ended here; the others by the order of their last use.
    let names: Vec<&str> = page.body.split("name=\"name\" value=\"").skip(1).collect();
    assert_eq!(names.len(), 2, "{page:?}");
    let till_name = names[0].split('"').next().ok_or("no name")?.to_owned();
    assert_eq!(till_name.len(), 16);
    for cookie in [&here, &phone, &till] {
        page.is_silent_on(&[cookie.cookies["tillkeeper"].as_str()]);
    }
    // Nobody ends another's session, or one that there is not.
    for name in [till_name.as_str(), "0123456789abcdef", ""] {
        let answer = stranger.submit("/actions/end-session", &[("name", name)]).await?;
        answer.says(&["role=\"alert\""]);
    }
    assert!(is_in(&mut till).await?);
    let answer = here.submit("/actions/end-session", &[("name", &till_name)]).await?;
    answer
        .says(&["已结束该设备上的登录"])
        .is_silent_on(&["Android 上的 Chrome"]);
    assert!(!is_in(&mut till).await?);
    assert!(is_in(&mut phone).await?);
    here.submit("/actions/end-other-sessions", &[]).await?;
    assert!(!is_in(&mut phone).await?);
    assert!(is_in(&mut here).await? && is_in(&mut stranger).await?);
    let ended = audit_log::Entity::find()
        .filter(audit_log::Column::Action.eq("session.ended"))
        .all(db.reader())
        .await?;
    assert_eq!(ended.len(), 2);
    assert_eq!(ended[0].target.as_deref(), Some(till_name.as_str()));
    Ok(())
}

/// Posts the form of the password; answers the heading of what went wrong.
async fn change(client: &mut Client, current: &str, chosen: &str, again: &str) -> Result<Option<String>> {
    let fields = [("current", current), ("chosen", chosen), ("again", again)];
    let page = client.submit("/settings/account/password", &fields).await?;
    page.is_silent_on(&[PASSWORD, OTHER_PASSWORD]);
    let alert = between(&page.body, "role=\"alert\"", "</div>");
    Ok(alert
        .and_then(|alert| between(alert, "font-semibold\">", "<"))
        .map(str::to_owned))
}

async fn a_person_changes_the_password(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut visitor = world.visitor();
    let answer = visitor.post("/settings/account/password", &[]).await?;
    assert!(answer.location().is_some_and(|to| to.starts_with("/sign-in")));
    let mut owner = world.signed_in("xiaoman").await?;
    let mut elsewhere = world.signed_in("xiaoman").await?;
    for (current, chosen, again, heading) in [
        ("wrong", OTHER_PASSWORD, OTHER_PASSWORD, "当前密码不正确"),
        (PASSWORD, OTHER_PASSWORD, PASSWORD, "两次输入的密码不一致"),
        (PASSWORD, "short", "short", "密码太短"),
        (PASSWORD, "password1234", "password1234", "密码太容易被猜到"),
        (PASSWORD, "Xiaoman-2026", "Xiaoman-2026", "密码里不能只有登录名或商户名"),
        (
            PASSWORD,
            "杭州小满母婴店杭州小满母婴",
            "杭州小满母婴店杭州小满母婴",
            "密码里不能只有登录名或商户名",
        ),
    ] {
        let told = change(&mut owner, current, chosen, again).await?;
        assert_eq!(told.as_deref(), Some(heading));
    }
    assert!(is_in(&mut elsewhere).await?);
    let before = owner.cookies["tillkeeper"].clone();
    let mut old = owner.clone();
    assert_eq!(
        change(&mut owner, PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD).await?,
        None
    );
    assert!(is_in(&mut owner).await?, "this session goes on");
    assert_ne!(owner.cookies["tillkeeper"], before, "under another id");
    assert!(!is_in(&mut old).await? && !is_in(&mut elsewhere).await?);
    // A form that is sent again changes nothing: its present password is not the present one.
    let told = change(&mut owner, PASSWORD, "another password still", "another password still").await?;
    assert_eq!(told.as_deref(), Some("当前密码不正确"));
    let sign_in = |password| [("login", "xiaoman"), ("password", password)];
    let answer = world.visitor().post("/sign-in", &sign_in(PASSWORD)).await?;
    assert!(answer.location().is_some_and(|to| to.starts_with("/sign-in")));
    let answer = world.visitor().post("/sign-in", &sign_in(OTHER_PASSWORD)).await?;
    assert_eq!(answer.location(), Some("/"));
    Ok(())
}

async fn guessing_the_present_password_is_limited(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    for _ in 0..10 {
        let told = change(&mut owner, "wrong", OTHER_PASSWORD, OTHER_PASSWORD).await?;
        assert_eq!(told.as_deref(), Some("当前密码不正确"));
    }
    let fields = [
        ("current", PASSWORD),
        ("chosen", OTHER_PASSWORD),
        ("again", OTHER_PASSWORD),
    ];
    let answer = owner.post("/settings/account/password", &fields).await?;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    answer
        .says(&["尝试次数过多", "name=\"current\""])
        .is_silent_on(&[PASSWORD, OTHER_PASSWORD]);
    assert!(answer.header("retry-after").is_some() && answer.location().is_none());
    Ok(())
}

async fn a_hash_of_old_is_made_anew(db: &TestDb) -> Outcome {
    use argon2::password_hash::phc::PasswordHash;
    use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
    let world = World::new(db).await?;
    let cheap = Params::new(8 * 1024, 1, 1, None)?;
    let cheap: PasswordHash = Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap)
        .hash_password_with_salt(PASSWORD.as_bytes(), &[7; 16])?;
    world
        .sql(&format!(
            "UPDATE users SET password_hash = '{cheap}' WHERE login = 'xiaoman'"
        ))
        .await?;
    let kept = async || -> Result<String> {
        let found = users::Entity::find()
            .filter(users::Column::Login.eq("xiaoman"))
            .one(db.reader())
            .await?;
        Ok(found.and_then(|user| user.password_hash).ok_or("no hash")?)
    };
    let mut visitor = world.visitor();
    visitor
        .post("/sign-in", &[("login", "xiaoman"), ("password", "wrong")])
        .await?;
    assert_eq!(kept().await?, cheap.to_string());
    world.signed_in("xiaoman").await?;
    let anew = kept().await?;
    assert_eq!(anew.split('$').nth(3), passwords::hash("x", [0; 16])?.split('$').nth(3));
    assert_ne!(anew, cheap.to_string());
    world.signed_in("xiaoman").await?;
    assert_eq!(kept().await?, anew);
    Ok(())
}
