//! Grams of five characters instead of four, and merchants and stores by their numbers.
//!
//! Serial numbers count upwards: the grams of four digits with many zeros are in a tenth of them, and a search for six such
//! digits went along all of that. Those of five are in few more than are wanted.
//!
//! `place_search` numbers the merchants and stores. The index and the table that numbers the terminals now say whose a
//! terminal is by that number, so that the names which a word is part of lead to terminals without a look at any key, and
//! whose they are stands in the index of those that belong to somebody. Of a store `place_search` says whose it is
//! (`owner`), so that the stores known by two words are found without a look at their terminals.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::m20261124_000031_search::{
    PLACED_STORE, fill_places, fill_terminals, gram_function, gram_index, gram_table, own_grams, place_gram_function,
    place_triggers, placed_triggers, store_text, terminal_gram_function, terminal_gram_index, terminal_grams,
    terminal_text, terminal_triggers, trigger_function,
};
use crate::m20261129_000048_search_places::{BLOCK_BITS, INDEXES};
use crate::shape::{create_indexes, index};

const TABLE: &str = "terminal_search";
/// The index of the stores of a merchant.
const OWNER: &str = "ix_place_search_owner";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        change(manager, Owners::Keys, Owners::Numbers).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        change(manager, Owners::Numbers, Owners::Keys).await
    }
}

/// By what the index says whose a terminal is.
#[derive(Clone, Copy)]
enum Owners {
    /// By the keys of its merchant and its store. Grams have four characters then.
    Keys,
    /// By their numbers, and grams of five.
    Numbers,
}

impl Owners {
    fn gram(self) -> usize {
        match self {
            Self::Keys => 4,
            Self::Numbers => 5,
        }
    }

    /// The columns for its merchant and for its store.
    fn columns(self) -> [&'static str; 2] {
        match self {
            Self::Keys => ["merchant_id", "store_id"],
            Self::Numbers => ["merchant_place", "store_place"],
        }
    }

    /// Their type.
    fn kind(self, is_sqlite: bool) -> &'static str {
        match (self, is_sqlite) {
            (Self::Keys, true) => "BLOB",
            (Self::Keys, false) => "uuid",
            (Self::Numbers, true) => "INTEGER",
            (Self::Numbers, false) => "bigint",
        }
    }

    /// What stands in them, from the other columns.
    fn converted(self) -> [String; 2] {
        match self {
            Self::Keys => ["merchant_place", "store_place"]
                .map(|number| format!("(SELECT place_id FROM place_search place WHERE place.key = {number})")),
            Self::Numbers => ["merchant_id", "store_id"].map(number_of),
        }
    }

    /// What stands in them for the row `which` of `terminals`.
    fn of(self, which: &str) -> [String; 2] {
        ["merchant_id", "store_id"].map(|owner| match self {
            Self::Keys => format!("{which}.{owner}"),
            Self::Numbers => number_of(&format!("{which}.{owner}")),
        })
    }

    fn indexes(self) -> [(&'static str, &'static [&'static str]); 3] {
        match self {
            Self::Keys => INDEXES,
            Self::Numbers => [
                ("ix_terminal_search_merchant", &["merchant_place", "key"]),
                ("ix_terminal_search_store", &["store_place", "key"]),
                ("ix_terminal_search_placed", &["key", "merchant_place", "store_place"]),
            ],
        }
    }
}

/// The number of the merchant or store with a key.
fn number_of(key: &str) -> String {
    format!("(SELECT place.key FROM place_search place WHERE place.place_id = {key})")
}

async fn change(manager: &SchemaManager<'_>, from: Owners, to: Owners) -> Result<(), DbErr> {
    for (name, _) in from.indexes() {
        manager
            .drop_index(Index::drop().name(name).table(TABLE).to_owned())
            .await?;
    }
    let is_sqlite = manager.get_database_backend() == DbBackend::Sqlite;
    let (before, after) = match is_sqlite {
        true => (without_sqlite(), with_sqlite(to)),
        false => (without_postgres(from), with_postgres(to)),
    };
    let between = columns(from, to, is_sqlite);
    for statement in before.into_iter().chain(between).chain(after) {
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    let [merchant, store] = to.columns();
    let indexes = to.indexes().map(|(name, columns)| {
        let owner = if columns[0] == store { store } else { merchant };
        index(name, TABLE, columns)
            .and_where(Expr::col(owner).is_not_null())
            .take()
    });
    create_indexes(manager, indexes).await
}

/// Says in other columns whose the terminals and the stores are.
fn columns(from: Owners, to: Owners, is_sqlite: bool) -> Vec<String> {
    let kind = to.kind(is_sqlite);
    let ([merchant, store], [from_merchant, from_store]) = (to.columns(), from.columns());
    let [merchants, stores] = to.converted();
    let mut all = vec![
        format!("ALTER TABLE {TABLE} ADD COLUMN {merchant} {kind}"),
        format!("ALTER TABLE {TABLE} ADD COLUMN {store} {kind}"),
        format!("UPDATE {TABLE} SET {merchant} = {merchants}, {store} = {stores} WHERE {from_merchant} IS NOT NULL"),
        format!("ALTER TABLE {TABLE} DROP COLUMN {from_merchant}"),
        format!("ALTER TABLE {TABLE} DROP COLUMN {from_store}"),
    ];
    match to {
        Owners::Keys => all.extend([
            format!("DROP INDEX {OWNER}"),
            "ALTER TABLE place_search DROP COLUMN owner".to_owned(),
        ]),
        Owners::Numbers => all.extend([
            "ALTER TABLE place_search ADD COLUMN owner bigint".to_owned(),
            format!(
                "UPDATE place_search SET owner = (SELECT {} FROM stores WHERE stores.id = place_search.place_id) \
                 WHERE merchant = 0",
                number_of("stores.merchant_id")
            ),
            format!("CREATE INDEX {OWNER} ON place_search (owner) WHERE owner IS NOT NULL"),
        ]),
    }
    all
}

fn without_sqlite() -> Vec<String> {
    let triggers = ["terminals", "stores", "merchants"]
        .into_iter()
        .flat_map(|table| ["insert", "update", "delete"].map(|verb| format!("DROP TRIGGER tr_{table}_search_{verb}")));
    let tables = [
        "terminal_sample_grams",
        "terminal_sample",
        "terminal_grams",
        "place_grams",
    ];
    triggers
        .chain(tables.map(|table| format!("DROP TABLE {table}")))
        .collect()
}

fn with_sqlite(to: Owners) -> Vec<String> {
    let gram = to.gram();
    let mut all: Vec<String> = ["terminal_grams", "terminal_sample", "place_grams"]
        .map(|table| gram_table(table, gram))
        .into();
    all.push("CREATE VIRTUAL TABLE terminal_sample_grams USING fts5vocab(terminal_sample, row)".to_owned());
    all.extend(fill_places(gram));
    match to {
        Owners::Keys => {
            all.extend(fill_terminals(&terminal_grams("it")));
            all.extend(place_triggers(gram, PLACED_STORE));
            all.extend(placed_triggers());
        }
        Owners::Numbers => {
            let owned = format!("new.id, 0, {}", number_of("new.merchant_id"));
            all.extend(fill_terminals(&numbered_grams("it")));
            all.extend(place_triggers(gram, ("place_id, merchant, owner", &owned)));
            all.extend(numbered_triggers());
        }
    }
    all
}

/// The grams of a terminal's row `which`, and the numbers of its merchant and its store, which `terminal_search` has.
fn numbered_grams(which: &str) -> String {
    format!(
        "coalesce('\u{e000}' || merchant_place || ' ', '') || coalesce('\u{e000}' || store_place || ' ', '') || {}",
        own_grams(which, Owners::Numbers.gram())
    )
}

fn numbered_triggers() -> Vec<String> {
    let [merchant, store] = Owners::Numbers.of("new");
    terminal_triggers(
        (
            "terminal_id, merchant_place, store_place",
            &format!("new.id, {merchant}, {store}"),
        ),
        &format!(
            "UPDATE terminal_search SET merchant_place = {merchant}, store_place = {store} WHERE terminal_id = new.id;"
        ),
        &numbered_grams,
    )
}

fn without_postgres(from: Owners) -> Vec<String> {
    let kind = from.kind(false);
    vec![
        "DROP INDEX ix_terminal_search_grams".to_owned(),
        format!("DROP FUNCTION terminal_grams(bigint, {kind}, {kind}, text)"),
        "DROP INDEX ix_place_search_grams".to_owned(),
        "DROP FUNCTION place_grams(text)".to_owned(),
    ]
}

fn with_postgres(to: Owners) -> Vec<String> {
    let ([merchant, store], kind) = (to.columns(), to.kind(false));
    let ([added_merchant, added_store], [new_merchant, new_store]) = (to.of("it"), to.of("NEW"));
    let (owner, owned) = match to {
        Owners::Keys => ("", String::new()),
        Owners::Numbers => (", owner", format!(", {}", number_of("it.merchant_id"))),
    };
    let grams = match to {
        Owners::Keys => terminal_gram_function(BLOCK_BITS),
        Owners::Numbers => gram_function(
            "terminal_grams(key bigint, merchant bigint, store bigint, t text)",
            to.gram(),
            &format!("to_hex(key >> {BLOCK_BITS}) || ' '"),
            "block || '\u{e000}' || coalesce(merchant::text, '') || E'\\n' || block || '\u{e000}' || coalesce(store::text, '')",
        ),
    };
    let indexed = match to {
        Owners::Keys => terminal_gram_index(),
        Owners::Numbers => gram_index("terminal", "terminal_grams(key, merchant_place, store_place, text)"),
    };
    vec![
        trigger_function(
            "stores",
            "insert",
            &format!(
                "INSERT INTO place_search (place_id, merchant, text{owner}) \
                 SELECT id, 0, {}{owned} FROM added it ORDER BY id;",
                store_text("it")
            ),
        ),
        trigger_function(
            "terminals",
            "insert",
            &format!(
                "INSERT INTO terminal_search (terminal_id, {merchant}, {store}, text) \
                 SELECT id, {added_merchant}, {added_store}, {} FROM added it ORDER BY id;",
                terminal_text("it")
            ),
        ),
        trigger_function(
            "terminals",
            "update",
            &format!(
                "UPDATE terminal_search SET {merchant} = {new_merchant}, {store} = {new_store}, text = {} \
                 WHERE terminal_id = NEW.id;",
                terminal_text("NEW")
            ),
        ),
        grams,
        format!("ALTER FUNCTION terminal_grams(bigint, {kind}, {kind}, text) COST 1000"),
        place_gram_function(to.gram()),
        indexed,
        gram_index("place", "place_grams(text)"),
    ]
}
