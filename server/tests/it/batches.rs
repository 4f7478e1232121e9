//! Many terminals at once: chosen in a list or written down.

mod jobs;

use crate::client::{Answer, Client, code_on};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::domain::Role;
use axum::http::StatusCode;
use serde_json::json;
use server::database::Engine;
use std::fmt::Write;

on_both_engines!(
    chosen_terminals_are_suspended_and_resumed,
    the_platform_assigns_and_issues_a_sheet_of_codes,
    codes_that_are_out_are_handed_over,
    a_list_of_serial_numbers_is_registered,
    a_batch_is_its_makers_alone,
    more_than_a_page_is_chosen_by_what_it_matches,
);

/// Ticks terminals in the list and goes on; answers the page of what can be done and its key.
async fn choose(client: &mut Client, world: &World<'_>, list: &str, sns: &[&str]) -> Result<(Answer, String)> {
    let mut ids = Vec::new();
    for sn in sns {
        ids.push(world.terminals(sn).await?.pop().ok_or("no terminal")?.id.to_string());
    }
    let mut fields = vec![("list", list), ("query", "select=1")];
    fields.extend(ids.iter().map(|id| ("ids[]", id.as_str())));
    let answer = client.post("/actions/choose", &fields).await?;
    let batch = answer
        .location()
        .and_then(|to| to.strip_prefix("/batches/"))
        .ok_or_else(|| format!("no batch: {answer:?}"))?
        .to_owned();
    Ok((client.follow(answer).await?, batch))
}

async fn states(world: &World<'_>, sns: &[&str]) -> Result<Vec<String>> {
    let mut states = Vec::new();
    for sn in sns {
        states.push(world.terminals(sn).await?.pop().ok_or("no terminal")?.lifecycle);
    }
    Ok(states)
}

async fn chosen_terminals_are_suspended_and_resumed(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut rows = String::new();
    for n in 1..=4 {
        writeln!(rows, "OWN1000{n},PAX,S90,,{XIAOMAN},")?;
    }
    world.import(&rows).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let sns = ["OWN10001", "OWN10002", "OWN10003", "OWN10004"];
    for sn in &sns[..3] {
        owner.submit("/actions/register", &[("sn", sn)]).await?;
    }
    owner
        .get("/devices?select=all")
        .await?
        .says(&["name=\"ids[]\"", "checked", "OWN10004"]);
    let (page, batch) = choose(&mut owner, &world, "/devices", &sns).await?;
    page.says(&["已选 4 台终端", "可以操作：3 台", "不能操作：1 台", "OWN10004"])
        .is_silent_on(&["分配给商户"]);

    let unconfirmed = [("batch", batch.as_str()), ("wanted", "suspend"), ("reason", "lost")];
    owner
        .submit("/actions/change-batch", &unconfirmed)
        .await?
        .says(&["填写有误"]);
    let fields = [
        ("batch", batch.as_str()),
        ("wanted", "suspend"),
        ("reason", "lost"),
        ("confirmed", "true"),
    ];
    let result = owner.submit("/actions/change-batch", &fields).await?;
    result.says(&["成功 3 台", "没有成功 1 台", "当前状态不能这样操作"]);
    assert_eq!(
        states(&world, &sns).await?,
        ["suspended", "suspended", "suspended", "awaiting"]
    );
    let entries = world.log().await?.len();
    // Pressed twice, done once.
    owner
        .submit("/actions/change-batch", &fields)
        .await?
        .says(&["成功 3 台"]);
    assert_eq!(world.log().await?.len(), entries);

    let (_, batch) = choose(&mut owner, &world, "/devices", &sns[..2]).await?;
    let fields = [("batch", batch.as_str()), ("wanted", "resume")];
    owner
        .submit("/actions/change-batch", &fields)
        .await?
        .says(&["成功 2 台"]);
    assert_eq!(
        states(&world, &sns).await?,
        ["registered", "registered", "suspended", "awaiting"]
    );

    // Nothing ticked, and what is not in the menu.
    owner
        .submit("/actions/choose", &[("list", "/devices")])
        .await?
        .says(&["没有选择终端"]);
    let (_, batch) = choose(&mut owner, &world, "/devices", &sns[..2]).await?;
    let fields = [
        ("batch", batch.as_str()),
        ("wanted", "assign"),
        ("merchant_no", SHENGJING),
    ];
    owner
        .submit("/actions/change-batch", &fields)
        .await?
        .says(&["没有权限"]);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn the_platform_assigns_and_issues_a_sheet_of_codes(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "FREE0001,PAX,S90,,,\nFREE0002,PAX,S90,,,\nOWN10001,PAX,S90,,{XIAOMAN},西湖店\n"
        ))
        .await?;
    let mut admin = world.signed_in("admin").await?;
    let sns = ["FREE0001", "FREE0002", "OWN10001"];
    let (page, batch) = choose(&mut admin, &world, "/terminals", &sns).await?;
    page.says(&["已选 3 台终端", "其中 2 台还没有商户"]);
    let codes = [("batch", batch.as_str()), ("merchant_no", "")];
    let sheet = admin.submit("/actions/batch-codes", &codes).await?;
    sheet.says(&["成功 1 台", "没有成功 2 台", "请填写商户编号", "<svg", "激活码单"]);
    let code = code_on(&sheet.body).ok_or("no code on the sheet")?;
    // It is shown once, and not issued twice.
    let again = admin.get(&format!("/batches/{batch}")).await?;
    again.says(&["成功 1 台"]).is_silent_on(&[&code]);
    admin
        .submit("/actions/batch-codes", &codes)
        .await?
        .says(&["已经做过了"]);
    let claim = json!({ "sn": "OWN10001", "activation_code": code });
    let claimed = world.visitor().post_json("/api/v1/terminals/register", &claim).await?;
    assert_eq!(claimed.status, StatusCode::CREATED, "{claimed:?}");

    let (_, batch) = choose(&mut admin, &world, "/terminals", &sns).await?;
    let assign = [
        ("batch", batch.as_str()),
        ("wanted", "assign"),
        ("merchant_no", XIAOMAN),
        ("store", "西湖店"),
    ];
    admin
        .submit("/actions/change-batch", &assign)
        .await?
        .says(&["成功 2 台", "没有成功 1 台"]);
    assert_eq!(states(&world, &sns).await?, ["awaiting", "awaiting", "registered"]);

    // Support issues codes and changes nothing else.
    world.add_user("support", Role::PlatformSupport, None).await?;
    let mut support = world.signed_in("support").await?;
    let (page, batch) = choose(&mut support, &world, "/terminals", &sns[..1]).await?;
    page.says(&["/actions/batch-codes"])
        .is_silent_on(&["/actions/change-batch"]);
    let retire = [
        ("batch", batch.as_str()),
        ("wanted", "retire"),
        ("reason", "lost"),
        ("confirmed", "true"),
    ];
    support
        .submit("/actions/change-batch", &retire)
        .await?
        .says(&["没有权限"]);
    Ok(())
}

/// The database fails after the first hundred: their codes are out, and the key to them is on this one page.
async fn codes_that_are_out_are_handed_over(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let sns: Vec<String> = (0..120).map(|n| format!("OWN{n:06}")).collect();
    let mut rows = String::new();
    for sn in &sns {
        writeln!(rows, "{sn},PAX,S90,,{XIAOMAN},")?;
    }
    world.import(&rows).await?;
    let mut admin = world.signed_in("admin").await?;
    let sns: Vec<&str> = sns.iter().map(String::as_str).collect();
    let (_, batch) = choose(&mut admin, &world, "/terminals", &sns).await?;
    let full = "(SELECT count(*) FROM activation_codes) > 100";
    let fails = match db.engine() {
        Engine::Sqlite => format!("SELECT RAISE(ABORT, 'full') WHERE {full}"),
        Engine::Postgres => format!("IF {full} THEN RAISE EXCEPTION 'full'; END IF"),
    };
    world.upon("INSERT ON activation_codes", &fails).await?;
    let codes = [("batch", batch.as_str()), ("merchant_no", "")];
    let sheet = admin.submit("/actions/batch-codes", &codes).await?;
    sheet.says(&["成功 100 台", "未执行 20 台：处理中断，请重新选择", "激活码单"]);
    let code = code_on(&sheet.body).ok_or("no code on the sheet")?;
    let claim = json!({ "sn": "OWN000000", "activation_code": code });
    let claimed = world.visitor().post_json("/api/v1/terminals/register", &claim).await?;
    assert_eq!(claimed.status, StatusCode::CREATED, "{claimed:?}");
    Ok(())
}

/// Posts a list as the form does.
async fn register_all(client: &mut Client, list: &str, file: &str) -> Result<Answer> {
    let answer = client
        .upload(
            "/actions/register-many",
            &[("list", list)],
            ("file", "list.txt", file.as_bytes()),
        )
        .await?;
    client.follow(answer).await
}

async fn a_list_of_serial_numbers_is_registered(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,1号台,{XIAOMAN},\nOWN10002,PAX,S90,,{XIAOMAN},\nOTHER001,PAX,S90,,{SHENGJING},\n\
             FREE0001,PAX,S90,,,\n"
        ))
        .await?;
    let mut admin = world.signed_in("admin").await?;
    let free = world
        .terminals("FREE0001")
        .await?
        .pop()
        .ok_or("no terminal")?
        .id
        .to_string();
    let issue = [
        ("terminal", free.as_str()),
        ("sn", "FREE0001"),
        ("merchant_no", XIAOMAN),
    ];
    let page = admin.submit("/actions/issue-code", &issue).await?;
    let code = code_on(&page.body).ok_or("no code")?;
    let mut owner = world.signed_in("xiaoman").await?;
    let before = world.log().await?.len();
    let list = format!("own1-0001，OTHER001\r\nABC#1234\nＯＷＮ１０００１\nFREE0001 {code}\n");
    let page = register_all(&mut owner, &list, "OWN10002\nNOBODYS1").await?;
    page.says(&[
        "成功 3 台",
        "没有成功 4 台",
        "与前面的序列号重复",
        "序列号格式不正确",
        "序列号或激活码不正确",
        "在终端上输入激活码",
        "1号台",
        "ABC#1234",
    ])
    .is_silent_on(&["已被其他商户注册"]);
    assert_eq!(
        states(&world, &["OWN10001", "OWN10002", "FREE0001", "OTHER001"]).await?,
        ["registered", "registered", "registered", "awaiting"]
    );
    let log = world.log().await?;
    let of = |wanted: &str| log[before..].iter().filter(|(kind, ..)| kind == wanted).count();
    assert_eq!(
        (of("registration.succeeded"), of("registration.failed")),
        (3, 3),
        "one for each attempt"
    );

    // The codes on the page connect the terminals, and a reload does not show them again.
    let codes = page.body.matches("data-testid=\"activation-code\"").count();
    assert_eq!(codes, 3);
    let code = code_on(&page.body).ok_or("no code")?;
    let claim = json!({ "sn": "OWN10001", "activation_code": code });
    let claimed = world.visitor().post_json("/api/v1/terminals/register", &claim).await?;
    assert_eq!(claimed.status, StatusCode::CREATED, "{claimed:?}");

    register_all(&mut owner, " \n,", "").await?.says(&["没有选择终端"]);
    let mut many = String::new();
    for n in 0..501 {
        writeln!(many, "MANY{n:05}")?;
    }
    register_all(&mut owner, &many, "").await?.says(&["一次选得太多"]);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn a_batch_is_its_makers_alone(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},\nOTHER001,PAX,S90,,{SHENGJING},\n"
        ))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let mut admin = world.signed_in("admin").await?;
    let (_, batch) = choose(&mut owner, &world, "/devices", &["OWN10001"]).await?;
    let path = format!("/batches/{batch}");
    assert_eq!(owner.get(&path).await?.status, StatusCode::OK);
    assert_eq!(admin.get(&path).await?.status, StatusCode::NOT_FOUND);
    assert_eq!(world.visitor().get(&path).await?.status, StatusCode::SEE_OTHER);
    let fields = [("batch", batch.as_str()), ("wanted", "resume")];
    let page = admin.submit("/actions/change-batch", &fields).await?;
    assert_eq!(page.status, StatusCode::NOT_FOUND);

    // Another merchant's terminal cannot be chosen, nor a clerk choose.
    let (page, _) = choose(&mut owner, &world, "/devices", &["OWN10001", "OTHER001"]).await?;
    page.says(&["已选 1 台终端"]).is_silent_on(&["OTHER001"]);
    world.add_user("clerk", Role::MerchantClerk, Some(XIAOMAN)).await?;
    let mut clerk = world.signed_in("clerk").await?;
    clerk.get("/devices?select=1").await?.is_silent_on(&["name=\"ids[]\""]);
    let answer = clerk.submit("/actions/choose", &[("which", "all")]).await?;
    answer.says(&["没有权限"]);
    Ok(())
}

async fn more_than_a_page_is_chosen_by_what_it_matches(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut rows = String::new();
    for n in 0..130 {
        let model = if n % 2 == 0 { "S90" } else { "S91" };
        writeln!(rows, "OWN1{n:04},PAX,{model},,{XIAOMAN},")?;
    }
    world.import(&rows).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let fields = [("list", "/devices"), ("which", "all"), ("query", "model=S91&select=1")];
    let answer = owner.post("/actions/choose", &fields).await?;
    let batch = answer
        .location()
        .ok_or("no batch")?
        .trim_start_matches("/batches/")
        .to_owned();
    owner.follow(answer).await?.says(&["已选 65 台终端"]);
    let before = world.log().await?.len();
    let retire = [
        ("batch", batch.as_str()),
        ("wanted", "retire"),
        ("reason", "other"),
        ("note", "批量清理"),
        ("confirmed", "true"),
    ];
    owner
        .submit("/actions/change-batch", &retire)
        .await?
        .says(&["成功 65 台"]);
    assert_eq!(world.log().await?.len(), before + 65);
    Ok(())
}
