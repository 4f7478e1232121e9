//! Whom a list of merchants, stores or terminals means, and what an authorization would change for them.

use super::{grant_of, merchant_ref};
use crate::entities::{app_grant_drafts, app_grants, merchants, stores, terminals};
use crate::services::failure::{Failure, unreadable};
use app::backend::grants::{GrantKind, LineFault, NAMES_SHOWN, Touched};
use app::domain::app_policy::effective;
use app::domain::{
    Grant, GrantTarget, Lifecycle, MerchantNo, Name, Policy, SerialNumber, StoreId, TerminalId, Timestamp,
};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Lines of a preview for which names are looked up.
const NAMED_LINES: usize = 100;

/// What a line means.
pub(super) struct Line {
    pub(super) typed: String,
    pub(super) target: Result<Target, LineFault>,
}

/// A merchant, one of its stores, or one of its terminals.
pub(super) struct Target {
    pub(super) merchant: merchants::Model,
    pub(super) store: Option<stores::Model>,
    pub(super) terminal: Option<terminals::Model>,
}

impl Target {
    fn grant_target(&self) -> GrantTarget {
        match (&self.terminal, &self.store) {
            (Some(terminal), _) => GrantTarget::Terminal(TerminalId(terminal.id)),
            (None, Some(store)) => GrantTarget::Store(StoreId(store.id)),
            (None, None) => GrantTarget::Merchant,
        }
    }
}

pub(super) fn kind_of(draft: &app_grant_drafts::Model) -> Result<GrantKind, Failure> {
    draft.kind.parse().map_err(|_| unreadable("kind of grants"))
}

/// Reads the lines of a draft. Terminals are read as they are: whoever writes has locked them.
pub(super) async fn resolve(db: &impl ConnectionTrait, draft: &app_grant_drafts::Model) -> Result<Vec<Line>, Failure> {
    let typed: Vec<String> = serde_json::from_str(&draft.lines).map_err(|_| unreadable("list"))?;
    let found = match kind_of(draft)? {
        GrantKind::Merchants => of_merchants(db, &typed).await?,
        GrantKind::Stores => of_stores(db, draft.merchant_no.as_deref(), &typed).await?,
        GrantKind::Terminals => of_terminals(db, &typed).await?,
    };
    let mut seen = HashSet::new();
    let lines = typed.into_iter().zip(found).map(|(typed, target)| {
        let target = target.and_then(
            |target| match seen.insert((target.merchant.id, target.grant_target())) {
                _ if target.merchant.state != "active" => Err(LineFault::MerchantStopped),
                true => Ok(target),
                false => Err(LineFault::Repeated),
            },
        );
        Line { typed, target }
    });
    Ok(lines.collect())
}

type Found = Vec<Result<Target, LineFault>>;

async fn of_merchants(db: &impl ConnectionTrait, typed: &[String]) -> Result<Found, Failure> {
    let numbers: Vec<_> = typed.iter().map(|text| MerchantNo::parse(text)).collect();
    let asked = numbers.iter().flatten().map(MerchantNo::as_str);
    let found = merchants::Entity::find()
        .filter(merchants::Column::MerchantNo.is_in(asked))
        .all(db)
        .await?;
    let target = |number: &MerchantNo| {
        let merchant = found.iter().find(|row| row.merchant_no == number.as_str());
        let merchant = merchant.ok_or(LineFault::Unknown)?.clone();
        Ok(Target {
            merchant,
            store: None,
            terminal: None,
        })
    };
    Ok(numbers
        .iter()
        .map(|number| number.as_ref().map_err(|_| LineFault::Malformed).and_then(target))
        .collect())
}

async fn of_stores(db: &impl ConnectionTrait, merchant_no: Option<&str>, typed: &[String]) -> Result<Found, Failure> {
    let merchant = merchants::Entity::find()
        .filter(merchants::Column::MerchantNo.eq(merchant_no.unwrap_or_default()))
        .one(db)
        .await?
        .ok_or_else(|| unreadable("merchant"))?;
    let stores = stores::Entity::find()
        .filter(stores::Column::MerchantId.eq(merchant.id))
        .all(db)
        .await?;
    let target = |text: &String| {
        let name = Name::parse(text).map_err(|_| LineFault::Malformed)?;
        let store = stores.iter().find(|store| store.name == name.as_str());
        Ok(Target {
            merchant: merchant.clone(),
            store: Some(store.ok_or(LineFault::Unknown)?.clone()),
            terminal: None,
        })
    };
    Ok(typed.iter().map(target).collect())
}

async fn of_terminals(db: &impl ConnectionTrait, typed: &[String]) -> Result<Found, Failure> {
    let numbers: Vec<_> = typed.iter().map(|text| SerialNumber::parse(text)).collect();
    let asked = numbers.iter().flatten().map(SerialNumber::as_str);
    let found = terminals::Entity::find()
        .filter(terminals::Column::Sn.is_in(asked))
        .all(db)
        .await?;
    let owners: BTreeSet<Uuid> = found.iter().filter_map(|terminal| terminal.merchant_id).collect();
    let owners = merchants::Entity::find()
        .filter(merchants::Column::Id.is_in(owners))
        .all(db)
        .await?;
    let retired = Lifecycle::Retired.code();
    let target = |sn: &SerialNumber| {
        let with_sn = || found.iter().filter(|terminal| terminal.sn == sn.as_str());
        let mut live = with_sn().filter(|terminal| terminal.lifecycle != retired);
        let terminal = match (live.next(), live.next()) {
            (Some(only), None) => only,
            (Some(_), Some(_)) => return Err(LineFault::Ambiguous),
            (None, _) if with_sn().next().is_some() => return Err(LineFault::Retired),
            (None, _) => return Err(LineFault::Unknown),
        };
        let merchant = owners.iter().find(|row| Some(row.id) == terminal.merchant_id);
        Ok(Target {
            merchant: merchant.ok_or(LineFault::NoMerchant)?.clone(),
            store: None,
            terminal: Some(terminal.clone()),
        })
    };
    Ok(numbers
        .iter()
        .map(|sn| sn.as_ref().map_err(|_| LineFault::Malformed).and_then(target))
        .collect())
}

#[derive(FromQueryResult)]
struct Counted {
    merchant_id: Option<Uuid>,
    store_id: Option<Uuid>,
    terminals: i64,
}

/// What is decided of one app at some merchants, and how many terminals they have where.
///
/// A decision is the same for all terminals of a store that have no authorization of their own: only those that have one are
/// looked at one by one.
pub(super) struct Ground {
    /// Authorizations for more than one terminal, by merchant.
    wide: HashMap<Uuid, Vec<Grant>>,
    counts: Vec<Counted>,
    /// Authorizations for single terminals, by terminal.
    single: HashMap<Uuid, Vec<Grant>>,
    /// The terminals that have one: merchant, store, terminal.
    own: Vec<(Uuid, Option<Uuid>, Uuid)>,
}

impl Ground {
    pub(super) async fn of(db: &impl ConnectionTrait, app: Uuid, merchants: &BTreeSet<Uuid>) -> Result<Self, Failure> {
        use terminals::Column;
        let found = app_grants::Entity::find()
            .filter(app_grants::Column::AppId.eq(app))
            .filter(app_grants::Column::MerchantId.is_in(merchants.iter().copied()))
            .all(db)
            .await?;
        let mut wide: HashMap<Uuid, Vec<Grant>> = HashMap::new();
        let mut single: HashMap<Uuid, Vec<Grant>> = HashMap::new();
        for grant in &found {
            let same = match grant.terminal_id {
                Some(terminal) => single.entry(terminal).or_default(),
                None => wide.entry(grant.merchant_id).or_default(),
            };
            same.push(grant_of(grant));
        }
        let counts = terminals::Entity::find()
            .select_only()
            .columns([Column::MerchantId, Column::StoreId])
            .expr_as(Expr::col(Column::Id).count(), "terminals")
            .filter(Column::MerchantId.is_in(merchants.iter().copied()))
            .filter(Column::Lifecycle.ne(Lifecycle::Retired.code()))
            .group_by(Column::MerchantId)
            .group_by(Column::StoreId)
            .into_model()
            .all(db)
            .await?;
        let own = terminals::Entity::find()
            .select_only()
            .columns([Column::MerchantId, Column::StoreId, Column::Id])
            .filter(Column::MerchantId.is_in(merchants.iter().copied()))
            .filter(Column::Id.in_subquery(of_single_terminals(app, merchants)))
            .filter(Column::Lifecycle.ne(Lifecycle::Retired.code()))
            .into_tuple::<(Option<Uuid>, Option<Uuid>, Uuid)>()
            .all(db)
            .await?;
        Ok(Self {
            wide,
            single,
            counts,
            own: own
                .into_iter()
                .filter_map(|(merchant, store, terminal)| Some((merchant?, store, terminal)))
                .collect(),
        })
    }

    /// How many terminals a target means, how many of them may run the app with one more grant at its start, and how many
    /// may now.
    fn effect(
        &self,
        target: &Target,
        starts: Timestamp,
        expires: Option<Timestamp>,
        now: Timestamp,
    ) -> (u64, u64, u64) {
        let merchant = target.merchant.id;
        let more = Grant {
            target: target.grant_target(),
            starts,
            expires,
            revoked: None,
        };
        let may = |more: Option<Grant>, store: Option<Uuid>, terminal: Uuid, at| {
            let wide = self.wide.get(&merchant).into_iter().flatten();
            let single = self.single.get(&terminal).into_iter().flatten();
            let grants: Vec<Grant> = wide.chain(single).copied().chain(more).collect();
            effective(&grants, store.map(StoreId), TerminalId(terminal), at).is_some_and(Policy::allows)
        };
        let mut sum = (0, 0, 0);
        let mut add = |count: u64, store, terminal| {
            sum.0 += count;
            sum.1 += if may(Some(more), store, terminal, starts) {
                count
            } else {
                0
            };
            sum.2 += if may(None, store, terminal, now) { count } else { 0 };
        };
        if let Some(terminal) = &target.terminal {
            add(1, terminal.store_id, terminal.id);
            return sum;
        }
        let meant = |store: Option<Uuid>| target.store.as_ref().is_none_or(|only| Some(only.id) == store);
        let places = self.counts.iter().filter(|row| row.merchant_id == Some(merchant));
        for place in places.filter(|row| meant(row.store_id)) {
            let own = self
                .own
                .iter()
                .filter(|(of, store, _)| *of == merchant && *store == place.store_id);
            let mut rest = u64::try_from(place.terminals).unwrap_or_default();
            for (_, store, terminal) in own {
                add(1, *store, *terminal);
                rest = rest.saturating_sub(1);
            }
            add(rest, place.store_id, Uuid::nil());
        }
        sum
    }
}

/// The terminals of some merchants that have authorizations of an app of their own.
fn of_single_terminals(app: Uuid, merchants: &BTreeSet<Uuid>) -> SelectStatement {
    use app_grants::Column;
    Query::select()
        .column(Column::TerminalId)
        .from(app_grants::Entity)
        .and_where(Expr::col(Column::AppId).eq(app))
        .and_where(Expr::col(Column::MerchantId).is_in(merchants.iter().copied()))
        .and_where(Expr::col(Column::TerminalId).is_not_null())
        .take()
}

/// Whom each line touches.
pub(super) async fn touches(
    db: &impl ConnectionTrait,
    draft: &app_grant_drafts::Model,
    lines: &[Line],
    now: Timestamp,
) -> Result<Vec<Result<Touched, LineFault>>, Failure> {
    let targets = lines.iter().filter_map(|line| line.target.as_ref().ok());
    let ground = Ground::of(db, draft.app_id, &targets.map(|target| target.merchant.id).collect()).await?;
    let starts = draft.starts_at.map_or(now, |at| Timestamp(at).max(now));
    let mut all = Vec::with_capacity(lines.len());
    for (place, line) in lines.iter().enumerate() {
        let target = match &line.target {
            Err(fault) => {
                all.push(Err(*fault));
                continue;
            }
            Ok(target) => target,
        };
        let (terminals, may, may_now) = ground.effect(target, starts, draft.expires_at.map(Timestamp), now);
        let names = match &target.terminal {
            Some(terminal) => vec![terminal.name.clone()],
            None if place < NAMED_LINES => some_names(db, target).await?,
            None => Vec::new(),
        };
        all.push(Ok(Touched {
            merchant: merchant_ref(target.merchant.clone()),
            store: target.store.as_ref().map(|store| store.name.clone()),
            sn: target.terminal.as_ref().map(|terminal| terminal.sn_printed.clone()),
            terminals,
            may,
            may_now,
            names: names.into_iter().filter(|name| !name.is_empty()).collect(),
        }));
    }
    Ok(all)
}

/// What some terminals of a merchant or a store are called; their serial numbers where they have no names.
async fn some_names(db: &impl ConnectionTrait, target: &Target) -> Result<Vec<String>, Failure> {
    use terminals::Column;
    let mut find = terminals::Entity::find()
        .filter(Column::MerchantId.eq(target.merchant.id))
        .filter(Column::Lifecycle.ne(Lifecycle::Retired.code()));
    if let Some(store) = &target.store {
        find = find.filter(Column::StoreId.eq(store.id));
    }
    let found = find
        .order_by_asc(Column::Sn)
        .order_by_asc(Column::Id)
        .limit(NAMES_SHOWN as u64)
        .select_only()
        .columns([Column::Name, Column::SnPrinted])
        .into_tuple::<(String, String)>()
        .all(db)
        .await?;
    Ok(found
        .into_iter()
        .map(|(name, sn)| if name.is_empty() { sn } else { name })
        .collect())
}
