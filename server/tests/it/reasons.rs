//! The list narrowed to a verdict's first reason: the verdict decides, whatever the database leaves out.

use crate::client::between;
use crate::exports::csv_of;
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::backend::page::{Cursor, PAGE_ROWS, Page};
use app::backend::terminals::{Amount, OBSTACLES_LISTED, SortKey, TerminalQuery, TerminalSort};
use app::backend::verdicts::{Judged, MOST_JUDGED, Verdicts};
use app::caller::Caller;
use app::domain::{Answer, Obstacle, SerialNumber, Timestamp};
use sea_orm::prelude::Uuid;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use server::entities::{app_grants, app_installs, apps, merchants, terminals};
use std::collections::BTreeMap;
use std::fmt::Write;

on_both_engines!(
    every_reason_lists_the_terminals_that_have_it,
    a_page_looks_at_so_many_and_the_next_one_goes_on,
);

const APP: Uuid = Uuid::from_u128(1);
const STOPPED: &str = "898269350000099";

/// Numbers that look like chance and are the same in every run.
struct Dice(u64);

impl Dice {
    /// One of `of` numbers, from 0.
    fn roll(&mut self, of: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % of
    }
}

async fn merchant(world: &World<'_>, number: &str) -> Result<merchants::Model> {
    let found = merchants::Entity::find()
        .filter(merchants::Column::MerchantNo.eq(number))
        .one(world.db.reader())
        .await?;
    Ok(found.ok_or("no merchant")?)
}

/// Three merchants, of which one is stopped; a payment app that the first may run in one of two stores, and the second no
/// longer; terminals in every state with every report.
async fn fleet(world: &World<'_>, count: u64) -> Result<Vec<SerialNumber>> {
    let owner = merchant(world, XIAOMAN).await?;
    let mut stopped = owner.clone().into_active_model();
    stopped.id = Set(Uuid::from_u128(99));
    stopped.merchant_no = Set(STOPPED.to_owned());
    stopped.insert(world.db.writer()).await?;
    let mut rows = String::new();
    let mut sns = Vec::new();
    for number in 0..count {
        let (merchant, store) = match number % 12 {
            0 => ("", ""),
            1 => (STOPPED, ""),
            2 | 3 => (SHENGJING, ""),
            4 | 5 => (XIAOMAN, "二店"),
            _ => (XIAOMAN, "一店"),
        };
        writeln!(rows, "SN{number:06},PAX,S90,机{},{merchant},{store}", number * 7 % 100)?;
        sns.push(SerialNumber::parse(&format!("SN{number:06}"))?);
    }
    world.import(&rows).await?;
    let stop = format!("UPDATE merchants SET state = 'suspended' WHERE merchant_no = '{STOPPED}'");
    world.sql(&stop).await?;
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
    let first = terminals::Entity::find()
        .filter(terminals::Column::Sn.eq("SN000006"))
        .one(world.db.reader())
        .await?
        .ok_or("no terminal")?;
    for (number, merchant, store, expires) in [
        (1u128, owner.id, first.store_id, None),
        (2, merchant(world, SHENGJING).await?.id, None, Some(1)),
    ] {
        app_grants::ActiveModel {
            id: Set(Uuid::from_u128(number)),
            app_id: Set(APP),
            merchant_id: Set(merchant),
            store_id: Set(store),
            starts_at: Set(0),
            expires_at: Set(expires),
            created_at: Set(0),
            ..Default::default()
        }
        .insert(world.db.writer())
        .await?;
    }
    let mut dice = Dice(7);
    let now = world.later(0).0;
    let all = terminals::Entity::find().all(world.db.reader()).await?;
    for (number, terminal) in (0u128..).zip(all) {
        let (id, Some(merchant)) = (terminal.id, terminal.merchant_id) else {
            continue;
        };
        let mut change = terminal.into_active_model();
        let state = ["awaiting", "suspended", "retired"]
            .get(usize::try_from(dice.roll(16))?)
            .copied();
        change.lifecycle = Set(state.unwrap_or("registered").to_owned());
        change.lifecycle_reason = Set(matches!(state, Some("suspended" | "retired")).then(|| "damaged".to_owned()));
        if state != Some("awaiting") {
            change.registered_at = Set(Some(now - 1_000_000 + i64::try_from(number)?));
            if state != Some("retired") && dice.roll(8) > 0 {
                let mut hash = vec![0; 16];
                hash.extend_from_slice(&number.to_be_bytes());
                change.token_hash = Set(Some(hash));
                change.token_issued_at = Set(Some(now - 900_000));
            }
            let day = ["2026-02-28", "2026-03-01", "2026-03-01", "2026-03-01"][usize::try_from(dice.roll(4))?];
            change.business_day = Set(Some(day.to_owned()));
            change.signed_in_at = Set(Some(now - 800_000));
            change.signed_out_at = Set((dice.roll(6) == 0).then_some(now - 700_000));
            change.last_seen_at = Set((dice.roll(9) > 0).then_some(now - 60_000 - i64::try_from(number)?));
            change.online_until = Set(Some(if dice.roll(6) == 0 { now - 1 } else { now + 86_400_000 }));
            let report = match dice.roll(6) {
                0 => r#"{"network":"down"}"#,
                1 => r#"{"network":"ok","card_reader":"fault"}"#,
                2 => r#"{"network":"ok","card_reader":"ok","printer":"fault"}"#,
                3 => r#"{"network":"ok","card_reader":"ok","printer":"ok","paper":"out"}"#,
                _ => r#"{"network":"ok","card_reader":"ok","printer":"ok","paper":"ok"}"#,
            };
            change.last_report = Set(Some(report.to_owned()));
            change.reported_at = Set(Some(now - 60_000));
        }
        change.update(world.db.writer()).await?;
        let install = ["failed", "installing", "removed"]
            .get(usize::try_from(dice.roll(12))?)
            .copied();
        app_installs::ActiveModel {
            terminal_id: Set(id),
            app_id: Set(APP),
            merchant_id: Set(merchant),
            state: Set(install.unwrap_or("installed").to_owned()),
            reported_at: Set(1),
            ..Default::default()
        }
        .insert(world.db.writer())
        .await?;
    }
    Ok(sns)
}

/// All pages, forwards; the way back shows the same rows.
async fn pages(world: &World<'_>, query: &TerminalQuery) -> Result<Vec<Page<Judged>>> {
    let platform = Caller::system("test");
    let ask = async |cursor: Option<Cursor>| {
        let query = TerminalQuery {
            cursor,
            ..query.clone()
        };
        world.services.verdicts.page(&platform, &query).await
    };
    let mut pages = vec![ask(None).await?];
    while let Some(next) = pages.last().and_then(|page| page.next.clone()) {
        pages.push(ask(Some(next)).await?);
    }
    let sns = |page: &Page<Judged>| page.rows.iter().map(|judged| judged.row.sn.clone()).collect::<Vec<_>>();
    let last = pages.iter().rposition(|page| !page.rows.is_empty());
    if let Some(last) = last {
        let mut page = pages[last].clone();
        let mut back = sns(&page);
        while let Some(previous) = page.previous.clone() {
            page = ask(Some(previous)).await?;
            back.splice(0..0, sns(&page));
        }
        let forwards = pages.iter().flat_map(sns).collect::<Vec<_>>();
        assert_eq!(back, forwards, "{query:?}");
    }
    Ok(pages)
}

async fn every_reason_lists_the_terminals_that_have_it(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let sns = fleet(&world, 700).await?;
    let platform = Caller::system("test");
    // What the verdict says of each terminal, asked one list after the other.
    let mut truth: BTreeMap<&'static str, Vec<Judged>> = BTreeMap::new();
    for some in sns.chunks(MOST_JUDGED) {
        for judged in world.services.verdicts.list(&platform, some).await? {
            if let Answer::No(obstacle) = judged.verdict.answer() {
                truth.entry(obstacle.code()).or_default().push(judged);
            }
        }
    }
    for obstacle in OBSTACLES_LISTED {
        let having = truth.remove(obstacle.code()).unwrap_or_default();
        assert!(!having.is_empty(), "{obstacle:?} is not among the terminals");
        for (search, sort) in [
            (None, None),
            (Some("机1"), None),
            (None, Some((SortKey::LastSeen, true))),
            (Some("sn"), Some((SortKey::Registered, false))),
        ] {
            let query = TerminalQuery {
                obstacle: Some(obstacle),
                search: search.map(str::to_owned),
                sort: sort.map(|(by, descending)| TerminalSort { by, descending }),
                ..TerminalQuery::default()
            };
            let mut expected: Vec<&str> = having
                .iter()
                .filter(|judged| search != Some("机1") || judged.row.name.contains("机1"))
                .map(|judged| judged.row.sn.as_str())
                .collect();
            expected.sort_unstable();
            let pages = pages(&world, &query).await?;
            let found: Vec<&Judged> = pages.iter().flat_map(|page| &page.rows).collect();
            assert!(pages.iter().all(|page| page.rows.len() <= PAGE_ROWS));
            let mut sns: Vec<&str> = found.iter().map(|judged| judged.row.sn.as_str()).collect();
            match sort {
                None if search.is_none() => assert!(sns.is_sorted(), "{query:?}"),
                Some((SortKey::LastSeen, _)) => {
                    let seen = found.iter().map(|judged| judged.row.last_seen.unwrap_or(Timestamp(0)));
                    assert!(seen.is_sorted_by(|a, b| a >= b), "{query:?}");
                }
                _ => {}
            }
            sns.sort_unstable();
            assert_eq!(sns, expected, "{query:?}");
            let amounts = world
                .services
                .verdicts
                .amounts(&platform, std::slice::from_ref(&query))
                .await?;
            match amounts[0].ok_or("not counted")? {
                Amount::Exactly(count) => assert_eq!(count, expected.len() as u64, "{query:?}"),
                Amount::About(count) => {
                    let (count, have) = (count as f64, expected.len() as f64);
                    assert!(
                        count > have / 3.0 && count < have * 3.0,
                        "{query:?}: {count} for {have}"
                    );
                }
            }
        }
    }
    // A page says so as well, and its files hold the same.
    let mut admin = world.signed_in("admin").await?;
    let page = admin.get("/terminals?problem=paper_out").await?;
    page.says(&["没有打印纸"]);
    let file = csv_of(&mut admin, "/terminals", "problem=paper_out").await?;
    assert!(file.column("reason")?.iter().all(|reason| *reason == "paper_out"));
    assert!(!file.rows.is_empty());
    Ok(())
}

async fn a_page_looks_at_so_many_and_the_next_one_goes_on(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut rows = String::new();
    for number in 0..4300 {
        writeln!(rows, "SN{number:06},PAX,S90,,{XIAOMAN},")?;
    }
    world.import(&rows).await?;
    world
        .sql("UPDATE terminals SET lifecycle = 'registered', registered_at = 1")
        .await?;
    let hash = match world.db.engine() {
        server::database::Engine::Sqlite => {
            "unhex('00000000000000000000000000000000000000000000000000000000000000' || printf('%02x', CAST(substr(sn, 7) AS integer)))"
        }
        server::database::Engine::Postgres => {
            "decode('00000000000000000000000000000000000000000000000000000000000000' || lpad(to_hex(CAST(substr(sn, 7) AS integer)), 2, '0'), 'hex')"
        }
    };
    // Two at the end of the list are further along than all others.
    world
        .sql(&format!(
            "UPDATE terminals SET token_issued_at = 1, token_hash = {hash} WHERE sn IN ('SN004203', 'SN004250')"
        ))
        .await?;
    let query = TerminalQuery {
        obstacle: Some(Obstacle::AppNotAuthorized),
        ..TerminalQuery::default()
    };
    let pages = pages(&world, &query).await?;
    assert!(pages.len() >= 2, "{}", pages.len());
    assert!(pages[0].rows.is_empty() && pages[0].next.is_some());
    let found: Vec<_> = pages
        .iter()
        .flat_map(|page| &page.rows)
        .map(|judged| judged.row.sn.as_str())
        .collect();
    assert_eq!(found, ["SN004203", "SN004250"]);

    let mut owner = world.signed_in("xiaoman").await?;
    let mut page = owner.get("/devices?problem=app_not_authorized").await?;
    page.says(&["查过的终端里没有符合条件的", "继续查"]);
    let mut steps = 0;
    while !page.body.contains("SN004203") {
        let (_, on) = page
            .body
            .split_once("class=\"card bg-base-100 border border-base-300 p-4 gap-2")
            .ok_or("no way on")?;
        let href = between(on, "href=\"", "\"").ok_or("no link")?.replace("&amp;", "&");
        page = owner.get(&href).await?;
        steps += 1;
        assert!(steps < 5);
    }
    page.says(&["SN004250"]).is_silent_on(&["继续查"]);
    // The file holds them, however many pieces had none; and so does a batch.
    let file = csv_of(&mut owner, "/devices", "problem=app_not_authorized").await?;
    assert_eq!(file.column("sn")?, ["SN004203", "SN004250"]);
    let chosen = [
        ("which", "all"),
        ("list", "/devices"),
        ("query", "problem=app_not_authorized"),
    ];
    let answer = owner.post("/actions/choose", &chosen).await?;
    let batch = answer.location().ok_or("no batch")?.to_owned();
    world.services.batches.work_on_all().await?;
    owner.get(&batch).await?.says(&["已选 2 台终端"]);
    Ok(())
}
