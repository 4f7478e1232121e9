//! How often something may go wrong. The counts are in the database, so that they hold for all servers and survive a
//! restart. What is counted under (a login, an address) is kept as a hash only.

use crate::entities::throttles::{ActiveModel, Column, Entity, Model};
use app::domain::Timestamp;
use sea_orm::sea_query::{CaseStatement, Cond, Expr, ExprTrait, Func, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};
use std::net::IpAddr;

const MINUTE_MS: i64 = 60 * 1000;

/// How often something may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The name under which it is counted.
    pub kind: &'static str,
    /// How many may go wrong within the window; at least 2.
    pub most: i64,
    /// How long the window is from the first that went wrong, in milliseconds.
    pub window_ms: i64,
    /// How long all are turned away from the last that was allowed to go wrong, in milliseconds; until the end of the window
    /// when that is `None`.
    pub lock_ms: Option<i64>,
}

/// Sign-ins that fail, per login, known or not.
pub const SIGN_IN_LOGIN: Limit = Limit {
    kind: "sign_in.login",
    most: 10,
    window_ms: 30 * MINUTE_MS,
    lock_ms: Some(30 * MINUTE_MS),
};
/// Sign-ins that fail, per address.
pub const SIGN_IN_ADDRESS: Limit = Limit {
    kind: "sign_in.address",
    most: 5,
    window_ms: MINUTE_MS,
    lock_ms: None,
};
/// Registrations with a wrong serial number or code, per serial number, known or not.
pub const REGISTER_SN: Limit = Limit {
    kind: "register.sn",
    most: 10,
    window_ms: 15 * MINUTE_MS,
    lock_ms: None,
};
/// The same per account.
pub const REGISTER_ACCOUNT: Limit = Limit {
    kind: "register.account",
    most: 20,
    window_ms: 15 * MINUTE_MS,
    lock_ms: None,
};
/// The same per address.
pub const REGISTER_ADDRESS: Limit = Limit {
    kind: "register.address",
    most: 60,
    window_ms: 15 * MINUTE_MS,
    lock_ms: None,
};

/// What is counted under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    limit: &'static Limit,
    hash: Vec<u8>,
}

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Until when all are turned away, when they are.
    pub locked_until: Option<Timestamp>,
    /// Whether this is beyond what may go wrong.
    pub over: bool,
    /// Whether it is the first beyond.
    pub first_over: bool,
}

impl Key {
    /// The name of the limit and what is kept of the text, as a row has them.
    pub(super) fn parts(&self) -> (&'static str, &[u8]) {
        (self.limit.kind, &self.hash)
    }
}

impl Limit {
    /// The key of a text, in the form in which equals are equal.
    pub fn key(&'static self, text: &str) -> Key {
        let mut hash = Sha256::new();
        hash.update(b"tillkeeper throttle 1");
        hash.update(self.kind.as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
        Key {
            limit: self,
            hash: hash.finalize().to_vec(),
        }
    }

    /// The key of an address; `None` where there is none. Whoever has one address of IPv6 has all of its 64-bit network.
    pub fn address_key(&'static self, address: Option<&str>) -> Option<Key> {
        let address = address?;
        Some(match address.parse() {
            Ok(IpAddr::V6(v6)) => {
                let [a, b, c, d, ..] = v6.segments();
                self.key(&format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
            }
            _ => self.key(address),
        })
    }
}

/// Until when one of the keys turns all away; `None` when none does. Reads only.
///
/// # Errors
/// What the database says.
pub async fn locked(
    connection: &impl ConnectionTrait,
    keys: &[Key],
    now: Timestamp,
) -> Result<Option<Timestamp>, DbErr> {
    let any = keys.iter().fold(Condition::any(), |any, key| any.add(is(key)));
    let found = Entity::find()
        .filter(any)
        .filter(Column::LockedUntil.gt(now.0))
        .all(connection)
        .await?;
    Ok(found
        .into_iter()
        .filter_map(|row| row.locked_until)
        .max()
        .map(Timestamp))
}

/// Counts one for each of the keys, in the order given, which must be the same everywhere. One statement does it, so that
/// of two at once each has its own place.
///
/// # Errors
/// What the database says.
pub async fn count(connection: &impl ConnectionTrait, keys: &[Key], now: Timestamp) -> Result<Vec<Standing>, DbErr> {
    let mut standings = Vec::with_capacity(keys.len());
    for key in keys {
        Entity::insert(ActiveModel {
            kind: Set(key.limit.kind.to_owned()),
            key_hash: Set(key.hash.clone()),
            window_start: Set(now.0),
            count: Set(1),
            locked_until: Set(None),
            expires_at: Set(expiry(key.limit, now)),
        })
        .on_conflict(one_more(key.limit, now))
        .exec_without_returning(connection)
        .await?;
        let row = Entity::find().filter(is(key)).one(connection).await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("throttles".to_owned()))?;
        standings.push(standing(key.limit, &row, now));
    }
    Ok(standings)
}

/// Takes back one that was counted in this window and did not go wrong.
///
/// # Errors
/// What the database says.
pub async fn take_back(connection: &impl ConnectionTrait, key: &Key) -> Result<(), DbErr> {
    let most = key.limit.most;
    let still_locked = CaseStatement::new()
        .case(Expr::col(Column::Count).gt(most), Expr::col(Column::LockedUntil))
        .finally(Expr::null());
    Entity::update_many()
        .col_expr(Column::LockedUntil, still_locked.into())
        .col_expr(Column::Count, Expr::col(Column::Count).sub(1))
        .filter(is(key))
        .filter(Column::Count.gt(0))
        .exec(connection)
        .await?;
    Ok(())
}

/// Forgets what was counted.
///
/// # Errors
/// What the database says.
pub async fn forget(connection: &impl ConnectionTrait, key: &Key) -> Result<(), DbErr> {
    Entity::delete_many().filter(is(key)).exec(connection).await?;
    Ok(())
}

/// Deletes the rows that say nothing any more; answers how many.
///
/// # Errors
/// What the database says.
pub async fn delete_expired(connection: &impl ConnectionTrait, now: Timestamp) -> Result<u64, DbErr> {
    let deleted = Entity::delete_many()
        .filter(Column::ExpiresAt.lte(now.0))
        .exec(connection)
        .await?;
    Ok(deleted.rows_affected)
}

fn is(key: &Key) -> Cond {
    Cond::all()
        .add(Column::Kind.eq(key.limit.kind))
        .add(Column::KeyHash.eq(key.hash.clone()))
}

fn expiry(limit: &Limit, now: Timestamp) -> i64 {
    now.plus_ms(std::cmp::max(limit.window_ms, limit.lock_ms.unwrap_or_default()))
        .0
}

fn standing(limit: &Limit, row: &Model, now: Timestamp) -> Standing {
    Standing {
        locked_until: row.locked_until.filter(|until| *until > now.0).map(Timestamp),
        over: row.count > limit.most,
        first_over: row.count == limit.most + 1,
    }
}

/// Counts one more in the window that is there, or begins the next.
fn one_more(limit: &Limit, now: Timestamp) -> OnConflict {
    let column = |column| Expr::col((Entity, column));
    let end = || column(Column::WindowStart).add(limit.window_ms);
    let is_over = || {
        let ends = Func::coalesce([column(Column::LockedUntil), end()]);
        Expr::from(ends).lte(now.0)
    };
    let begun =
        |anew: Expr, goes_on: Expr| -> Expr { CaseStatement::new().case(is_over(), anew).finally(goes_on).into() };
    let until = match limit.lock_ms {
        Some(lock) => Expr::val(now.plus_ms(lock).0),
        None => end(),
    };
    let locked = CaseStatement::new()
        .case(is_over(), Expr::null())
        .case(column(Column::LockedUntil).is_not_null(), column(Column::LockedUntil))
        .case(column(Column::Count).add(1).gte(limit.most), until)
        .finally(Expr::null());
    OnConflict::columns([Column::Kind, Column::KeyHash])
        .value(
            Column::WindowStart,
            begun(Expr::val(now.0), column(Column::WindowStart)),
        )
        .value(Column::Count, begun(Expr::val(1_i64), column(Column::Count).add(1)))
        .value(Column::LockedUntil, locked)
        .value(Column::ExpiresAt, expiry(limit, now))
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ipv6_is_its_network() {
        let key = |address| REGISTER_ADDRESS.address_key(Some(address));
        assert_eq!(key("2001:db8::1"), key("2001:db8:0:0:ffff::9"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(REGISTER_ADDRESS.address_key(None), None);
        assert_ne!(SIGN_IN_ADDRESS.key("192.0.2.1"), REGISTER_ADDRESS.key("192.0.2.1"));
    }
}
