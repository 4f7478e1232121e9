//! Can it take a payment now? A terminal on its way from the stock room to the first customer.

use crate::client::{Client, between, code_on, table_rows};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::domain::Timestamp;
use axum::http::StatusCode;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use server::entities::{app_grants, app_installs, apps, merchants};
use uuid::Uuid;

on_both_engines!(
    each_step_to_the_first_payment_is_named,
    a_pasted_list_gets_a_line_each,
    what_is_not_the_askers_is_not_found,
    the_timeline_says_where_it_is_stuck,
);

const APP: Uuid = Uuid::from_u128(1);
const SN: &str = "OWN10001";
/// What the page of a terminal says that is ready.
const READY: &str = "各项检查都正常";
const PAGE: &str = "/devices/OWN10001";

/// A payment app in the catalogue that a merchant may run, and what its terminal says of it.
async fn authorize(world: &World<'_>, merchant_no: &str) -> Result<()> {
    apps::ActiveModel {
        id: Set(APP),
        package: Set("cn.example.pay".to_owned()),
        name_zh: Set("收银".to_owned()),
        name_en: Set("Pay".to_owned()),
        publisher: Set("X".to_owned()),
        payment: Set(true),
        created_at: Set(0),
        updated_at: Set(0),
    }
    .insert(world.db.writer())
    .await?;
    let merchant = merchants::Entity::find()
        .filter(merchants::Column::MerchantNo.eq(merchant_no))
        .one(world.db.reader())
        .await?
        .ok_or("no such merchant")?;
    app_grants::ActiveModel {
        id: Set(Uuid::from_u128(2)),
        app_id: Set(APP),
        merchant_id: Set(merchant.id),
        starts_at: Set(0),
        created_at: Set(0),
        ..Default::default()
    }
    .insert(world.db.writer())
    .await?;
    Ok(())
}

async fn installed(world: &World<'_>, state: &str) -> Result<()> {
    let terminal = world.terminals(SN).await?.remove(0);
    world.sql("DELETE FROM app_installs").await?;
    app_installs::ActiveModel {
        terminal_id: Set(terminal.id),
        app_id: Set(APP),
        merchant_id: Set(terminal.merchant_id.ok_or("nobody's")?),
        state: Set(state.to_owned()),
        reported_at: Set(1),
        ..Default::default()
    }
    .insert(world.db.writer())
    .await?;
    Ok(())
}

async fn update(world: &World<'_>, set: &str) -> Result<()> {
    world
        .sql(&format!("UPDATE terminals SET {set} WHERE sn = '{SN}'"))
        .await
}

async fn each_step_to_the_first_payment_is_named(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("{SN},PAX,S90,前台,{XIAOMAN},一店\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let now_told = async |owner: &mut Client, title: &str| -> Result<()> {
        let page = owner.get(PAGE).await?;
        page.says(&[title, "检查清单", "注册进度"]);
        // The list says the same in a line.
        let line = if title == READY { "可以收款" } else { title };
        let list = owner.get("/devices").await?;
        let rows = table_rows(&list.body);
        assert!(rows.len() == 1 && rows[0].contains(line), "{title}: {rows:?}");
        Ok(())
    };

    now_told(&mut owner, "终端未注册").await?;
    let registered = owner.submit("/actions/register", &[("sn", SN)]).await?;
    let code = code_on(&registered.body).ok_or("no code on the page")?;
    now_told(&mut owner, "终端还没有连接平台").await?;
    let claim = json!({ "sn": SN, "activation_code": code });
    let claimed = world.visitor().post_json("/api/v1/terminals/register", &claim).await?;
    assert_eq!(claimed.status, StatusCode::CREATED, "{claimed:?}");
    now_told(&mut owner, "收款应用没有授权").await?;
    authorize(&world, XIAOMAN).await?;
    now_told(&mut owner, "今天还没有签到").await?;
    installed(&world, "failed").await?;
    now_told(&mut owner, "收款应用安装失败").await?;
    installed(&world, "installed").await?;
    update(&world, "business_day = '2026-03-01', signed_in_at = 1772330400000").await?;
    now_told(&mut owner, "暂时无法确定").await?;
    update(&world, "last_seen_at = 1772337000000, online_until = 1772337000001").await?;
    now_told(&mut owner, "终端很久没有上报").await?;
    let report = r#"{"network":"ok","printer":"ok","paper":"out","card_reader":"ok"}"#;
    update(
        &world,
        &format!("online_until = 1772999999999, reported_at = 1772337000000, last_report = '{report}'"),
    )
    .await?;
    now_told(&mut owner, "没有打印纸").await?;
    let mut admin = world.signed_in("admin").await?;
    let everybodys = admin.get("/terminals").await?;
    assert!(table_rows(&everybodys.body)[0].contains("没有打印纸"));
    owner
        .get("/")
        .await?
        .says(&["1 台终端中，0 台现在可以收款", "没有打印纸", "前台"]);
    update(&world, &format!("last_report = '{}'", report.replace("out", "ok"))).await?;
    now_told(&mut owner, READY).await?;
    owner
        .get("/")
        .await?
        .says(&["已注册的 1 台终端中，1 台现在可以收款"])
        .is_silent_on(&["没有打印纸"]);
    // After midnight in Shanghai it has to sign in again.
    world.clock.advance_ms(13 * 3_600_000);
    now_told(&mut world.signed_in("xiaoman").await?, "今天还没有签到").await?;
    world
        .sql(&format!(
            "UPDATE merchants SET state = 'suspended' WHERE merchant_no = '{XIAOMAN}'"
        ))
        .await?;
    now_told(&mut world.signed_in("xiaoman").await?, "商户已停用").await
}

async fn a_pasted_list_gets_a_line_each(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "{SN},PAX,S90,前台,{XIAOMAN},一店\nOWN10002,PAX,S90,后厨,{XIAOMAN},一店\nOTHER0001,PAX,S90,,{SHENGJING},\n"
        ))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let list =
        urlencoding::encode("own-10001，ＯＷＮ１０００２\nOTHER0001\tNOWHERE01\r\nOWN10001、ABC#1234").into_owned();
    let page = owner.get(&format!("/devices/find?sn={list}")).await?;
    assert_eq!(page.status, StatusCode::OK);
    let rows = table_rows(&page.body);
    assert_eq!(rows.len(), 5, "{rows:?}");
    assert!(
        rows[0].contains("前台") && rows[0].contains("终端未注册"),
        "{}",
        rows[0]
    );
    assert!(rows[1].contains("后厨"), "{}", rows[1]);
    // Another merchant's terminal and none at all are told in the same words.
    assert_eq!(rows[2].replace("OTHER0001", ""), rows[3].replace("NOWHERE01", ""));
    assert!(rows[3].contains("没有找到这台终端"));
    assert!(rows[4].contains("ABC#1234") && rows[4].contains("#"), "{}", rows[4]);
    page.says(&["共 5 台，可以收款 0 台", "1 个重复"])
        .is_silent_on(&["看起来像商户编号"]);
    let page = owner.get(&format!("/devices/find?sn={SN}%2C{XIAOMAN}")).await?;
    page.says(&["看起来像商户编号"]);

    // One, however often it was scanned, leads to its page; none leads back.
    let one = owner.get("/devices/find?sn=OWN10001%0Aown10001").await?;
    assert_eq!(one.location(), Some(PAGE));
    let none = owner.get("/devices/find?sn=%20%2C").await?;
    assert!(
        none.location().is_some_and(|path| path.starts_with("/?find=1")),
        "{none:?}"
    );
    // More than are looked up at once: the rest is said, not forgotten.
    let many: Vec<String> = (0..600).map(|n| format!("MANY{n:04}")).collect();
    let page = owner.get(&format!("/devices/find?sn={}", many.join("%0A"))).await?;
    assert_eq!(table_rows(&page.body).len(), 500);
    page.says(&["还有 100 个没有查"]);
    Ok(())
}

/// The step of the timeline at which a page says that it is stuck.
fn stuck_at(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("aria-current=\"step\"")?;
    between(rest, "font-medium\">", "<")
}

async fn the_timeline_says_where_it_is_stuck(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("{SN},PAX,S90,前台,,\n")).await?;
    let mut admin = world.signed_in("admin").await?;
    assert_eq!(stuck_at(&admin.get(PAGE).await?.body), Some("分配给商户"));
    let terminal = world.terminals(SN).await?.remove(0).id.to_string();
    let given = [
        ("terminal", terminal.as_str()),
        ("sn", SN),
        ("seen", "unassigned"),
        ("wanted", "assign"),
        ("merchant_no", XIAOMAN),
    ];
    admin.submit("/actions/terminal", &given).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let now_at = async |owner: &mut Client, step: Option<&str>| -> Result<String> {
        let page = owner.get(PAGE).await?;
        assert_eq!(stuck_at(&page.body), step);
        Ok(page.body)
    };
    // A number of another form than the maker's usual one warns, and no more.
    let page = now_at(&mut owner, Some("签发激活码")).await?;
    assert!(page.contains("和 PAX 常见的样子不同"));
    let registered = owner.submit("/actions/register", &[("sn", SN)]).await?;
    let code = code_on(&registered.body).ok_or("no code on the page")?;
    now_at(&mut owner, Some("终端向平台发出请求")).await?;
    // It called with another model than the platform's record has: the owner reads why it did not get on.
    let call = async |body: serde_json::Value| world.visitor().post_json("/api/v1/terminals/register", &body).await;
    call(json!({ "sn": SN, "activation_code": code, "model": "A920" })).await?;
    let page = now_at(&mut owner, Some("终端激活成功")).await?;
    assert!(page.contains("上一次被拒绝：") && page.contains("/help/registration#model_mismatch"));
    // A code that is over gets nobody further.
    world.clock.advance_ms(31 * Timestamp::DAY_MS);
    let mut owner = world.signed_in("xiaoman").await?;
    now_at(&mut owner, Some("签发激活码")).await?;
    let fields = [("terminal", terminal.as_str()), ("sn", SN)];
    let page = owner.submit("/actions/issue-code", &fields).await?;
    let code = code_on(&page.body).ok_or("no code")?;
    let claimed = call(json!({ "sn": SN, "activation_code": code })).await?;
    let page = now_at(&mut owner, Some("装好收款应用")).await?;
    assert!(!page.contains("上一次被拒绝"));
    authorize(&world, XIAOMAN).await?;
    installed(&world, "installed").await?;
    now_at(&mut owner, Some("第一次签到")).await?;
    let token = claimed.json()?["token"].as_str().ok_or("no token")?.to_owned();
    let mut terminal = world.visitor().with_header("authorization", &format!("Bearer {token}"));
    terminal
        .post_json("/api/v1/terminals/me/sign-in", &json!({ "operator_no": "01" }))
        .await?;
    now_at(&mut owner, None).await?;
    Ok(())
}

async fn what_is_not_the_askers_is_not_found(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("{SN},PAX,S90,前台,{SHENGJING},一店\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let theirs = owner.get(PAGE).await?;
    assert_eq!(theirs.status, StatusCode::NOT_FOUND);
    theirs.is_silent_on(&["前台", "检查清单"]);
    let merchant_number = owner.get(&format!("/devices/{SHENGJING}")).await?;
    assert_eq!(merchant_number.status, StatusCode::NOT_FOUND);
    merchant_number.says(&[
        "看起来像商户编号",
        "/help/find-sn",
        "百富 PAX",
        "VeriFone",
        "Ingenico",
        "商米 SUNMI",
    ]);
    Ok(())
}
