//! An edit of any column of any table of the log.

use super::{literal, put_back, statement, told, unlock};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::trust::{Evidence, broken};
use crate::world::{Result, World, XIAOMAN};
use sea_orm::sea_query::ColumnType;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityName, IdenStatic, Iterable};
use server::database::Engine;
use server::entities::{device_log, log_boundaries, log_heads};
use server::services::chain_verify::{Fault, verify, verify_with};
use std::collections::BTreeSet;

on_both_engines!(
    an_edit_of_any_column_is_found,
    an_edit_of_any_column_of_a_head_or_a_boundary_is_found,
);

/// What a column may be changed to, as expressions; the schema says of which type it is.
fn changes<C: ColumnTrait>(engine: Engine, column: C) -> Vec<String> {
    let definition = column.def();
    let name = column.as_str();
    let mut changes = vec![match definition.get_column_type() {
        ColumnType::Uuid => literal(engine, &[0xee; 16], true),
        ColumnType::BigInteger => format!("{name} + 1000"),
        ColumnType::Text | ColumnType::String(_) => format!("coalesce({name}, '') || 'x'"),
        ColumnType::VarBinary(_) | ColumnType::Binary(_) | ColumnType::Blob => literal(engine, &[0xee; 32], false),
        other => panic!("{name} is {other:?}, which this test cannot change"),
    }];
    if definition.is_null() {
        changes.push("NULL".to_owned());
    }
    changes
}

/// The columns of a table as the database has them.
async fn columns(world: &World<'_>, table: &str) -> Result<BTreeSet<String>> {
    let sql = match world.db.engine() {
        Engine::Sqlite => format!("SELECT name FROM pragma_table_info('{table}')"),
        Engine::Postgres => {
            format!("SELECT column_name::text AS name FROM information_schema.columns WHERE table_name = '{table}'")
        }
    };
    let rows = world.db.reader().query_all_raw(statement(world, &sql)).await?;
    rows.iter().map(|row| Ok(row.try_get("", "name")?)).collect()
}

async fn an_edit_of_any_column_is_found(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let entries = told(&world).await?;
    for column in device_log::Column::iter() {
        let filled = entries.iter().any(|entry| is_filled(entry, column));
        assert!(filled, "no entry has anything in {}", column.as_str());
    }
    // Nothing can be changed as long as the triggers stand.
    for verb in ["UPDATE device_log SET sn_sent = 'X'", "DELETE FROM device_log"] {
        let refused = world.sql(verb).await.map_err(|error| error.to_string());
        assert!(
            refused.is_err_and(|error| error.contains("device_log is append-only")),
            "{verb}"
        );
    }
    unlock(&world).await?;
    let schema = columns(&world, "device_log").await?;
    let named = device_log::Column::iter().map(|column| column.as_str().to_owned());
    assert_eq!(
        schema,
        named.collect(),
        "the entity and the table have the same columns"
    );
    verify(db.reader(), &mut |_| {}).await?;
    let mut edits = 0;
    for column in device_log::Column::iter() {
        let name = column.as_str();
        for entry in &entries {
            for change in changes(db.engine(), column) {
                if change == "NULL" && !is_filled(entry, column) {
                    continue;
                }
                let id = literal(db.engine(), entry.id.as_bytes(), true);
                world
                    .sql(&format!("UPDATE device_log SET {name} = {change} WHERE id = {id}"))
                    .await?;
                let broken = broken(verify(db.reader(), &mut |_| {}).await, &format!("{name} = {change}"));
                assert_eq!(broken.chain, entry.chain, "{name} = {change}: {broken}");
                match name {
                    // It is missing where it was, or stands behind the end.
                    "chain" | "sequence" => assert!(
                        broken.sequence == entry.sequence || broken.fault == Fault::Surplus,
                        "{name} = {change}: {broken}"
                    ),
                    "bytes" | "hash" => {
                        assert_eq!(
                            (broken.sequence, &broken.fault),
                            (entry.sequence, &Fault::Bytes),
                            "{name}"
                        );
                        assert_eq!(broken.id, Some(entry.id));
                    }
                    _ => {
                        assert_eq!(broken.sequence, entry.sequence, "{name}");
                        assert_eq!(broken.fault, Fault::Edited(vec![name]));
                        assert!(broken.to_string().contains(&format!("{name} was changed")), "{broken}");
                    }
                }
                edits += 1;
                put_back(&world).await?;
            }
        }
    }
    assert!(edits > entries.len() * schema.len());
    verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

/// Whether an entry has something in a column, by the JSON of its debug form: no list of columns to keep.
fn is_filled(entry: &device_log::Model, column: device_log::Column) -> bool {
    let text = format!("{entry:?}");
    !text.contains(&format!(" {}: None", column.as_str()))
}

async fn an_edit_of_any_column_of_a_head_or_a_boundary_is_found(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    told(&world).await?;
    let evidence = Evidence::new()?;
    evidence.drop_until(&world, world.later(400)).await?;
    told_again(&world).await?;
    let options = evidence.options();
    unlock(&world).await?;
    verify_with(db.reader(), &options, &mut |_| {}).await?;
    let mut edits = Vec::new();
    for column in log_heads::Column::iter() {
        for change in changes(db.engine(), column) {
            edits.push((
                log_heads::Entity.table_name().to_owned(),
                column.as_str().to_owned(),
                change,
            ));
        }
    }
    for column in log_boundaries::Column::iter() {
        for change in changes(db.engine(), column) {
            edits.push((
                log_boundaries::Entity.table_name().to_owned(),
                column.as_str().to_owned(),
                change,
            ));
        }
    }
    for table in ["log_heads", "log_boundaries"] {
        let named: BTreeSet<_> = edits
            .iter()
            .filter(|edit| edit.0 == table)
            .map(|edit| edit.1.clone())
            .collect();
        assert_eq!(columns(&world, table).await?, named);
    }
    for (table, column, change) in edits {
        let of_merchant = format!("chain IN (SELECT id FROM merchants WHERE merchant_no = '{XIAOMAN}')");
        world
            .sql(&format!("UPDATE {table} SET {column} = {change} WHERE {of_merchant}"))
            .await?;
        broken(
            verify_with(db.reader(), &options, &mut |_| {}).await,
            &format!("{table}.{column} = {change}"),
        );
        put_back(&world).await?;
    }
    verify_with(db.reader(), &options, &mut |_| {}).await?;
    // Without the key nobody vouches for the boundary, and without the boundary the beginning is missing.
    let unknown = broken(verify(db.reader(), &mut |_| {}).await, "no key");
    assert!(matches!(unknown.fault, Fault::Boundary(_)), "{unknown}");
    world.sql("DELETE FROM log_boundaries").await?;
    let missing = broken(verify_with(db.reader(), &options, &mut |_| {}).await, "no boundary");
    assert_eq!((missing.sequence, missing.fault), (1, Fault::Missing));
    Ok(())
}

async fn told_again(world: &World<'_>) -> Result<()> {
    world.clock.set(world.later(400));
    let mut owner = world.signed_in("xiaoman").await?;
    for sn in ["NOBODYS3", "NOBODYS4", "NOBODYS5"] {
        owner.post("/actions/register", &[("sn", sn)]).await?;
    }
    Ok(())
}
