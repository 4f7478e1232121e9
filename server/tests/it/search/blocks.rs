//! What many have and what few have, among the newest and among the oldest: PostgreSQL's indexes are asked for each in another
//! way.

use super::{in_stock, listed, merchant, owner, sns};
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World, XIAOMAN};
use app::backend::terminals::TerminalQuery;
use app::caller::Caller;
use sea_orm::prelude::Uuid;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use server::database::Engine;
use server::entities::{stores, terminals};

const OLD: usize = 700;
/// More than are looked at one by one.
const NEWER: usize = 1_200;

pub(super) async fn what_many_and_what_few_have_is_found_wherever_it_is(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let xiaoman = merchant(&world, XIAOMAN).await?.id;
    let old = (0..OLD).map(|number| terminals::ActiveModel {
        merchant_id: Set(Some(xiaoman)),
        lifecycle: Set("awaiting".to_owned()),
        name: Set(if number % 300 == 7 { "侧门" } else { "" }.to_owned()),
        ..in_stock(Uuid::from_u128(number as u128 + 1), &format!("KAKAKA{number:06}"))
    });
    // Of the newer, some have in their names what the old have in their serial numbers.
    let newer = (0..NEWER).map(|number| terminals::ActiveModel {
        name: Set(match number % 150 {
            0 => format!("备机 KAKAKA{number:06}"),
            _ => String::new(),
        }),
        ..in_stock(Uuid::from_u128((OLD + number) as u128 + 1), &format!("NO{number:06}"))
    });
    let (old, newer): (Vec<_>, Vec<_>) = (old.collect(), newer.collect());
    // The old lie in 22 blocks, all of them in the sample; the newer in one that ten blocks without terminals are before.
    numbers(&world, 512, 512).await?;
    add(&world, &old).await?;
    numbers(&world, 525_000, 1).await?;
    add(&world, &newer).await?;
    let text = |row: &terminals::ActiveModel| format!("{} {}", row.sn.as_ref(), row.name.as_ref()).to_lowercase();
    for search in [
        "00",
        "ka",
        "ka00",
        "kakaka",
        "kakaka0000",
        "aka0002",
        "侧门",
        "no0011",
        "no00",
        "备机",
        "备机 ka0",
        "kakaka 侧门",
        "ka00 155",
        "xyz",
        "\u{e000}",
        "\u{e002}",
    ] {
        for caller in [Caller::system("test"), owner(xiaoman)?] {
            let platform = caller.user_id().is_none();
            let all = old.iter().chain(newer.iter().filter(|_| platform));
            let has = |row: &&terminals::ActiveModel| search.split(' ').all(|word| text(row).contains(word));
            let mut expected: Vec<String> = all.filter(has).map(|row| row.sn.as_ref().clone()).collect();
            expected.reverse();
            let query = TerminalQuery {
                search: Some(search.to_owned()),
                ..TerminalQuery::default()
            };
            let found = sns(&listed(&world, &caller, &query).await?);
            assert_eq!(found, expected, "{search} platform: {platform}");
        }
    }
    Ok(())
}

/// A page that ends beyond the terminals that are looked at one by one, but not far: on PostgreSQL the names of the places up to
/// its end are looked at, in more than one statement.
pub(super) async fn what_lies_close_together_is_found_by_either_name(db: &TestDb) -> Outcome {
    const ALL: usize = 7_000;
    let world = World::new(db).await?;
    let xiaoman = merchant(&world, XIAOMAN).await?.id;
    let corner = stores::Model {
        id: Uuid::from_u128(0x5000),
        merchant_id: xiaoman,
        name: "转角店".to_owned(),
        name_key: None,
        address: None,
        closed_at: None,
        created_at: 1,
        updated_at: 1,
    };
    let rows = stores::Entity::insert(corner.clone().into_active_model().reset_all());
    rows.exec_without_returning(world.db.writer()).await?;
    let all: Vec<_> = (0..ALL)
        .map(|number| terminals::ActiveModel {
            merchant_id: Set(Some(xiaoman)),
            store_id: Set((number % 700 == 9).then_some(corner.id)),
            lifecycle: Set("awaiting".to_owned()),
            name: Set(if number % 60 == 0 { "转角一号" } else { "" }.to_owned()),
            ..in_stock(Uuid::from_u128(number as u128 + 1), &format!("NO{number:06}"))
        })
        .collect();
    numbers(&world, 525_000, 1).await?;
    add(&world, &all).await?;
    let is_found = |number: &usize| matches!((number % 60, number % 700), (0, _) | (_, 9));
    let found = (0..ALL).rev().filter(is_found);
    let expected: Vec<String> = found.map(|number| format!("NO{number:06}")).collect();
    let query = TerminalQuery {
        search: Some("转角".to_owned()),
        ..TerminalQuery::default()
    };
    let found = listed(&world, &Caller::system("test"), &query).await?;
    assert_eq!(sns(&found), expected);
    Ok(())
}

/// Numbers whatever comes next, on the engine whose numbers make blocks.
async fn numbers(world: &World<'_>, first: u32, step: u32) -> Result<()> {
    if world.db.engine() == Engine::Postgres {
        world
            .sql(&format!(
                "ALTER TABLE terminal_search ALTER COLUMN key SET INCREMENT BY {step} RESTART WITH {first}"
            ))
            .await?;
    }
    Ok(())
}

async fn add(world: &World<'_>, all: &[terminals::ActiveModel]) -> Result<()> {
    for some in all.chunks(500) {
        terminals::Entity::insert_many(some.to_vec())
            .exec_without_returning(world.db.writer())
            .await?;
    }
    Ok(())
}
