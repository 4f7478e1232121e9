//! That what the first page counts reads no more than it must, as SQLite plans it.

use super::count::in_index;
use super::filters::Dress;
use super::list::led_by;
use crate::database::Database;
use app::backend::terminals::TerminalQuery;
use app::caller::Scope;
use app::domain::{Lifecycle, Obstacle, Timestamp};
use sea_orm::{ConnectionTrait, Statement};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

async fn plan(database: &Database, query: &TerminalQuery) -> Result<String> {
    let filters = super::filters::filters(Dress::PLAIN, Scope::Platform, query, None, Timestamp(0));
    let leading = filters.iter().find(|filter| filter.leads).ok_or("no filter leads")?;
    let reader = database.reader();
    let backend = reader.get_database_backend();
    let select = if leading.covered {
        in_index(&leading.condition)
    } else {
        led_by(Scope::Platform, &leading.condition)
    };
    let Statement { sql, values, .. } = backend.build(&select);
    let explain = Statement {
        sql: format!("EXPLAIN QUERY PLAN {sql}"),
        values,
        db_backend: backend,
    };
    let rows = reader.query_all_raw(explain).await?;
    let lines = rows.iter().map(|row| row.try_get::<String>("", "detail"));
    Ok(lines.collect::<std::result::Result<Vec<_>, _>>()?.join("\n"))
}

#[tokio::test]
async fn what_the_first_page_counts_is_in_an_index() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let database = Database::connect(&format!("sqlite:{}", folder.path().join("plan.db").display())).await?;
    migrations::up(database.writer()).await?;
    let unconnected = TerminalQuery {
        obstacle: Some(Obstacle::NotConnected),
        ..TerminalQuery::default()
    };
    let silent = TerminalQuery {
        seen_until: Some(Timestamp(1)),
        ..TerminalQuery::default()
    };
    let of_a_model = TerminalQuery {
        model: Some("P2".to_owned()),
        lifecycles: vec![Lifecycle::Awaiting],
        ..TerminalQuery::default()
    };
    for statistics in ["", "ANALYZE"] {
        database.writer().execute_unprepared(statistics).await?;
        for (query, index) in [
            (
                &unconnected,
                "COVERING INDEX ix_terminals_unconnected (lifecycle=? AND token_hash=?)",
            ),
            (&silent, "COVERING INDEX ix_terminals_last_seen (last_seen_at<?)"),
            (
                &of_a_model,
                "COVERING INDEX ix_terminals_model_lifecycle (model=? AND lifecycle=?)",
            ),
        ] {
            let plan = plan(&database, query).await?;
            assert!(plan.contains(index) && !plan.contains("SCAN terminals"), "{plan}");
        }
    }
    Ok(())
}
