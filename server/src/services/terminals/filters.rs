//! What a list is narrowed to, as conditions on the terminals.

use super::column;
use crate::database::Engine;
use crate::entities::{merchants, stores, terminal_tags, terminals};
use app::backend::terminals::{Connection, SortKey, TerminalQuery};
use app::caller::Scope;
use app::domain::{Lifecycle, Obstacle, Timestamp};
use sea_orm::Condition;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use terminals::Column;
use uuid::Uuid;

/// In which orders an index has the terminals that meet a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Orders {
    None,
    BySn,
    /// There is an index for each order.
    All,
}

impl Orders {
    pub(super) fn has(self, by: SortKey) -> bool {
        match self {
            Self::None => false,
            Self::BySn => by == SortKey::Sn,
            Self::All => true,
        }
    }
}

/// One thing that a list is narrowed to.
pub(super) struct Filter {
    pub(super) condition: Condition,
    /// Whether an index leads to the terminals that meet it, so that few of them can be found at once.
    pub(super) leads: bool,
    pub(super) orders: Orders,
    /// Whether that index has all that the condition asks for, so that many are counted without their rows: of the platform
    /// alone, whose scope asks for nothing besides.
    pub(super) covered: bool,
}

impl Filter {
    fn of(condition: Condition, leads: bool, orders: Orders) -> Self {
        Self {
            condition,
            leads,
            orders,
            covered: false,
        }
    }
}

/// Makes the conditions: as they are, or for SQLite so that it does not choose an index for them.
#[derive(Clone, Copy)]
pub(super) struct Dress {
    shy: bool,
}

impl Dress {
    pub(super) const PLAIN: Self = Self { shy: false };

    /// SQLite, which knows nothing of how frequent values are, would rather sort half a table than walk an index in order
    /// (<https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_>).
    pub(super) fn shy(engine: Engine) -> Self {
        Self {
            shy: engine == Engine::Sqlite,
        }
    }

    fn column(self, which: Column) -> Expr {
        if self.shy {
            Expr::cust_with_exprs("+ ?", [column(which)])
        } else {
            column(which)
        }
    }
}

/// The filters of a query but its search. `merchant` is what its merchant's number stands for.
pub(super) fn filters(
    dress: Dress,
    scope: Scope,
    query: &TerminalQuery,
    merchant: Option<Uuid>,
    now: Timestamp,
) -> Vec<Filter> {
    let mut all = Vec::new();
    let mut add = |condition: Condition, leads, orders| all.push(Filter::of(condition, leads, orders));
    let just = |expr: Expr| Condition::all().add(expr);
    let at = |which| dress.column(which);
    if let Some(tag) = &query.tag {
        let tagged = Query::select()
            .column(terminal_tags::Column::TerminalId)
            .from(terminal_tags::Entity)
            .and_where(Expr::col(terminal_tags::Column::Tag).eq(tag))
            .take();
        add(just(at(Column::Id).in_subquery(tagged)), true, Orders::None);
    }
    if let Some(store) = query.store {
        let in_store = just(at(Column::StoreId).eq(store.0));
        // The index of the stores begins with their merchants.
        let owned = match scope {
            Scope::Merchant(_) => in_store,
            Scope::Platform => {
                let owner = Query::select()
                    .column(stores::Column::MerchantId)
                    .from(stores::Entity)
                    .and_where(Expr::col(stores::Column::Id).eq(store.0))
                    .take();
                in_store.add(at(Column::MerchantId).eq(Expr::SubQuery(None, Box::new(owner.into()))))
            }
        };
        add(owned, true, Orders::BySn);
    }
    if query.merchant.is_some() {
        // A number that is nobody's finds nothing.
        let nobody = Uuid::nil();
        add(
            just(at(Column::MerchantId).eq(merchant.unwrap_or(nobody))),
            true,
            Orders::All,
        );
    }
    let model = query.model.as_ref().map(|model| at(Column::Model).eq(model));
    let state = match query.lifecycles.as_slice() {
        [one] => Some(at(Column::Lifecycle).eq(one.code())),
        _ => None,
    };
    match (model, state) {
        // An index of the platform's has both together: a model's serial numbers lie side by side, and of all in a state none
        // of them may be among the first hundred thousand.
        (Some(model), Some(state)) if matches!(scope, Scope::Platform) => {
            add(just(model).add(state), true, Orders::BySn);
        }
        (model, state) => {
            for one in model.into_iter().chain(state) {
                add(just(one), true, Orders::BySn);
            }
        }
    }
    if let Some(maker) = &query.manufacturer {
        let leads = matches!(scope, Scope::Platform);
        let orders = if leads { Orders::BySn } else { Orders::None };
        add(just(at(Column::Manufacturer).eq(maker.as_str())), leads, orders);
    }
    if query.lifecycles.len() > 1 {
        let codes = query.lifecycles.iter().map(|lifecycle| lifecycle.code());
        add(just(at(Column::Lifecycle).is_in(codes)), true, Orders::None);
    }
    for (which, from, until) in [
        (Column::LastSeenAt, query.seen_from, query.seen_until),
        (Column::RegisteredAt, query.registered_from, query.registered_until),
    ] {
        if from.is_some() || until.is_some() {
            let range = Condition::all()
                .add_option(from.map(|from| at(which).gte(from.0)))
                .add_option(until.map(|until| at(which).lt(until.0)));
            all.push(Filter {
                covered: scope == Scope::Platform,
                ..Filter::of(range, true, Orders::None)
            });
        }
    }
    if let Some(connection) = query.connection {
        all.push(Filter::of(connected(dress, connection, now), false, Orders::None));
    }
    if let Some(obstacle) = query.obstacle {
        let led = has_index(scope, obstacle);
        let orders = if led { Orders::BySn } else { Orders::None };
        all.push(Filter {
            covered: obstacle == Obstacle::NotConnected && led,
            ..Filter::of(obstructed(dress, scope, obstacle), led, orders)
        });
    }
    all
}

fn connected(dress: Dress, connection: Connection, now: Timestamp) -> Condition {
    let at = |which| dress.column(which);
    match connection {
        Connection::Never => Condition::all().add(at(Column::LastSeenAt).is_null()),
        Connection::Online => Condition::all()
            .add(at(Column::LastSeenAt).is_not_null())
            .add(at(Column::OnlineUntil).gt(now.0)),
        Connection::Offline => Condition::all().add(at(Column::LastSeenAt).is_not_null()).add(
            Condition::any()
                .add(at(Column::OnlineUntil).is_null())
                .add(at(Column::OnlineUntil).lte(now.0)),
        ),
    }
}

/// Whether the conditions here say all of an obstacle. The later checks need more than a terminal's row and its merchant's.
pub(in crate::services) fn says_all(obstacle: Obstacle) -> bool {
    use Obstacle::{MerchantStopped, NotAssigned, NotConnected, NotRegistered, Retired, Suspended};
    matches!(
        obstacle,
        Retired | Suspended | MerchantStopped | NotAssigned | NotRegistered | NotConnected
    )
}

/// Whether an index has what [`obstructed`] asks for: that of the states, or for the platform that of the terminals without a
/// token.
fn has_index(scope: Scope, obstacle: Obstacle) -> bool {
    match obstacle {
        Obstacle::MerchantStopped | Obstacle::NotRegistered => false,
        Obstacle::NotConnected => scope == Scope::Platform,
        _ => true,
    }
}

/// Leaves out terminals whose first failing check cannot be this one. The verdict decides on the rest; see
/// `services/verdicts/listed.rs`. A condition without an index beyond the state is no help there: of a rare obstacle the
/// database would read all terminals before it answers.
fn obstructed(dress: Dress, scope: Scope, obstacle: Obstacle) -> Condition {
    let state = |lifecycle: Lifecycle| dress.column(Column::Lifecycle).eq(lifecycle.code());
    let stopped = || {
        Query::select()
            .column(merchants::Column::Id)
            .from(merchants::Entity)
            .and_where(Expr::col(merchants::Column::State).ne("active"))
            .take()
    };
    let going = || {
        Condition::any()
            .add(dress.column(Column::MerchantId).is_null())
            .add(dress.column(Column::MerchantId).not_in_subquery(stopped()))
    };
    let all = Condition::all();
    match obstacle {
        Obstacle::Retired => all.add(state(Lifecycle::Retired)),
        Obstacle::Suspended => all.add(state(Lifecycle::Suspended)),
        Obstacle::MerchantStopped => all
            .add(
                dress
                    .column(Column::Lifecycle)
                    .is_not_in([Lifecycle::Retired.code(), Lifecycle::Suspended.code()]),
            )
            .add(dress.column(Column::MerchantId).in_subquery(stopped())),
        Obstacle::NotAssigned => all.add(state(Lifecycle::Unassigned)),
        Obstacle::NotRegistered => all.add(state(Lifecycle::Awaiting)).add(going()),
        Obstacle::NotConnected => {
            let registered = match scope {
                // In the words of the index `ix_terminals_unconnected`, for which no parameter can stand.
                Scope::Platform => dress.column(Column::Lifecycle).eq(Expr::cust("'registered'")),
                // Those of all merchants are not where one merchant's are.
                Scope::Merchant(_) => state(Lifecycle::Registered),
            };
            all.add(registered)
                .add(dress.column(Column::TokenHash).is_null())
                .add(going())
        }
        _ => all.add(state(Lifecycle::Registered)),
    }
}
