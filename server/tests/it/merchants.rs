//! Looking after merchants and their stores: what the platform does, what an owner does, and what is written down of it.

use crate::client::{Answer, between, table_rows, without_chance};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::domain::Role;
use axum::http::StatusCode;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use server::entities::{audit_log, merchants, stores, terminals};

on_both_engines!(
    a_merchant_is_taken_on_and_changed,
    what_is_wrong_is_told_and_what_was_typed_stays,
    a_suspended_merchant_stops_until_it_is_resumed,
    merchants_are_found_and_paged,
    an_owner_looks_after_the_own_stores,
    a_store_is_closed_when_it_is_empty,
    a_closed_store_takes_no_terminals,
    another_merchants_store_is_not_there,
    the_registration_is_told_to_its_merchant,
);

/// Action, target, before and after of the audit entries about merchants and stores, oldest first.
async fn told(world: &World<'_>) -> Result<Vec<(String, String, Value, Value)>> {
    let find = audit_log::Entity::find()
        .filter(audit_log::Column::TargetKind.is_in(["merchant", "store"]))
        .filter(audit_log::Column::Outcome.eq("success"))
        .order_by_asc(audit_log::Column::Id);
    let json = |text: Option<String>| text.map_or(Ok(Value::Null), |text| serde_json::from_str(&text));
    let mut told = Vec::new();
    for entry in find.all(world.db.reader()).await? {
        let target = entry.target.unwrap_or_default();
        told.push((entry.action, target, json(entry.before)?, json(entry.after)?));
    }
    Ok(told)
}

async fn merchant(world: &World<'_>, number: &str) -> Result<merchants::Model> {
    let find = merchants::Entity::find().filter(merchants::Column::MerchantNo.eq(number));
    Ok(find.one(world.db.reader()).await?.ok_or("no such merchant")?)
}

async fn store(world: &World<'_>, name: &str) -> Result<Option<stores::Model>> {
    let find = stores::Entity::find().filter(stores::Column::Name.eq(name));
    Ok(find.one(world.db.reader()).await?)
}

/// The form of a merchant, with some fields replaced.
fn form<'a>(other: &[(&'static str, &'a str)]) -> Vec<(&'static str, &'a str)> {
    let usual = [
        ("number", "898290640000077"),
        ("name", "成都锦绣火锅"),
        ("time_zone", "Asia/Shanghai"),
        ("quota", "30"),
        ("contact_name", "刘芳"),
        ("contact_phone", "028-5550 0177"),
        ("contact_email", "liu@example.com"),
    ];
    usual
        .into_iter()
        .map(|(name, value)| {
            let replaced = other.iter().find(|(known, _)| *known == name);
            replaced.copied().unwrap_or((name, value))
        })
        .collect()
}

async fn a_merchant_is_taken_on_and_changed(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    let page = admin
        .submit("/actions/merchant-create", &form(&[("number", " 8982-9064 0000 077 ")]))
        .await?;
    page.says(&[
        "商户 898290640000077",
        "商户已创建",
        "成都锦绣火锅",
        "liu@example.com",
        "0 / 30",
    ]);
    // A terminal can be given to it at once, and an account opened.
    world.import("NEW10001,PAX,S90,,898290640000077,春熙店\n").await?;
    let fields = [
        ("login", "liufang"),
        ("name", "刘芳"),
        ("role", "merchant_owner"),
        ("merchant_no", "898290640000077"),
    ];
    admin.submit("/actions/user-create", &fields).await?.says(&["liufang"]);
    let page = admin.get("/merchants/898290640000077").await?;
    page.says(&[
        "春熙店",
        "可用账号 1 个",
        "/users?merchant=898290640000077",
        "NEW10001",
        "/logs?merchant=898290640000077",
    ]);

    let changed = form(&[("name", "成都锦绣餐饮"), ("quota", "1,200"), ("contact_email", "")]);
    let page = admin.submit("/actions/merchant-update", &changed).await?;
    page.says(&["商户资料已保存", "成都锦绣餐饮", "0 / 1,200"])
        .is_silent_on(&["liu@example.com"]);
    // Nothing is changed twice.
    admin.post("/actions/merchant-update", &changed).await?;
    let told = told(&world).await?;
    assert_eq!(
        told,
        [
            (
                "merchant.created".to_owned(),
                "898290640000077".to_owned(),
                Value::Null,
                json!({
                    "name": "成都锦绣火锅", "time_zone": "Asia/Shanghai", "terminal_quota": 30,
                    "contact_name": "刘芳", "contact_phone": "028-5550 0177", "contact_email": "liu@example.com"
                })
            ),
            (
                "merchant.updated".to_owned(),
                "898290640000077".to_owned(),
                json!({ "name": "成都锦绣火锅", "terminal_quota": 30, "contact_email": "liu@example.com" }),
                json!({ "name": "成都锦绣餐饮", "terminal_quota": 1200, "contact_email": null })
            ),
        ]
    );
    let kept = merchant(&world, "898290640000077").await?;
    assert_eq!((kept.state.as_str(), kept.terminal_quota), ("active", 1200));
    admin
        .get("/audit?action=merchant.updated")
        .await?
        .says(&["成都锦绣餐饮", "成都锦绣火锅"]);
    Ok(())
}

async fn what_is_wrong_is_told_and_what_was_typed_stays(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut admin = world.signed_in("admin").await?;
    for (wrong, said) in [
        (("number", "商户1"), "商户编号不正确"),
        (("number", XIAOMAN), "商户编号已被使用"),
        (("name", " "), "名称不能用"),
        (("name", "=cmd"), "名称不能用"),
        (("time_zone", "Mars/Olympus"), "没有这个时区"),
        (("quota", "-1"), "可注册终端数不正确"),
        (("quota", "10000001"), "可注册终端数不正确"),
        (("contact_name", "@x"), "姓名不正确"),
        (("contact_phone", "李"), "联系电话不正确"),
        (("contact_email", "liu"), "电子邮箱不正确"),
    ] {
        let page = admin.submit("/actions/merchant-create", &form(&[wrong])).await?;
        page.says(&[said]);
        // What was right is still there, and the form is open.
        let kept = if wrong.0 == "contact_phone" {
            "刘芳"
        } else {
            "028-5550 0177"
        };
        page.says(&["<details", " open", &format!("value=\"{kept}\"")]);
        if wrong.0 == "number" {
            continue;
        }
        let fields: Vec<_> = form(&[wrong, ("number", XIAOMAN)]);
        let page = admin.submit("/actions/merchant-update", &fields).await?;
        page.says(&[said, &format!("value=\"{kept}\"")]);
    }
    assert_eq!(merchants::Entity::find().all(db.reader()).await?.len(), 2);
    assert_eq!(told(&world).await?, []);
    let gone = admin
        .post("/actions/merchant-update", &form(&[("number", "404")]))
        .await?;
    assert!(
        gone.header("set-cookie")
            .is_some_and(|cookie| cookie.contains("not_found"))
    );
    for number in ["404", "商户", "%00"] {
        let page = admin
            .get(&format!("/merchants/{}", urlencoding::encode(number)))
            .await?;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{number}");
    }
    Ok(())
}

async fn a_suspended_merchant_stops_until_it_is_resumed(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\nOWN10002,PAX,S90,,{XIAOMAN},\n"))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner.post("/actions/register", &[("sn", "OWN10001")]).await?;
    let mut admin = world.signed_in("admin").await?;
    let unexplained = [("number", XIAOMAN), ("reason", " ")];
    let page = admin.submit("/actions/merchant-suspend", &unexplained).await?;
    page.says(&["请写明停用原因"]);
    assert_eq!(merchant(&world, XIAOMAN).await?.state, "active");

    let explained = [("number", XIAOMAN), ("reason", " 合同到期<b> ")];
    let page = admin.submit("/actions/merchant-suspend", &explained).await?;
    page.says(&["商户已停用", "合同到期&lt;b&gt;"]);
    // Again changes nothing, not even the reason.
    admin
        .post("/actions/merchant-suspend", &[("number", XIAOMAN), ("reason", "x")])
        .await?;
    owner.get("/devices/OWN10001").await?.says(&["不能收款", "商户已停用"]);
    owner
        .get("/settings/registration")
        .await?
        .says(&["已停用", "停用原因：合同到期&lt;b&gt;"]);
    let page = owner.submit("/actions/register", &[("sn", "OWN10002")]).await?;
    page.says(&["商户已停用"]);
    let (reason, told_reason) = world.last_refusal().await?;
    assert_eq!(
        (reason.as_str(), told_reason.as_str()),
        ("merchant_suspended", "merchant_suspended")
    );
    admin
        .get("/merchants?state=suspended")
        .await?
        .says(&["杭州小满母婴"])
        .is_silent_on(&["深圳盛景餐饮"]);

    let page = admin.submit("/actions/merchant-resume", &[("number", XIAOMAN)]).await?;
    page.says(&["商户已恢复"]).is_silent_on(&["合同到期"]);
    owner.get("/devices/OWN10001").await?.is_silent_on(&["商户已停用"]);
    owner
        .submit("/actions/register", &[("sn", "OWN10002")])
        .await?
        .says(&["注册成功"]);
    let states: Vec<_> = told(&world)
        .await?
        .into_iter()
        .map(|(action, _, before, after)| (action, before, after))
        .collect();
    let of = |state: &str, reason: Value| json!({ "state": state, "reason": reason });
    let (active, suspended) = (of("active", Value::Null), of("suspended", json!("合同到期<b>")));
    assert_eq!(
        states,
        [
            ("merchant.suspended".to_owned(), active.clone(), suspended.clone()),
            ("merchant.resumed".to_owned(), suspended, active),
        ]
    );
    Ok(())
}

/// Where the link with this relation leads.
fn link(page: &Answer, rel: &str) -> Option<String> {
    let (before, _) = page.body.split_once(&format!("rel=\"{rel}\""))?;
    let tag = page.body[before.rfind("<a ")?..].split('>').next()?;
    Some(between(tag, "href=\"", "\"")?.replace("&amp;", "&"))
}

async fn merchants_are_found_and_paged(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\nOWN10002,PAX,S90,,{XIAOMAN},\n"))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner.post("/actions/register", &[("sn", "OWN10001")]).await?;
    let mut admin = world.signed_in("admin").await?;
    for n in 0..103 {
        let (number, name) = (format!("77{n:04}"), format!("第{n}百货_%"));
        let answer = admin
            .post(
                "/actions/merchant-create",
                &form(&[("number", &number), ("name", &name)]),
            )
            .await?;
        assert_eq!(answer.location(), Some(format!("/merchants/{number}").as_str()));
    }
    let mut page = admin.get("/merchants?q=7700&state=active").await?;
    let mut sizes = vec![table_rows(&page.body).len()];
    while let Some(next) = link(&page, "next") {
        assert!(next.contains("q=7700") && next.contains("state=active"), "{next}");
        page = admin.get(&next).await?;
        sizes.push(table_rows(&page.body).len());
    }
    assert_eq!(sizes, [50, 50]);
    let mut page = admin.get("/merchants").await?;
    let mut sizes = vec![table_rows(&page.body).len()];
    while let Some(next) = link(&page, "next") {
        page = admin.get(&next).await?;
        sizes.push(table_rows(&page.body).len());
    }
    assert_eq!(sizes, [50, 50, 5]);
    while let Some(previous) = link(&page, "prev") {
        page = admin.get(&previous).await?;
    }
    assert_eq!(table_rows(&page.body).len(), 50);
    for (query, found) in [
        ("小满 8982", 1),
        ("第10", 4),
        ("_%", 103),
        ("%%", 0),
        ("\\", 0),
        ("';--", 0),
        ("nobody", 0),
    ] {
        let page = admin
            .get(&format!("/merchants?q={}", urlencoding::encode(query)))
            .await?;
        let rows = table_rows(&page.body);
        assert_eq!(rows.len(), found.min(50), "{query}");
    }
    let page = admin.get(&format!("/merchants?q={XIAOMAN}")).await?;
    let rows = table_rows(&page.body);
    assert!(
        rows[0].contains("1 / 100") && rows[0].contains("杭州小满母婴"),
        "{rows:?}"
    );
    Ok(())
}

async fn an_owner_looks_after_the_own_stores(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let new = [("store_name", "西湖店"), ("store_address", "文三路 477 号")];
    let page = owner.submit("/actions/store-create", &new).await?;
    page.says(&["门店已新增", "西湖店", "文三路 477 号", "0 台终端"]);
    let page = owner.submit("/actions/store-create", &new).await?;
    page.says(&["门店名称已被使用", "value=\"文三路 477 号\""]);
    for (name, place, said) in [
        ("=x", "", "名称不能用"),
        ("", "", "名称不能用"),
        ("滨江店", &"号".repeat(201)[..], "地址不正确"),
        ("滨江店", "=1", "地址不正确"),
    ] {
        let fields = [("store_name", name), ("store_address", place)];
        owner.submit("/actions/store-create", &fields).await?.says(&[said]);
    }
    let id = store(&world, "西湖店").await?.ok_or("no store")?.id.to_string();
    let page = owner.get(&format!("/settings/stores?edit_store={id}")).await?;
    page.says(&["修改门店", "value=\"西湖店\"", "value=\"文三路 477 号\""]);
    let renamed = [
        ("store", id.as_str()),
        ("store_name", "西湖旗舰店"),
        ("store_address", ""),
    ];
    let page = owner.submit("/actions/store-update", &renamed).await?;
    page.says(&["门店已修改", "西湖旗舰店"]).is_silent_on(&["文三路"]);
    let wrong = [("store", id.as_str()), ("store_name", "+"), ("store_address", "某处")];
    let page = owner.submit("/actions/store-update", &wrong).await?;
    page.says(&["名称不能用", "value=\"+\"", "value=\"某处\"", "修改门店"]);
    // The platform does the same from the merchant's page.
    let mut admin = world.signed_in("admin").await?;
    let fields = [("merchant", XIAOMAN), ("store_name", "滨江店"), ("store_address", "")];
    let page = admin.submit("/actions/store-create", &fields).await?;
    page.says(&[&format!("商户 {XIAOMAN}"), "门店已新增", "滨江店"]);
    let nowhere = admin.post("/actions/store-create", &[("store_name", "无主店")]).await?;
    assert!(
        nowhere
            .header("set-cookie")
            .is_some_and(|cookie| cookie.contains("not_found"))
    );

    let told = told(&world).await?;
    let created = |name: &str, place: Value| {
        let after = json!({ "name": name, "address": place });
        ("store.created".to_owned(), name.to_owned(), Value::Null, after)
    };
    assert_eq!(
        told,
        [
            created("西湖店", json!("文三路 477 号")),
            (
                "store.updated".to_owned(),
                "西湖店".to_owned(),
                json!({ "name": "西湖店", "address": "文三路 477 号" }),
                json!({ "name": "西湖旗舰店", "address": null })
            ),
            created("滨江店", Value::Null),
        ]
    );
    let of = merchant(&world, XIAOMAN).await?.id;
    let entries = audit_log::Entity::find()
        .filter(audit_log::Column::TargetKind.eq("store"))
        .all(db.reader())
        .await?;
    assert!(entries.iter().all(|entry| entry.merchant_id == Some(of)));
    Ok(())
}

async fn a_store_is_closed_when_it_is_empty(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},西湖店\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner.post("/actions/store-create", &[("store_name", "空店")]).await?;
    let id = |store: Option<stores::Model>| store.map(|store| store.id.to_string()).ok_or("no store");
    let (full, never) = (id(store(&world, "西湖店").await?)?, id(store(&world, "空店").await?)?);
    // A button is offered only for the one that is empty, and the other cannot be closed either way.
    let page = owner.get("/settings/stores").await?;
    page.says(&["关闭门店 空店"]).is_silent_on(&["关闭门店 西湖店"]);
    let page = owner.submit("/actions/store-close", &[("store", &full)]).await?;
    page.says(&["门店里还有终端"]);
    let page = owner.submit("/actions/store-close", &[("store", &never)]).await?;
    page.says(&["从未放过终端，已删除"]).is_silent_on(&["空店"]);
    assert!(store(&world, "空店").await?.is_none());

    let terminal = world.terminals("OWN10001").await?[0].id.to_string();
    let mut admin = world.signed_in("admin").await?;
    let retire = [
        ("terminal", terminal.as_str()),
        ("sn", "OWN10001"),
        ("seen", "awaiting"),
        ("wanted", "retire"),
        ("reason", "damaged"),
        ("confirmed", "true"),
    ];
    admin.post("/actions/terminal", &retire).await?;
    assert_eq!(world.terminals("OWN10001").await?[0].lifecycle, "retired");
    let page = owner.submit("/actions/store-close", &[("store", &full)]).await?;
    page.says(&["门店已关闭", "已关闭", "重新开放门店 西湖店"]);
    owner.post("/actions/store-close", &[("store", &full)]).await?;
    let page = owner.submit("/actions/store-reopen", &[("store", &full)]).await?;
    page.says(&["门店已重新开放", "关闭门店 西湖店"]);
    owner.post("/actions/store-reopen", &[("store", &full)]).await?;
    let told: Vec<_> = told(&world).await?.into_iter().skip(1).collect();
    let closed = |closed: bool| json!({ "closed": closed });
    assert_eq!(
        told,
        [
            (
                "store.removed".to_owned(),
                "空店".to_owned(),
                json!({ "name": "空店", "address": null }),
                Value::Null
            ),
            (
                "store.closed".to_owned(),
                "西湖店".to_owned(),
                closed(false),
                closed(true)
            ),
            (
                "store.reopened".to_owned(),
                "西湖店".to_owned(),
                closed(true),
                closed(false)
            ),
        ]
    );
    Ok(())
}

async fn a_closed_store_takes_no_terminals(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},西湖店\nOWN10002,PAX,S90,,{XIAOMAN},滨江店\n"
        ))
        .await?;
    let closed = store(&world, "滨江店").await?.ok_or("no store")?;
    world
        .sql("UPDATE terminals SET store_id = NULL WHERE sn = 'OWN10002'")
        .await?;
    world
        .sql("UPDATE stores SET closed_at = 1 WHERE name = '滨江店'")
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let page = owner.get("/devices/OWN10001").await?;
    page.is_silent_on(&["滨江店"]);
    let terminal = world.terminals("OWN10001").await?[0].id.to_string();
    let to = closed.id.to_string();
    let fields = [
        ("terminal", terminal.as_str()),
        ("sn", "OWN10001"),
        ("seen", "awaiting"),
        ("wanted", "move_store"),
        ("store", to.as_str()),
    ];
    let answer = owner.post("/actions/terminal", &fields).await?;
    assert!(
        answer
            .header("set-cookie")
            .is_some_and(|cookie| cookie.contains("store_unknown")),
        "{answer:?}"
    );
    let rows = terminals::Entity::find().all(db.reader()).await?;
    assert!(rows.iter().all(|terminal| terminal.store_id != Some(closed.id)));
    Ok(())
}

async fn another_merchants_store_is_not_there(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},西湖店\nOTHER001,PAX,S90,,{SHENGJING},南山店\n"
        ))
        .await?;
    let others = store(&world, "南山店").await?.ok_or("no store")?.id.to_string();
    let nobodys = uuid::Uuid::from_u128(1).to_string();
    let mut owner = world.signed_in("xiaoman").await?;
    owner
        .get("/settings/stores")
        .await?
        .says(&["西湖店"])
        .is_silent_on(&["南山店"]);
    for action in ["/actions/store-update", "/actions/store-close", "/actions/store-reopen"] {
        let mut answers = Vec::new();
        for store in [&others, &nobodys] {
            let fields = [("store", store.as_str()), ("store_name", "夺来的店")];
            let answer = owner.post(action, &fields).await?;
            let cookie = without_chance(answer.header("set-cookie").unwrap_or_default());
            answers.push((answer.status, cookie));
        }
        assert!(answers[0].1.contains("not_found"), "{answers:?}");
        assert_eq!(answers[0], answers[1], "{action}");
    }
    for number in [SHENGJING, "404", "商户"] {
        let fields = [("merchant", number), ("store_name", "别家的店")];
        let answer = owner.post("/actions/store-create", &fields).await?;
        assert!(
            answer
                .header("set-cookie")
                .is_some_and(|cookie| cookie.contains("not_found"))
        );
    }
    assert_eq!(stores::Entity::find().all(db.reader()).await?.len(), 2);
    // The log cannot be narrowed to another's store either.
    let page = owner.get(&format!("/logs?store={others}")).await?;
    assert!(table_rows(&page.body).is_empty());
    Ok(())
}

async fn the_registration_is_told_to_its_merchant(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.add_user("clerk", Role::MerchantClerk, Some(XIAOMAN)).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},西湖店\nOWN10002,PAX,S90,,{XIAOMAN},\nOTHER001,PAX,S90,,{SHENGJING},\n"
        ))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    owner.post("/actions/register", &[("sn", "OWN10001")]).await?;
    let mut admin = world.signed_in("admin").await?;
    let fields = form(&[("number", XIAOMAN), ("name", "杭州小满母婴"), ("quota", "1")]);
    admin.post("/actions/merchant-update", &fields).await?;
    for login in ["xiaoman", "clerk"] {
        let page = world.signed_in(login).await?.get("/settings/registration").await?;
        page.says(&[
            XIAOMAN,
            "杭州小满母婴",
            "可注册 1 台，已用 1 台，还可注册 0 台。",
            "可注册的终端数已用完",
            "刘芳",
            "028-5550 0177",
            "liu@example.com",
        ])
        .is_silent_on(&[SHENGJING]);
        let counts: Vec<_> = table_rows(&page.body)
            .iter()
            .filter_map(|row| between(row, "tabular-nums\">", "<"))
            .collect();
        assert_eq!(counts, ["1", "1", "0", "0", "2"]);
    }
    let other = world
        .signed_in("shengjing")
        .await?
        .get("/settings/registration")
        .await?;
    other.says(&[SHENGJING, "已用 0 台"]).is_silent_on(&[XIAOMAN, "刘芳"]);
    Ok(())
}
