//! The second step of signing in: set up, asked for, replayed, guessed at, lost.

use crate::client::{Answer, Client, between, marked};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{PASSWORD, Result, World};
use app::domain::Role;
use axum::http::StatusCode;
use totp_rs::{Builder, Secret, Totp};

on_both_engines!(
    a_code_is_asked_for_and_taken_once,
    a_recovery_code_takes_its_place_once,
    guesses_are_few_from_everywhere_together,
    the_password_alone_waits_five_minutes,
    what_is_set_up_is_taken_away_with_a_code,
    administrators_set_it_up_before_anything_else,
    a_sign_in_is_written_down_when_it_is_complete,
    wrong_codes_lock_a_login_as_wrong_passwords_do,
    who_has_lost_everything_is_helped,
);

const SECURITY: &str = "/settings/security";
const STEP_MS: i64 = 30_000;

/// An authenticator app.
struct App(Totp);

impl App {
    /// One that has read the secret on a page.
    fn reading(page: &Answer) -> Result<Self> {
        let secret = marked(&page.body, "totp-secret").ok_or("no secret")?;
        let secret = Secret::try_from_base32(secret.replace(' ', "")).map_err(|error| error.to_string())?;
        let totp = Builder::new().with_secret(secret.as_bytes().to_vec()).build();
        Ok(Self(totp.map_err(|error| error.to_string())?))
    }

    /// The code that it shows now.
    fn code(&self, world: &World<'_>) -> String {
        use server::clock::Clock;
        let seconds = world.clock.now().0 / 1000;
        self.0.generate(seconds.unsigned_abs()).to_string()
    }
}

/// Sets it up and answers the app and the recovery codes.
async fn set_up(world: &World<'_>, client: &mut Client) -> Result<(App, Vec<String>)> {
    let page = client.submit("/actions/second-factor-begin", &[]).await?;
    let app = App::reading(&page)?;
    page.says(&["<svg", "M4 4h7v1h-7z"]);
    let mut before = client.clone();
    let page = client
        .submit("/actions/second-factor-confirm", &[("code", &app.code(world))])
        .await?;
    assert_ne!(
        client.cookies["tillkeeper"], before.cookies["tillkeeper"],
        "a session gets another id with each change of what it may do"
    );
    assert_eq!(before.get("/logs").await?.status, StatusCode::SEE_OTHER);
    let list = between(&page.body, "data-testid=\"recovery-codes\"", "</ul>").ok_or("no recovery codes")?;
    let codes: Vec<_> = list
        .split("<li")
        .filter_map(|item| between(item, ">", "<").map(str::to_owned))
        .filter(|code| code.len() == 19)
        .collect();
    assert_eq!(codes.len(), 10, "{list}");
    let again = client.get(SECURITY).await?;
    again.is_silent_on(&[&codes[0], "totp-secret", "otpauth"]);
    // The code that confirmed it is used up.
    world.clock.advance_ms(STEP_MS);
    Ok((app, codes))
}

/// Gives the password; answers the client before the second step.
async fn halfway(world: &World<'_>, login: &str) -> Result<Client> {
    let mut client = world.visitor();
    let answer = client
        .post(
            "/sign-in",
            &[("login", login), ("password", PASSWORD), ("next", "/logs")],
        )
        .await?;
    assert_eq!(answer.location(), Some("/sign-in/code?next=%2Flogs"), "{answer:?}");
    Ok(client)
}

async fn show(client: &mut Client, code: &str) -> Result<Answer> {
    client.post("/sign-in/code", &[("code", code), ("next", "/logs")]).await
}

async fn a_code_is_asked_for_and_taken_once(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let (app, _) = set_up(&world, &mut world.signed_in("xiaoman").await?).await?;
    let mut client = halfway(&world, "xiaoman").await?;
    let before = client.cookies["tillkeeper"].clone();
    // Half signed in is not signed in.
    assert_eq!(client.get("/devices").await?.status, StatusCode::SEE_OTHER);
    client
        .get("/sign-in/code?next=%2Flogs")
        .await?
        .says(&["验证码或恢复码"]);
    let wrong = show(&mut client, "000000").await?;
    assert_eq!(wrong.location(), Some("/sign-in/code?next=%2Flogs"));
    client.follow(wrong).await?.says(&["验证码不正确"]);

    let code = app.code(&world);
    assert_eq!(show(&mut client, &code).await?.location(), Some("/logs"));
    assert_eq!(client.get("/devices").await?.status, StatusCode::OK);
    assert_ne!(client.cookies["tillkeeper"], before, "a session gets another id");

    // Whoever looked over the shoulder has a code that was used.
    let mut other = halfway(&world, "xiaoman").await?;
    assert_ne!(show(&mut other, &code).await?.location(), Some("/logs"));
    world.clock.advance_ms(STEP_MS);
    assert_ne!(
        show(&mut other, &code).await?.location(),
        Some("/logs"),
        "nor a step later"
    );
    let next = app.code(&world);
    assert_eq!(show(&mut other, &next).await?.location(), Some("/logs"));
    // Two at the same time with one code: one of them.
    world.clock.advance_ms(STEP_MS);
    let code = app.code(&world);
    let (mut one, mut two) = (halfway(&world, "xiaoman").await?, halfway(&world, "xiaoman").await?);
    let (first, second) = tokio::join!(show(&mut one, &code), show(&mut two, &code));
    let let_in = [first?, second?]
        .iter()
        .filter(|answer| answer.location() == Some("/logs"))
        .count();
    assert_eq!(let_in, 1);
    Ok(())
}

async fn a_recovery_code_takes_its_place_once(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let (app, codes) = set_up(&world, &mut world.signed_in("xiaoman").await?).await?;
    let mut client = halfway(&world, "xiaoman").await?;
    assert_eq!(
        show(&mut client, &codes[3].to_lowercase()).await?.location(),
        Some("/logs")
    );
    client.get(SECURITY).await?.says(&["还有 9 个恢复码"]);
    let mut again = halfway(&world, "xiaoman").await?;
    assert_ne!(show(&mut again, &codes[3]).await?.location(), Some("/logs"));
    // Another's recovery code is none.
    let (_, others) = set_up(&world, &mut world.signed_in("shengjing").await?).await?;
    assert_ne!(show(&mut again, &others[0]).await?.location(), Some("/logs"));

    let page = client
        .submit("/actions/second-factor-renew", &[("code", &app.code(&world))])
        .await?;
    page.says(&["请保存恢复码", "还有 10 个恢复码"])
        .is_silent_on(&[&codes[0]]);
    assert_ne!(show(&mut again, &codes[0]).await?.location(), Some("/logs"));
    use sea_orm::EntityTrait;
    let kept = server::entities::recovery_codes::Entity::find()
        .all(db.reader())
        .await?;
    assert!(kept.iter().all(|code| code.code_hash.len() == 32) && kept.len() == 20);
    Ok(())
}

async fn guesses_are_few_from_everywhere_together(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let (app, _) = set_up(&world, &mut world.signed_in("xiaoman").await?).await?;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(halfway(&world, "xiaoman").await?);
    }
    for guess in 0..5 {
        show(&mut clients[guess % 3], "000000").await?;
    }
    let code = app.code(&world);
    let late = show(&mut clients[0], &code).await?;
    assert_eq!(
        late.status,
        StatusCode::TOO_MANY_REQUESTS,
        "the right one comes too late"
    );
    late.says(&["尝试次数过多", "name=\"password\"", "value=\"/logs\""]);
    let seconds: u64 = late.header("retry-after").ok_or("when?")?.parse()?;
    assert!((200..=300).contains(&seconds), "{seconds}");
    // The password again makes no more tries.
    let mut fresh = halfway(&world, "xiaoman").await?;
    assert_ne!(show(&mut fresh, &code).await?.location(), Some("/logs"));
    world.clock.advance_ms(5 * 60 * 1000);
    let mut fresh = halfway(&world, "xiaoman").await?;
    let code = app.code(&world);
    assert_eq!(show(&mut fresh, &code).await?.location(), Some("/logs"));
    Ok(())
}

async fn the_password_alone_waits_five_minutes(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let (app, _) = set_up(&world, &mut world.signed_in("xiaoman").await?).await?;
    let mut nobody = world.visitor();
    let answer = show(&mut nobody, &app.code(&world)).await?;
    assert_eq!(answer.location(), Some("/sign-in?next=%2Flogs"));
    let mut slow = halfway(&world, "xiaoman").await?;
    world.clock.advance_ms(5 * 60 * 1000);
    let answer = show(&mut slow, &app.code(&world)).await?;
    slow.follow(answer).await?.says(&["登录已超时"]);

    // Whoever was halfway with a password that was reset since does not get in.
    let mut halfway_in = halfway(&world, "xiaoman").await?;
    let mut admin = world.signed_in("admin").await?;
    admin.post("/actions/user-reset", &[("login", "xiaoman")]).await?;
    let code = app.code(&world);
    assert_ne!(show(&mut halfway_in, &code).await?.location(), Some("/logs"));
    Ok(())
}

async fn what_is_set_up_is_taken_away_with_a_code(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner
        .submit("/actions/second-factor-confirm", &[("code", "000000")])
        .await?
        .says(&["两步验证没有开启"]);
    let page = owner.submit("/actions/second-factor-begin", &[]).await?;
    let app = App::reading(&page)?;
    owner
        .submit("/actions/second-factor-confirm", &[("code", "12345")])
        .await?
        .says(&["验证码不正确", "totp-secret"]);
    // Begun and left alone, it asks for nothing and is over after half an hour.
    world.signed_in("xiaoman").await?;
    let mut owner = world.signed_in("xiaoman").await?;
    world.clock.advance_ms(30 * 60 * 1000);
    owner
        .submit("/actions/second-factor-confirm", &[("code", &app.code(&world))])
        .await?
        .says(&["两步验证没有开启"])
        .is_silent_on(&["totp-secret"]);

    let (app, _) = set_up(&world, &mut owner).await?;
    owner
        .submit("/actions/second-factor-begin", &[])
        .await?
        .says(&["两步验证已开启"]);
    owner
        .submit("/actions/second-factor-disable", &[("code", "000000")])
        .await?
        .says(&["验证码不正确"]);
    halfway(&world, "xiaoman").await?;
    owner
        .submit("/actions/second-factor-disable", &[("code", &app.code(&world))])
        .await?
        .says(&["两步验证已关闭"]);
    world.signed_in("xiaoman").await?;
    Ok(())
}

async fn administrators_set_it_up_before_anything_else(db: &TestDb) -> Outcome {
    let world = World::with(db, &[("TILLKEEPER_REQUIRE_SECOND_FACTOR", "true")]).await?;
    world.add_user("support", Role::PlatformSupport, None).await?;
    for login in ["xiaoman", "support"] {
        assert_eq!(world.signed_in(login).await?.get("/logs").await?.status, StatusCode::OK);
    }
    let mut admin = world.signed_in("admin").await?;
    for path in ["/", "/terminals", "/users", "/nothing", "/settings/staff"] {
        let answer = admin.get(path).await?;
        assert_eq!(answer.location(), Some("/settings/security?required=1"), "{path}");
    }
    let fields = [("login", "xiaoman"), ("enabled", "false")];
    let answer = admin.post("/actions/user-enable", &fields).await?;
    assert_eq!(answer.location(), Some("/settings/security?required=1"));
    world.signed_in("xiaoman").await?;
    let upload = ("file", "x.csv", &b"sn,manufacturer,model\nABCD,PAX,S90\n"[..]);
    let answer = admin.upload("/actions/import", &[], upload).await?;
    assert_eq!(answer.location(), Some("/settings/security?required=1"));
    assert!(world.terminals("ABCD").await?.is_empty());

    admin
        .get("/settings/security?required=1")
        .await?
        .says(&["平台管理员须先开启两步验证"]);
    admin
        .submit("/language", &[("language", "zh"), ("back", SECURITY)])
        .await?
        .says(&["开启两步验证"]);
    let (app, _) = set_up(&world, &mut admin).await?;
    assert_eq!(admin.get("/users").await?.status, StatusCode::OK);
    // Without it again, nothing is open again.
    admin
        .post("/actions/second-factor-disable", &[("code", &app.code(&world))])
        .await?;
    assert_eq!(admin.get("/users").await?.status, StatusCode::SEE_OTHER);
    assert_eq!(admin.post("/sign-out", &[]).await?.location(), Some("/sign-in"));
    Ok(())
}

/// Action and reason or outcome of the audit log's entries about signing in and codes, after the first `skip`; each with the
/// login, and a session where somebody is in.
async fn written(world: &World<'_>, skip: usize) -> Result<Vec<(String, String)>> {
    use sea_orm::{EntityTrait, QueryOrder};
    use server::entities::audit_log::{Column, Entity};
    let all = Entity::find().order_by_asc(Column::Id).all(world.db.reader()).await?;
    let about = |action: &str| action.starts_with("session.") || action.starts_with("second_factor.");
    let entries = all.into_iter().skip(skip).filter(|entry| about(&entry.action));
    Ok(entries
        .map(|entry| {
            assert!(entry.actor_id.is_some() && !entry.request_id.is_empty(), "{entry:?}");
            assert_eq!(
                entry.session.is_some(),
                entry.action != "session.refused" && entry.action != "second_factor.used_recovery",
                "{entry:?}"
            );
            (entry.action, entry.reason.unwrap_or(entry.outcome))
        })
        .collect())
}

async fn a_sign_in_is_written_down_when_it_is_complete(db: &TestDb) -> Outcome {
    use sea_orm::{EntityTrait, PaginatorTrait};
    let world = World::new(db).await?;
    let (app, codes) = set_up(&world, &mut world.signed_in("xiaoman").await?).await?;
    let entries = async || server::entities::audit_log::Entity::find().count(db.reader()).await;
    let told = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let owned = |(action, how): &(&str, &str)| ((*action).to_owned(), (*how).to_owned());
        pairs.iter().map(owned).collect()
    };
    let skip = usize::try_from(entries().await?)?;
    let mut client = halfway(&world, "xiaoman").await?;
    assert_eq!(written(&world, skip).await?, [], "the password alone is no sign-in");
    show(&mut client, "000000").await?;
    show(&mut client, "nonsense").await?;
    show(&mut client, &app.code(&world)).await?;
    let wrong = ("session.refused", "code_wrong");
    let entered = ("session.signed_in", "success");
    assert_eq!(written(&world, skip).await?, told(&[wrong, wrong, entered]));
    // With a recovery code.
    let skip = usize::try_from(entries().await?)?;
    let mut client = halfway(&world, "xiaoman").await?;
    show(&mut client, &codes[0]).await?;
    let used = ("second_factor.used_recovery", "success");
    assert_eq!(written(&world, skip).await?, told(&[used, entered]));
    // What is done with the second step, and what was refused.
    let skip = usize::try_from(entries().await?)?;
    client
        .post("/actions/second-factor-renew", &[("code", "000000")])
        .await?;
    world.clock.advance_ms(STEP_MS);
    client
        .post("/actions/second-factor-renew", &[("code", &app.code(&world))])
        .await?;
    client
        .post("/actions/second-factor-disable", &[("code", "000000")])
        .await?;
    world.clock.advance_ms(STEP_MS);
    client
        .post("/actions/second-factor-disable", &[("code", &app.code(&world))])
        .await?;
    assert_eq!(
        written(&world, skip).await?,
        told(&[
            ("second_factor.codes_renewed", "code_wrong"),
            ("second_factor.codes_renewed", "success"),
            ("second_factor.disabled", "code_wrong"),
            ("second_factor.disabled", "success"),
        ])
    );
    // Too late, and too often: of a flood the first is written down.
    let (app, _) = set_up(&world, &mut client).await?;
    let skip = usize::try_from(entries().await?)?;
    let mut slow = halfway(&world, "xiaoman").await?;
    world.clock.advance_ms(5 * 60 * 1000);
    show(&mut slow, &app.code(&world)).await?;
    let mut clients = Vec::new();
    for _ in 0..8 {
        clients.push(halfway(&world, "xiaoman").await?);
    }
    for client in &mut clients {
        show(client, "000000").await?;
    }
    let mut expected = vec![("session.refused", "sign_in_expired")];
    expected.extend([wrong; 5]);
    expected.push(("session.refused", "too_many_attempts"));
    assert_eq!(written(&world, skip).await?, told(&expected));
    Ok(())
}

async fn wrong_codes_lock_a_login_as_wrong_passwords_do(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let (app, _) = set_up(&world, &mut world.signed_in("xiaoman").await?).await?;
    for _ in 0..2 {
        let mut client = halfway(&world, "xiaoman").await?;
        for _ in 0..5 {
            show(&mut client, "000000").await?;
        }
        world.clock.advance_ms(5 * 60 * 1000);
    }
    // Ten in half an hour: whoever has the password tries no more, and is told when.
    let fields = [("login", "xiaoman"), ("password", PASSWORD)];
    let answer = world.visitor().post("/sign-in", &fields).await?;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = answer.header("retry-after").ok_or("when?")?.parse()?;
    assert!((1200..=1800).contains(&seconds), "{seconds}");
    world.clock.advance_ms(31 * 60 * 1000);
    let mut client = halfway(&world, "xiaoman").await?;
    assert_eq!(show(&mut client, &app.code(&world)).await?.location(), Some("/logs"));
    // A complete sign-in forgives what went wrong before it; a password alone does not.
    let mut client = halfway(&world, "xiaoman").await?;
    for _ in 0..4 {
        show(&mut client, "000000").await?;
    }
    world.clock.advance_ms(STEP_MS);
    assert_eq!(show(&mut client, &app.code(&world)).await?.location(), Some("/logs"));
    for _ in 0..9 {
        world
            .visitor()
            .post("/sign-in", &[("login", "xiaoman"), ("password", "wrong")])
            .await?;
    }
    halfway(&world, "xiaoman").await?;
    world
        .visitor()
        .post("/sign-in", &[("login", "xiaoman"), ("password", "wrong")])
        .await?;
    let answer = world.visitor().post("/sign-in", &fields).await?;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    Ok(())
}

async fn who_has_lost_everything_is_helped(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    set_up(&world, &mut owner).await?;
    let mut other = world.signed_in("shengjing").await?;
    let fields = [("login", "xiaoman")];
    other.post("/actions/user-factor-reset", &fields).await?;
    halfway(&world, "xiaoman").await?;
    let mut admin = world.signed_in("admin").await?;
    admin
        .submit("/actions/user-factor-reset", &fields)
        .await?
        .says(&["两步验证已解除"]);
    assert_eq!(owner.get("/devices").await?.status, StatusCode::SEE_OTHER);
    world.signed_in("xiaoman").await?;
    Ok(())
}
