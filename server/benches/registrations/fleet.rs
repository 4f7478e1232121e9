//! Terminals that wait to register, each with its code.

use crate::Result;
use crate::support::TestDb;
use app::domain::ActivationCode;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use server::clock::Surroundings;
use server::entities::{activation_codes, log_heads, merchants, terminals};
use server::services::chain::GENESIS;
use server::services::codes::hash_of;
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

/// Merchants whose terminals register at the same time.
const MERCHANTS: usize = 64;

/// Rows of one statement.
const ROWS: usize = 500;

/// A terminal that waits to register.
#[derive(Clone)]
pub(crate) struct Terminal {
    pub(crate) id: Uuid,
    pub(crate) merchant: Uuid,
    pub(crate) sn: String,
    pub(crate) code: ActivationCode,
}

/// Merchants with terminals.
pub(crate) struct Fleet {
    surroundings: Surroundings,
    merchants: Vec<Uuid>,
    made: AtomicUsize,
}

impl Fleet {
    /// Makes the merchants.
    pub(crate) async fn settle(db: &TestDb) -> Result<Self> {
        let surroundings = Surroundings::system();
        let mut ids = Vec::new();
        for n in 0..MERCHANTS {
            let id = surroundings.new_id();
            merchants::ActiveModel {
                id: Set(id),
                merchant_no: Set(format!("8982{n:011}")),
                name: Set(format!("商户{n}")),
                name_key: Set(None),
                state: Set("active".to_owned()),
                state_since: Set(0),
                time_zone: Set("Asia/Shanghai".to_owned()),
                terminal_quota: Set(1_000_000),
                contact_name: Set(None),
                contact_phone: Set(None),
                contact_email: Set(None),
                state_reason: Set(None),
                created_at: Set(0),
                updated_at: Set(0),
            }
            .insert(db.writer())
            .await?;
            log_heads::ActiveModel {
                chain: Set(id),
                merchant_id: Set(Some(id)),
                last_sequence: Set(0),
                last_hash: Set(GENESIS.to_vec()),
            }
            .insert(db.writer())
            .await?;
            ids.push(id);
        }
        Ok(Self {
            surroundings,
            merchants: ids,
            made: AtomicUsize::new(0),
        })
    }

    /// So many terminals that wait, one merchant's after the other's.
    pub(crate) async fn terminals(&self, db: &TestDb, many: usize) -> Result<Vec<Terminal>> {
        let made: Vec<Terminal> = (0..many)
            .map(|_| {
                let n = self.made.fetch_add(1, Ordering::SeqCst);
                Terminal {
                    id: self.surroundings.new_id(),
                    merchant: self.merchants[n % MERCHANTS],
                    sn: format!("BENCH{n:08}"),
                    code: ActivationCode::from_entropy(self.surroundings.bytes()),
                }
            })
            .collect();
        let now = self.surroundings.now();
        let txn = db.begin().await?;
        for chunk in made.chunks(ROWS) {
            let rows = chunk.iter().map(|terminal| terminals::ActiveModel {
                id: Set(terminal.id),
                manufacturer: Set("PAX".to_owned()),
                model: Set("A920".to_owned()),
                sn: Set(terminal.sn.clone()),
                sn_printed: Set(terminal.sn.clone()),
                name: Set(String::new()),
                merchant_id: Set(Some(terminal.merchant)),
                lifecycle: Set("awaiting".to_owned()),
                online: Set(false),
                created_at: Set(now.0),
                updated_at: Set(now.0),
                ..Default::default()
            });
            terminals::Entity::insert_many(rows)
                .exec_without_returning(&txn)
                .await?;
            let rows = chunk.iter().map(|terminal| activation_codes::ActiveModel {
                id: Set(self.surroundings.new_id()),
                terminal_id: Set(terminal.id),
                merchant_id: Set(terminal.merchant),
                code_hash: Set(hash_of(&terminal.code)),
                state: Set("issued".to_owned()),
                issued_by: Set(None),
                issued_at: Set(now.0),
                expires_at: Set(now.plus_ms(86_400_000).0),
                ended_at: Set(None),
            });
            activation_codes::Entity::insert_many(rows)
                .exec_without_returning(&txn)
                .await?;
        }
        txn.commit().await?;
        Ok(made)
    }

    /// That every terminal that was made is registered and holds a token.
    pub(crate) async fn all_registered(&self, db: &TestDb) -> Result<()> {
        let registered = terminals::Entity::find()
            .filter(terminals::Column::Lifecycle.eq("registered"))
            .filter(terminals::Column::TokenHash.is_not_null())
            .count(db.reader())
            .await?;
        let made = self.made.load(Ordering::SeqCst) as u64;
        match registered == made {
            true => Ok(()),
            false => Err(format!("{registered} of {made} terminals are registered").into()),
        }
    }
}
