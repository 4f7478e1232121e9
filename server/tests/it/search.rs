//! Search and lists against the plain truth: every terminal looked at, one after the other.

mod blocks;
mod names;

use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{SHENGJING, World, XIAOMAN};
use app::backend::page::PAGE_ROWS;
use app::backend::terminals::{Amount, Connection, SortKey, TerminalQuery, TerminalRow, TerminalSort, Terminals};
use app::backend::verdicts::Verdicts;
use app::caller::{Caller, RequestInfo};
use app::domain::{
    Lifecycle, Manufacturer, MerchantId, Obstacle, Role, Timestamp, UserId, is_dash, name_key, search_text,
    search_words,
};
use blocks::{what_lies_close_together_is_found_by_either_name, what_many_and_what_few_have_is_found_wherever_it_is};
use names::{
    a_word_of_many_names_finds_what_a_plain_look_finds, merchants_and_stores_of_the_same_name,
    the_terminals_of_many_names_may_be_the_oldest,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sea_orm::prelude::Uuid;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, ModelTrait, QueryFilter};
use server::entities::{merchants, stores, terminal_tags, terminals};
use strum::VariantArray;

on_both_engines!(
    a_search_finds_what_a_plain_look_finds,
    a_word_of_many_names_finds_what_a_plain_look_finds,
    merchants_and_stores_of_the_same_name,
    the_terminals_of_many_names_may_be_the_oldest,
    what_many_and_what_few_have_is_found_wherever_it_is,
    what_lies_close_together_is_found_by_either_name,
    what_changes_is_found_as_it_is_now,
    every_order_shows_each_terminal_once_both_ways,
    filters_and_searches_go_together,
    texts_of_every_script_are_found_and_shown,
);

/// A terminal with the texts that it is known by.
struct Known {
    row: terminals::Model,
    store: Option<String>,
    merchant: Option<(String, String)>,
}

impl Known {
    fn mentions(&self, word: &str, platform: bool) -> bool {
        let mut sn: String = word.chars().filter(|c| !is_dash(*c)).collect();
        if sn.len() < word.len() && sn.chars().count() < 2 {
            sn.clear();
        }
        sn.make_ascii_uppercase();
        let within = |text: &str| search_text(text).contains(word);
        let merchant = self.merchant.as_ref().filter(|_| platform);
        (!sn.is_empty() && self.row.sn.contains(&sn))
            || within(&self.row.name)
            || self.store.as_deref().is_some_and(within)
            || merchant.is_some_and(|(number, name)| number.to_lowercase().contains(word) || within(name))
    }
}

fn sampled<S: Strategy>(
    runner: &mut TestRunner,
    strategy: &S,
) -> Result<S::Value, Box<dyn std::error::Error + Send + Sync>> {
    let tree = strategy.new_tree(runner).map_err(|reason| reason.to_string())?;
    Ok(tree.current())
}

fn owner(merchant: Uuid) -> Result<Caller, &'static str> {
    Caller::user(
        UserId(Uuid::nil()),
        "xiaoman".to_owned(),
        Role::MerchantOwner,
        Some(MerchantId(merchant)),
        RequestInfo::default(),
    )
    .ok_or("no caller")
}

async fn merchant(
    world: &World<'_>,
    number: &str,
) -> Result<merchants::Model, Box<dyn std::error::Error + Send + Sync>> {
    let found = merchants::Entity::find()
        .filter(merchants::Column::MerchantNo.eq(number))
        .one(world.db.reader())
        .await?;
    Ok(found.ok_or("no merchant")?)
}

/// Terminals of two merchants and of nobody, with texts of few different characters, so that parts come often.
async fn random_fleet(
    world: &World<'_>,
    runner: &mut TestRunner,
    count: u64,
) -> Result<Vec<Known>, Box<dyn std::error::Error + Send + Sync>> {
    let sns = "[A-C01]{4,14}";
    let names = "[abAB01%_\\\\'\"\\-*店收银台 éＡ😀\u{301}]{0,12}";
    let owners = [merchant(world, XIAOMAN).await?, merchant(world, SHENGJING).await?];
    let mut places = Vec::new();
    for owner in &owners {
        for name in ["西湖店", "收银 Ａ1", "ab%"] {
            let store = stores::Model {
                id: Uuid::from_u128(sampled(runner, &any::<u128>())?),
                merchant_id: owner.id,
                name: name.to_owned(),
                name_key: name_key(name),
                address: None,
                closed_at: None,
                created_at: 1,
                updated_at: 1,
            };
            let row: stores::ActiveModel = store.clone().into_active_model().reset_all();
            row.insert(world.db.writer()).await?;
            places.push(store);
        }
    }
    let mut all: Vec<Known> = Vec::new();
    for number in 0..count {
        let sn: String = sampled(runner, &sns)?;
        let name: String = sampled(runner, &names)?.trim().to_owned();
        if all.iter().any(|known| known.row.sn == sn) {
            continue;
        }
        let place = (number % 4 > 0).then(|| &places[usize::try_from(number).unwrap_or_default() % places.len()]);
        let owner = place.and_then(|place| owners.iter().find(|owner| owner.id == place.merchant_id));
        let at = i64::try_from(number).unwrap_or_default();
        let id = Uuid::from_u128(u128::from(number) << 64 | u128::from(sampled(runner, &any::<u64>())?));
        let row = terminals::ActiveModel {
            manufacturer: Set(["PAX", "SUNMI"][usize::from(number % 3 == 0)].to_owned()),
            model: Set(["A920", "P2", "X990"][usize::try_from(number % 3).unwrap_or_default()].to_owned()),
            name_key: Set(name_key(&name)),
            name: Set(name),
            merchant_id: Set(owner.map(|owner| owner.id)),
            store_id: Set(place.map(|place| place.id)),
            lifecycle: Set(match (owner, number % 5) {
                (None, _) => "unassigned",
                (Some(_), 0) => "awaiting",
                (Some(_), 1) => "suspended",
                _ => "registered",
            }
            .to_owned()),
            lifecycle_reason: Set((number % 5 == 1).then(|| "damaged".to_owned())),
            created_at: Set(at),
            registered_at: Set(owner.filter(|_| number % 5 > 0).map(|_| at / 3)),
            last_seen_at: Set(owner.filter(|_| number % 7 > 2).map(|_| (at * 37) % 50)),
            updated_at: Set(at),
            ..in_stock(id, &sn)
        };
        all.push(Known {
            row: row.insert(world.db.writer()).await?,
            store: place.map(|place| place.name.clone()),
            merchant: owner.map(|owner| (owner.merchant_no.clone(), owner.name.clone())),
        });
    }
    Ok(all)
}

/// A terminal of nobody.
fn in_stock(id: Uuid, sn: &str) -> terminals::ActiveModel {
    terminals::ActiveModel {
        id: Set(id),
        manufacturer: Set("PAX".to_owned()),
        model: Set("A920".to_owned()),
        sn: Set(sn.to_owned()),
        sn_printed: Set(sn.to_owned()),
        name: Set(String::new()),
        lifecycle: Set("unassigned".to_owned()),
        created_at: Set(1),
        updated_at: Set(1),
        online: Set(false),
        ..Default::default()
    }
}

/// All rows of all pages, forwards, after checking that the pages backwards are the same.
async fn listed(
    world: &World<'_>,
    caller: &Caller,
    query: &TerminalQuery,
) -> Result<Vec<TerminalRow>, Box<dyn std::error::Error + Send + Sync>> {
    let ask = async |cursor| {
        let query = TerminalQuery {
            cursor,
            ..query.clone()
        };
        world.services.terminals.list(caller, &query).await
    };
    let mut pages = vec![ask(None).await?];
    while let Some(next) = pages.last().and_then(|page| page.next.clone()) {
        pages.push(ask(Some(next)).await?);
    }
    let mut back = pages.len() - 1;
    let mut page = pages[back].clone();
    while let Some(previous) = page.previous.clone() {
        page = ask(Some(previous)).await?;
        back -= 1;
        assert_eq!(page.rows, pages[back].rows, "page {back} of {query:?}");
    }
    assert_eq!(back, 0, "{query:?}");
    Ok(pages.into_iter().flat_map(|page| page.rows).collect())
}

fn sns(rows: &[TerminalRow]) -> Vec<String> {
    rows.iter().map(|row| row.sn.as_str().to_owned()).collect()
}

async fn a_search_finds_what_a_plain_look_finds(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut runner = TestRunner::deterministic();
    let fleet = random_fleet(&world, &mut runner, 160).await?;
    let mut texts: Vec<String> = fleet
        .iter()
        .flat_map(|known| [known.row.sn.clone(), known.row.name.clone()])
        .collect();
    texts.extend(
        [
            "西湖店",
            "收银 Ａ1",
            "ab%",
            "杭州小满母婴",
            XIAOMAN,
            "ABC-01",
            "無",
            "zz",
            "\\%",
            "''",
        ]
        .map(str::to_owned),
    );
    let xiaoman = merchant(&world, XIAOMAN).await?.id;
    for caller in [Caller::system("test"), owner(xiaoman)?] {
        let platform = caller.user_id().is_none();
        for round in 0..250usize {
            let text = &texts[(round * 7919) % texts.len()];
            let chars: Vec<char> = text.chars().collect();
            let from = sampled(&mut runner, &(0..=chars.len()))?;
            let to = sampled(&mut runner, &(from..=chars.len()))?;
            let mut search: String = chars[from..to].iter().collect();
            match round % 5 {
                0 => search = search.to_uppercase(),
                1 => search.push_str(&format!(
                    " {}",
                    texts[(round * 31) % texts.len()].chars().take(2).collect::<String>()
                )),
                2 => search.clone_from(text),
                _ => {}
            }
            let query = TerminalQuery {
                search: Some(search.clone()),
                ..TerminalQuery::default()
            };
            let words = search_words(&search);
            let found = sns(&listed(&world, &caller, &query).await?);
            let whole = app::domain::SerialNumber::parse(&search).ok();
            let is_whole = |known: &&Known| whole.as_ref().is_some_and(|sn| sn.as_str() == known.row.sn);
            let own = |known: &&Known| platform || known.row.merchant_id == Some(xiaoman);
            let mut expected: Vec<String> = fleet
                .iter()
                .filter(own)
                .filter(|known| is_whole(known) || words.iter().all(|word| known.mentions(word, platform)))
                .map(|known| known.row.sn.clone())
                .collect();
            if words.is_empty() {
                expected.sort();
            } else {
                expected.reverse();
                expected.sort_by_key(|sn| whole.as_ref().is_none_or(|whole| whole.as_str() != sn));
            }
            assert_eq!(found, expected, "{search:?} platform: {platform}");
            if !words.is_empty() {
                let amount = world
                    .services
                    .verdicts
                    .amounts(&caller, std::slice::from_ref(&query))
                    .await?[0];
                let amount = amount.ok_or("not counted")?;
                assert_eq!(amount, Amount::Exactly(expected.len() as u64), "{search:?}");
            }
            // In another order the same are found.
            let by_name = TerminalQuery {
                sort: Some(TerminalSort {
                    by: SortKey::Sn,
                    descending: true,
                }),
                ..query
            };
            let mut sorted = sns(&listed(&world, &caller, &by_name).await?);
            sorted.sort();
            expected.sort();
            assert_eq!(sorted, expected, "{search:?} sorted");
        }
    }
    Ok(())
}

async fn what_changes_is_found_as_it_is_now(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "SN000001,PAX,S90,Front Desk,{XIAOMAN},西湖店\nSN000002,PAX,S90,,,\n"
        ))
        .await?;
    let platform = Caller::system("test");
    let found = async |search: &str| {
        let query = TerminalQuery {
            search: Some(search.to_owned()),
            ..TerminalQuery::default()
        };
        world
            .services
            .terminals
            .list(&platform, &query)
            .await
            .map(|page| sns(&page.rows))
    };
    assert_eq!(found("front").await?, ["SN000001"]);
    let one = world.terminals("SN000001").await?.remove(0);
    let mut change = one.clone().into_active_model();
    change.name = Set("ＶＩＰ 前台".to_owned());
    change.name_key = Set(name_key("ＶＩＰ 前台"));
    change.update(db.writer()).await?;
    assert!(found("front").await?.is_empty());
    assert_eq!(found("vip 前台").await?, ["SN000001"]);

    let mut store = stores::Entity::find_by_id(one.store_id.ok_or("no store")?)
        .one(db.reader())
        .await?
        .ok_or("no store")?
        .into_active_model();
    store.name = Set("滨江店".to_owned());
    store.update(db.writer()).await?;
    assert!(found("西湖").await?.is_empty());
    assert_eq!(found("滨江").await?, ["SN000001"]);

    let mut shop = merchant(&world, XIAOMAN).await?.into_active_model();
    shop.name = Set("宁波大满母婴".to_owned());
    shop.update(db.writer()).await?;
    assert!(found("小满").await?.is_empty());
    assert_eq!(found("宁波").await?, ["SN000001"]);

    let two = world.terminals("SN000002").await?.remove(0);
    let mut change = two.clone().into_active_model();
    change.merchant_id = Set(one.merchant_id);
    change.lifecycle = Set("awaiting".to_owned());
    change.update(db.writer()).await?;
    assert_eq!(found("宁波").await?, ["SN000002", "SN000001"]);

    // What is not committed is not found, and what is deleted neither.
    let txn = db.begin().await?;
    let mut change = two.clone().into_active_model();
    change.name = Set("nowhere".to_owned());
    change.update(&txn).await?;
    txn.rollback().await?;
    assert!(found("nowhere").await?.is_empty());
    let third = terminals::ActiveModel {
        id: Set(Uuid::from_u128(u128::MAX)),
        sn: Set("SN000003".to_owned()),
        sn_printed: Set("SN000003".to_owned()),
        ..two.into_active_model().reset_all()
    };
    let third = third.insert(db.writer()).await?;
    assert_eq!(found("sn0000").await?, ["SN000003", "SN000002", "SN000001"]);
    third.delete(db.writer()).await?;
    assert_eq!(found("sn0000").await?, ["SN000002", "SN000001"]);
    Ok(())
}

async fn every_order_shows_each_terminal_once_both_ways(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut runner = TestRunner::deterministic();
    let fleet = random_fleet(&world, &mut runner, 190).await?;
    let xiaoman = merchant(&world, XIAOMAN).await?.id;
    for (caller, search) in [
        (Caller::system("test"), None),
        (Caller::system("test"), Some("a")),
        (owner(xiaoman)?, None),
    ] {
        let platform = caller.user_id().is_none();
        for by in SortKey::VARIANTS {
            for descending in [false, true] {
                let query = TerminalQuery {
                    search: search.map(str::to_owned),
                    sort: Some(TerminalSort { by: *by, descending }),
                    ..TerminalQuery::default()
                };
                let mut expected: Vec<&Known> = fleet
                    .iter()
                    .filter(|known| platform || known.row.merchant_id == Some(xiaoman))
                    .filter(|known| search.is_none_or(|word| known.mentions(word, platform)))
                    .collect();
                let id = |known: &&Known| known.row.id;
                match by {
                    SortKey::Sn => expected.sort_by(|a, b| a.row.sn.cmp(&b.row.sn)),
                    SortKey::Name => expected.sort_by(|a, b| (&a.row.name, id(a)).cmp(&(&b.row.name, id(b)))),
                    SortKey::LastSeen => expected.sort_by_key(|known| (known.row.last_seen_at, known.row.id)),
                    SortKey::Registered => expected.sort_by_key(|known| (known.row.registered_at, known.row.id)),
                }
                if descending {
                    expected.reverse();
                }
                // What has no value comes last.
                expected.sort_by_key(|known| match by {
                    SortKey::LastSeen => known.row.last_seen_at.is_none(),
                    SortKey::Registered => known.row.registered_at.is_none(),
                    SortKey::Sn | SortKey::Name => false,
                });
                let expected: Vec<String> = expected.into_iter().map(|known| known.row.sn.clone()).collect();
                let found = sns(&listed(&world, &caller, &query).await?);
                assert_eq!(found, expected, "{query:?} platform: {platform}");
                assert!(platform || found.len() > PAGE_ROWS, "too few to have pages");
            }
        }
    }
    Ok(())
}

async fn filters_and_searches_go_together(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut runner = TestRunner::deterministic();
    let fleet = random_fleet(&world, &mut runner, 150).await?;
    for known in fleet.iter().step_by(4) {
        terminal_tags::ActiveModel {
            terminal_id: Set(known.row.id),
            tag: Set("备用".to_owned()),
        }
        .insert(db.writer())
        .await?;
    }
    let tagged: Vec<Uuid> = fleet.iter().step_by(4).map(|known| known.row.id).collect();
    let platform = Caller::system("test");
    let query = TerminalQuery::default;
    let at = |ms| Some(Timestamp(ms));
    type Belongs<'a> = Box<dyn Fn(&Known) -> bool + 'a>;
    let cases: Vec<(TerminalQuery, Belongs<'_>)> = vec![
        (
            TerminalQuery {
                lifecycles: vec![Lifecycle::Unassigned, Lifecycle::Awaiting],
                ..query()
            },
            Box::new(|known| ["unassigned", "awaiting"].contains(&known.row.lifecycle.as_str())),
        ),
        (
            TerminalQuery {
                merchant: Some(XIAOMAN.to_owned()),
                model: Some("P2".to_owned()),
                ..query()
            },
            Box::new(|known| {
                known.row.model == "P2" && known.merchant.as_ref().is_some_and(|(number, _)| number == XIAOMAN)
            }),
        ),
        (
            TerminalQuery {
                merchant: Some("NOBODY".to_owned()),
                ..query()
            },
            Box::new(|_| false),
        ),
        (
            TerminalQuery {
                manufacturer: Some(Manufacturer::parse("PAX")?),
                tag: Some("备用".to_owned()),
                ..query()
            },
            Box::new(|known| known.row.manufacturer == "PAX" && tagged.contains(&known.row.id)),
        ),
        (
            TerminalQuery {
                seen_from: at(10),
                seen_until: at(30),
                ..query()
            },
            Box::new(|known| known.row.last_seen_at.is_some_and(|seen| (10..30).contains(&seen))),
        ),
        (
            TerminalQuery {
                registered_until: at(20),
                connection: Some(Connection::Never),
                ..query()
            },
            Box::new(|known| known.row.registered_at.is_some_and(|at| at < 20) && known.row.last_seen_at.is_none()),
        ),
        (
            TerminalQuery {
                connection: Some(Connection::Offline),
                ..query()
            },
            Box::new(|known| known.row.last_seen_at.is_some()),
        ),
        (
            TerminalQuery {
                obstacle: Some(Obstacle::NotConnected),
                ..query()
            },
            Box::new(|known| known.row.lifecycle == "registered"),
        ),
        (
            TerminalQuery {
                obstacle: Some(Obstacle::MerchantStopped),
                ..query()
            },
            Box::new(|_| false),
        ),
        (
            TerminalQuery {
                obstacle: Some(Obstacle::NotAssigned),
                model: Some("A920".to_owned()),
                ..query()
            },
            Box::new(|known| known.row.lifecycle == "unassigned" && known.row.model == "A920"),
        ),
    ];
    for (query, belongs) in &cases {
        for (search, sort) in [
            (None, None),
            (None, Some(SortKey::LastSeen)),
            (Some("a"), None),
            (Some("0"), Some(SortKey::Name)),
        ] {
            let query = TerminalQuery {
                search: search.map(str::to_owned),
                sort: sort.map(|by| TerminalSort { by, descending: true }),
                ..query.clone()
            };
            let mut expected: Vec<String> = fleet
                .iter()
                .filter(|known| belongs(known) && search.is_none_or(|word| known.mentions(word, true)))
                .map(|known| known.row.sn.clone())
                .collect();
            let mut found = sns(&listed(&world, &platform, &query).await?);
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "{query:?}");
            let amount = world
                .services
                .verdicts
                .amounts(&platform, std::slice::from_ref(&query))
                .await?[0];
            let amount = amount.ok_or("not counted")?;
            assert_eq!(amount, Amount::Exactly(expected.len() as u64), "{query:?}");
        }
    }
    world
        .sql(&format!(
            "UPDATE merchants SET state = 'suspended' WHERE merchant_no = '{XIAOMAN}'"
        ))
        .await?;
    for (obstacle, stopped) in [(Obstacle::MerchantStopped, true), (Obstacle::NotConnected, false)] {
        let query = TerminalQuery {
            obstacle: Some(obstacle),
            ..query()
        };
        let found = listed(&world, &platform, &query).await?;
        assert!(!found.is_empty());
        for row in found {
            let owner = row.merchant.ok_or("no merchant")?;
            assert_eq!(owner.number == XIAOMAN, stopped, "{obstacle:?}");
        }
    }
    Ok(())
}

async fn texts_of_every_script_are_found_and_shown(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let names = [
        "متجر الهاتف",
        "חנות ראשית",
        "😀茶馆👨‍👩‍👧",
        "Cafe\u{301} Ünal",
        "ร้านกาแฟ",
        "Łódź ﾃｽﾄ",
    ];
    let mut rows = String::new();
    for (number, name) in names.iter().enumerate() {
        rows.push_str(&format!("SN00000{number},PAX,S90,{name},{XIAOMAN},{name}\n"));
    }
    world.import(&rows).await?;
    let mut admin = world.signed_in("admin").await?;
    for (number, part) in ["هاتف", "ראשית", "👨‍👩‍👧", "CAFÉ ünal", "กาแฟ", "テスト łódź"]
        .iter()
        .enumerate()
    {
        let page = admin
            .get(&format!("/terminals?q={}", urlencoding::encode(part)))
            .await?;
        page.says(&[&format!("SN00000{number}"), "共 1 台"]);
        for other in (0..names.len()).filter(|other| *other != number) {
            page.is_silent_on(&[&format!("SN00000{other}")]);
        }
    }
    Ok(())
}
