//! That no filter reads more of the log than it must, as SQLite plans it. PostgreSQL is asked how many rows it has read, in
//! `tests/it/log_pages.rs`.

use super::*;
use app::backend::device_log::LogQuery;
use app::domain::{LogKind, Outcome, Reason, SerialNumber, StoreId};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, Statement};

use crate::entities::merchants;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const NUMBER: &str = "898269350000008";

/// What can be asked, each alone; the tests ask for every pair of them as well.
fn asked(store: StoreId) -> Vec<LogQuery> {
    let all = LogQuery::default;
    vec![
        all(),
        LogQuery {
            exact_sn: SerialNumber::parse("ABCD1234").ok(),
            ..all()
        },
        LogQuery {
            sn: Some("CD12".to_owned()),
            ..all()
        },
        LogQuery {
            kind: Some(LogKind::TerminalOnline),
            ..all()
        },
        LogQuery {
            outcome: Some(Outcome::Failure),
            ..all()
        },
        LogQuery {
            outcome: Some(Outcome::Success),
            ..all()
        },
        LogQuery {
            reason: Some(Told::Itself(Reason::CodeUsed)),
            ..all()
        },
        LogQuery {
            merchant_no: Some(NUMBER.to_owned()),
            ..all()
        },
        LogQuery {
            store: Some(store),
            ..all()
        },
        LogQuery {
            by: Some(ActorKind::System),
            ..all()
        },
        LogQuery {
            actor: Some("clerk".to_owned()),
            ..all()
        },
        LogQuery {
            from: Some(Timestamp(1_772_337_600_000)),
            until: Some(Timestamp(1_772_424_000_000)),
            ..all()
        },
        LogQuery {
            cursor: Cursor::from_query(Some("~01890000000070008000000000000000"), None),
            ..all()
        },
        LogQuery {
            cursor: Cursor::from_query(None, Some("~01890000000070008000000000000000")),
            ..all()
        },
    ]
}

fn both(one: &LogQuery, other: &LogQuery) -> LogQuery {
    let (a, b) = (one.clone(), other.clone());
    LogQuery {
        sn: a.sn.or(b.sn),
        exact_sn: a.exact_sn.or(b.exact_sn),
        kind: a.kind.or(b.kind),
        outcome: a.outcome.or(b.outcome),
        reason: a.reason.or(b.reason),
        merchant_no: a.merchant_no.or(b.merchant_no),
        store: a.store.or(b.store),
        by: a.by.or(b.by),
        actor: a.actor.or(b.actor),
        from: a.from.or(b.from),
        until: a.until.or(b.until),
        cursor: a.cursor.or(b.cursor),
    }
}

async fn plan(database: &Database, select: &SelectStatement) -> Result<Vec<String>> {
    let reader = database.reader();
    let backend = reader.get_database_backend();
    let Statement { sql, values, .. } = backend.build(select);
    let explain = Statement {
        sql: format!("EXPLAIN QUERY PLAN {sql}"),
        values,
        db_backend: backend,
    };
    let rows = reader.query_all_raw(explain).await?;
    rows.iter().map(|row| Ok(row.try_get("", "detail")?)).collect()
}

#[tokio::test]
async fn no_filter_reads_more_than_it_must() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let database = Database::connect(&format!("sqlite:{}", folder.path().join("log.db").display())).await?;
    migrations::up(database.writer()).await?;
    let merchant = MerchantId(Uuid::from_u128(7));
    let store = StoreId(Uuid::from_u128(8));
    merchants::ActiveModel {
        id: Set(merchant.0),
        merchant_no: Set(NUMBER.to_owned()),
        name: Set("杭州小满母婴".to_owned()),
        name_key: Set(None),
        state: Set("active".to_owned()),
        state_since: Set(0),
        state_reason: Set(None),
        time_zone: Set("Asia/Shanghai".to_owned()),
        terminal_quota: Set(1),
        contact_name: Set(None),
        contact_phone: Set(None),
        contact_email: Set(None),
        created_at: Set(0),
        updated_at: Set(0),
    }
    .insert(database.writer())
    .await?;
    for statement in [
        "INSERT INTO stores (id, merchant_id, name, created_at, updated_at) \
         VALUES (x'00000000000000000000000000000008', x'00000000000000000000000000000007', '总店', 0, 0)",
        "INSERT INTO users (id, login, display_name, role, merchant_id, created_at, updated_at) \
         VALUES (x'00000000000000000000000000000009', 'clerk', '店员', 'merchant_clerk', \
                 x'00000000000000000000000000000007', 0, 0)",
    ] {
        database.writer().execute_unprepared(statement).await?;
    }
    let asked = asked(store);
    let mut plans = 0;
    let mut wrong = Vec::new();
    for scope in [Scope::Platform, Scope::Merchant(merchant)] {
        for (place, one) in asked.iter().enumerate() {
            for other in &asked[place..] {
                let query = both(one, other);
                let filter = Filter::of(database.reader(), scope, &query)
                    .await
                    .map_err(AppError::from)?;
                let filter = filter.ok_or("this can match")?;
                let (mut keys, _) = filter.keys(query.cursor.as_ref());
                let found = plan(&database, keys.limit(51)).await?;
                // One step into one index, which has the entries in the order in which they are shown: all keys, those of
                // failures, or those that begin with what is asked.
                let walks = ["sqlite_autoindex_device_log_1", "ix_device_log_failed"]
                    .map(|index| format!("SCAN device_log USING COVERING INDEX {index}"));
                let steps =
                    found.len() == 1 && (found[0].starts_with("SEARCH device_log USING ") || walks.contains(&found[0]));
                let narrow = [
                    (query.exact_sn.is_some(), "sn"),
                    (query.actor.is_some(), "person"),
                    (
                        query.reason.is_some() && matches!(scope, Scope::Merchant(_)),
                        "merchant_told_reason",
                    ),
                    (query.kind.is_some() && query.reason.is_none(), "kind"),
                    (
                        query.outcome == Some(Outcome::Failure) && query.reason.is_none(),
                        "failed",
                    ),
                ];
                let narrow = narrow.iter().find(|(asked, _)| *asked);
                if !steps || narrow.is_some_and(|(_, index)| !found[0].contains(index)) {
                    wrong.push(format!("{scope:?} {query:?}: {found:?}"));
                }
                // What is checked besides is asked of a part of the entries that has an end.
                let (page, _) = filter.page(query.cursor.as_ref());
                let sql = database.reader().get_database_backend().build(&page).to_string();
                assert_eq!(filter.is_windowed(), sql.contains("LIMIT 10000"), "{sql}");
                plans += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(plans, 2 * 14 * 15 / 2);
    Ok(())
}
