//! `tillkeeper export`

use super::context::Context;
use super::failure::Failure;
use crate::csv_cell::safe;
use crate::database::{Database, Engine};
use crate::entities::{merchants, stores, terminals};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Order, Query, SelectStatement};
use sea_orm::{AccessMode, ConnectionTrait, DatabaseTransaction, FromQueryResult, IsolationLevel, TransactionTrait};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use uuid::Uuid;

/// Rows read at a time: the memory that an export takes, whatever the number of terminals.
const BATCH: u64 = 5000;

/// The columns, as `import` reads them.
const COLUMNS: [&str; 9] = [
    "sn",
    "manufacturer",
    "model",
    "name",
    "merchant_no",
    "merchant_name",
    "store",
    "firmware",
    "note",
];

/// Export the terminals as CSV that `import` reads back
///
/// UTF-8 with a byte-order mark, so that spreadsheets show Chinese rightly. Retired terminals are left out: their serial
/// numbers may be in use again. A cell that a spreadsheet would run as a formula is given an apostrophe in front.
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// Write to this file instead of the standard output; a file that exists is replaced once all is written
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.config()?;
        let database = context.open(&config).await?;
        let snapshot = snapshot(&database).await?;
        match &self.output {
            None => drop(write(&snapshot, BufWriter::new(io::stdout().lock())).await?),
            Some(path) => {
                let unwritable =
                    |error: io::Error| Failure::failed(format!("{} cannot be written: {error}.", path.display()));
                let mut part = path.as_os_str().to_owned();
                part.push(".part");
                let part = PathBuf::from(part);
                let file = BufWriter::new(File::create(&part).map_err(unwritable)?);
                let written = match write(&snapshot, file).await {
                    Ok(file) => file
                        .sync_all()
                        .and_then(|()| std::fs::rename(&part, path))
                        .map_err(unwritable),
                    Err(failure) => Err(failure),
                };
                if let Err(failure) = written {
                    // What is left of the attempt is of no use; that it cannot be removed is less news than the failure.
                    let _ = std::fs::remove_file(&part);
                    return Err(failure);
                }
            }
        }
        drop(snapshot);
        database.close().await?;
        Ok(())
    }
}

/// A transaction that sees one state of the database, however long the export takes.
async fn snapshot(database: &Database) -> Result<DatabaseTransaction, Failure> {
    let reader = database.reader();
    Ok(match database.engine() {
        Engine::Sqlite => reader.begin().await?,
        Engine::Postgres => {
            reader
                .begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly))
                .await?
        }
    })
}

#[derive(Debug, FromQueryResult)]
struct Row {
    id: Uuid,
    sn: String,
    sn_printed: String,
    manufacturer: String,
    model: String,
    name: String,
    merchant_no: Option<String>,
    merchant_name: Option<String>,
    store: Option<String>,
    firmware: Option<String>,
    note: Option<String>,
}

async fn write<W: Write>(snapshot: &DatabaseTransaction, mut out: BufWriter<W>) -> Result<W, Failure> {
    out.write_all("\u{feff}".as_bytes())?;
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS).map_err(csv_failure)?;
    let mut last: Option<(String, Uuid)> = None;
    loop {
        let rows = batch(snapshot, last.take()).await?;
        for row in &rows {
            let absent = String::new();
            let optional = |text: &Option<String>| safe(text.as_ref().unwrap_or(&absent));
            let cells = [
                safe(&row.sn_printed),
                safe(&row.manufacturer),
                safe(&row.model),
                safe(&row.name),
                optional(&row.merchant_no),
                optional(&row.merchant_name),
                optional(&row.store),
                optional(&row.firmware),
                optional(&row.note),
            ];
            csv.write_record(cells).map_err(csv_failure)?;
        }
        let Some(row) = rows.into_iter().last() else { break };
        last = Some((row.sn, row.id));
    }
    let out = csv.into_inner().map_err(|error| Failure::from(error.into_error()))?;
    out.into_inner().map_err(|error| Failure::from(error.into_error()))
}

/// The next terminals after one, by serial number and key.
async fn batch(snapshot: &DatabaseTransaction, after: Option<(String, Uuid)>) -> Result<Vec<Row>, Failure> {
    let terminal = |column| Expr::col((terminals::Entity, column));
    let mut select = all();
    if let Some((sn, id)) = after {
        let place = Expr::tuple([terminal(terminals::Column::Sn), terminal(terminals::Column::Id)]);
        select.and_where(place.gt(Expr::tuple([Expr::val(sn), Expr::val(id)])));
    }
    let rows = snapshot.query_all(&select).await?;
    rows.iter()
        .map(|row| Row::from_query_result(row, "").map_err(Failure::from))
        .collect()
}

fn all() -> SelectStatement {
    use terminals::Column::{
        Firmware, Id, Lifecycle, Manufacturer, MerchantId, Model, Name, Note, Sn, SnPrinted, StoreId,
    };
    let terminal = |column| Expr::col((terminals::Entity, column));
    let mut select = Query::select();
    select
        .columns([Id, Sn, SnPrinted, Manufacturer, Model, Name, Firmware, Note].map(|c| (terminals::Entity, c)))
        .expr_as(
            Expr::col((merchants::Entity, merchants::Column::MerchantNo)),
            "merchant_no",
        )
        .expr_as(Expr::col((merchants::Entity, merchants::Column::Name)), "merchant_name")
        .expr_as(Expr::col((stores::Entity, stores::Column::Name)), "store")
        .from(terminals::Entity)
        .join(
            JoinType::LeftJoin,
            merchants::Entity,
            Expr::col((merchants::Entity, merchants::Column::Id)).eq(terminal(MerchantId)),
        )
        .join(
            JoinType::LeftJoin,
            stores::Entity,
            Expr::col((stores::Entity, stores::Column::Id)).eq(terminal(StoreId)),
        )
        .and_where(terminal(Lifecycle).ne("retired"))
        .order_by((terminals::Entity, Sn), Order::Asc)
        .order_by((terminals::Entity, Id), Order::Asc)
        .limit(BATCH);
    select
}

fn csv_failure(error: csv::Error) -> Failure {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::from(error),
        kind => Failure::failed(format!("a row cannot be written: {kind:?}.")),
    }
}
