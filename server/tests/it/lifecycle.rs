//! Changing terminals: who may do what when, what is kept, and what happens when two do it at once.

use crate::client::{Answer, Client, code_on};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::backend::lifecycle::{Change, Moves};
use app::caller::{Caller, RequestInfo};
use app::domain::{Cause, Lifecycle, Role, TerminalId, UserId};
use app::error::{AppError, Invalid};
use axum::http::StatusCode;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use server::entities::{audit_log, device_log, terminals, users};

on_both_engines!(
    an_owner_looks_after_a_terminal,
    retiring_is_final_and_the_number_is_free_again,
    the_platform_moves_a_terminal_between_merchants,
    a_replacement_takes_the_place,
    unregistering_ends_the_token_and_the_code,
    roles_and_tenants_keep_to_their_own,
    what_a_form_lacks_is_said,
    two_at_once_have_one_winner,
    a_stopped_merchant_gets_and_resumes_nothing,
);

/// The form of a move as the terminal's page sends it.
async fn press(
    client: &mut Client,
    world: &World<'_>,
    sn: &str,
    wanted: &str,
    fields: &[(&str, &str)],
) -> Result<Answer> {
    let row = newest(world, sn).await?;
    let id = row.id.to_string();
    let mut all = vec![
        ("terminal", id.as_str()),
        ("sn", sn),
        ("manufacturer", &row.manufacturer),
        ("seen", &row.lifecycle),
        ("wanted", wanted),
        ("confirmed", "true"),
    ];
    all.extend_from_slice(fields);
    client.submit("/actions/terminal", &all).await
}

async fn newest(world: &World<'_>, sn: &str) -> Result<terminals::Model> {
    let mut rows = world.terminals(sn).await?;
    rows.sort_by_key(|row| row.id);
    Ok(rows.pop().ok_or("no such terminal")?)
}

/// Kind and detail of the newest log entries, oldest first.
async fn last_entries(world: &World<'_>, count: usize) -> Result<Vec<(String, Value)>> {
    let entries = device_log::Entity::find()
        .order_by_asc(device_log::Column::Id)
        .all(world.db.reader())
        .await?;
    let first = entries.len().saturating_sub(count);
    entries[first..]
        .iter()
        .map(|entry| Ok((entry.kind.clone(), serde_json::from_str(&entry.detail)?)))
        .collect()
}

/// Registers a terminal and connects it: answers the token.
async fn connect(client: &mut Client, world: &World<'_>, sn: &str) -> Result<String> {
    let page = client.submit("/actions/register", &[("sn", sn)]).await?;
    let code = code_on(&page.body).ok_or("no code")?;
    let body = json!({ "sn": sn, "activation_code": code });
    let answer = world.visitor().post_json("/api/v1/terminals/register", &body).await?;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    Ok(answer.json()?["token"].as_str().ok_or("no token")?.to_owned())
}

async fn an_owner_looks_after_a_terminal(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,旧名,{XIAOMAN},西湖店\nOWN10002,PAX,S90,,{XIAOMAN},城西店\n"
        ))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    connect(&mut owner, &world, "OWN10001").await?;

    press(&mut owner, &world, "OWN10001", "rename", &[("name", "1号收银台")])
        .await?
        .says(&["OWN10001 已改名。", "1号收银台"]);
    assert_eq!(
        last_entries(&world, 1).await?,
        [(
            "terminal.renamed".to_owned(),
            json!({ "before": { "name": "旧名" }, "after": { "name": "1号收银台" } })
        )]
    );
    // The same name again changes nothing, and nothing is logged.
    let entries = world.log().await?.len();
    press(&mut owner, &world, "OWN10001", "rename", &[("name", " 1号收银台 ")]).await?;
    assert_eq!(world.log().await?.len(), entries);

    let other_store = newest(&world, "OWN10002")
        .await?
        .store_id
        .ok_or("no store")?
        .to_string();
    press(&mut owner, &world, "OWN10001", "move_store", &[("store", &other_store)])
        .await?
        .says(&["OWN10001 的门店已调整。", "城西店"]);
    assert_eq!(
        last_entries(&world, 1).await?,
        [(
            "terminal.moved".to_owned(),
            json!({ "before": { "store": "西湖店" }, "after": { "store": "城西店" } })
        )]
    );

    let cause = [("reason", "lost"), ("note", "昨晚\n打烊后不见了")];
    press(&mut owner, &world, "OWN10001", "suspend", &cause).await?.says(&[
        "OWN10001 已停用。",
        "已停用",
        "丢失",
        "昨晚 打烊后不见了",
    ]);
    let row = newest(&world, "OWN10001").await?;
    assert_eq!(row.lifecycle, "suspended");
    assert!(
        row.token_hash.is_some(),
        "a suspended terminal keeps its token, to be told so"
    );
    assert_eq!(
        last_entries(&world, 1).await?,
        [(
            "terminal.suspended".to_owned(),
            json!({
                "before": { "lifecycle": "registered", "reason": null, "note": null },
                "after": { "lifecycle": "suspended", "reason": "lost", "note": "昨晚 打烊后不见了" },
            })
        )]
    );

    press(&mut owner, &world, "OWN10001", "resume", &[])
        .await?
        .says(&["OWN10001 已恢复使用。", "已注册"]);
    let row = newest(&world, "OWN10001").await?;
    assert_eq!(
        (row.lifecycle.as_str(), row.lifecycle_reason, row.lifecycle_note),
        ("registered", None, None)
    );
    assert!(row.registered_at.is_some() && row.token_hash.is_some());
    let audited = audit_log::Entity::find()
        .filter(audit_log::Column::Action.eq("terminal.suspended"))
        .all(db.reader())
        .await?;
    assert_eq!(audited.len(), 1);
    assert_eq!(audited[0].target.as_deref(), Some("OWN10001"));
    assert!(audited[0].after.as_deref().is_some_and(|after| after.contains("lost")));
    let kinds: Vec<_> = world.log().await?.into_iter().map(|(kind, ..)| kind).collect();
    assert!(kinds.contains(&"terminal.resumed".to_owned()), "{kinds:?}");
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn retiring_is_final_and_the_number_is_free_again(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let rows = format!("OWN10001,PAX,S90,,{XIAOMAN},\n");
    world.import(&rows).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let token = connect(&mut owner, &world, "OWN10001").await?;
    press(&mut owner, &world, "OWN10001", "retire", &[("reason", "damaged")])
        .await?
        .says(&["OWN10001 已退役。", "没有可做的操作"])
        .is_silent_on(&["name=\"wanted\""]);
    let retired = newest(&world, "OWN10001").await?;
    assert_eq!(retired.lifecycle, "retired");
    // The terminal itself is told its state, and nothing else.
    let mut terminal = world.visitor().with_header("authorization", &format!("Bearer {token}"));
    let told = terminal.post_json("/api/v1/terminals/me/heartbeat", &json!({})).await?;
    assert_eq!(
        (told.status, told.json()?["code"].as_str()),
        (StatusCode::FORBIDDEN, Some("terminal_retired"))
    );
    assert_eq!(newest(&world, "OWN10001").await?, retired);

    let entries = world.log().await?.len();
    for (wanted, fields) in [
        ("resume", &[][..]),
        ("rename", &[("name", "新名")]),
        ("suspend", &[("reason", "lost")]),
        ("retire", &[("reason", "lost")]),
    ] {
        press(&mut owner, &world, "OWN10001", wanted, fields)
            .await?
            .says(&["当前状态不能这样操作"]);
    }
    assert_eq!(world.log().await?.len(), entries, "what was not done is not logged");

    // The number comes back as a new record.
    world.import(&rows).await?;
    assert_eq!(world.terminals("OWN10001").await?.len(), 2);
    press(&mut owner, &world, "OWN10001", "rename", &[("name", "新机")])
        .await?
        .says(&["已改名"]);
    Ok(())
}

async fn the_platform_moves_a_terminal_between_merchants(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "FREE0001,PAX,S90,仓库备用,,\nOWN10001,PAX,S90,,{XIAOMAN},西湖店\nOTHER001,PAX,S90,,{SHENGJING},福田店\n"
        ))
        .await?;
    let mut admin = world.signed_in("admin").await?;
    let to = |merchant, store| [("merchant_no", merchant), ("store", store)];
    press(&mut admin, &world, "FREE0001", "assign", &to("0", ""))
        .await?
        .says(&["商户编号不存在"]);
    press(&mut admin, &world, "FREE0001", "assign", &to(XIAOMAN, "福田店"))
        .await?
        .says(&["没有这个门店"]);
    press(&mut admin, &world, "FREE0001", "assign", &to(XIAOMAN, "西湖店"))
        .await?
        .says(&["FREE0001 已分配给商户", "西湖店"]);
    assert_eq!(newest(&world, "FREE0001").await?.lifecycle, "awaiting");

    let mut owner = world.signed_in("xiaoman").await?;
    connect(&mut owner, &world, "FREE0001").await?;
    press(&mut owner, &world, "FREE0001", "rename", &[("name", "小满收银台")]).await?;
    press(&mut admin, &world, "FREE0001", "move_merchant", &to(XIAOMAN, ""))
        .await?
        .says(&["终端已在该商户名下"]);
    press(
        &mut admin,
        &world,
        "FREE0001",
        "move_merchant",
        &to(SHENGJING, "福田店"),
    )
    .await?
    .says(&["FREE0001 已转给新商户"]);
    let row = newest(&world, "FREE0001").await?;
    assert_eq!((row.lifecycle.as_str(), row.name.as_str()), ("awaiting", ""));
    assert_eq!(
        (row.token_hash, row.registered_at, row.last_seen_at),
        (None, None, None)
    );

    // Each merchant's log tells its half, and neither names the other.
    assert_eq!(owner.get("/devices/FREE0001").await?.status, StatusCode::NOT_FOUND);
    let entries = last_entries(&world, 2).await?;
    let mut kinds: Vec<_> = entries.iter().map(|(kind, _)| kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["terminal.assigned", "terminal.moved"]);
    for (kind, detail) in entries {
        let (told, not_told) = match kind.as_str() {
            "terminal.moved" => (XIAOMAN, SHENGJING),
            _ => (SHENGJING, XIAOMAN),
        };
        let detail = detail.to_string();
        assert!(detail.contains(told) && !detail.contains(not_told), "{kind}: {detail}");
        assert_eq!(detail.contains("小满收银台"), kind == "terminal.moved", "{detail}");
    }
    let mut new_owner = world.signed_in("shengjing").await?;
    new_owner
        .get("/devices/FREE0001")
        .await?
        .says(&["未注册"])
        .is_silent_on(&["小满"]);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn a_replacement_takes_the_place(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OLD10001,PAX,S90,1号台,{XIAOMAN},西湖店\nNEW10001,PAX,S91,,,\nOTHER001,PAX,S90,,{SHENGJING},\n"
        ))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    connect(&mut owner, &world, "OLD10001").await?;
    let mut admin = world.signed_in("admin").await?;
    for wrong in ["OTHER001", "OLD10001", "NOBODYS1"] {
        press(&mut admin, &world, "OLD10001", "replace", &[("replacement", wrong)])
            .await?
            .says(&["不能用这台终端替换"]);
    }
    press(
        &mut admin,
        &world,
        "OLD10001",
        "replace",
        &[("replacement", "new1-0001")],
    )
    .await?
    .says(&["由另一台终端接替"]);
    let (old, new) = (newest(&world, "OLD10001").await?, newest(&world, "NEW10001").await?);
    assert_eq!(
        (old.lifecycle.as_str(), old.lifecycle_reason.as_deref()),
        ("retired", Some("replaced"))
    );
    assert!(!old.online && new.token_hash.is_none());
    assert_eq!((new.lifecycle.as_str(), new.name.as_str()), ("awaiting", "1号台"));
    assert_eq!((new.merchant_id, new.store_id), (old.merchant_id, old.store_id));
    let entries = last_entries(&world, 2).await?;
    assert_eq!(entries[0].0, "terminal.replaced");
    assert_eq!(entries[0].1["replaced_by"], "NEW10001");
    assert_eq!(entries[1].0, "terminal.assigned");
    assert_eq!(entries[1].1["replaces"], "OLD10001");
    Ok(())
}

async fn unregistering_ends_the_token_and_the_code(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut admin = world.signed_in("admin").await?;
    connect(&mut admin, &world, "OWN10001").await?;
    let id = newest(&world, "OWN10001").await?.id.to_string();
    let page = admin
        .submit("/actions/issue-code", &[("terminal", &id), ("sn", "OWN10001")])
        .await?;
    let code = code_on(&page.body).ok_or("no code")?;
    press(&mut admin, &world, "OWN10001", "unregister", &[])
        .await?
        .says(&["已解除注册"]);
    let row = newest(&world, "OWN10001").await?;
    assert_eq!(
        (row.lifecycle.as_str(), row.token_hash, row.registered_at),
        ("awaiting", None, None)
    );
    let claim = json!({ "sn": "OWN10001", "activation_code": code });
    let refused = world.visitor().post_json("/api/v1/terminals/register", &claim).await?;
    assert_eq!(refused.json()?["code"], "code_revoked");
    let kinds: Vec<_> = last_entries(&world, 3)
        .await?
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(kinds, ["code.revoked", "terminal.unregistered", "registration.failed"]);
    Ok(())
}

async fn roles_and_tenants_keep_to_their_own(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,原名,{XIAOMAN},\nOTHER001,PAX,S90,原名,{SHENGJING},\n"
        ))
        .await?;
    world.add_user("clerk", Role::MerchantClerk, Some(XIAOMAN)).await?;
    world.add_user("support", Role::PlatformSupport, None).await?;
    let entries = world.log().await?.len();
    for login in ["clerk", "support"] {
        let mut client = world.signed_in(login).await?;
        client
            .get("/devices/OWN10001")
            .await?
            .is_silent_on(&["/actions/terminal"]);
        press(&mut client, &world, "OWN10001", "rename", &[("name", "新名")])
            .await?
            .says(&["没有权限"]);
    }
    let mut owner = world.signed_in("xiaoman").await?;
    let page = press(&mut owner, &world, "OTHER001", "rename", &[("name", "新名")]).await?;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    press(
        &mut owner,
        &world,
        "OWN10001",
        "move_merchant",
        &[("merchant_no", SHENGJING)],
    )
    .await?
    .says(&["没有权限"]);
    // Another merchant's store is no store.
    press(&mut owner, &world, "OWN10001", "rename", &[("name", "新名")]).await?;
    world.import(&format!("OTHER002,PAX,S90,,{SHENGJING},福田店\n")).await?;
    let store = newest(&world, "OTHER002")
        .await?
        .store_id
        .ok_or("no store")?
        .to_string();
    press(&mut owner, &world, "OWN10001", "move_store", &[("store", &store)])
        .await?
        .says(&["没有这个门店"]);
    assert_eq!(newest(&world, "OTHER001").await?.name, "原名");
    assert_eq!(world.log().await?.len(), entries + 2, "one rename and one import");
    // Nobody who has not signed in does anything.
    let row = newest(&world, "OWN10001").await?.id.to_string();
    let fields = [
        ("terminal", row.as_str()),
        ("sn", "OWN10001"),
        ("seen", "awaiting"),
        ("wanted", "resume"),
    ];
    let answer = world.visitor().post("/actions/terminal", &fields).await?;
    assert!(
        answer.location().is_some_and(|to| to.starts_with("/sign-in")),
        "{answer:?}"
    );
    Ok(())
}

async fn what_a_form_lacks_is_said(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    connect(&mut owner, &world, "OWN10001").await?;
    let entries = world.log().await?.len();
    for (wanted, fields, said) in [
        ("rename", &[("name", "=1+1")][..], "名称不能用"),
        ("rename", &[], "名称不能用"),
        ("suspend", &[], "请选择原因"),
        ("suspend", &[("reason", "bored")], "请选择原因"),
        ("retire", &[("reason", "other"), ("note", " ")], "请写明原因"),
        ("move_store", &[("store", "x")], "没有这个门店"),
        ("resume", &[], "当前状态不能这样操作"),
        ("register", &[], "填写有误"),
        ("explode", &[], "填写有误"),
    ] {
        press(&mut owner, &world, "OWN10001", wanted, fields)
            .await?
            .says(&[said]);
    }
    let row = newest(&world, "OWN10001").await?.id.to_string();
    let unconfirmed = [
        ("terminal", row.as_str()),
        ("sn", "OWN10001"),
        ("seen", "registered"),
        ("wanted", "retire"),
        ("reason", "lost"),
    ];
    owner
        .submit("/actions/terminal", &unconfirmed)
        .await?
        .says(&["填写有误"]);
    assert_eq!(newest(&world, "OWN10001").await?.lifecycle, "registered");
    assert_eq!(world.log().await?.len(), entries);
    Ok(())
}

async fn two_at_once_have_one_winner(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    connect(&mut owner, &world, "OWN10001").await?;
    let before = world.log().await?.len();
    let terminal = TerminalId(newest(&world, "OWN10001").await?.id);
    let admin = users::Entity::find().all(db.reader()).await?;
    let admin = admin.iter().find(|user| user.login == "admin").ok_or("no admin")?;
    let admin = Caller::user(
        UserId(admin.id),
        "admin".to_owned(),
        Role::PlatformAdmin,
        None,
        RequestInfo::default(),
    )
    .ok_or("no caller")?;
    let tasks: Vec<_> = (0..20)
        .map(|at| {
            let (moves, admin) = (world.services.lifecycle.clone(), admin.clone());
            tokio::spawn(async move {
                let reason = if at % 2 == 0 { "lost" } else { "stolen" };
                let change = Cause::parse(reason, "").map(Change::Suspend);
                let change = change.map_err(|_| AppError::Internal)?;
                moves
                    .change(admin.manager()?, terminal, Lifecycle::Registered, &change)
                    .await
            })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await? {
            Ok(()) => won += 1,
            Err(error) => assert_eq!(error, AppError::Invalid(Invalid::Changed)),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(world.log().await?.len(), before + 1);
    // On the page, the slower one is told and shown how it stands.
    let id = terminal.to_string();
    let fields = [
        ("terminal", id.as_str()),
        ("sn", "OWN10001"),
        ("seen", "registered"),
        ("wanted", "rename"),
        ("name", "新名"),
    ];
    owner
        .submit("/actions/terminal", &fields)
        .await?
        .says(&["终端刚被其他人改动过", "已停用"]);
    Ok(())
}

async fn a_stopped_merchant_gets_and_resumes_nothing(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\nFREE0001,PAX,S90,,,\n"))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    connect(&mut owner, &world, "OWN10001").await?;
    press(&mut owner, &world, "OWN10001", "suspend", &[("reason", "lost")]).await?;
    let merchant = newest(&world, "OWN10001").await?.merchant_id.ok_or("no merchant")?;
    let stopped = server::entities::merchants::ActiveModel {
        id: Set(merchant),
        state: Set("suspended".to_owned()),
        ..Default::default()
    };
    stopped.update(db.writer()).await?;
    press(&mut owner, &world, "OWN10001", "resume", &[])
        .await?
        .says(&["商户已停用"]);
    let mut admin = world.signed_in("admin").await?;
    press(&mut admin, &world, "FREE0001", "assign", &[("merchant_no", XIAOMAN)])
        .await?
        .says(&["商户已停用"]);
    assert_eq!(newest(&world, "FREE0001").await?.lifecycle, "unassigned");
    Ok(())
}
