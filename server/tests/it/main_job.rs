//! The job that the product exists for, from end to end, on the samples.

use crate::client::{code_on, table_rows};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{SHENGJING, World};
use axum::http::StatusCode;
use sea_orm::{ActiveModelTrait, ActiveValue::Set};
use serde_json::json;
use server::entities::merchants;

on_both_engines!(a_day_with_the_samples);

/// The merchants that the samples speak of and the world lacks.
async fn add_the_other_merchants(world: &World<'_>) -> crate::world::Result<()> {
    let others = [
        "898273360000004",
        "898215930000003",
        "898290640000007",
        "898238060000005",
        "898291570000006",
        "898273010000002",
    ];
    for (place, number) in others.iter().enumerate() {
        merchants::ActiveModel {
            id: Set(uuid::Uuid::from_u128(place as u128 + 1)),
            merchant_no: Set((*number).to_owned()),
            name: Set(format!("商户{place}")),
            name_key: Set(None),
            state: Set("active".to_owned()),
            state_since: Set(0),
            time_zone: Set("Asia/Shanghai".to_owned()),
            terminal_quota: Set(100),
            contact_name: Set(None),
            contact_phone: Set(None),
            contact_email: Set(None),
            state_reason: Set(None),
            created_at: Set(0),
            updated_at: Set(0),
        }
        .insert(world.db.writer())
        .await?;
    }
    Ok(())
}

async fn a_day_with_the_samples(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    add_the_other_merchants(&world).await?;

    // An administrator imports the vendor's file.
    let mut admin = world.signed_in("admin").await?;
    let file = include_bytes!("../data/inventory.csv");
    let answer = admin
        .upload("/actions/import", &[], ("file", "inventory.csv", file))
        .await?;
    let to = answer.location().ok_or("no import")?.to_owned();
    world.services.imports.work_on_all().await?;
    admin.get(&to).await?.says(&["确认导入 240 台终端"]);
    let import = to.rsplit('/').next().unwrap_or_default();
    let answer = admin.post("/actions/import-confirm", &[("import", import)]).await?;
    world.services.imports.work_on_all().await?;
    let report = admin.follow(answer).await?;
    assert_eq!(report.status, StatusCode::OK);
    report.says(&["inventory.csv", "文件已导入", "240"]);

    // A merchant sees its terminals.
    let mut owner = world.signed_in("shengjing").await?;
    let devices = owner.get("/devices").await?;
    devices.says(&["设备管理"]);
    let rows = table_rows(&devices.body);
    assert_eq!(rows.len(), 16);
    for row in rows {
        assert!(
            row.contains("未注册") && row.contains("查看") && !row.contains("已注册"),
            "{row}"
        );
    }
    let own = lines_of(SHENGJING);
    assert_eq!(own.len(), 16);
    for (sn, name) in &own {
        devices.says(&[sn, name]);
    }

    // It registers one of them by its serial number, and is told what to key into it.
    let (sn, _) = &own[0];
    let registered = owner.submit("/actions/register", &[("sn", sn)]).await?;
    let code = code_on(&registered.body).ok_or("no code on the page")?;
    let plain = app::domain::SerialNumber::parse(sn)?;
    let device = owner.get(&format!("/devices/{plain}")).await?;
    device
        .says(&["已注册", "深圳盛景餐饮", SHENGJING])
        .is_silent_on(&["name=\"merchant_no\""]);

    // The terminal registers itself.
    let mut terminal = world.visitor();
    let claim = |sn: &str, code: &str| json!({ "sn": sn, "activation_code": code });
    let path = "/api/v1/terminals/register";
    let wrong_code = terminal.post_json(path, &claim(sn, "0000-0000-000000")).await?;
    let wrong_sn = terminal.post_json(path, &claim("9999999999", &code)).await?;
    for refused in [wrong_code, wrong_sn] {
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
        assert_eq!(refused.json()?["code"], "sn_or_code_wrong");
    }
    let claimed = terminal.post_json(path, &claim(sn, &code)).await?;
    assert_eq!(claimed.status, StatusCode::CREATED, "{claimed:?}");
    let claimed = claimed.json()?;
    assert_eq!(claimed["sn"], plain.as_str());
    assert_eq!(claimed["merchant"]["merchant_no"], SHENGJING);
    assert_eq!(claimed["token"].as_str().map(str::len), Some(64));

    // The merchant registers one wrongly, too: it is told what it may know, and what it typed is still there.
    let refused = owner.submit("/actions/register", &[("sn", "88888888")]).await?;
    refused.says(&["88888888"]);

    // The log tells it all: to the merchant what concerns it, to the platform everything.
    let log = owner.get("/logs").await?;
    let succeeded = table_rows(&log.body)
        .into_iter()
        .filter(|row| row.contains("设备注册成功"));
    assert_eq!(succeeded.count(), 2);
    log.says(&["设备注册失败", "88888888"]).is_silent_on(&["9999999999"]);
    let all = admin.get("/logs?kind=registration.failed").await?;
    all.says(&["序列号不在平台清单中", "激活码不正确", "9999999999", "88888888"]);

    // The administrator finds any terminal by its serial number and by its name.
    let (other_sn, other_name) = &lines_of("898273360000004")[3];
    admin.get(&format!("/terminals?q={other_sn}")).await?.says(&[other_sn]);
    admin
        .get(&format!("/terminals?q={}", urlencoding::encode(other_name)))
        .await?
        .says(&[other_sn]);

    // And nobody has lost an entry.
    let verified = server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    assert_eq!(verified.entries as usize, world.log().await?.len());
    Ok(())
}

/// Serial number and name of a merchant's rows in the sample.
fn lines_of(merchant_no: &str) -> Vec<(String, String)> {
    let mut reader = csv::Reader::from_reader(&include_bytes!("../data/inventory.csv")[..]);
    reader
        .records()
        .filter_map(Result::ok)
        .filter(|row| &row[4] == merchant_no)
        .map(|row| (row[0].to_owned(), row[3].to_owned()))
        .collect()
}
