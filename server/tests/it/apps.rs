//! Apps: the catalogue, who may run what, what terminals report, and what a merchant sees of it.

use crate::client::{Answer, Client, between, code_on, table_rows};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::domain::{Role, Timestamp};
use axum::http::StatusCode;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use server::entities::{app_grants, app_installs, audit_log, device_log};

on_both_engines!(
    an_app_goes_from_the_catalogue_to_the_counter,
    what_is_typed_wrongly_is_told_and_kept,
    many_are_authorized_at_once_after_a_look,
    the_narrower_authorization_decides,
    what_is_taken_back_is_gone_for_the_merchant,
    what_runs_out_is_told_once,
    a_report_changes_what_is_known_and_is_told_once,
    an_app_that_may_not_run_is_told_and_refused,
    heartbeats_tell_of_apps_and_the_log_of_changes,
    a_report_is_refused_where_it_is_wrong,
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

async fn many_are_authorized_at_once_after_a_look(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    // Whom it touches is shown, and nothing has happened yet.
    let list = format!("{XIAOMAN}，{SHENGJING}\n898000000000000\nabc!\n{XIAOMAN}");
    let fields = [("kind", "merchants"), ("list", list.as_str()), ("ends", "2026-12-31")];
    let (page, draft) = prepare(&mut admin, PAY, &fields).await?;
    page.says(&[
        "共 2 项授权，涉及 4 台终端",
        "杭州小满母婴",
        "深圳盛景餐饮",
        "前台、后厨、吧台",
        "3 行不能授权",
        "没有找到",
        "格式不正确",
        "名单中重复",
        "2027-01-01 00:00",
    ]);
    assert_eq!(table_rows(&page.body).len(), 2);
    assert!(grants(&world).await?.is_empty() && app_log(&world).await?.is_empty());
    let confirm = [("package", PAY), ("draft", draft.as_str())];
    // Nobody else confirms what one has prepared.
    world.add_user("second", Role::PlatformAdmin, None).await?;
    let mut second = world.signed_in("second").await?;
    let path = format!("/catalogue/{PAY}/authorize/{draft}");
    assert_eq!(second.get(&path).await?.status, StatusCode::NOT_FOUND);
    let answer = second.post("/actions/app-grant", &confirm).await?;
    assert!(
        answer
            .header("set-cookie")
            .is_some_and(|cookie| cookie.contains("not_found"))
    );
    admin
        .submit("/actions/app-grant", &confirm)
        .await?
        .says(&["授权已生效"]);
    // Pressed twice, done once.
    admin
        .submit("/actions/app-grant", &confirm)
        .await?
        .says(&["已经做过了", "这批授权已经确认过"]);
    assert_eq!(grants(&world).await?.len(), 2);
    let log = app_log(&world).await?;
    assert_eq!(log.len(), 2);
    assert!(log.iter().all(|(kind, outcome, detail)| kind == "app.granted"
        && outcome == "success"
        && detail["package"] == PAY
        && detail["target"] == "merchant"
        && detail["expires_at"] == 1_798_732_800_000_i64));
    admin.get("/catalogue").await?.says(&["2 家"]);

    // Stores of one merchant, and terminals.
    let fields = [
        ("kind", "stores"),
        ("merchant_no", XIAOMAN),
        ("list", "西湖店\n没有这家店"),
        ("starts", "2026-03-10"),
    ];
    let (page, draft) = prepare(&mut admin, PAY, &fields).await?;
    page.says(&["共 1 项授权，涉及 2 台终端", "门店：西湖店", "2026-03-10 00:00"]);
    admin
        .submit("/actions/app-grant", &[("package", PAY), ("draft", &draft)])
        .await?
        .says(&["授权未生效"]);
    let list = format!("own-10003\nFREE0001 NEVER001\n{SN}");
    let (page, draft) = prepare(&mut admin, PAY, &[("kind", "terminals"), ("list", &list)]).await?;
    page.says(&["共 2 项授权，涉及 2 台终端", "还没有分配给商户", "吧台"]);
    admin
        .submit("/actions/app-grant", &[("package", PAY), ("draft", &draft)])
        .await?;
    let all = grants(&world).await?;
    assert_eq!(all.len(), 5);
    assert_eq!(all.iter().filter(|grant| grant.terminal_id.is_some()).count(), 2);
    let page = admin.get(&format!("/catalogue/{PAY}?merchant={SHENGJING}")).await?;
    assert_eq!(page.body.matches("name=\"ids[]\"").count(), 1);
    admin
        .get(&format!("/catalogue/{PAY}?policy=not_yet"))
        .await?
        .says(&["门店：西湖店"])
        .is_silent_on(&["终端：OWN10003"]);
    // The terminal's own log tells of what is its own.
    world
        .signed_in("xiaoman")
        .await?
        .get("/logs?sn=OWN10003&kind=app.granted")
        .await?
        .says(&["应用已授权", "OWN10003"]);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn the_narrower_authorization_decides(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    authorize(&mut admin, PAY, &[("kind", "terminals"), ("list", SN)]).await?;
    revoke(&world, &mut admin, PAY, 1, "试用结束")
        .await?
        .says(&["授权已取消"]);
    // The whole merchant: all but the one whose own was taken back.
    let (page, draft) = prepare(&mut admin, PAY, &[("kind", "merchants"), ("list", XIAOMAN)]).await?;
    page.says(&["共 1 项授权，涉及 3 台终端", "其中 1 台终端另有范围更小的授权规则"]);
    let row = table_rows(&page.body)[0];
    let numbers: Vec<_> = row
        .split("tabular-nums")
        .skip(1)
        .map(|cell| between(cell, ">", "<"))
        .collect();
    assert_eq!(numbers, [Some("3"), Some("0"), Some("2")], "{row}");
    admin
        .submit("/actions/app-grant", &[("package", PAY), ("draft", &draft)])
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner
        .get(&format!("/devices/{SN}"))
        .await?
        .says(&["已取消授权", "原因：试用结束"])
        .is_silent_on(&["/apps/com.example.pay"]);
    owner
        .get("/devices/OWN10002")
        .await?
        .says(&["已授权", "/apps/com.example.pay"]);
    let mut terminal = connect(&world, SN, XIAOMAN).await?;
    let app = terminal.get(APPS).await?.json()?["apps"][0].clone();
    assert_eq!((&app["allowed"], &app["policy"]), (&json!(false), &json!("revoked")));
    // Its own again.
    authorize(&mut admin, PAY, &[("kind", "terminals"), ("list", SN)]).await?;
    let app = terminal.get(APPS).await?.json()?["apps"][0].clone();
    assert_eq!(app["allowed"], true);
    Ok(())
}

async fn what_is_taken_back_is_gone_for_the_merchant(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    let both = format!("{XIAOMAN}\n{SHENGJING}");
    authorize(&mut admin, PAY, &[("kind", "merchants"), ("list", &both)]).await?;
    let mut terminal = connect(&world, SN, XIAOMAN).await?;
    put(&mut terminal, PAY, json!({ "state": "installed", "version": "3.1.0" })).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner.get("/apps").await?.says(&[PAY]);
    let page = revoke(&world, &mut admin, PAY, 2, "合同到期").await?;
    page.says(&["授权已取消", "已取消授权", "合同到期"]);
    owner.get("/apps").await?.is_silent_on(&[PAY, "掌柜收银"]);
    assert_eq!(owner.get(&format!("/apps/{PAY}")).await?.status, StatusCode::NOT_FOUND);
    // The terminal's page still says what became of it, and so does the verdict.
    owner
        .get(&format!("/devices/{SN}"))
        .await?
        .says(&["已取消授权", "合同到期", "已安装"]);
    let log = app_log(&world).await?;
    let revoked: Vec<_> = log.iter().filter(|(kind, ..)| kind == "app.revoked").collect();
    assert_eq!(revoked.len(), 2);
    assert_eq!(revoked[0].2["reason"], "合同到期");
    // Again there is nothing to take back.
    revoke(&world, &mut admin, PAY, 2, "再次")
        .await?
        .says(&["没有可以处理的授权"]);
    assert_eq!(app_log(&world).await?.len(), log.len());
    let audited = audit_log::Entity::find().all(db.reader()).await?;
    let taken: Vec<_> = audited.iter().filter(|entry| entry.action == "app.revoked").collect();
    assert_eq!(taken.len(), 2);
    assert!(
        taken.iter().all(|entry| entry.merchant_id.is_some()
            && entry.after.as_deref().is_some_and(|after| after.contains("合同到期")))
    );
    Ok(())
}

async fn what_runs_out_is_told_once(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    // 2026-03-01 is today; it ends with the 20th.
    let fields = [("kind", "merchants"), ("list", XIAOMAN), ("ends", "2026-03-20")];
    authorize(&mut admin, PAY, &fields).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner
        .get("/apps")
        .await?
        .says(&["即将到期", "有 1 个应用的授权将在 30 天内到期", "2026-03-21 00:00"]);
    world.services.grants.sweep().await?;
    assert_eq!(kinds(&world).await?, ["app.granted"]);
    // A renewal that was entered ahead takes the warning away.
    let renewal = [
        ("kind", "merchants"),
        ("list", XIAOMAN),
        ("starts", "2026-03-15"),
        ("ends", "2026-06-30"),
    ];
    authorize(&mut admin, PAY, &renewal).await?;
    owner
        .get("/apps")
        .await?
        .says(&["2026-07-01 00:00"])
        .is_silent_on(&["即将到期", "30 天内到期"]);
    world.clock.advance_ms(25 * Timestamp::DAY_MS);
    assert_eq!(world.services.grants.sweep().await?, 1);
    // The first one is over, and nothing has ended with it.
    assert_eq!(kinds(&world).await?, ["app.granted", "app.granted"]);
    world.clock.advance_ms(100 * Timestamp::DAY_MS);
    let mut owner = world.signed_in("xiaoman").await?;
    // It may not run from that instant on, told or not.
    owner
        .get("/apps")
        .await?
        .says(&["最近 30 天内有 1 项授权已到期"])
        .is_silent_on(&[PAY]);
    assert_eq!(owner.get(&format!("/apps/{PAY}")).await?.status, StatusCode::NOT_FOUND);
    owner.get(&format!("/devices/{SN}")).await?.says(&["授权已到期"]);
    assert_eq!(world.services.grants.sweep().await?, 1);
    assert_eq!(world.services.grants.sweep().await?, 0);
    let log = app_log(&world).await?;
    let (kind, outcome, detail) = log.last().ok_or("no entry")?;
    assert_eq!((kind.as_str(), outcome.as_str()), ("app.expired", "info"));
    assert_eq!(detail["package"], PAY);
    let entry = device_log::Entity::find()
        .order_by_desc(device_log::Column::Id)
        .one(db.reader())
        .await?
        .ok_or("no entry")?;
    // It occurred when the authorization ended, and not when somebody looked.
    assert_eq!(Some(entry.occurred_at), detail["expires_at"].as_i64());
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn a_report_changes_what_is_known_and_is_told_once(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    authorize(&mut admin, PAY, &[("kind", "merchants"), ("list", XIAOMAN)]).await?;
    let mut terminal = connect(&world, SN, XIAOMAN).await?;
    let told = [
        (json!({ "state": "installing", "version": "3.1.0" }), None),
        (
            json!({ "state": "failed", "version": "3.1.0", "error_code": "no_space" }),
            Some("app.failed"),
        ),
        (
            json!({ "state": "failed", "version": "3.1.0", "error_code": "no_space" }),
            None,
        ),
        (
            json!({ "state": "failed", "version": "3.1.0", "error_code": "E-7" }),
            Some("app.failed"),
        ),
        (
            json!({ "state": "installed", "version": "3.1.0", "error_code": "left over" }),
            Some("app.installed"),
        ),
        (json!({ "state": "installed", "version": "3.1.0" }), None),
        (
            json!({ "state": "installed", "version": "3.2.0" }),
            Some("app.installed"),
        ),
        (json!({ "state": "removed" }), Some("app.removed")),
        (json!({ "state": "removed", "version": null }), None),
    ];
    let mut expected = vec!["app.granted".to_owned()];
    for (report, kind) in told {
        let answer = put(&mut terminal, PAY, report.clone()).await?;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.json()?["state"], report["state"]);
        expected.extend(kind.map(str::to_owned));
        assert_eq!(kinds(&world).await?, expected, "{report}");
    }
    let log = app_log(&world).await?;
    let updated = &log[4].2;
    assert_eq!(
        (&updated["version"], &updated["version_before"]),
        (&json!("3.2.0"), &json!("3.1.0"))
    );
    let install = app_installs::Entity::find()
        .one(db.reader())
        .await?
        .ok_or("no install")?;
    // What was removed is known by its last version.
    assert_eq!(
        (install.state.as_str(), install.version.as_deref()),
        ("removed", Some("3.2.0"))
    );
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn an_app_that_may_not_run_is_told_and_refused(db: &TestDb) -> Outcome {
    let (world, _admin) = world_with_app(db).await?;
    let mut terminal = connect(&world, SN, XIAOMAN).await?;
    let report = json!({ "state": "installed", "version": "3.1.0" });
    for package in [PAY, "com.example.nowhere"] {
        // Said twice, logged once.
        for _ in 0..2 {
            let answer = put(&mut terminal, package, report.clone()).await?;
            assert_eq!(answer.status, StatusCode::FORBIDDEN);
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            assert_eq!(answer.json()?["code"], "not_authorized");
        }
    }
    let log = app_log(&world).await?;
    assert_eq!(log.len(), 2);
    for ((kind, outcome, detail), package) in log.iter().zip([PAY, "com.example.nowhere"]) {
        assert_eq!((kind.as_str(), outcome.as_str()), ("app.failed", "failure"));
        assert_eq!(
            (&detail["package"], &detail["reason"]),
            (&json!(package), &json!("not_authorized"))
        );
    }
    assert_eq!(app_installs::Entity::find().one(db.reader()).await?, None);
    // Another version is news; that it was removed may be said of any app, and makes the next report news again.
    put(&mut terminal, PAY, json!({ "state": "installed", "version": "3.2.0" })).await?;
    assert_eq!(app_log(&world).await?.len(), 3);
    let removed = put(&mut terminal, PAY, json!({ "state": "removed" })).await?;
    assert_eq!(removed.status, StatusCode::OK);
    assert_eq!(app_log(&world).await?.len(), 3);
    put(&mut terminal, PAY, json!({ "state": "installed", "version": "3.2.0" })).await?;
    assert_eq!(app_log(&world).await?.len(), 4);
    // However many apps a terminal makes up, the log is told of some and no more.
    for n in 0..80 {
        put(&mut terminal, &format!("com.example.n{n}"), report.clone()).await?;
    }
    assert_eq!(app_log(&world).await?.len(), 4 + 62);
    Ok(())
}

async fn heartbeats_tell_of_apps_and_the_log_of_changes(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    authorize(&mut admin, PAY, &[("kind", "merchants"), ("list", XIAOMAN)]).await?;
    add_app(&mut admin, "com.example.other", "别的应用").await?;
    let mut terminal = connect(&world, SN, XIAOMAN).await?;
    let mut beat = async |apps: Option<Value>| -> Result<Vec<String>> {
        let body = apps.map_or(json!({}), |apps| json!({ "apps": apps }));
        let answer = terminal.post_json("/api/v1/terminals/me/heartbeat", &body).await?;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        world.services.presence.flush().await?;
        Ok(kinds(&world).await?.split_off(1))
    };
    let app = |package: &str, version: &str| json!({ "package": package, "version": version });
    // The first one arrives at once, with an app that nobody knows.
    let list = json!([app(PAY, "3.1.0"), app("com.vendor.launcher", "1")]);
    assert_eq!(beat(Some(list.clone())).await?, ["app.installed"]);
    assert_eq!(beat(Some(list)).await?, ["app.installed"]);
    assert_eq!(beat(None).await?, ["app.installed"]);
    assert_eq!(beat(Some(json!([app(PAY, "3.2.0")]))).await?, ["app.installed"; 2]);
    // One of the catalogue that may not run: told once.
    let both = json!([app(PAY, "3.2.0"), app("com.example.other", "1")]);
    let told = ["app.installed", "app.installed", "app.failed"];
    assert_eq!(beat(Some(both.clone())).await?, told);
    assert_eq!(beat(Some(both)).await?, told);
    let told = ["app.installed", "app.installed", "app.failed", "app.removed"];
    assert_eq!(beat(Some(json!([]))).await?, told);
    assert_eq!(beat(Some(json!([]))).await?, told);
    let installs = app_installs::Entity::find().all(db.reader()).await?;
    assert_eq!(installs.len(), 1);
    assert_eq!(installs[0].state, "removed");
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn a_report_is_refused_where_it_is_wrong(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    authorize(&mut admin, PAY, &[("kind", "merchants"), ("list", XIAOMAN)]).await?;
    let mut terminal = connect(&world, SN, XIAOMAN).await?;
    let long = "1".repeat(65);
    for (package, body, status, code) in [
        (PAY, json!({}), 422, "body_invalid"),
        (PAY, json!({ "state": "unknown" }), 422, "body_invalid"),
        (
            PAY,
            json!({ "state": "installed", "versions": "1" }),
            422,
            "body_invalid",
        ),
        (PAY, json!({ "state": "installed", "version": 1 }), 422, "body_invalid"),
        (
            PAY,
            json!({ "state": "installed", "version": long }),
            422,
            "body_invalid",
        ),
        (
            PAY,
            json!({ "state": "failed", "error_code": "a\u{0}b" }),
            422,
            "body_invalid",
        ),
        ("pay", json!({ "state": "installed" }), 404, "not_found"),
        ("com.%E6%94%AF", json!({ "state": "installed" }), 404, "not_found"),
        ("com.a%2Fb", json!({ "state": "installed" }), 404, "not_found"),
    ] {
        let answer = put(&mut terminal, package, body).await?;
        assert_eq!(answer.status.as_u16(), status, "{answer:?}");
        assert_eq!(answer.json()?["code"], code);
    }
    let path = format!("{APPS}/{PAY}");
    let answer = terminal.send("PUT", &path, None, b"{}".to_vec()).await?;
    assert_eq!(answer.status.as_u16(), 415);
    let answer = world
        .visitor()
        .send("PUT", &path, Some("application/json"), b"{".to_vec())
        .await?;
    assert_eq!(answer.status.as_u16(), 401);
    world
        .sql("UPDATE terminals SET lifecycle = 'suspended', lifecycle_reason = 'lost' WHERE sn = 'OWN10001'")
        .await?;
    let answer = put(&mut terminal, PAY, json!({ "state": "installed" })).await?;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()?["code"]),
        (403, &json!("terminal_suspended"))
    );
    assert_eq!(terminal.get(APPS).await?.status.as_u16(), 403);
    assert_eq!(kinds(&world).await?, ["app.granted"]);
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
