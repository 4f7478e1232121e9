//! What the device log is narrowed to, and how it is found.
//!
//! One filter is answered by an index in the order in which entries are shown; the others are asked of the entries that the
//! index leads to, of at most [`WINDOW`] of them for each page, so that no combination reads the whole log.

use super::{column, told_column};
use crate::entities::{device_log, merchants, stores, terminals, users};
use crate::services::failure::Failure;
use app::backend::device_log::LogQuery;
use app::backend::page::{Cursor, Direction};
use app::caller::Scope;
use app::domain::{LogEntryId, Login, MerchantId, MerchantNo, Outcome, SerialNumber, StoreId, Timestamp};
use device_log::Column;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, LikeExpr, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

/// Entries that are looked at for a page when not everything that is asked can be answered by an index.
pub(super) const WINDOW: u64 = 10_000;

/// The indexes, by what stands in them before the key; all but that of a person's entries also with the merchant in front.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Index {
    SerialNumber,
    Person,
    Reason,
    Kind,
    Failed,
    Key,
}

/// What is asked, split into what an index answers and the rest.
pub(super) struct Filter {
    scope: Scope,
    /// What the index finds: equalities with its first columns, and the range of keys.
    found: Vec<Expr>,
    /// What is asked of each entry that was found.
    checked: Vec<Expr>,
    /// The merchant all of whose entries are asked for.
    whole_chain: Option<MerchantId>,
}

impl Filter {
    /// `None` when nothing can match.
    pub(super) async fn of(
        reader: &impl ConnectionTrait,
        scope: Scope,
        query: &LogQuery,
    ) -> Result<Option<Self>, Failure> {
        let mut filter = Self {
            scope,
            found: Vec::new(),
            checked: Vec::new(),
            whole_chain: None,
        };
        let mut merchant = match scope {
            Scope::Merchant(own) => Some(own),
            Scope::Platform => None,
        };
        if let (Scope::Platform, Some(number)) = (scope, &query.merchant_no) {
            let Some(found) = merchant_numbered(reader, number).await? else {
                return Ok(None);
            };
            merchant = Some(found);
        }
        if let Some(store) = query.store {
            let Some(of) = merchant_of(reader, store).await? else {
                return Ok(None);
            };
            if *merchant.get_or_insert(of) != of {
                return Ok(None);
            }
            filter.checked.push(stands_in(of, store));
        }
        let mut sn = query.exact_sn.clone();
        if let (None, Some(text)) = (&sn, &query.sn) {
            sn = whole(reader, merchant, text).await?;
            if sn.is_none() {
                filter.checked.extend(has_part(text));
            }
        }
        let person = match &query.actor {
            Some(text) => match person_called(reader, scope, text).await? {
                Some(person) => Some(person),
                // The command line has a name and is nobody's account.
                None if scope == Scope::Platform => {
                    filter.checked.push(column(Column::ActorLabel).eq(text.as_str()));
                    None
                }
                None => return Ok(None),
            },
            None => None,
        };
        filter.choose(query, merchant, sn, person);
        filter.whole_chain = merchant.filter(|_| filter.found.len() == 1 && filter.checked.is_empty());
        for (instant, from) in [(query.from, true), (query.until, false)] {
            if let Some(instant) = instant {
                let (id, edge) = (column(Column::Id), first_id_of(instant));
                filter.found.push(if from { id.gte(edge) } else { id.lt(edge) });
                filter.whole_chain = None;
            }
        }
        Ok(Some(filter))
    }

    /// Takes the index that leads to the fewest entries; what it does not answer is checked.
    fn choose(
        &mut self,
        query: &LogQuery,
        merchant: Option<MerchantId>,
        sn: Option<SerialNumber>,
        person: Option<Uuid>,
    ) {
        // The merchants' index by reason is by what they are told.
        let by_reason = matches!(self.scope, Scope::Merchant(_)) || merchant.is_none();
        let failures = query.outcome == Some(Outcome::Failure);
        let index = match query {
            _ if sn.is_some() => Index::SerialNumber,
            _ if person.is_some() => Index::Person,
            LogQuery { reason: Some(_), .. } if by_reason => Index::Reason,
            // Only what failed has a reason.
            LogQuery { reason: Some(_), .. } if failures || query.outcome.is_none() => Index::Failed,
            LogQuery { kind: Some(_), .. } => Index::Kind,
            _ if failures => Index::Failed,
            _ => Index::Key,
        };
        if index == Index::Failed {
            self.found.push(failed());
        }
        let outcome = query
            .outcome
            .filter(|_| index != Index::Failed)
            .map(|outcome| column(Column::Outcome).eq(outcome.code()));
        let asked = [
            (
                Some(Index::SerialNumber),
                sn.map(|sn| column(Column::SnNormalized).eq(sn.as_str())),
            ),
            (Some(Index::Person), person.map(of_person)),
            (
                Some(Index::Reason),
                query
                    .reason
                    .map(|reason| column(told_column(self.scope)).eq(reason.code())),
            ),
            (
                Some(Index::Kind),
                query.kind.map(|kind| column(Column::Kind).eq(kind.code())),
            ),
            (None, outcome),
            (None, query.by.map(|by| column(Column::ActorKind).eq(by.code()))),
            // The index of a person's entries knows no merchants, every other one does.
            (
                Some(index).filter(|index| *index != Index::Person),
                merchant.map(|merchant| column(Column::MerchantId).eq(merchant.0)),
            ),
        ];
        for (answered_by, condition) in asked {
            let known = answered_by == Some(index);
            let into = if known { &mut self.found } else { &mut self.checked };
            into.extend(condition);
        }
    }

    /// The merchant all of whose entries are asked for, and nothing else.
    pub(super) fn whole_chain(&self) -> Option<MerchantId> {
        self.whole_chain
    }

    /// Whether something is checked of each entry, so that a search must end somewhere.
    pub(super) fn is_windowed(&self) -> bool {
        !self.checked.is_empty()
    }

    /// What is checked of each entry, as one expression.
    pub(super) fn check(&self) -> Option<Expr> {
        self.checked.iter().cloned().reduce(ExprTrait::and)
    }

    /// The keys that the index finds beside a cursor, in the order in which they are looked for.
    pub(super) fn keys(&self, cursor: Option<&Cursor>) -> (SelectStatement, Order) {
        // Newest first: the page after a cursor holds smaller keys.
        let before = cursor.is_some_and(|cursor| cursor.direction == Direction::Before);
        let order = if before { Order::Asc } else { Order::Desc };
        let mut select = Query::select();
        select.column((device_log::Entity, Column::Id)).from(device_log::Entity);
        for condition in &self.found {
            select.and_where(condition.clone());
        }
        if let Some(cursor) = cursor {
            let id = column(Column::Id);
            select.and_where(if before { id.gt(cursor.id) } else { id.lt(cursor.id) });
        }
        select.order_by((device_log::Entity, Column::Id), order.clone());
        (select, order)
    }

    /// The keys of a page, and of all that come after it.
    pub(super) fn page(&self, cursor: Option<&Cursor>) -> (SelectStatement, Order) {
        let (keys, order) = self.keys(cursor);
        let Some(check) = self.check() else {
            return (keys, order);
        };
        let select = self
            .window(cursor)
            .and_where(check)
            .column((device_log::Entity, Column::Id))
            .order_by((device_log::Entity, Column::Id), order.clone())
            .take();
        (select, order)
    }

    /// The entries that are looked at, under the name of their table, without columns.
    pub(super) fn window(&self, cursor: Option<&Cursor>) -> SelectStatement {
        let (mut inner, _) = self.keys(cursor);
        for needed in [
            Column::MerchantId,
            Column::TerminalId,
            Column::SnSent,
            Column::SnNormalized,
            Column::Kind,
            Column::Outcome,
            told_column(self.scope),
            Column::ActorKind,
            Column::ActorId,
            Column::ActorLabel,
        ] {
            inner.column((device_log::Entity, needed));
        }
        Query::select()
            .from_subquery(inner.limit(WINDOW).take(), Alias::new("device_log"))
            .take()
    }

    /// The last key of a full window; `None` when there were fewer entries to look at.
    pub(super) async fn window_end(
        &self,
        reader: &impl ConnectionTrait,
        cursor: Option<&Cursor>,
    ) -> Result<Option<LogEntryId>, Failure> {
        let (mut keys, _) = self.keys(cursor);
        let found = reader.query_one(keys.limit(1).offset(WINDOW - 1)).await?;
        Ok(found
            .map(|row| row.try_get::<Uuid>("", "id"))
            .transpose()?
            .map(LogEntryId))
    }
}

/// The entries that tell of a failure. Written out: an index of a part of the rows is taken only for what is known when the
/// statement is prepared.
fn failed() -> Expr {
    Expr::cust("\"device_log\".\"outcome\" = 'failure'")
}

/// The entries of a person.
fn of_person(person: Uuid) -> Expr {
    // Written out as well.
    Expr::cust("\"device_log\".\"actor_kind\" = 'user'").and(column(Column::ActorId).eq(person))
}

/// The entries of terminals that stand in a store.
fn stands_in(merchant: MerchantId, store: StoreId) -> Expr {
    let standing = Query::select()
        .column(terminals::Column::Id)
        .from(terminals::Entity)
        .and_where(terminals::Column::MerchantId.eq(merchant.0))
        .and_where(terminals::Column::StoreId.eq(store.0))
        .take();
    column(Column::TerminalId).in_subquery(standing)
}

/// A text as serial numbers are compared: without blanks and dashes, in capitals.
fn normal(text: &str) -> String {
    let plain = text
        .nfkc()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}'));
    plain.collect::<String>().to_uppercase()
}

/// The entries in which a text is part of the serial number.
fn has_part(text: &str) -> Option<Expr> {
    let part = normal(text);
    if part.is_empty() {
        return None;
    }
    let escaped = part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let like = LikeExpr::new(format!("%{escaped}%")).escape('\\');
    let sent = Expr::from(Func::upper(column(Column::SnSent)));
    Some(Expr::from(Func::coalesce([column(Column::SnNormalized), sent])).like(like))
}

/// The serial number that a text is, when there are entries of it.
async fn whole(
    reader: &impl ConnectionTrait,
    merchant: Option<MerchantId>,
    text: &str,
) -> Result<Option<SerialNumber>, Failure> {
    let Ok(sn) = SerialNumber::parse(text) else {
        return Ok(None);
    };
    let mut any = Query::select();
    any.column((device_log::Entity, Column::Id))
        .from(device_log::Entity)
        .and_where(column(Column::SnNormalized).eq(sn.as_str()))
        .limit(1);
    if let Some(merchant) = merchant {
        any.and_where(column(Column::MerchantId).eq(merchant.0));
    }
    Ok(reader.query_one(&any).await?.map(|_| sn))
}

/// The account with a login: a merchant's own, or anybody's for the platform.
async fn person_called(reader: &impl ConnectionTrait, scope: Scope, text: &str) -> Result<Option<Uuid>, Failure> {
    let Ok(login) = Login::parse(text) else {
        return Ok(None);
    };
    let mut find = users::Entity::find().filter(users::Column::Login.eq(login.as_str()));
    if let Scope::Merchant(merchant) = scope {
        find = find.filter(users::Column::MerchantId.eq(merchant.0));
    }
    let found = find.select_only().column(users::Column::Id);
    Ok(found.into_tuple().one(reader).await?)
}

async fn merchant_numbered(reader: &impl ConnectionTrait, text: &str) -> Result<Option<MerchantId>, Failure> {
    let Ok(number) = MerchantNo::parse(text) else {
        return Ok(None);
    };
    let find = merchants::Entity::find().filter(merchants::Column::MerchantNo.eq(number.as_str()));
    let found = find.select_only().column(merchants::Column::Id).into_tuple();
    Ok(found.one(reader).await?.map(MerchantId))
}

async fn merchant_of(reader: &impl ConnectionTrait, store: StoreId) -> Result<Option<MerchantId>, Failure> {
    let find = stores::Entity::find_by_id(store.0).select_only();
    let found = find.column(stores::Column::MerchantId).into_tuple();
    Ok(found.one(reader).await?.map(MerchantId))
}

/// The smallest key that an entry received at `instant` can have: keys begin with the instant (RFC 9562, section 5.7).
pub(in crate::services) fn first_id_of(instant: Timestamp) -> Uuid {
    let ms = u128::try_from(instant.0).unwrap_or_default();
    Uuid::from_u128(ms << 80)
}

/// The instant with which a key begins.
pub(super) fn instant_of(id: Uuid) -> Timestamp {
    Timestamp(i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX))
}
