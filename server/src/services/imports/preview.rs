//! What the first rows of each kind would do, kept for whoever has to say whether they go in.

use super::known::Known;
use super::plan::{Counts, Planned, effect};
use super::rows::quoted;
use crate::entities::import_previews::{ActiveModel, Column, Entity, Model};
use crate::entities::{merchants, stores, terminals};
use crate::services::failure::{Failure, unreadable};
use app::backend::imports::{Effect, FactChange, Field, PREVIEW_ROWS, PreviewRow};
use app::backend::terminals::MerchantRef;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A fact that an update changes, as it is kept: the field's code, and what there was and would be.
type Changed = (String, Option<String>, Option<String>);

/// What a chunk of rows would do.
pub(super) struct Foretold {
    pub(super) counts: Counts,
    rows: Vec<ActiveModel>,
}

/// A row that is to be shown.
struct Shown<'a> {
    effect: Effect,
    place: i64,
    planned: &'a Planned,
    after: Option<terminals::Model>,
}

/// Tells what rows would do, of which `before` are the counts of those before them.
pub(super) async fn foretell(
    connection: &impl ConnectionTrait,
    batch: Uuid,
    mut before: Counts,
    known: &Known,
    rows: &[Planned],
) -> Result<Foretold, Failure> {
    let mut counts = Counts::default();
    let mut shown = Vec::new();
    for planned in rows {
        let (effect, after) = effect(known, planned);
        let place = *before.of(effect) + *counts.of(effect);
        *counts.of(effect) += 1;
        if place < PREVIEW_ROWS as i64 {
            shown.push(Shown {
                effect,
                place,
                planned,
                after,
            });
        }
    }
    let names = Names::read(connection, &shown).await?;
    let rows = shown.iter().map(|shown| shown.stored(batch, &names));
    Ok(Foretold {
        counts,
        rows: rows.collect::<Result<_, _>>()?,
    })
}

/// Keeps what was foretold, as part of the transaction that counts it.
pub(super) async fn keep(txn: &DatabaseTransaction, foretold: Foretold) -> Result<(), Failure> {
    if !foretold.rows.is_empty() {
        Entity::insert_many(foretold.rows).exec_without_returning(txn).await?;
    }
    Ok(())
}

/// Forgets what was foretold.
pub(super) async fn forget(connection: &impl ConnectionTrait, batch: Uuid) -> Result<(), Failure> {
    Entity::delete_many()
        .filter(Column::BatchId.eq(batch))
        .exec(connection)
        .await?;
    Ok(())
}

/// What was foretold, by line.
pub(super) async fn read(connection: &impl ConnectionTrait, batch: Uuid) -> Result<Vec<PreviewRow>, Failure> {
    let rows = Entity::find()
        .filter(Column::BatchId.eq(batch))
        .order_by_asc(Column::Line)
        .order_by_asc(Column::Place)
        .all(connection)
        .await?;
    rows.into_iter().map(told).collect()
}

fn told(row: Model) -> Result<PreviewRow, Failure> {
    let changes: Vec<Changed> = serde_json::from_str(&row.changes).map_err(|_| unreadable("change"))?;
    let changes = changes.into_iter().map(|(field, before, after)| {
        let field = field.parse().map_err(|_| unreadable("field"))?;
        Ok(FactChange { field, before, after })
    });
    Ok(PreviewRow {
        effect: row.effect.parse().map_err(|_| unreadable("effect"))?,
        line: u64::try_from(row.line).unwrap_or_default(),
        sn: row.sn,
        name: row.name,
        merchant: row
            .merchant_no
            .zip(row.merchant_name)
            .map(|(number, name)| MerchantRef { number, name }),
        store: row.store,
        changes: changes.collect::<Result<_, Failure>>()?,
    })
}

/// Names of the merchants and stores that rows are shown with.
struct Names {
    merchants: HashMap<Uuid, MerchantRef>,
    stores: HashMap<Uuid, String>,
}

impl Names {
    async fn read(connection: &impl ConnectionTrait, shown: &[Shown<'_>]) -> Result<Self, Failure> {
        let of_merchants: HashSet<Uuid> = shown.iter().filter_map(Shown::merchant).collect();
        let of_stores: HashSet<Uuid> = shown.iter().filter_map(Shown::former_store).collect();
        let (mut merchants, mut stores) = (HashMap::new(), HashMap::new());
        if !of_merchants.is_empty() {
            let query = merchants::Entity::find().filter(merchants::Column::Id.is_in(of_merchants));
            for merchants::Model {
                id, merchant_no, name, ..
            } in query.all(connection).await?
            {
                let number = merchant_no;
                merchants.insert(id, MerchantRef { number, name });
            }
        }
        if !of_stores.is_empty() {
            let query = stores::Entity::find().filter(stores::Column::Id.is_in(of_stores));
            let found = query.all(connection).await?.into_iter();
            stores.extend(found.map(|store| (store.id, store.name)));
        }
        Ok(Self { merchants, stores })
    }
}

impl Shown<'_> {
    /// Whose the terminal would be.
    fn merchant(&self) -> Option<Uuid> {
        let existing = self.planned.existing.as_ref();
        existing
            .and_then(|terminal| terminal.merchant_id)
            .or(self.planned.merchant)
    }

    /// Where it stands now.
    fn former_store(&self) -> Option<Uuid> {
        self.planned.existing.as_ref()?.store_id
    }

    fn stored(&self, batch: Uuid, names: &Names) -> Result<ActiveModel, Failure> {
        let row = &self.planned.row;
        let former_store = self.former_store().and_then(|store| names.stores.get(&store));
        let store = row.store.as_ref().map(|store| store.as_str().to_owned());
        let store = store.or(former_store.cloned());
        let merchant = self.merchant().and_then(|merchant| names.merchants.get(&merchant));
        let number = |of: Option<Uuid>| Some(names.merchants.get(&of?)?.number.clone());
        let former_name = self.planned.existing.as_ref().map(|terminal| terminal.name.clone());
        let name = row.name.as_ref().map(|name| name.as_str().to_owned()).or(former_name);
        let changes: Vec<Changed> = match self.planned.existing.as_ref().zip(self.after.as_ref()) {
            None => Vec::new(),
            Some((before, after)) => {
                let is = facts(after, number(after.merchant_id), store.clone());
                facts(before, number(before.merchant_id), former_store.cloned())
                    .into_iter()
                    .zip(is)
                    .filter(|((_, was), (_, is))| was != is)
                    .map(|((field, was), (_, is))| (field.code().to_owned(), was, is))
                    .collect()
            }
        };
        Ok(ActiveModel {
            batch_id: Set(batch),
            effect: Set(self.effect.code().to_owned()),
            place: Set(self.place),
            line: Set(i64::try_from(self.planned.line).unwrap_or(i64::MAX)),
            sn: Set(quoted(&row.sn_printed)),
            name: Set(name.unwrap_or_default()),
            merchant_no: Set(merchant.map(|merchant| merchant.number.clone())),
            merchant_name: Set(merchant.map(|merchant| merchant.name.clone())),
            store: Set(store),
            changes: Set(serde_json::to_string(&changes).map_err(|error| Failure::Broken(error.to_string()))?),
        })
    }
}

/// The facts of a terminal that a row can change, in the order in which they are told.
fn facts(terminal: &terminals::Model, merchant: Option<String>, store: Option<String>) -> [(Field, Option<String>); 6] {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    [
        (Field::Model, given(&terminal.model)),
        (Field::Name, given(&terminal.name)),
        (Field::MerchantNo, merchant),
        (Field::Store, store),
        (Field::Firmware, terminal.firmware.clone()),
        (Field::Note, terminal.note.clone()),
    ]
}
