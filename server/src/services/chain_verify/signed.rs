//! Checking the log against a file of signed checkpoints: each head that was signed must be an entry still, with its hash.
//! So a chain that was made anew is found, and one whose tail was cut off, however well it fits together.

use super::fault::Signed;
use super::{Broken, Fault, Options, VerifyError, walk};
use crate::entities::device_log::{Column, Entity};
use crate::services::boundaries;
use crate::services::checkpoints::file::Frozen;
use crate::services::checkpoints::{Checkpoint, Head, State};
use sea_orm::sea_query::{Cond, Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use std::collections::HashMap;
use uuid::Uuid;

/// Heads that are looked up at a time.
const HEADS: usize = 200;

/// Checks one file and answers the number of its checkpoints.
pub(super) async fn check(db: &DatabaseTransaction, options: &Options, file: Frozen) -> Result<u64, VerifyError> {
    let path = file.path().to_owned();
    let mut lines = file.lines();
    let mut state = State::default();
    let mut begins = HashMap::new();
    while let Some(checkpoint) = lines.read()? {
        if !options.keys.contains(&checkpoint.public_key) {
            return Err(lines
                .fault(format!(
                    "is signed with the key {}, which is not known here; if it is one of yours, give it with --public-key",
                    checkpoint.public_key
                ))
                .into());
        }
        let known: HashMap<Uuid, i64> = checkpoint
            .heads
            .iter()
            .filter_map(|head| Some((head.chain, state.head(head.chain)?.0)))
            .collect();
        state.advance(&checkpoint).map_err(|what| lines.fault(what))?;
        let wanted: Vec<&Head> = checkpoint
            .heads
            .iter()
            .filter(|head| options.merchant.is_none_or(|merchant| merchant.0 == head.chain))
            // A chain that has a head and no entry yet.
            .filter(|head| head.sequence > 0)
            .collect();
        for heads in wanted.chunks(HEADS) {
            let found = hashes(db, heads).await?;
            for head in heads {
                let hash = found.get(&(head.chain, head.sequence));
                if hash.is_some_and(|hash| **hash == head.hash) {
                    continue;
                }
                let begin = match begins.get(&head.chain) {
                    Some(begin) => *begin,
                    None => {
                        let begin = boundaries::begin(db, head.chain, &options.keys).await?.ok();
                        *begins.entry(head.chain).or_insert(begin)
                    }
                };
                // What was dropped cannot be looked up; the boundary itself can.
                if let Some(begin) = begin
                    && (head.sequence < begin.sequence || (head.sequence, head.hash) == (begin.sequence, begin.hash))
                {
                    continue;
                }
                let good = known.get(&head.chain).copied().unwrap_or_default();
                return Err(contradicted(db, &path, &checkpoint, head, good, hash.is_some())
                    .await?
                    .into());
            }
        }
    }
    Ok(state.number())
}

async fn contradicted(
    db: &impl ConnectionTrait,
    path: &std::path::Path,
    checkpoint: &Checkpoint,
    head: &Head,
    good: i64,
    there: bool,
) -> Result<Broken, DbErr> {
    let signed = Signed {
        path: path.to_owned(),
        number: checkpoint.number,
        at: checkpoint.at,
        good,
    };
    let broken = Broken {
        chain: head.chain,
        sequence: head.sequence,
        id: None,
        fault: if there {
            Fault::Rewritten(signed)
        } else {
            Fault::Cut(signed)
        },
    };
    walk::name(db, broken).await
}

/// The hashes of the entries that these heads name.
async fn hashes(db: &impl ConnectionTrait, heads: &[&Head]) -> Result<HashMap<(Uuid, i64), Vec<u8>>, DbErr> {
    let place = |head: &&Head| {
        Cond::all()
            .add(Expr::col(Column::Chain).eq(head.chain))
            .add(Expr::col(Column::Sequence).eq(head.sequence))
    };
    let query = Query::select()
        .columns([Column::Chain, Column::Sequence, Column::Hash])
        .from(Entity)
        .cond_where(heads.iter().map(place).fold(Cond::any(), Cond::add))
        .take();
    let rows = db.query_all(&query).await?;
    rows.iter()
        .map(|row| {
            let place = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            Ok((place, row.try_get_by_index(2)?))
        })
        .collect()
}
