//! The few shapes that every table repeats, so that a migration reads as a list of facts.
//!
//! Names are given by the caller and always carry their kind: `ux_` unique index, `ix_` index, `fk_` foreign key,
//! `ck_` check, `pk_` composite primary key, `tr_` trigger.

use sea_orm_migration::prelude::*;

/// `column IN (values)`. A NULL passes, as in every SQL check.
pub(crate) fn one_of(column: &'static str, values: &[&'static str]) -> Expr {
    Expr::col(column).is_in(values.iter().copied())
}

/// `length(column)`: characters of a text, bytes of a binary, on both engines.
pub(crate) fn length(column: &'static str) -> Expr {
    Func::cust("length").arg(Expr::col(column)).into()
}

/// A SHA-256 digest: exactly 32 bytes (or NULL).
pub(crate) fn digest(column: &'static str) -> Expr {
    length(column).eq(32)
}

/// A named table check.
pub(crate) fn check(name: &'static str, rule: Expr) -> Check {
    Check::named(name, rule)
}

/// A foreign key; composite ones pair the columns in the order given.
pub(crate) fn references(
    name: &'static str,
    columns: &[&'static str],
    target: &'static str,
    target_columns: &[&'static str],
) -> ForeignKeyCreateStatement {
    let mut key = ForeignKey::create();
    key.name(name).to_tbl(target);
    for column in columns {
        key.from_col(*column);
    }
    for column in target_columns {
        key.to_col(*column);
    }
    key
}

/// A composite primary key.
pub(crate) fn primary(name: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut key = Index::create();
    key.name(name).primary();
    for column in columns {
        key.col(*column);
    }
    key
}

/// A plain index.
pub(crate) fn index(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}

/// A unique index.
pub(crate) fn unique(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = index(name, table, columns);
    index.unique();
    index
}

/// Creates the indexes one after the other.
pub(crate) async fn create_indexes(
    manager: &SchemaManager<'_>,
    indexes: impl IntoIterator<Item = IndexCreateStatement> + Send,
) -> Result<(), DbErr> {
    let indexes: Vec<_> = indexes.into_iter().collect();
    for index in indexes {
        manager.create_index(index).await?;
    }
    Ok(())
}

/// Drops tables in the order given: children before parents.
pub(crate) async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables {
        manager.drop_table(Table::drop().table(*table).take()).await?;
    }
    Ok(())
}
