//! Apps: the catalogue, who may run what, what terminals report, and what a merchant sees of it.

mod grants;
mod reports;

use crate::client::{Answer, Client, between, code_on, table_rows};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use axum::http::StatusCode;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use server::entities::{app_grants, audit_log, device_log};

on_both_engines!(
    an_app_goes_from_the_catalogue_to_the_counter,
    what_is_typed_wrongly_is_told_and_kept,
    lists_go_page_by_page,
    another_merchant_sees_nothing_of_it,
);

const PAY: &str = "com.example.pay";
const SN: &str = "OWN10001";
const APPS: &str = "/api/v1/terminals/me/apps";

/// Adds an app as a form does.
async fn add_app(admin: &mut Client, package: &str, name: &str) -> Result<Answer> {
    let fields = [
        ("package", package),
        ("name_zh", name),
        ("name_en", package),
        ("publisher", "掌柜软件"),
        ("payment", "true"),
    ];
    admin.submit("/actions/app-create", &fields).await
}

async fn publish(admin: &mut Client, package: &str, version: &str, firmware: &str) -> Result<Answer> {
    let fields = [
        ("package", package),
        ("version", version),
        ("notes_zh", "签到更快\n重打更方便"),
        ("notes_en", "Faster"),
        ("min_firmware", firmware),
    ];
    admin.submit("/actions/app-version", &fields).await
}

/// Prepares an authorization and answers the page that shows whom it touches, with what confirms it.
async fn prepare(admin: &mut Client, package: &str, fields: &[(&str, &str)]) -> Result<(Answer, String)> {
    let mut all = vec![("package", package)];
    all.extend_from_slice(fields);
    let page = admin.submit("/actions/app-authorize", &all).await?;
    let draft = between(&page.body, "name=\"draft\" value=\"", "\"")
        .unwrap_or_default()
        .to_owned();
    Ok((page, draft))
}

async fn authorize(admin: &mut Client, package: &str, fields: &[(&str, &str)]) -> Result<Answer> {
    let (page, draft) = prepare(admin, package, fields).await?;
    assert!(!draft.is_empty(), "nothing to confirm: {page:?}");
    admin
        .submit("/actions/app-grant", &[("package", package), ("draft", &draft)])
        .await
}

/// Takes the newest authorizations back.
async fn revoke(world: &World<'_>, admin: &mut Client, package: &str, count: usize, reason: &str) -> Result<Answer> {
    let grants = grants(world).await?;
    let ids: Vec<String> = grants
        .iter()
        .rev()
        .take(count)
        .map(|grant| grant.id.to_string())
        .collect();
    let mut fields = vec![("package", package), ("reason", reason), ("confirmed", "true")];
    fields.extend(ids.iter().map(|id| ("ids[]", id.as_str())));
    admin.submit("/actions/app-revoke", &fields).await
}

async fn grants(world: &World<'_>) -> Result<Vec<app_grants::Model>> {
    Ok(app_grants::Entity::find()
        .order_by_asc(app_grants::Column::Id)
        .all(world.db.reader())
        .await?)
}

/// Kind, outcome and detail of the log entries of apps, oldest first.
async fn app_log(world: &World<'_>) -> Result<Vec<(String, String, Value)>> {
    let entries = device_log::Entity::find()
        .order_by_asc(device_log::Column::Id)
        .all(world.db.reader())
        .await?;
    entries
        .into_iter()
        .filter(|entry| entry.kind.starts_with("app."))
        .map(|entry| Ok((entry.kind, entry.outcome, serde_json::from_str(&entry.detail)?)))
        .collect()
}

async fn kinds(world: &World<'_>) -> Result<Vec<String>> {
    Ok(app_log(world).await?.into_iter().map(|(kind, ..)| kind).collect())
}

/// A terminal that is registered and holds its token.
async fn connect(world: &World<'_>, sn: &str, merchant: &str) -> Result<Client> {
    let mut admin = world.signed_in("admin").await?;
    let id = world.terminals(sn).await?[0].id.to_string();
    let fields = [("terminal", id.as_str()), ("merchant_no", merchant), ("sn", sn)];
    let page = admin.submit("/actions/issue-code", &fields).await?;
    let code = code_on(&page.body).ok_or("no code")?;
    let body = json!({ "sn": sn, "activation_code": code });
    let answer = world.visitor().post_json("/api/v1/terminals/register", &body).await?;
    let token = answer.json()?["token"].as_str().ok_or("no token")?.to_owned();
    Ok(world.visitor().with_header("authorization", &format!("Bearer {token}")))
}

async fn put(terminal: &mut Client, package: &str, body: Value) -> Result<Answer> {
    let path = format!("{APPS}/{package}");
    terminal
        .send("PUT", &path, Some("application/json"), body.to_string().into_bytes())
        .await
}

/// A world with an administrator at work, an app in the catalogue, and terminals of both merchants.
async fn world_with_app(db: &TestDb) -> Result<(World<'_>, Client)> {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "{SN},PAX,S90,前台,{XIAOMAN},西湖店\nOWN10002,PAX,S90,后厨,{XIAOMAN},西湖店\n\
             OWN10003,PAX,S90,吧台,{XIAOMAN},滨江店\nOTHER001,PAX,S90,大堂,{SHENGJING},总店\nFREE0001,PAX,S90,,,\n"
        ))
        .await?;
    let mut admin = world.signed_in("admin").await?;
    add_app(&mut admin, PAY, "掌柜收银").await?;
    publish(&mut admin, PAY, "3.1.0", "").await?;
    Ok((world, admin))
}

async fn an_app_goes_from_the_catalogue_to_the_counter(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    admin
        .get("/catalogue")
        .await?
        .says(&["掌柜收银", PAY, "掌柜软件", "3.1.0", "收款应用", "0 家"]);
    admin.get("/catalogue?q=收银").await?.says(&[PAY]);
    admin.get("/catalogue?q=%25").await?.says(&["没有符合条件的应用"]);
    admin
        .get("/catalogue?payment=false")
        .await?
        .says(&["没有符合条件的应用"])
        .is_silent_on(&["掌柜收银"]);
    // A later version that needs more than the terminal has.
    publish(&mut admin, PAY, "3.10.0", "9.0").await?.says(&["新版本已发布"]);
    let page = admin.get(&format!("/catalogue/{PAY}")).await?;
    page.says(&[
        "3.10.0",
        "3.1.0",
        "固件需 9.0 或更高",
        "签到更快\n重打更方便",
        "还没有授权给任何商户",
    ]);
    let edited = [
        ("package", PAY),
        ("name_zh", "掌柜收银台"),
        ("name_en", "Pay"),
        ("publisher", "掌柜软件"),
        ("payment", "true"),
    ];
    admin
        .submit("/actions/app-update", &edited)
        .await?
        .says(&["应用信息已保存", "掌柜收银台"]);
    let notes = [
        ("package", PAY),
        ("version", "3.1.0"),
        ("known", "true"),
        ("notes_zh", "支持插卡"),
    ];
    admin
        .submit("/actions/app-version", &notes)
        .await?
        .says(&["版本说明已保存", "支持插卡"]);

    // Until it is authorized a merchant is told of no such app.
    let mut owner = world.signed_in("xiaoman").await?;
    owner
        .get("/apps")
        .await?
        .says(&["还没有授权的应用"])
        .is_silent_on(&[PAY]);
    let path = format!("/apps/{PAY}");
    assert_eq!(owner.get(&path).await?.status, StatusCode::NOT_FOUND);
    let fields = [("kind", "merchants"), ("list", XIAOMAN)];
    authorize(&mut admin, PAY, &fields)
        .await?
        .says(&["授权已生效", "杭州小满母婴", "全部终端", "已授权", "长期有效"]);
    owner.get("/apps").await?.says(&[
        "掌柜收银台",
        PAY,
        "全部终端",
        "长期有效",
        "已安装 0 台",
        "最新版本 3.10.0",
    ]);
    owner.get(&path).await?.says(&[SN, "OWN10003", "未上报"]);

    // The terminal learns of it, and the version that runs on its firmware.
    let mut terminal = connect(&world, SN, XIAOMAN).await?;
    terminal
        .post_json("/api/v1/terminals/me/heartbeat", &json!({ "firmware": "8.5" }))
        .await?;
    let apps = terminal.get(APPS).await?.json()?;
    let app = &apps["apps"][0];
    assert_eq!((&app["package"], &app["allowed"]), (&json!(PAY), &json!(true)));
    assert_eq!(
        (&app["policy"], &app["newest_version"]),
        (&json!("granted"), &json!("3.1.0"))
    );
    assert_eq!((&app["until"], &app["install"]), (&Value::Null, &Value::Null));
    let failed = json!({ "state": "failed", "version": "3.1.0", "error_code": "no_space" });
    assert_eq!(put(&mut terminal, PAY, failed).await?.status, StatusCode::OK);
    owner.get("/apps").await?.says(&["安装失败 1 台"]);
    owner
        .get(&format!("{path}?state=failed"))
        .await?
        .says(&[
            SN,
            "终端存储空间不足",
            "删除不用的应用",
            "终端操作人员",
            "/help/apps#no_space",
        ])
        .is_silent_on(&["OWN10002"]);
    let page = owner.get(&format!("/devices/{SN}")).await?;
    page.says(&["掌柜收银台", "已授权", "安装失败", "终端存储空间不足"]);
    let installed = json!({ "state": "installed", "version": "3.1.0" });
    let answer = put(&mut terminal, PAY, installed).await?.json()?;
    assert_eq!(
        (&answer["state"], &answer["version"]),
        (&json!("installed"), &json!("3.1.0"))
    );
    owner
        .get("/apps")
        .await?
        .says(&["已安装 1 台", "西湖店：1 台", "3.1.0（1 台）"])
        .is_silent_on(&["安装失败"]);
    let apps = terminal.get(APPS).await?.json()?;
    assert_eq!(apps["apps"][0]["install"]["state"], "installed");
    let verdict = terminal.get("/api/v1/terminals/me").await?.json()?["verdict"].clone();
    let checks = verdict["checks"].as_array().ok_or("no checks")?;
    let passes = |name: &str| {
        checks
            .iter()
            .any(|check| check["check"] == name && check["finding"] == "pass")
    };
    assert!(passes("app_authorized") && passes("app_installed"), "{verdict}");

    // Everything that a person did is in the audit log, and what happened in the device log.
    let audited = audit_log::Entity::find()
        .order_by_asc(audit_log::Column::Id)
        .all(db.reader())
        .await?;
    let actions: Vec<_> = audited
        .iter()
        .map(|entry| entry.action.as_str())
        .filter(|a| a.starts_with("app."))
        .collect();
    assert_eq!(
        actions,
        [
            "app.created",
            "app.version_added",
            "app.version_added",
            "app.updated",
            "app.version_updated",
            "app.granted"
        ]
    );
    let updated = audited
        .iter()
        .find(|entry| entry.action == "app.updated")
        .ok_or("no entry")?;
    assert!(
        updated
            .before
            .as_deref()
            .is_some_and(|before| before.contains("掌柜收银") && !before.contains("publisher"))
    );
    assert_eq!(kinds(&world).await?, ["app.granted", "app.failed", "app.installed"]);
    owner.get("/logs?kind=app.failed").await?.says(&["应用安装失败", SN]);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn what_is_typed_wrongly_is_told_and_kept(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    for (package, said) in [
        ("pay", "包名不正确"),
        ("com.支付", "包名不正确"),
        ("", "包名不正确"),
        (PAY, "目录中已有这个包名"),
    ] {
        let page = add_app(&mut admin, package, "新<应用>").await?;
        page.says(&[said, "value=\"新&lt;应用&gt;\"", "<details open"]);
    }
    add_app(&mut admin, "com.example.x", "=1+1")
        .await?
        .says(&["名称不能用"]);
    for (version, firmware, said) in [
        ("", "", "版本号不正确"),
        ("1/2", "", "版本号不正确"),
        ("4.0", "固件", "版本号不正确"),
        ("3.1.0", "", "这个版本已经发布过"),
    ] {
        let page = publish(&mut admin, PAY, version, firmware).await?;
        page.says(&[said, "签到更快\n重打更方便"]);
    }
    let long = "长".repeat(501);
    let fields = [("package", PAY), ("version", "4.0"), ("notes_zh", long.as_str())];
    admin
        .submit("/actions/app-version", &fields)
        .await?
        .says(&["版本说明太长"]);
    // What there is not.
    for (path, fields) in [
        (
            "/actions/app-version",
            vec![("package", "com.example.none"), ("version", "1")],
        ),
        (
            "/actions/app-authorize",
            vec![
                ("package", "com.example.none"),
                ("kind", "merchants"),
                ("list", XIAOMAN),
            ],
        ),
        ("/actions/app-grant", vec![("package", PAY), ("draft", "x")]),
        (
            "/actions/app-revoke",
            vec![
                ("package", "none"),
                ("ids[]", "x"),
                ("reason", "x"),
                ("confirmed", "true"),
            ],
        ),
    ] {
        let answer = admin.post(path, &fields).await?;
        let cookie = answer.header("set-cookie").unwrap_or_default();
        assert!(cookie.contains("not_found"), "{path}: {answer:?}");
    }
    for (fields, said) in [
        (vec![("kind", "merchants"), ("list", " \n,")], "没有可以处理的授权"),
        (vec![("kind", "everybody"), ("list", XIAOMAN)], "填写有误"),
        (
            vec![
                ("kind", "stores"),
                ("list", "西湖店"),
                ("merchant_no", "898000000000000"),
            ],
            "商户编号不存在",
        ),
        (
            vec![("kind", "merchants"), ("list", XIAOMAN), ("ends", "2026-02-28")],
            "授权日期不正确",
        ),
        (
            vec![("kind", "merchants"), ("list", XIAOMAN), ("ends", "明天")],
            "授权日期不正确",
        ),
        (
            vec![
                ("kind", "merchants"),
                ("list", XIAOMAN),
                ("starts", "2026-04-02"),
                ("ends", "2026-04-01"),
            ],
            "授权日期不正确",
        ),
    ] {
        let (page, draft) = prepare(&mut admin, PAY, &fields).await?;
        page.says(&[said]);
        assert!(draft.is_empty(), "{page:?}");
        let list = fields
            .iter()
            .find(|(name, _)| *name == "list")
            .map_or("", |(_, list)| *list)
            .trim();
        page.says(&[list]);
    }
    let many = (0..501).map(|n| format!("OWN{n:05}")).collect::<Vec<_>>().join("\n");
    prepare(&mut admin, PAY, &[("kind", "terminals"), ("list", &many)])
        .await?
        .0
        .says(&["一次选得太多", "OWN00000"]);
    // Without a reason, a tick or a confirmation nothing is taken back.
    authorize(&mut admin, PAY, &[("kind", "merchants"), ("list", XIAOMAN)]).await?;
    let id = grants(&world).await?[0].id.to_string();
    for (fields, said) in [
        (
            vec![("ids[]", id.as_str()), ("reason", " "), ("confirmed", "true")],
            "请写明取消授权的原因",
        ),
        (vec![("ids[]", id.as_str()), ("reason", "到期")], "填写有误"),
        (vec![("reason", "到期"), ("confirmed", "true")], "没有可以处理的授权"),
    ] {
        let mut all = vec![("package", PAY)];
        all.extend(fields);
        admin.submit("/actions/app-revoke", &all).await?.says(&[said]);
    }
    assert_eq!(grants(&world).await?[0].revoked_at, None);
    Ok(())
}

async fn lists_go_page_by_page(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    let rows: String = (0..60).map(|n| format!("MANY{n:04},PAX,S90,,{XIAOMAN},\n")).collect();
    world.import(&rows).await?;
    authorize(&mut admin, PAY, &[("kind", "merchants"), ("list", XIAOMAN)]).await?;
    let numbers: Vec<String> = (0..60).map(|n| format!("MANY{n:04}")).collect();
    authorize(&mut admin, PAY, &[("kind", "terminals"), ("list", &numbers.join("\n"))]).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    for (client, path, all) in [
        (&mut owner, format!("/apps/{PAY}"), 63),
        (&mut admin, format!("/catalogue/{PAY}"), 61),
    ] {
        let first = client.get(&path).await?;
        assert_eq!(table_rows(&first.body).len(), 50, "{path}");
        let next = between(&first.body, "rel=\"next\" href=\"", "\"").ok_or("no next page")?;
        let second = client.get(&next.replace("&amp;", "&")).await?;
        assert_eq!(table_rows(&second.body).len(), all - 50, "{path}");
        let previous = between(&second.body, "rel=\"prev\" href=\"", "\"").ok_or("no page before")?;
        let again = client.get(&previous.replace("&amp;", "&")).await?;
        assert_eq!(table_rows(&again.body), table_rows(&first.body), "{path}");
    }
    // Reaches are named up to five, and counted beyond.
    owner.get("/apps").await?.says(&["另有 56 处授权"]);
    for n in 0..52 {
        add_app(&mut admin, &format!("com.example.n{n:02}"), "很多").await?;
    }
    let first = admin.get("/catalogue").await?;
    assert_eq!(table_rows(&first.body).len(), 50);
    let next = between(&first.body, "rel=\"next\" href=\"", "\"").ok_or("no next page")?;
    assert_eq!(table_rows(&admin.get(&next.replace("&amp;", "&")).await?.body).len(), 3);
    Ok(())
}

async fn another_merchant_sees_nothing_of_it(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    authorize(&mut admin, PAY, &[("kind", "merchants"), ("list", SHENGJING)]).await?;
    let mut terminal = connect(&world, "OTHER001", SHENGJING).await?;
    put(&mut terminal, PAY, json!({ "state": "installed", "version": "3.1.0" })).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner.get("/apps").await?.is_silent_on(&[PAY]);
    let (there, nowhere) = (
        owner.get(&format!("/apps/{PAY}")).await?,
        owner.get("/apps/com.example.none").await?,
    );
    assert_eq!(
        (there.status, nowhere.status),
        (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
    );
    for path in ["/catalogue", "/catalogue/com.example.pay"] {
        assert_eq!(owner.get(path).await?.status, StatusCode::NOT_FOUND, "{path}");
    }
    // Where both may run it, each sees its own terminals.
    authorize(&mut admin, PAY, &[("kind", "merchants"), ("list", XIAOMAN)]).await?;
    let page = owner.get(&format!("/apps/{PAY}")).await?;
    page.says(&[SN, "已安装 0 台"])
        .is_silent_on(&["OTHER001", "3.1.0（1 台）"]);
    // A platform user has the catalogue instead.
    let answer = admin.get(&format!("/apps/{PAY}")).await?;
    assert_eq!(answer.location(), Some("/catalogue/com.example.pay"));
    assert_eq!(admin.get("/apps").await?.location(), Some("/catalogue"));
    Ok(())
}
