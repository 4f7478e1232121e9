//! What terminals, stores and merchants are found by: every run of characters of their texts, in an index of each engine,
//! kept up to date by triggers in the transaction of the change.
//!
//! A text is looked up by its grams: its characters from each place on, four at most. A longer fragment has all of its
//! grams in what contains it, a shorter one is the beginning of one. Every terminal has a number (`key`) that rises with
//! time; the newest are found first, without looking at the others. Beside the grams of its own text a terminal has
//! those of its merchant's and its store's keys, so that renaming either touches no terminal; which merchants and stores a
//! word is part of is looked up first.
//!
//! On SQLite the index is FTS5's, which reads in the order of the keys and stops when it has enough; a second one over
//! every 64th terminal says how frequent a gram is. On PostgreSQL it is GIN's, which does not read in order: there each
//! gram begins with the number of the block of 8,192 keys that it stands in, and blocks are asked one after the other.
//!
//! `name_key` is a name in the form in which it is searched (Unicode NFKC, lower case) where that is not simply its ASCII
//! letters in lower case.

use sea_orm_migration::sea_orm::prelude::Uuid;
use sea_orm_migration::sea_orm::{DbBackend, Statement};
use sea_orm_migration::{prelude::*, schema::*};
use unicode_normalization::UnicodeNormalization;

/// Names looked at in one go.
const CHUNK: usize = 5_000;

/// Characters of a gram, as this migration makes them.
const GRAM: usize = 4;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["merchants", "stores", "terminals"] {
            let mut column = text_null("name_key");
            manager
                .alter_table(Table::alter().table(table).add_column(&mut column).take())
                .await?;
            fill_keys(manager, table).await?;
        }
        let statements = match manager.get_database_backend() {
            DbBackend::Sqlite => sqlite(),
            _ => postgres(),
        };
        for statement in statements {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        for (table, index) in [("terminals", "terminal"), ("stores", "place"), ("merchants", "place")] {
            for verb in ["insert", "update", "delete"] {
                let on = if sqlite { String::new() } else { format!(" ON {table}") };
                connection
                    .execute_unprepared(&format!("DROP TRIGGER tr_{table}_search_{verb}{on}"))
                    .await?;
                if !sqlite {
                    connection
                        .execute_unprepared(&format!("DROP FUNCTION {table}_search_{verb}()"))
                        .await?;
                }
            }
            if table == "stores" {
                continue;
            }
            if sqlite {
                connection
                    .execute_unprepared(&format!("DROP TABLE {index}_grams"))
                    .await?;
            }
            connection
                .execute_unprepared(&format!("DROP TABLE {index}_search"))
                .await?;
        }
        let rest: &[&str] = if sqlite {
            &[
                "DROP TABLE terminal_sample_grams",
                "DROP TABLE terminal_sample",
                "DROP TABLE search_places",
            ]
        } else {
            &[
                "DROP FUNCTION terminal_grams(bigint, uuid, uuid, text)",
                "DROP FUNCTION place_grams(text)",
            ]
        };
        for statement in rest {
            connection.execute_unprepared(statement).await?;
        }
        for table in ["merchants", "stores", "terminals"] {
            manager
                .alter_table(Table::alter().table(table).drop_column("name_key").take())
                .await?;
        }
        Ok(())
    }
}

/// Gives the names that are there their keys.
async fn fill_keys(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let backend = manager.get_database_backend();
    let mut after = Uuid::nil();
    loop {
        let select = format!("SELECT id, name FROM {table} WHERE id > $1 ORDER BY id LIMIT {CHUNK}");
        let found = connection
            .query_all_raw(Statement::from_sql_and_values(backend, select, [after.into()]))
            .await?;
        for row in &found {
            after = row.try_get_by_index(0)?;
            let name: String = row.try_get_by_index(1)?;
            let Some(key) = name_key(&name) else { continue };
            let update = format!("UPDATE {table} SET name_key = $1 WHERE id = $2");
            connection
                .execute_raw(Statement::from_sql_and_values(
                    backend,
                    update,
                    [key.into(), after.into()],
                ))
                .await?;
        }
        if found.len() < CHUNK {
            return Ok(());
        }
    }
}

fn name_key(name: &str) -> Option<String> {
    let key: String = name
        .nfkc()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'ς' => 'σ',
            c if c.is_whitespace() => ' ',
            c => c,
        })
        .collect();
    (key != name.to_ascii_lowercase()).then_some(key)
}

/// SQLite's table of grams of so many characters. Everything but blanks belongs to a gram; non-ASCII characters do so anyway.
pub(crate) fn gram_table(name: &str, gram: usize) -> String {
    let prefixes: Vec<String> = (1..gram).map(|length| length.to_string()).collect();
    format!(
        "CREATE VIRTUAL TABLE {name} USING fts5(grams, content='', columnsize=0, detail=none, prefix='{}', \
         tokenize=\"ascii tokenchars '!\"\"#$%&''()*+,-./:;<=>?@[\\]^_`{{|}}~'\")",
        prefixes.join(" ")
    )
}

/// The grams of an SQL text, separated by blanks.
fn grams(text: &str, gram: usize) -> String {
    format!(
        "(SELECT group_concat(substr(t, place, {gram}), ' ') FROM (SELECT {text} AS t) \
         JOIN search_places ON place <= length(t))"
    )
}

/// The grams of what the terminal's row `which` says itself.
pub(crate) fn own_grams(which: &str, gram: usize) -> String {
    let text = format!("lower({which}.sn) || ' ' || coalesce({which}.name_key, lower({which}.name))");
    grams(&text, gram)
}

/// The grams of a terminal's row `which`: those of its own text, and of the keys of its merchant and its store.
pub(crate) fn terminal_grams(which: &str) -> String {
    format!(
        "coalesce('\u{e000}' || hex({which}.merchant_id) || ' ', '') || \
         coalesce('\u{e001}' || hex({which}.store_id) || ' ', '') || {}",
        own_grams(which, GRAM)
    )
}

fn sqlite() -> Vec<String> {
    let mut all = vec![
        "CREATE TABLE search_places (place INTEGER PRIMARY KEY)".to_owned(),
        "INSERT INTO search_places WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 4096) \
         SELECT n FROM c"
            .to_owned(),
        "CREATE TABLE terminal_search (key INTEGER PRIMARY KEY, terminal_id BLOB NOT NULL UNIQUE)".to_owned(),
        gram_table("terminal_grams", GRAM),
        gram_table("terminal_sample", GRAM),
        "CREATE VIRTUAL TABLE terminal_sample_grams USING fts5vocab(terminal_sample, row)".to_owned(),
        "CREATE TABLE place_search (key INTEGER PRIMARY KEY, place_id BLOB NOT NULL UNIQUE, merchant INTEGER NOT NULL)"
            .to_owned(),
        gram_table("place_grams", GRAM),
    ];
    all.extend(numbered_triggers());
    all.extend(place_triggers(GRAM, PLACED_STORE));
    // What is there already.
    for (table, columns, index, values) in [
        ("merchants", "place_id, merchant", "place", "id, 1"),
        ("stores", "place_id, merchant", "place", "id, 0"),
        ("terminals", "terminal_id", "terminal", "id"),
    ] {
        all.push(format!(
            "INSERT INTO {index}_search ({columns}) SELECT {values} FROM {table} ORDER BY id"
        ));
    }
    all.extend(fill_places(GRAM));
    all.extend(fill_terminals(&terminal_grams("it")));
    all
}

/// Fills SQLite's index of terminals with the grams of each row `it`.
pub(crate) fn fill_terminals(grams: &str) -> [String; 2] {
    [("grams", ""), ("sample", " WHERE key % 64 = 0")].map(|(into, which)| {
        format!(
            "INSERT INTO terminal_{into} (rowid, grams) SELECT key, {grams} FROM terminal_search \
             JOIN terminals it ON it.id = terminal_id{which} ORDER BY key"
        )
    })
}

/// Fills SQLite's index of merchants and stores.
pub(crate) fn fill_places(gram: usize) -> [String; 2] {
    [
        ("merchants", merchant_grams("it", gram)),
        ("stores", store_grams("it", gram)),
    ]
    .map(|(table, grams)| {
        format!(
            "INSERT INTO place_grams (rowid, grams) SELECT key, {grams} FROM place_search \
             JOIN {table} it ON it.id = place_id ORDER BY key"
        )
    })
}

fn store_grams(which: &str, gram: usize) -> String {
    grams(&format!("coalesce({which}.name_key, lower({which}.name))"), gram)
}

fn merchant_grams(which: &str, gram: usize) -> String {
    let text = format!("lower({which}.merchant_no) || ' ' || coalesce({which}.name_key, lower({which}.name))");
    grams(&text, gram)
}

/// The columns of `place_search` for a store, and what stands in them.
pub(crate) const PLACED_STORE: (&str, &str) = ("place_id, merchant", "new.id, 0");

/// SQLite's triggers of merchants and stores, of which the latter have `store` in `place_search`.
pub(crate) fn place_triggers(gram: usize, store: (&str, &str)) -> Vec<String> {
    let stores = sqlite_triggers(
        "stores",
        "place",
        &["place_grams"],
        "name, name_key",
        store,
        "",
        &|which| store_grams(which, gram),
    );
    let merchants = sqlite_triggers(
        "merchants",
        "place",
        &["place_grams"],
        "merchant_no, name, name_key",
        ("place_id, merchant", "new.id, 1"),
        "",
        &|which| merchant_grams(which, gram),
    );
    stores.into_iter().chain(merchants).collect()
}

/// SQLite's triggers of terminals, as this migration makes them.
pub(crate) fn numbered_triggers() -> Vec<String> {
    terminal_triggers(("terminal_id", "new.id"), "", &terminal_grams)
}

/// The same where the numbers say whose the terminals are.
pub(crate) fn placed_triggers() -> Vec<String> {
    terminal_triggers(
        (
            "terminal_id, merchant_id, store_id",
            "new.id, new.merchant_id, new.store_id",
        ),
        "UPDATE terminal_search SET merchant_id = new.merchant_id, store_id = new.store_id WHERE terminal_id = new.id;",
        &terminal_grams,
    )
}

pub(crate) fn terminal_triggers(numbered: (&str, &str), moved: &str, grams: &dyn Fn(&str) -> String) -> Vec<String> {
    sqlite_triggers(
        "terminals",
        "terminal",
        &["terminal_grams", "terminal_sample"],
        "sn, name, name_key, merchant_id, store_id",
        numbered,
        moved,
        grams,
    )
}

/// Triggers that keep the full-text tables `into` as the rows of `table` are. An update does `also` after it has taken the old
/// grams out and before it puts the new ones in.
fn sqlite_triggers(
    table: &str,
    index: &str,
    into: &[&str],
    columns: &str,
    (names, values): (&str, &str),
    also: &str,
    grams: &dyn Fn(&str) -> String,
) -> Vec<String> {
    let chosen = |into: &str| {
        if into.ends_with("sample") {
            " AND key % 64 = 0"
        } else {
            ""
        }
    };
    let add = |into: &&str| {
        format!(
            "INSERT INTO {into} (rowid, grams) SELECT key, {} FROM {index}_search WHERE {index}_id = new.id{};",
            grams("new"),
            chosen(into)
        )
    };
    let remove = |into: &&str| {
        format!(
            "INSERT INTO {into} ({into}, rowid, grams) SELECT 'delete', key, {} FROM {index}_search \
             WHERE {index}_id = old.id{};",
            grams("old"),
            chosen(into)
        )
    };
    let add: String = into.iter().map(add).collect();
    let remove: String = into.iter().map(remove).collect();
    let differs: Vec<String> = columns
        .split(", ")
        .map(|column| format!("new.{column} IS NOT old.{column}"))
        .collect();
    let differs = differs.join(" OR ");
    vec![
        format!(
            "CREATE TRIGGER tr_{table}_search_insert AFTER INSERT ON {table} BEGIN \
             INSERT INTO {index}_search ({names}) VALUES ({values}); {add} END"
        ),
        format!(
            "CREATE TRIGGER tr_{table}_search_update AFTER UPDATE OF {columns} ON {table} WHEN {differs} \
             BEGIN {remove} {also} {add} END"
        ),
        format!(
            "CREATE TRIGGER tr_{table}_search_delete AFTER DELETE ON {table} BEGIN {remove} \
             DELETE FROM {index}_search WHERE {index}_id = old.id; END"
        ),
    ]
}

/// The text of PostgreSQL's store `which`.
pub(crate) fn store_text(which: &str) -> String {
    format!("coalesce({which}.name_key, lower({which}.name COLLATE \"C\"))")
}

/// The text of PostgreSQL's terminal `which`.
pub(crate) fn terminal_text(which: &str) -> String {
    format!("lower({which}.sn COLLATE \"C\") || ' ' || coalesce({which}.name_key, lower({which}.name COLLATE \"C\"))")
}

fn postgres() -> Vec<String> {
    let text = terminal_text;
    let store = store_text;
    let merchant = |which: &str| format!("lower({which}.merchant_no COLLATE \"C\") || ' ' || {}", store(which));
    let mut all = vec![
        "CREATE TABLE terminal_search (key bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, \
         terminal_id uuid NOT NULL UNIQUE, merchant_id uuid, store_id uuid, text text NOT NULL)"
            .to_owned(),
        "CREATE TABLE place_search (key bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, \
         place_id uuid NOT NULL UNIQUE, merchant integer NOT NULL, text text NOT NULL)"
            .to_owned(),
        terminal_gram_function(13),
        place_gram_function(GRAM),
    ];
    for (table, index, columns, values) in [
        (
            "merchants",
            "place",
            "place_id, merchant, text",
            format!("id, 1, {}", merchant("it")),
        ),
        (
            "stores",
            "place",
            "place_id, merchant, text",
            format!("id, 0, {}", store("it")),
        ),
        (
            "terminals",
            "terminal",
            "terminal_id, merchant_id, store_id, text",
            format!("id, merchant_id, store_id, {}", text("it")),
        ),
    ] {
        let fill =
            |from: &str| format!("INSERT INTO {index}_search ({columns}) SELECT {values} FROM {from} it ORDER BY id");
        all.push(fill(table));
        all.push(trigger_function(table, "insert", &format!("{};", fill("added"))));
        all.push(trigger_function(
            table,
            "delete",
            &format!("DELETE FROM {index}_search USING removed WHERE {index}_id = removed.id;"),
        ));
        all.push(format!(
            "CREATE TRIGGER tr_{table}_search_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS added \
             FOR EACH STATEMENT EXECUTE FUNCTION {table}_search_insert()"
        ));
        all.push(format!(
            "CREATE TRIGGER tr_{table}_search_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS removed \
             FOR EACH STATEMENT EXECUTE FUNCTION {table}_search_delete()"
        ));
    }
    for (table, index, columns, set) in [
        (
            "merchants",
            "place",
            "merchant_no, name, name_key",
            format!("text = {}", merchant("NEW")),
        ),
        ("stores", "place", "name, name_key", format!("text = {}", store("NEW"))),
        (
            "terminals",
            "terminal",
            "sn, name, name_key, merchant_id, store_id",
            format!(
                "merchant_id = NEW.merchant_id, store_id = NEW.store_id, text = {}",
                text("NEW")
            ),
        ),
    ] {
        let names: Vec<&str> = columns.split(", ").collect();
        let row = |which: &str| {
            names
                .iter()
                .map(|name| format!("{which}.{name}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        all.push(trigger_function(
            table,
            "update",
            &format!("UPDATE {index}_search SET {set} WHERE {index}_id = NEW.id;"),
        ));
        all.push(format!(
            "CREATE TRIGGER tr_{table}_search_update AFTER UPDATE OF {columns} ON {table} FOR EACH ROW \
             WHEN (ROW({}) IS DISTINCT FROM ROW({})) EXECUTE FUNCTION {table}_search_update()",
            row("NEW"),
            row("OLD")
        ));
    }
    all.push(terminal_gram_index());
    all.push(gram_index("place", "place_grams(text)"));
    all
}

/// PostgreSQL's function that makes the grams of a merchant or a store.
pub(crate) fn place_gram_function(gram: usize) -> String {
    gram_function("place_grams(t text)", gram, "''", "'\u{e000}'")
}

/// PostgreSQL's function that makes the grams of a terminal, in blocks of two to the power of `bits`.
pub(crate) fn terminal_gram_function(bits: u32) -> String {
    gram_function(
        "terminal_grams(key bigint, merchant uuid, store uuid, t text)",
        GRAM,
        &format!("to_hex(key >> {bits}) || ' '"),
        "block || '\u{e000}' || coalesce(merchant::text, '') || E'\\n' || block || '\u{e001}' || coalesce(store::text, '')",
    )
}

/// PostgreSQL's index of them.
pub(crate) fn terminal_gram_index() -> String {
    gram_index("terminal", "terminal_grams(key, merchant_id, store_id, text)")
}

/// A short list of what waits to be sorted into an index: every search reads it.
pub(crate) const GRAM_INDEX: &str = "WITH (gin_pending_list_limit = 64)";

pub(crate) fn gram_index(index: &str, of: &str) -> String {
    format!("CREATE INDEX ix_{index}_search_grams ON {index}_search USING gin ({of}) {GRAM_INDEX}")
}

/// A function that makes the grams of the text `t`, each behind `block`, after those in `first`.
pub(crate) fn gram_function(name: &str, gram: usize, block: &str, first: &str) -> String {
    format!(
        "CREATE FUNCTION {name} RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ \
         DECLARE block text := {block}; grams text := {first}; \
         BEGIN FOR n IN 1..length(t) LOOP grams := grams || E'\\n' || block || substr(t, n, {gram}); END LOOP; \
         RETURN array_to_tsvector(string_to_array(grams, E'\\n')); END $$"
    )
}

/// PostgreSQL's function of the trigger that keeps the index where rows of `table` come, change or go.
pub(crate) fn trigger_function(table: &str, verb: &str, body: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION {table}_search_{verb}() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN {body} RETURN NULL; END $$"
    )
}
