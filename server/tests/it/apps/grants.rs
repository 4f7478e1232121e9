//! Many are authorized at once, the narrower decides, and what is taken back or runs out is told.

use super::{APPS, PAY, SN, app_log, authorize, connect, grants, kinds, prepare, put, revoke, world_with_app};
use crate::client::{between, table_rows};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{SHENGJING, XIAOMAN};
use app::domain::{Role, Timestamp};
use axum::http::StatusCode;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::json;
use server::entities::{audit_log, device_log};

on_both_engines!(
    many_are_authorized_at_once_after_a_look,
    the_narrower_authorization_decides,
    what_is_taken_back_is_gone_for_the_merchant,
    what_runs_out_is_told_once,
);

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
