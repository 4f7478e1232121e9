//! What people did, and from where: written with the deed, read by the platform.

use crate::client::table_rows;
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{PASSWORD, Result, World, XIAOMAN};
use app::caller::{Caller, RequestInfo};
use app::domain::{AuditAction, Login, Role};
use axum::http::StatusCode;
use sea_orm::{EntityTrait, QueryOrder};
use server::entities::audit_log;
use server::services::audit::AuditEntry;

on_both_engines!(
    what_people_do_is_written_down,
    what_is_done_to_accounts_is_told_before_and_after,
    the_log_is_the_platforms,
    the_log_is_narrowed_and_paged,
    the_log_is_exported_whole,
);

/// The entries, oldest first.
async fn entries(world: &World<'_>) -> Result<Vec<audit_log::Model>> {
    let find = audit_log::Entity::find().order_by_asc(audit_log::Column::Id);
    Ok(find.all(world.db.reader()).await?)
}

/// Who, what and how it ended, of the entries after the first `skip`.
async fn told(world: &World<'_>, skip: usize) -> Result<Vec<(String, String, String)>> {
    let told = entries(world).await?.into_iter().skip(skip);
    Ok(told
        .map(|entry| (entry.actor_login, entry.action, entry.reason.unwrap_or(entry.outcome)))
        .collect())
}

async fn what_people_do_is_written_down(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    assert_eq!(
        told(&world, 0).await?,
        ["admin", "xiaoman", "shengjing"].map(|_| (
            "tillkeeper".to_owned(),
            "user.created".to_owned(),
            "success".to_owned()
        ))
    );
    let mut visitor = world.visitor();
    visitor
        .post("/sign-in", &[("login", "Ｘiaoman"), ("password", "wrong")])
        .await?;
    visitor
        .post("/sign-in", &[("login", "no\u{7}body"), ("password", PASSWORD)])
        .await?;
    world
        .import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\nFREE0001,PAX,S90,,,\n"))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner.post("/actions/register", &[("sn", "OWN10001")]).await?;
    owner.post("/actions/register", &[("sn", "FREE0001")]).await?;
    let terminal = world.terminals("OWN10001").await?[0].id.to_string();
    let fields = [("terminal", terminal.as_str()), ("sn", "OWN10001")];
    owner.post("/actions/issue-code", &fields).await?;
    owner.post("/sign-out", &[]).await?;
    world.add_user("clerk", Role::MerchantClerk, Some(XIAOMAN)).await?;
    let mut clerk = world.signed_in("clerk").await?;
    clerk.post("/actions/issue-code", &fields).await?;
    let system = Caller::system("test");
    let login = Login::parse("xiaoman")?;
    let accounts = &world.services.accounts;
    accounts
        .set_password(system.platform_admin()?, &login, "another long password".to_owned())
        .await?;
    let expected = [
        ("xiaoman", "session.refused", "login_or_password_wrong"),
        ("no\u{fffd}body", "session.refused", "login_or_password_wrong"),
        ("tillkeeper", "import.done", "success"),
        ("xiaoman", "session.signed_in", "success"),
        ("xiaoman", "terminal.registered", "success"),
        ("xiaoman", "terminal.registered", "code_required"),
        ("xiaoman", "code.issued", "success"),
        ("xiaoman", "session.ended", "success"),
        ("tillkeeper", "user.created", "success"),
        ("clerk", "session.signed_in", "success"),
        ("clerk", "permission.refused", "forbidden"),
        ("tillkeeper", "user.password_changed", "success"),
    ];
    let expected = expected.map(|(who, what, how)| (who.to_owned(), what.to_owned(), how.to_owned()));
    assert_eq!(told(&world, 3).await?, expected);
    let all = entries(&world).await?;
    let registered = all.iter().find(|entry| entry.action == "terminal.registered");
    let registered = registered.ok_or("nothing was registered")?;
    assert_eq!(registered.target.as_deref(), Some("OWN10001"));
    assert!(registered.merchant_id.is_some() && registered.actor_id.is_some());
    assert_eq!(registered.actor_role.as_deref(), Some("merchant_owner"));
    let ended = all.iter().find(|entry| entry.action == "session.ended");
    assert_eq!(
        registered.session,
        ended.and_then(|entry| entry.session.clone()),
        "one session, one name"
    );
    assert_eq!(registered.session.as_ref().map(String::len), Some(16));
    let begun = all.iter().find(|entry| entry.action == "session.signed_in");
    assert_eq!(registered.session, begun.and_then(|entry| entry.session.clone()));
    assert_eq!(
        (registered.before.as_deref(), registered.after.as_deref()),
        (
            Some(r#"{"lifecycle":"awaiting"}"#),
            Some(r#"{"lifecycle":"registered"}"#)
        )
    );
    // Nothing that opens anything is among it.
    let text = format!("{all:?}");
    assert!(!text.contains(PASSWORD) && !text.contains("another long password"));
    Ok(())
}

async fn what_is_done_to_accounts_is_told_before_and_after(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.add_user("clerk", Role::MerchantClerk, Some(XIAOMAN)).await?;
    let mut admin = world.signed_in("admin").await?.with_header("user-agent", "Till/1.0");
    let mut owner = world.signed_in("xiaoman").await?;
    let skip = entries(&world).await?.len();
    let fields = [
        ("login", "lilei"),
        ("name", "李雷"),
        ("role", "merchant_owner"),
        ("merchant_no", XIAOMAN),
    ];
    admin.post("/actions/user-create", &fields).await?;
    let clerk = [("login", "clerk"), ("role", "merchant_owner"), ("enabled", "false")];
    admin.post("/actions/user-role", &clerk).await?;
    admin.post("/actions/user-enable", &clerk).await?;
    admin
        .post("/actions/user-enable", &[("login", "clerk"), ("enabled", "true")])
        .await?;
    admin.post("/actions/user-reset", &clerk).await?;
    let page = owner.submit("/actions/staff-invite", &[("name", "韩梅梅")]).await?;
    let id = |page: &crate::client::Answer| {
        let id = crate::client::between(&page.body, "name=\"id\" value=\"", "\"");
        id.map(str::to_owned).ok_or("no invitation")
    };
    let page = owner
        .submit("/actions/invitation-renew", &[("id", &id(&page)?)])
        .await?;
    owner
        .post("/actions/invitation-withdraw", &[("id", &id(&page)?)])
        .await?;
    let invited = r#"{"name":"韩梅梅","role":"merchant_clerk"}"#;
    let made = format!(r#"{{"merchant":"{XIAOMAN}","name":"李雷","role":"merchant_owner"}}"#);
    let expected = [
        ("admin", "user.created", None, Some(made.as_str())),
        (
            "admin",
            "user.role_changed",
            Some(r#"{"role":"merchant_clerk"}"#),
            Some(r#"{"role":"merchant_owner"}"#),
        ),
        (
            "admin",
            "user.disabled",
            Some(r#"{"state":"active"}"#),
            Some(r#"{"state":"disabled"}"#),
        ),
        (
            "admin",
            "user.enabled",
            Some(r#"{"state":"disabled"}"#),
            Some(r#"{"state":"active"}"#),
        ),
        (
            "admin",
            "invitation.created",
            Some(r#"{"state":"active"}"#),
            Some(r#"{"state":"invited"}"#),
        ),
        ("xiaoman", "invitation.created", None, Some(invited)),
        ("xiaoman", "invitation.created", Some(invited), Some(invited)),
        ("xiaoman", "invitation.withdrawn", Some(invited), None),
    ];
    let all = entries(&world).await?;
    let told: Vec<_> = all[skip..]
        .iter()
        .map(|entry| {
            let (before, after) = (entry.before.as_deref(), entry.after.as_deref());
            (entry.actor_login.as_str(), entry.action.as_str(), before, after)
        })
        .collect();
    assert_eq!(told, expected);
    assert!(
        all[skip..]
            .iter()
            .all(|entry| entry.session.is_some() && entry.request_id.len() == 32)
    );
    admin.get("/audit?action=user.disabled").await?.says(&[
        "停用账号",
        "<del><bdi>active</bdi></del>",
        "<bdi>disabled</bdi></ins>",
    ]);
    Ok(())
}

async fn the_log_is_the_platforms(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.add_user("support", Role::PlatformSupport, None).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    for path in ["/audit", "/audit/export.csv"] {
        assert_eq!(owner.get(path).await?.status, StatusCode::NOT_FOUND, "{path}");
        let visitor = world.visitor().get(path).await?;
        assert_eq!(visitor.status, StatusCode::SEE_OTHER, "{path}");
        assert!(visitor.location().is_some_and(|to| to.starts_with("/sign-in?next=")));
    }
    let mut support = world.signed_in("support").await?;
    support.get("/audit").await?.says(&["xiaoman", "登录", "审计日志"]);
    // What support may not do is written down with the page it asked for.
    support.get("/terminals/import?x=1").await?;
    let last = entries(&world).await?.pop().ok_or("no entry")?;
    assert_eq!(
        (last.action.as_str(), last.target.as_deref()),
        ("permission.refused", Some("/terminals/import"))
    );
    Ok(())
}

/// Writes entries that nobody made, one a minute.
async fn write(world: &World<'_>, count: usize, login: &str, action: AuditAction) -> Result<()> {
    for place in 0..count {
        world.clock.advance_ms(60_000);
        let entry = AuditEntry::by_login(login, &RequestInfo::default(), action).changed(
            Some(serde_json::json!({ "place": place })),
            Some(serde_json::json!({ "place": place + 1 })),
        );
        world.services.audit.record(entry).await?;
    }
    Ok(())
}

async fn the_log_is_narrowed_and_paged(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    write(&world, 120, "somebody", AuditAction::MerchantUpdated).await?;
    write(&world, 3, "=cmd", AuditAction::AppGranted).await?;
    let mut admin = world.signed_in("admin").await?;
    let mut path = "/audit?actor=SomeBody&action=merchant.updated&outcome=success".to_owned();
    let mut sizes = Vec::new();
    loop {
        let page = admin.get(&path).await?;
        sizes.push(table_rows(&page.body).len());
        let next = crate::client::between(&page.body, "rel=\"next\" href=\"", "\"");
        match next {
            Some(next) => path = next.replace("&amp;", "&"),
            None => break,
        }
    }
    assert_eq!(sizes, [50, 50, 20]);
    let rows = |query: &str| format!("/audit?{query}");
    for (query, count) in [
        ("action=app.granted", 3),
        ("actor=%3Dcmd", 3),
        ("outcome=failure", 0),
        ("merchant=898269350000008", 1),
        ("merchant=nobody", 0),
        ("from=2026-03-02", 0),
        ("to=2026-02-28", 0),
        ("action=user.created&from=2026-03-01&to=2026-03-01", 3),
    ] {
        let page = admin.get(&rows(query)).await?;
        assert_eq!(table_rows(&page.body).len(), count, "{query}");
    }
    admin
        .get("/audit?action=app.granted&from=nonsense")
        .await?
        .says(&["nonsense", "<details", "place"]);
    Ok(())
}

async fn the_log_is_exported_whole(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    write(&world, 1200, "somebody", AuditAction::MerchantUpdated).await?;
    write(&world, 1, "=cmd()", AuditAction::AppGranted).await?;
    let mut admin = world.signed_in("admin").await?;
    let answer = admin.get("/audit/export.csv?action=merchant.updated").await?;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = answer.body.strip_prefix('\u{feff}').ok_or("no byte-order mark")?;
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let rows = csv.records().collect::<std::result::Result<Vec<_>, _>>()?;
    assert_eq!(rows.len(), 1200);
    let ids: std::collections::BTreeSet<_> = rows.iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(ids.len(), 1200);
    assert_eq!(
        (&rows[0][2], &rows[0][10], &rows[0][11]),
        ("somebody", "place=1199", "place=1200")
    );
    let answer = admin.get("/audit/export.csv?action=app.granted").await?;
    answer.says(&["'=cmd()"]).is_silent_on(&["somebody"]);
    Ok(())
}
