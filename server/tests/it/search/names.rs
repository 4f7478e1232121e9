//! Words that are part of few and of very many names of stores: each way to their terminals finds the same ones as a plain
//! look, in the same order, over the border of a block of PostgreSQL's index.

use super::{Known, in_stock, listed, merchant, sns};
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World, XIAOMAN};
use app::backend::page::{Cursor, Direction};
use app::backend::terminals::{Connection, SortKey, TerminalQuery, TerminalSort, Terminals};
use app::caller::Caller;
use app::domain::{StoreId, search_words};
use migrations::Migrator;
use sea_orm::prelude::Uuid;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use server::database::Engine;
use server::entities::{merchants, stores, terminals};

/// So many that looking into each name costs more than looking at terminals, and more than the index is asked for at once.
const STORES: usize = 720;
const TERMINALS: usize = 260;

pub(super) async fn a_word_of_many_names_finds_what_a_plain_look_finds(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    if db.engine() == Engine::Postgres {
        // Two thirds of the terminals lie in one block, the others in the next.
        world
            .sql("ALTER TABLE terminal_search ALTER COLUMN key RESTART WITH 16200")
            .await?;
    }
    let owner = merchant(&world, XIAOMAN).await?;
    let stores = many_stores(&world, &owner).await?;
    let fleet = fleet(&world, &owner, &stores).await?;
    let platform = Caller::system("test");
    // Of no name, of one, of some, of hundreds and of all names; of names and of own texts; and several at once.
    let searches = [
        "无人",
        "独一",
        "角落",
        "西区",
        "东区",
        "东区门店",
        "门店",
        "街门",
        "备机",
        "1号",
        "00",
        "门店 区路",
        "西区 门店",
        "门店 备机",
        "独一 门店",
        "SN0000",
        "门店 SN0000",
        "角落 SN0000",
        "西区 SN-0001 备机",
        "独一 SN-00 无人",
    ];
    for search in searches {
        // A model leads to its terminals, which are few here; whether one is connected does not.
        for (model, connection) in [(None, None), (Some("P2"), None), (None, Some(Connection::Offline))] {
            let query = TerminalQuery {
                search: Some(search.to_owned()),
                model: model.map(str::to_owned),
                connection,
                ..TerminalQuery::default()
            };
            let words = search_words(search);
            let belongs = |known: &&Known| {
                let right = model.is_none_or(|model| known.row.model == model)
                    && connection.is_none_or(|_| known.row.last_seen_at.is_some());
                right && words.iter().all(|word| known.mentions(word, true))
            };
            let mut expected: Vec<String> = fleet.iter().filter(belongs).map(|known| known.row.sn.clone()).collect();
            expected.reverse();
            assert_eq!(
                sns(&listed(&world, &platform, &query).await?),
                expected,
                "{search} {model:?} {connection:?}"
            );
            let by_sn = TerminalQuery {
                sort: Some(TerminalSort {
                    by: SortKey::Sn,
                    descending: true,
                }),
                ..query
            };
            assert_eq!(
                sns(&listed(&world, &platform, &by_sn).await?),
                expected,
                "{search} {model:?} {connection:?} by number"
            );
        }
    }
    Ok(())
}

/// Where the terminals of hundreds of names are older than thousands of others, they are found none the less.
pub(super) async fn the_terminals_of_many_names_may_be_the_oldest(db: &TestDb) -> Outcome {
    const OLD: usize = 80;
    const NEWER: usize = 4_100;
    let world = World::new(db).await?;
    let owner = merchant(&world, XIAOMAN).await?;
    let stores = many_stores(&world, &owner).await?;
    let sn = |number: usize| format!("TO{number:06}");
    let terminals: Vec<_> = (0..OLD + NEWER)
        .map(|number| {
            let store = if number < OLD { 21 + number * 2 } else { 300 };
            terminals::ActiveModel {
                merchant_id: Set(Some(owner.id)),
                store_id: Set(Some(stores[store].id)),
                lifecycle: Set("awaiting".to_owned()),
                ..in_stock(Uuid::from_u128(number as u128 + 1), &sn(number))
            }
        })
        .collect();
    for some in terminals.chunks(500) {
        terminals::Entity::insert_many(some.to_vec())
            .exec_without_returning(world.db.writer())
            .await?;
    }
    let platform = Caller::system("test");
    let query = |search: &str| TerminalQuery {
        search: Some(search.to_owned()),
        ..TerminalQuery::default()
    };
    for search in ["西区", "西区 TO00", "西区 门店", "西区 门店 TO00"] {
        let expected: Vec<String> = (0..OLD).rev().map(sn).collect();
        assert_eq!(
            sns(&listed(&world, &platform, &query(search)).await?),
            expected,
            "{search}"
        );
    }
    // One store that has very many, known by a word that few and by one that all of them have.
    let expected: Vec<String> = (4_090..4_100).rev().map(sn).collect();
    assert_eq!(
        sns(&listed(&world, &platform, &query("TO00409 门店300")).await?),
        expected
    );
    let expected: Vec<String> = (0..OLD + NEWER).rev().take(50).map(sn).collect();
    let page = world.services.terminals.list(&platform, &query("TO 门店300")).await?;
    assert_eq!(sns(&page.rows), expected);
    Ok(())
}

/// A terminal may be the newest one of its store and of its merchant.
pub(super) async fn merchants_and_stores_of_the_same_name(db: &TestDb) -> Outcome {
    const MERCHANTS: usize = 120;
    let world = World::new(db).await?;
    let owner = merchant(&world, XIAOMAN).await?;
    let mut expected = Vec::new();
    for number in 0..MERCHANTS {
        let id = Uuid::from_u128(0x7000 + number as u128);
        let store_id = Uuid::from_u128(0x9000 + number as u128);
        let name = format!("莲花{number:03}");
        let merchant = merchants::Model {
            id,
            merchant_no: format!("8982999{number:08}"),
            name: name.clone(),
            ..owner.clone()
        };
        let store = stores::Model {
            id: store_id,
            merchant_id: id,
            name,
            name_key: None,
            address: None,
            closed_at: None,
            created_at: 1,
            updated_at: 1,
        };
        let sn = format!("LH{number:06}");
        let terminal = terminals::ActiveModel {
            merchant_id: Set(Some(id)),
            store_id: Set(Some(store_id)),
            lifecycle: Set("awaiting".to_owned()),
            ..in_stock(id, &sn)
        };
        let writer = world.db.writer();
        merchant.into_active_model().reset_all().insert(writer).await?;
        store.into_active_model().reset_all().insert(writer).await?;
        terminal.insert(writer).await?;
        expected.push(sn);
    }
    expected.reverse();
    // The index that a migration makes from what is there is the one that the triggers keep.
    let is_search = |migration: &dyn MigrationTrait| migration.name() == "m20261129_000050_longer_grams";
    let since = Migrator::migrations()
        .iter()
        .rev()
        .position(|one| is_search(one.as_ref()));
    let steps = u32::try_from(since.ok_or("no such migration")? + 1)?;
    migrations::down(world.db.writer(), steps).await?;
    migrations::up(world.db.writer()).await?;
    let platform = Caller::system("test");
    let query = TerminalQuery {
        search: Some("莲花".to_owned()),
        ..TerminalQuery::default()
    };
    assert_eq!(sns(&listed(&world, &platform, &query).await?), expected);
    let store = TerminalQuery {
        store: Some(StoreId(Uuid::from_u128(0x9005))),
        ..TerminalQuery::default()
    };
    for search in [None, Some("莲花".to_owned())] {
        let query = TerminalQuery {
            search,
            ..store.clone()
        };
        assert_eq!(sns(&listed(&world, &platform, &query).await?), ["LH000005"]);
    }
    // Places in the list that there are not: the first page, and the last.
    for (number, direction, first) in [
        (i64::MAX, Direction::After, expected.first()),
        (i64::MIN, Direction::Before, expected.get(MERCHANTS - 50)),
        (i64::MAX, Direction::Before, None),
        (i64::MIN, Direction::After, None),
    ] {
        let cursor = Cursor {
            direction,
            key: number.to_string(),
            id: Uuid::nil(),
        };
        let query = TerminalQuery {
            cursor: Some(cursor),
            ..query.clone()
        };
        let page = world.services.terminals.list(&platform, &query).await?;
        assert_eq!(sns(&page.rows).first(), first, "{number}");
    }
    Ok(())
}

/// Stores of which all, most, a few hundred, twenty and one have a word in common.
async fn many_stores(world: &World<'_>, owner: &merchants::Model) -> Result<Vec<stores::Model>> {
    let name = |number: usize| match number {
        0 => "独一区路门店".to_owned(),
        1..=20 => format!("角落区路门店{number}"),
        21..=220 => format!("西区路门店{number}"),
        _ => format!("东区路门店{number}"),
    };
    let all: Vec<stores::Model> = (0..STORES)
        .map(|number| stores::Model {
            id: Uuid::from_u128(0x5000 + number as u128),
            merchant_id: owner.id,
            name: name(number),
            name_key: None,
            address: None,
            closed_at: None,
            created_at: 1,
            updated_at: 1,
        })
        .collect();
    let rows = all.iter().map(|store| store.clone().into_active_model().reset_all());
    stores::Entity::insert_many(rows)
        .exec_without_returning(world.db.writer())
        .await?;
    Ok(all)
}

/// Terminals of stores from everywhere, some of nobody and some with a word of the names in their own.
async fn fleet(world: &World<'_>, owner: &merchants::Model, stores: &[stores::Model]) -> Result<Vec<Known>> {
    let mut all = Vec::with_capacity(TERMINALS);
    for number in 0..TERMINALS {
        let store = (number % 9 > 0).then(|| &stores[number * 37 % stores.len()]);
        let name = match number % 7 {
            0 => "备机",
            1 => "1号收银台",
            2 => "东区备机",
            _ => "",
        };
        let sn = format!("SN{number:06}");
        let row = terminals::ActiveModel {
            model: Set(["A920", "P2"][number % 2].to_owned()),
            name: Set(name.to_owned()),
            merchant_id: Set(store.map(|_| owner.id)),
            store_id: Set(store.map(|store| store.id)),
            lifecycle: Set(if store.is_some() { "awaiting" } else { "unassigned" }.to_owned()),
            last_seen_at: Set((number % 2 == 1).then_some(1)),
            ..in_stock(Uuid::from_u128(number as u128 + 1), &sn)
        };
        all.push(Known {
            row: row.insert(world.db.writer()).await?,
            store: store.map(|store| store.name.clone()),
            merchant: store.map(|_| (owner.merchant_no.clone(), owner.name.clone())),
        });
    }
    Ok(all)
}
