//! Accounts: made, invited, reset, disabled, and by whom.

use crate::client::{Answer, Client, between, marked, table_rows};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{PASSWORD, Result, SHENGJING, World, XIAOMAN};
use app::domain::Role;
use axum::http::StatusCode;

on_both_engines!(
    an_account_begins_with_a_link,
    a_link_works_once_and_not_for_ever,
    a_reset_shuts_the_door_until_the_link_is_used,
    a_disabled_user_is_out_at_once,
    somebody_always_administers_the_platform,
    roles_change_within_their_side,
    an_owner_looks_after_its_own_clerks,
    an_invitation_is_renewed_and_withdrawn,
    who_sees_which_page,
    every_account_is_found,
    the_first_administrator_comes_by_a_link,
);

const NEW_PASSWORD: &str = "another password that is long";

/// The path of the one-time link on a page.
fn link_on(page: &Answer) -> Result<String> {
    let link = marked(&page.body, "one-time-link");
    let link = link.ok_or_else(|| format!("no link on {page:?}"))?;
    Ok(link
        .strip_prefix("http://localhost")
        .ok_or("the link leads elsewhere")?
        .to_owned())
}

/// Opens a link and sets the password.
async fn accept(visitor: &mut Client, link: &str, login: &str) -> Result<Answer> {
    let token = link.rsplit('/').next().unwrap_or_default();
    let fields = [
        ("token", token),
        ("login", login),
        ("password", NEW_PASSWORD),
        ("password_again", NEW_PASSWORD),
    ];
    visitor.post("/actions/welcome", &fields).await
}

async fn signs_in(world: &World<'_>, login: &str, password: &str) -> Result<bool> {
    let mut visitor = world.visitor();
    let answer = visitor
        .post("/sign-in", &[("login", login), ("password", password)])
        .await?;
    Ok(answer.location() == Some("/"))
}

async fn an_account_begins_with_a_link(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let fields = [
        ("login", "ＬiLei"),
        ("name", "李雷"),
        ("role", "merchant_owner"),
        ("merchant_no", XIAOMAN),
    ];
    let page = admin.submit("/actions/user-create", &fields).await?;
    let link = link_on(&page)?;
    admin.get("/users?q=lilei").await?.says(&["lilei", "待设置密码"]);
    assert!(!signs_in(&world, "lilei", "").await?, "no password opens nothing");

    let mut visitor = world.visitor();
    let welcome = visitor.get(&link).await?;
    welcome.says(&["李雷", "杭州小满母婴", "lilei"]);
    let done = accept(&mut visitor, &link, "").await?;
    assert_eq!(done.location(), Some("/sign-in?login=lilei"));
    visitor.follow(done).await?.says(&["密码已设置", "value=\"lilei\""]);
    assert!(signs_in(&world, "lilei", NEW_PASSWORD).await?);
    let list = admin.get("/users?q=lilei").await?;
    list.says(&["正常", "刚刚"]).is_silent_on(&["待设置密码</span>"]);

    for (wrong, code) in [
        (("login", "a b"), "login_malformed"),
        (("login", "xiaoman"), "login_taken"),
        (("name", "=1+1"), "name_malformed"),
        (("role", "boss"), "form"),
        (("role", "platform_admin"), "role_and_merchant"),
        (("merchant_no", ""), "role_and_merchant"),
        (("merchant_no", "404"), "merchant_unknown"),
    ] {
        let mut fields = [
            ("login", "other"),
            ("name", "李雷"),
            ("role", "merchant_owner"),
            ("merchant_no", XIAOMAN),
        ];
        for field in &mut fields {
            if field.0 == wrong.0 {
                *field = wrong;
            }
        }
        let refused = admin.post("/actions/user-create", &fields).await?;
        let flash = refused.header("set-cookie").ok_or("no message")?;
        assert!(flash.contains(code), "{wrong:?}: {flash}");
    }
    assert!(!admin.get("/users?q=other").await?.body.contains("/users/other"));
    Ok(())
}

async fn a_link_works_once_and_not_for_ever(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let page = owner.submit("/actions/staff-invite", &[("name", "韩梅梅")]).await?;
    let link = link_on(&page)?;
    let token = link.rsplit('/').next().ok_or("no token")?.to_owned();
    let mut visitor = world.visitor();
    visitor.get(&link).await?.says(&["韩梅梅", "name=\"login\""]);

    // What is wrong leaves the link as it is.
    for (login, password, again, code) in [
        ("h m", NEW_PASSWORD, NEW_PASSWORD, "login_malformed"),
        ("xiaoman", NEW_PASSWORD, NEW_PASSWORD, "login_taken"),
        ("hanmeimei", "short", "short", "password_too_short"),
        ("hanmeimei", NEW_PASSWORD, PASSWORD, "passwords_differ"),
    ] {
        let fields = [
            ("token", token.as_str()),
            ("login", login),
            ("password", password),
            ("password_again", again),
        ];
        let refused = visitor.post("/actions/welcome", &fields).await?;
        let flash = refused.header("set-cookie").ok_or("no message")?.to_owned();
        assert!(flash.contains(code), "{login}: {flash}");
        let back = visitor.follow(refused).await?;
        assert_eq!(back.status, StatusCode::OK);
        back.is_silent_on(&[NEW_PASSWORD, "value=\"short\""]);
    }

    // Two who press at the same time: one account.
    let (mut one, mut two) = (world.visitor(), world.visitor());
    let (first, second) = tokio::join!(accept(&mut one, &link, "hanmei1"), accept(&mut two, &link, "hanmei2"));
    let accepted = [first?, second?]
        .iter()
        .filter(|answer| answer.location().is_some_and(|to| to.starts_with("/sign-in")))
        .count();
    assert_eq!(accepted, 1);

    let late = owner.submit("/actions/staff-invite", &[("name", "韩梅梅")]).await?;
    let late = link_on(&late)?;
    world.clock.advance_ms(72 * 60 * 60 * 1000);
    let mut pages = Vec::new();
    for path in [
        link.as_str(),
        &late,
        &format!("/welcome/{}", "0".repeat(64)),
        "/welcome/short",
    ] {
        let answer = visitor.get(path).await?;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        answer.says(&["链接已失效"]);
        pages.push(between(&answer.body, "<main", "</main>").map(str::to_owned));
        let refused = accept(&mut world.visitor(), path, "somebody").await?;
        assert!(refused.location().is_some_and(|to| to.starts_with("/welcome/")));
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "why a link does not work is not told");
    assert!(!signs_in(&world, "somebody", NEW_PASSWORD).await?);
    Ok(())
}

async fn a_reset_shuts_the_door_until_the_link_is_used(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let first = admin.submit("/actions/user-reset", &[("login", "xiaoman")]).await?;
    let first = link_on(&first)?;
    assert_eq!(owner.get("/devices").await?.status, StatusCode::SEE_OTHER);
    assert!(!signs_in(&world, "xiaoman", PASSWORD).await?);

    let again = admin.submit("/actions/user-reset", &[("login", "xiaoman")]).await?;
    let again = link_on(&again)?;
    let mut visitor = world.visitor();
    assert_eq!(visitor.get(&first).await?.status, StatusCode::NOT_FOUND);
    // The login is the account's, whatever is sent.
    accept(&mut visitor, &again, "admin").await?;
    assert!(signs_in(&world, "xiaoman", NEW_PASSWORD).await?);
    assert!(signs_in(&world, "admin", PASSWORD).await?);

    let own = admin.submit("/actions/user-reset", &[("login", "admin")]).await?;
    own.says(&["不能对自己的账号操作"]);
    let nobody = admin.submit("/actions/user-reset", &[("login", "nobody")]).await?;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    Ok(())
}

async fn a_disabled_user_is_out_at_once(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let switch = |enabled| [("login", "xiaoman"), ("enabled", enabled)];
    let page = admin.submit("/actions/user-enable", &switch("false")).await?;
    page.says(&["账号已停用", "恢复使用"]);
    assert_eq!(owner.get("/devices").await?.status, StatusCode::SEE_OTHER);
    assert!(!signs_in(&world, "xiaoman", PASSWORD).await?);
    let reset = admin.submit("/actions/user-reset", &[("login", "xiaoman")]).await?;
    reset.says(&["请先恢复使用"]);

    admin
        .submit("/actions/user-enable", &switch("true"))
        .await?
        .says(&["账号已恢复使用"]);
    assert!(signs_in(&world, "xiaoman", PASSWORD).await?);
    // A session of before does not come back.
    assert_eq!(owner.get("/devices").await?.status, StatusCode::SEE_OTHER);

    // A link that was out stops working with the account.
    let link = admin.submit("/actions/user-reset", &[("login", "xiaoman")]).await?;
    let link = link_on(&link)?;
    admin.submit("/actions/user-enable", &switch("false")).await?;
    admin.submit("/actions/user-enable", &switch("true")).await?;
    assert_eq!(world.visitor().get(&link).await?.status, StatusCode::NOT_FOUND);
    Ok(())
}

async fn somebody_always_administers_the_platform(db: &TestDb) -> Outcome {
    use app::backend::users::Users;
    use app::caller::Caller;
    use app::domain::Login;
    use app::error::{AppError, Invalid};
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let own = admin
        .submit("/actions/user-enable", &[("login", "admin"), ("enabled", "false")])
        .await?;
    own.says(&["不能对自己的账号操作"]);

    let system = Caller::system("test");
    let users = &world.services.users;
    let disable = async |login: &str| {
        users
            .set_enabled(
                system.account_manager()?,
                &Login::parse(login).map_err(|_| AppError::NotFound)?,
                false,
            )
            .await
    };
    let last = Err(AppError::Invalid(Invalid::LastAdministrator));
    assert_eq!(disable("admin").await, last);
    // One who has no password yet cannot take over.
    let fields = [("login", "second"), ("name", "二"), ("role", "platform_admin")];
    let page = admin.submit("/actions/user-create", &fields).await?;
    assert_eq!(disable("admin").await, last);
    accept(&mut world.visitor(), &link_on(&page)?, "").await?;

    // Two who disable each other at the same time: one of them stays.
    let mut second = world.visitor();
    second
        .post("/sign-in", &[("login", "second"), ("password", NEW_PASSWORD)])
        .await?;
    let (one, two) = (
        [("login", "second"), ("enabled", "false")],
        [("login", "admin"), ("enabled", "false")],
    );
    let (one, two) = tokio::join!(
        admin.post("/actions/user-enable", &one),
        second.post("/actions/user-enable", &two)
    );
    assert_eq!(
        (one?.status, two?.status),
        (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER)
    );
    let left = [
        signs_in(&world, "admin", PASSWORD).await?,
        signs_in(&world, "second", NEW_PASSWORD).await?,
    ];
    assert_eq!(left.iter().filter(|signs_in| **signs_in).count(), 1, "{left:?}");
    Ok(())
}

async fn roles_change_within_their_side(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let role = |login, role| [("login", login), ("role", role)];
    let page = admin
        .submit("/actions/user-role", &role("xiaoman", "merchant_clerk"))
        .await?;
    page.says(&["角色已更改", "改为商户管理员"]);
    assert_eq!(owner.get("/devices").await?.status, StatusCode::SEE_OTHER);
    let mut clerk = world.signed_in("xiaoman").await?;
    assert_eq!(clerk.get("/settings/staff").await?.status, StatusCode::FORBIDDEN);

    let page = admin
        .submit("/actions/user-role", &role("xiaoman", "platform_admin"))
        .await?;
    page.says(&["角色与商户不匹配"]);
    let page = admin
        .submit("/actions/user-role", &role("admin", "platform_support"))
        .await?;
    page.says(&["不能对自己的账号操作"]);
    admin.post("/actions/user-role", &role("shengjing", "nonsense")).await?;
    admin.get("/users/shengjing").await?.says(&["商户管理员"]);
    Ok(())
}

async fn an_owner_looks_after_its_own_clerks(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.add_user("own.clerk", Role::MerchantClerk, Some(XIAOMAN)).await?;
    world
        .add_user("other.clerk", Role::MerchantClerk, Some(SHENGJING))
        .await?;
    world.add_user("partner", Role::MerchantOwner, Some(XIAOMAN)).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let page = owner.get("/settings/staff").await?;
    page.says(&["own.clerk"])
        .is_silent_on(&["other.clerk", "partner", "shengjing"]);

    let mut clerk = world.signed_in("own.clerk").await?;
    let switch = |login, enabled| [("login", login), ("enabled", enabled)];
    owner
        .submit("/actions/user-enable", &switch("own.clerk", "false"))
        .await?
        .says(&["账号已停用"]);
    assert_eq!(clerk.get("/").await?.status, StatusCode::SEE_OTHER);
    owner
        .submit("/actions/user-enable", &switch("own.clerk", "true"))
        .await?
        .says(&["账号已恢复使用"]);
    let page = owner.submit("/actions/user-reset", &[("login", "own.clerk")]).await?;
    accept(&mut world.visitor(), &link_on(&page)?, "").await?;
    assert!(signs_in(&world, "own.clerk", NEW_PASSWORD).await?);

    // Another merchant's clerk is told of as nobody is; so are owners and the platform's people.
    let mut answers = Vec::new();
    for login in ["other.clerk", "partner", "admin", "nobody", "a b"] {
        let page = owner.submit("/actions/user-enable", &switch(login, "false")).await?;
        answers.push(between(&page.body, "role=\"alert\"", "</div>").map(str::to_owned));
        let page = owner.submit("/actions/user-reset", &[("login", login)]).await?;
        answers.push(between(&page.body, "role=\"alert\"", "</div>").map(str::to_owned));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers[0].is_some());
    for login in ["other.clerk", "partner", "admin"] {
        assert!(signs_in(&world, login, PASSWORD).await?, "{login}");
    }
    owner
        .post(
            "/actions/user-role",
            &[("login", "own.clerk"), ("role", "merchant_owner")],
        )
        .await?;
    owner
        .post(
            "/actions/user-create",
            &[("login", "new1"), ("name", "x"), ("role", "platform_admin")],
        )
        .await?;
    let mut admin = world.signed_in("admin").await?;
    admin.get("/users/own.clerk").await?.says(&["店员"]);
    assert_eq!(admin.get("/users/new1").await?.status, StatusCode::NOT_FOUND);
    Ok(())
}

async fn an_invitation_is_renewed_and_withdrawn(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let page = owner.submit("/actions/staff-invite", &[("name", "韩梅梅")]).await?;
    let first = link_on(&page)?;
    let id = between(&page.body, "name=\"id\" value=\"", "\"").ok_or("no invitation")?;
    let mut other = world.signed_in("shengjing").await?;
    for path in ["/actions/invitation-renew", "/actions/invitation-withdraw"] {
        other.submit(path, &[("id", id)]).await?.says(&["找不到"]);
    }
    let page = owner.submit("/actions/invitation-renew", &[("id", id)]).await?;
    let second = link_on(&page)?;
    let mut visitor = world.visitor();
    assert_eq!(visitor.get(&first).await?.status, StatusCode::NOT_FOUND);
    assert_eq!(visitor.get(&second).await?.status, StatusCode::OK);
    let id = between(&page.body, "name=\"id\" value=\"", "\"").ok_or("no invitation")?;
    let page = owner.submit("/actions/invitation-withdraw", &[("id", id)]).await?;
    page.says(&["邀请已撤回"]).is_silent_on(&["韩梅梅"]);
    assert_eq!(visitor.get(&second).await?.status, StatusCode::NOT_FOUND);
    owner
        .submit("/actions/staff-invite", &[("name", " ")])
        .await?
        .says(&["姓名不正确"]);
    Ok(())
}

async fn who_sees_which_page(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.add_user("support", Role::PlatformSupport, None).await?;
    world.add_user("clerk", Role::MerchantClerk, Some(XIAOMAN)).await?;
    for (login, users, staff) in [
        ("admin", StatusCode::OK, StatusCode::NOT_FOUND),
        ("support", StatusCode::OK, StatusCode::NOT_FOUND),
        ("xiaoman", StatusCode::NOT_FOUND, StatusCode::OK),
        ("clerk", StatusCode::NOT_FOUND, StatusCode::FORBIDDEN),
    ] {
        let mut client = world.signed_in(login).await?;
        assert_eq!(client.get("/users").await?.status, users, "{login}");
        assert_eq!(client.get("/users/xiaoman").await?.status, users, "{login}");
        assert_eq!(client.get("/settings/staff").await?.status, staff, "{login}");
    }
    // Support looks and changes nothing; nor does a clerk.
    for login in ["support", "clerk"] {
        let mut client = world.signed_in(login).await?;
        for (path, fields) in [
            (
                "/actions/user-enable",
                &[("login", "xiaoman"), ("enabled", "false")][..],
            ),
            ("/actions/user-reset", &[("login", "xiaoman")]),
            (
                "/actions/user-role",
                &[("login", "xiaoman"), ("role", "merchant_clerk")],
            ),
            (
                "/actions/user-create",
                &[("login", "new1"), ("name", "x"), ("role", "platform_admin")],
            ),
            ("/actions/staff-invite", &[("name", "x")]),
        ] {
            let answer = client.post(path, fields).await?;
            let flash = answer.header("set-cookie").unwrap_or_default();
            assert!(
                flash.contains("forbidden") || flash.contains("not_found"),
                "{login} {path}: {answer:?}"
            );
        }
    }
    assert!(signs_in(&world, "xiaoman", PASSWORD).await?);
    let mut support = world.signed_in("support").await?;
    support.get("/users").await?.is_silent_on(&["/actions/user-create"]);
    support.get("/users/xiaoman").await?.is_silent_on(&["/actions/user-"]);
    Ok(())
}

async fn every_account_is_found(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
    use server::entities::users;
    let all = users::Entity::find().all(db.reader()).await?;
    let owner = all.iter().find(|user| user.login == "xiaoman").ok_or("no owner")?;
    for number in 0..120_u128 {
        let clerk = users::Model {
            id: uuid::Uuid::from_u128(number + 1),
            login: format!("clerk{number:03}"),
            login_skeleton: None,
            display_name: format!("店员 50%_{number}"),
            role: "merchant_clerk".to_owned(),
            ..owner.clone()
        };
        clerk.into_active_model().reset_all().insert(db.writer()).await?;
    }
    let mut admin = world.signed_in("admin").await?;
    let mut path = "/users".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = admin.get(&path).await?;
        seen.extend(
            table_rows(&page.body)
                .iter()
                .filter_map(|row| between(row, "href=\"/users/", "\"").map(str::to_owned)),
        );
        let Some(next) = between(&page.body, "rel=\"next\" href=\"", "\"") else {
            break;
        };
        path = next.replace("&amp;", "&");
    }
    assert_eq!(seen.len(), 123);
    assert!(seen.is_sorted(), "{seen:?}");
    for (query, count) in [
        ("q=clerk11", 10),
        ("q=%E5%BA%97%E5%91%98+119", 1),
        ("q=50%25_7", 11),
        ("q=%25%25", 0),
        ("q=%E5%B0%8F%E6%BB%A1+XIAO", 1),
        ("role=platform_admin", 1),
        ("state=disabled", 0),
        ("state=active&role=merchant_owner", 2),
        ("merchant=898292720000001", 1),
        ("merchant=%23", 0),
    ] {
        let page = admin.get(&format!("/users?{query}")).await?;
        assert_eq!(table_rows(&page.body).len(), count, "{query}");
    }
    let mut owner = world.signed_in("xiaoman").await?;
    let page = owner.get("/settings/staff").await?;
    assert_eq!(page.body.matches("name=\"enabled\"").count(), 50);
    page.says(&["rel=\"next\""]);
    Ok(())
}

async fn the_first_administrator_comes_by_a_link(db: &TestDb) -> Outcome {
    use app::caller::Caller;
    let world = World::new(db).await?;
    let system = Caller::system("test");
    let invitations = &world.services.invitations;
    assert_eq!(invitations.set_up(system.platform_admin()?).await?, None);
    world.sql("DELETE FROM users").await?;
    let first = invitations.set_up(system.platform_admin()?).await?.ok_or("no link")?;
    let link = invitations.set_up(system.platform_admin()?).await?.ok_or("no link")?;
    let (first, link) = (format!("/welcome/{}", first.token), format!("/welcome/{}", link.token));
    let mut visitor = world.visitor();
    assert_eq!(
        visitor.get(&first).await?.status,
        StatusCode::NOT_FOUND,
        "only the newest works"
    );
    visitor.get(&link).await?.says(&["创建平台管理员"]);
    accept(&mut visitor, &link, "Boss").await?;
    assert!(signs_in(&world, "boss", NEW_PASSWORD).await?);
    assert_eq!(visitor.get(&link).await?.status, StatusCode::NOT_FOUND);
    assert_eq!(invitations.set_up(system.platform_admin()?).await?, None);

    // With a user there, a link that is still out makes no second one.
    world.sql("DELETE FROM users").await?;
    let link = invitations.set_up(system.platform_admin()?).await?.ok_or("no link")?;
    world.add_user("quicker", Role::PlatformAdmin, None).await?;
    accept(&mut visitor, &format!("/welcome/{}", link.token), "late").await?;
    assert!(!signs_in(&world, "late", NEW_PASSWORD).await?);

    // Nor does one work a day later.
    world.sql("DELETE FROM users").await?;
    let link = invitations.set_up(system.platform_admin()?).await?.ok_or("no link")?;
    let path = format!("/welcome/{}", link.token);
    assert_eq!(visitor.get(&path).await?.status, StatusCode::OK);
    world.clock.advance_ms(24 * 60 * 60 * 1000);
    assert_eq!(visitor.get(&path).await?.status, StatusCode::NOT_FOUND);
    Ok(())
}
