//! What is typed wrong or sent to do harm: refused with a sentence, and nothing is lost or let through.
//! Forged cookies, other sites' posts, oversized bodies and forms that are sent again are in `hardening.rs`.

use crate::client::{Answer, between, marked};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{PASSWORD, Result, World, XIAOMAN};
use app::domain::Role;
use axum::http::StatusCode;
use sea_orm::EntityTrait;
use server::entities::{audit_log, users};

on_both_engines!(
    what_is_too_long_or_no_text_is_refused,
    logins_that_look_alike_are_one,
    a_password_by_link_is_one_as_any,
);

const NEW_PASSWORD: &str = "another password that is long";

/// The heading of what went wrong on a page.
fn refusal(page: &Answer) -> Option<&str> {
    between(&page.body, "role=\"alert\"", "</div>").and_then(|alert| between(alert, "font-semibold\">", "<"))
}

async fn logins(db: &TestDb) -> Result<Vec<String>> {
    let all = users::Entity::find().all(db.reader()).await?;
    Ok(all.into_iter().map(|user| user.login).collect())
}

async fn what_is_too_long_or_no_text_is_refused(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let before = logins(db).await?;
    let (long, controls) = ("x".repeat(50_000), "adm\u{0}in\u{1b}[31m\u{202e}");
    // Signing in: one answer, and the log keeps what it can keep.
    for login in [long.as_str(), controls, "\u{0}", "a\r\nb: c"] {
        let mut visitor = world.visitor();
        let answer = visitor
            .post("/sign-in", &[("login", login), ("password", &long)])
            .await?;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert!(answer.location().is_some_and(|to| to.len() < 1_000), "{answer:?}");
        assert_eq!(refusal(&visitor.follow(answer).await?), Some("登录名或密码不正确"));
    }
    let kept = audit_log::Entity::find().all(db.reader()).await?;
    let kept = kept.iter().filter(|entry| entry.action == "session.refused");
    let kept: Vec<_> = kept.map(|entry| entry.actor_login.as_str()).collect();
    assert_eq!(kept.len(), 4);
    assert!(
        kept.iter()
            .all(|login| login.chars().count() <= 128 && !login.contains(char::is_control))
    );

    let mut admin = world.signed_in("admin").await?;
    let most = "a".repeat(65);
    for (login, name, heading) in [
        (most.as_str(), "李雷", "登录名不正确"),
        ("li\u{7}lei", "李雷", "登录名不正确"),
        ("li lei", "李雷", "登录名不正确"),
        ("li", "李雷", "登录名不正确"),
        ("lilei", &"名".repeat(101), "姓名不正确"),
        ("lilei", "李\u{7}雷", "姓名不正确"),
        ("lilei", "", "姓名不正确"),
    ] {
        let fields = [
            ("login", login),
            ("name", name),
            ("role", "merchant_owner"),
            ("merchant_no", XIAOMAN),
        ];
        let page = admin.submit("/actions/user-create", &fields).await?;
        assert_eq!(refusal(&page), Some(heading), "{login:?} {name:?}");
        // What was typed right is still there.
        page.says(&[XIAOMAN]);
    }
    let mut owner = world.signed_in("xiaoman").await?;
    let page = owner
        .submit("/actions/staff-invite", &[("name", &"名".repeat(101))])
        .await?;
    assert_eq!(refusal(&page), Some("姓名不正确"));
    let page = owner.submit("/actions/register", &[("sn", &"9".repeat(65))]).await?;
    assert_eq!(refusal(&page), Some("序列号格式不正确"));
    let fields = [("current", PASSWORD), ("chosen", &long), ("again", &long)];
    let page = owner.submit("/settings/account/password", &fields).await?;
    assert_eq!(refusal(&page), Some("密码太长"));
    owner.submit("/actions/second-factor-begin", &[]).await?;
    let page = owner
        .submit("/actions/second-factor-confirm", &[("code", &long)])
        .await?;
    assert_eq!(refusal(&page), Some("验证码不正确"));
    // In an address it finds nothing.
    for path in ["/devices?q=", "/logs?sn=", "/devices?after=", "/devices/find?sn="] {
        for text in [&long[..8_000], controls, "\u{0}", "%", "\u{fffd}"] {
            let answer = owner.get(&format!("{path}{}", urlencoding::encode(text))).await?;
            assert!(!answer.status.is_server_error(), "{path}{text:?}: {}", answer.status);
        }
    }
    for raw in ["%FF%FE", "%00", "%", "%zz"] {
        let answer = owner.get(&format!("/devices?q={raw}")).await?;
        assert_eq!(answer.status, StatusCode::OK, "{raw}");
    }
    assert_eq!(logins(db).await?.len(), before.len());
    Ok(())
}

async fn logins_that_look_alike_are_one(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let before = logins(db).await?;
    // The same in other letters, and what the eye takes for it: Cyrillic, Greek, digits for letters.
    let twins = [
        "ADMIN",
        " Admin ",
        "ａｄｍｉｎ",
        "аdmin",
        "admіn",
        "adm\u{131}n",
        "xia0man",
        "хiaoman",
    ];
    for twin in twins {
        let fields = [("login", twin), ("name", "李雷"), ("role", "platform_support")];
        let page = admin.submit("/actions/user-create", &fields).await?;
        assert_eq!(refusal(&page), Some("登录名已被使用"), "{twin}");
        let page = owner.submit("/actions/staff-invite", &[("name", "韩梅梅")]).await?;
        let link = marked(&page.body, "one-time-link").ok_or("no link")?.to_owned();
        let token = link.rsplit('/').next().unwrap_or_default();
        let fields = [
            ("token", token),
            ("login", twin),
            ("password", NEW_PASSWORD),
            ("password_again", NEW_PASSWORD),
        ];
        let page = world.visitor().submit("/actions/welcome", &fields).await?;
        assert_eq!(refusal(&page), Some("登录名已被使用"), "{twin}");
        let added = world.add_user(twin, Role::PlatformSupport, None).await;
        assert_eq!(
            added.map_err(|error| error.to_string()),
            Err("the login is taken".to_owned())
        );
    }
    assert_eq!(logins(db).await?, before);
    // Two at the same time: one of them.
    let (mut one, mut two) = (admin.clone(), admin.clone());
    let fields = |login| [("login", login), ("name", "李雷"), ("role", "platform_support")];
    let (first, second) = (fields("scope"), fields("ѕсоре"));
    let (first, second) = tokio::join!(
        one.post("/actions/user-create", &first),
        two.post("/actions/user-create", &second)
    );
    let taken = |answer: &Answer| {
        answer
            .header("set-cookie")
            .is_some_and(|told| told.contains("login_taken"))
    };
    assert!(taken(&first?) != taken(&second?));
    assert_eq!(logins(db).await?.len(), before.len() + 1);
    // Another way of writing it signs in, and what only looks like it does not.
    let enters = async |login: &str| -> Result<bool> {
        let fields = [("login", login), ("password", PASSWORD)];
        let answer = world.visitor().post("/sign-in", &fields).await?;
        Ok(answer.location() == Some("/"))
    };
    assert!(enters("ＡＤＭＩＮ").await?);
    assert!(!enters("аdmin").await?);
    // Others are not concerned.
    world.add_user("admin2", Role::PlatformSupport, None).await?;
    world.add_user("管理员", Role::PlatformSupport, None).await?;
    Ok(())
}

async fn a_password_by_link_is_one_as_any(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let page = admin.submit("/actions/user-reset", &[("login", "xiaoman")]).await?;
    let link = marked(&page.body, "one-time-link").ok_or("no link")?.to_owned();
    let token = link.rsplit('/').next().unwrap_or_default();
    let mut visitor = world.visitor();
    for (password, heading) in [
        ("short", "密码太短"),
        (&*"长".repeat(129), "密码太长"),
        ("password1234", "密码太容易被猜到"),
        ("Xiaoman-2026", "密码里不能只有登录名或商户名"),
        ("杭州小满母婴杭州小满母婴", "密码里不能只有登录名或商户名"),
    ] {
        let fields = [("token", token), ("password", password), ("password_again", password)];
        let page = visitor.submit("/actions/welcome", &fields).await?;
        assert_eq!(refusal(&page), Some(heading), "{password}");
        page.is_silent_on(&[password]);
    }
    let fields = [
        ("token", token),
        ("password", NEW_PASSWORD),
        ("password_again", NEW_PASSWORD),
    ];
    let answer = visitor.post("/actions/welcome", &fields).await?;
    assert_eq!(answer.location(), Some("/sign-in?login=xiaoman"));
    Ok(())
}
