//! What is true of a terminal whose texts a word is part of.

use super::column;
use super::grams::Word;
use crate::database::Engine;
use crate::entities::merchants;
use crate::entities::terminals::Column;
use app::caller::Scope;
use sea_orm::Condition;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func};

/// Whether a word is part of a terminal's own texts.
pub(super) fn has(engine: Engine, word: &Word) -> Condition {
    let any = Condition::any().add(contains(engine, name_of(engine, "terminals"), &word.text));
    if word.sn.is_empty() {
        return any;
    }
    any.add(contains(engine, column(Column::Sn), &word.sn.to_ascii_uppercase()))
}

/// Whether a word is part of what a terminal is known by.
pub(super) fn mentions(engine: Engine, word: &Word, scope: Scope) -> Condition {
    let mut any = has(engine, word).add(contains(engine, name_of(engine, "stores"), &word.text));
    if matches!(scope, Scope::Platform) {
        let number = Expr::col((merchants::Entity, merchants::Column::MerchantNo));
        any = any
            .add(contains(engine, name_of(engine, "merchants"), &word.text))
            .add(contains(engine, lower(engine, number), &word.text));
    }
    any
}

/// The name of a table's row in the form in which it is searched.
pub(super) fn name_of(engine: Engine, table: &'static str) -> Expr {
    let at = |column: &'static str| Expr::col((Alias::new(table), Alias::new(column)));
    Func::coalesce([at("name_key"), lower(engine, at("name"))]).into()
}

/// ASCII letters in lower case, on both engines and in every locale.
fn lower(engine: Engine, text: Expr) -> Expr {
    match engine {
        Engine::Sqlite => Func::lower(text).into(),
        Engine::Postgres => Expr::cust_with_exprs("lower($1 COLLATE \"C\")", [text]),
    }
}
/// Whether a text has a part, letter by letter.
pub(super) fn contains(engine: Engine, text: Expr, part: &str) -> Expr {
    let function = match engine {
        Engine::Sqlite => "instr",
        Engine::Postgres => "strpos",
    };
    Expr::from(Func::cust(function).args([text, Expr::val(part)])).gt(0)
}
