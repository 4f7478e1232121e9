//! Words that are part of few and of very many names of stores: each way to their terminals finds the same ones as a plain
//! look, in the same order, over the border of a block of PostgreSQL's index.

use super::{Known, listed, merchant, sns};
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World, XIAOMAN};
use app::backend::terminals::{SortKey, TerminalQuery, TerminalSort};
use app::caller::Caller;
use app::domain::search_words;
use sea_orm::prelude::Uuid;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
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
        for model in [None, Some("P2")] {
            let query = TerminalQuery {
                search: Some(search.to_owned()),
                model: model.map(str::to_owned),
                ..TerminalQuery::default()
            };
            let words = search_words(search);
            let belongs = |known: &&Known| {
                let right = model.is_none_or(|model| known.row.model == model);
                right && words.iter().all(|word| known.mentions(word, true))
            };
            let mut expected: Vec<String> = fleet.iter().filter(belongs).map(|known| known.row.sn.clone()).collect();
            expected.reverse();
            assert_eq!(
                sns(&listed(&world, &platform, &query).await?),
                expected,
                "{search} {model:?}"
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
                "{search} {model:?} by number"
            );
        }
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
            id: Set(Uuid::from_u128(number as u128 + 1)),
            manufacturer: Set("PAX".to_owned()),
            model: Set(["A920", "P2"][number % 2].to_owned()),
            sn: Set(sn.clone()),
            sn_printed: Set(sn),
            name: Set(name.to_owned()),
            merchant_id: Set(store.map(|_| owner.id)),
            store_id: Set(store.map(|store| store.id)),
            lifecycle: Set(if store.is_some() { "awaiting" } else { "unassigned" }.to_owned()),
            created_at: Set(1),
            updated_at: Set(1),
            online: Set(false),
            ..Default::default()
        };
        all.push(Known {
            row: row.insert(world.db.writer()).await?,
            store: store.map(|store| store.name.clone()),
            merchant: store.map(|_| (owner.merchant_no.clone(), owner.name.clone())),
        });
    }
    Ok(all)
}
