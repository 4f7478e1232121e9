//! The one way to a terminal, a log entry or an account: a query that begins here holds what its caller may see and no more.

use crate::entities::{device_log, merchants, stores, terminals, users};
use app::caller::Scope;
use app::domain::Role;
use sea_orm::Iden;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, IntoIden, JoinType, Query, SelectStatement};

/// Column of [`terminals_in`]: name of the store.
pub(super) const STORE_NAME: &str = "store_name";
/// Column of [`terminals_in`] and [`log_in`]: number of the merchant.
pub(super) const MERCHANT_NO: &str = "merchant_no";
/// Column of [`terminals_in`] and [`log_in`]: name of the merchant.
pub(super) const MERCHANT_NAME: &str = "merchant_name";

/// The terminals of a scope, with the names of their stores and, for the platform, numbers and names of their merchants,
/// in this order. No columns of the terminals themselves yet.
pub(super) fn terminals_in(scope: Scope) -> SelectStatement {
    let mut select = Query::select();
    select
        .from(terminals::Entity)
        .join(
            JoinType::LeftJoin,
            stores::Entity,
            Expr::col((stores::Entity, stores::Column::Id)).equals((terminals::Entity, terminals::Column::StoreId)),
        )
        .expr_as(Expr::col((stores::Entity, stores::Column::Name)), STORE_NAME);
    match scope {
        Scope::Merchant(merchant) => {
            select.and_where(Expr::col((terminals::Entity, terminals::Column::MerchantId)).eq(merchant.0));
        }
        Scope::Platform => {
            join_merchants(&mut select, (terminals::Entity, terminals::Column::MerchantId));
        }
    }
    select
}

/// The keys of a scope's terminals and nothing else, for counting them in an index: with names joined, both engines would
/// read each row.
pub(super) fn keys_in(scope: Scope) -> SelectStatement {
    let mut select = Query::select();
    select
        .column((terminals::Entity, terminals::Column::Id))
        .from(terminals::Entity);
    if let Scope::Merchant(merchant) = scope {
        select.and_where(Expr::col((terminals::Entity, terminals::Column::MerchantId)).eq(merchant.0));
    }
    select
}

/// The log entries of a scope, with the names of their merchants for the platform. No columns of the entries themselves
/// yet.
pub(super) fn log_in(scope: Scope) -> SelectStatement {
    let mut select = Query::select();
    select.from(device_log::Entity);
    match scope {
        Scope::Merchant(merchant) => {
            select.and_where(Expr::col((device_log::Entity, device_log::Column::MerchantId)).eq(merchant.0));
        }
        Scope::Platform => {
            join_merchants(&mut select, (device_log::Entity, device_log::Column::MerchantId));
        }
    }
    select
}

/// The accounts that a scope looks after, with the names of their merchants: everybody for the platform, its clerks for a
/// merchant. No columns of the accounts themselves yet.
pub(super) fn users_in(scope: Scope) -> SelectStatement {
    let mut select = Query::select();
    select.from(users::Entity);
    join_merchants(&mut select, (users::Entity, users::Column::MerchantId));
    if let Scope::Merchant(merchant) = scope {
        let user = |column| Expr::col((users::Entity, column));
        select
            .and_where(user(users::Column::MerchantId).eq(merchant.0))
            .and_where(user(users::Column::Role).eq(Role::MerchantClerk.code()));
    }
    select
}

fn join_merchants<T: IntoIden + Iden, C: IntoIden + Iden>(select: &mut SelectStatement, key: (T, C)) {
    select
        .join(
            JoinType::LeftJoin,
            merchants::Entity,
            Expr::col((merchants::Entity, merchants::Column::Id)).equals(key),
        )
        .expr_as(
            Expr::col((merchants::Entity, merchants::Column::MerchantNo)),
            Alias::new(MERCHANT_NO),
        )
        .expr_as(
            Expr::col((merchants::Entity, merchants::Column::Name)),
            Alias::new(MERCHANT_NAME),
        );
}
