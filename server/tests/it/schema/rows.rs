//! Rows that the database takes, to be bent by a test until it does not.

use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::{DbErr, SqlErr};
use server::entities::{
    activation_codes, app_grants, app_installs, audit_log, device_log, list_layouts, merchants, saved_views, stores,
    terminals, users,
};

/// An arbitrary instant, Unix milliseconds.
pub(crate) const NOW: i64 = 1_795_000_000_000;

/// A primary key that reads as its number.
pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Asserts that the database refused it, and in the way that `how` says.
#[track_caller]
pub(crate) fn assert_refused<T>(outcome: Result<T, DbErr>, how: fn(Option<SqlErr>) -> bool) {
    match outcome {
        Ok(_) => panic!("it was taken"),
        Err(error) => assert!(how(error.sql_err()), "{error}"),
    }
}

pub(crate) fn is_unique(error: Option<SqlErr>) -> bool {
    matches!(error, Some(SqlErr::UniqueConstraintViolation(_)))
}

pub(crate) fn is_foreign_key(error: Option<SqlErr>) -> bool {
    matches!(error, Some(SqlErr::ForeignKeyConstraintViolation(_)))
}

/// A check, most likely; SeaORM has no word for it.
pub(crate) fn is_neither(error: Option<SqlErr>) -> bool {
    error.is_none()
}

pub(crate) fn merchant(number: u128) -> merchants::ActiveModel {
    merchants::ActiveModel {
        id: Set(id(number)),
        merchant_no: Set(format!("M{number}")),
        name: Set(format!("商户{number}")),
        name_key: Set(None),
        state: Set("active".to_owned()),
        state_since: Set(NOW),
        time_zone: Set("Asia/Shanghai".to_owned()),
        terminal_quota: Set(10),
        contact_name: Set(None),
        contact_phone: Set(None),
        contact_email: Set(None),
        state_reason: Set(None),
        created_at: Set(NOW),
        updated_at: Set(NOW),
    }
}

pub(crate) fn store(number: u128, merchant: u128) -> stores::ActiveModel {
    stores::ActiveModel {
        id: Set(id(number)),
        merchant_id: Set(id(merchant)),
        name: Set("总店".to_owned()),
        name_key: Set(None),
        address: Set(None),
        closed_at: Set(None),
        created_at: Set(NOW),
        updated_at: Set(NOW),
    }
}

/// Merchant 1's owner.
pub(crate) fn user(number: u128) -> users::ActiveModel {
    users::ActiveModel {
        id: Set(id(number)),
        login: Set(format!("user{number}")),
        login_skeleton: Set(Some(format!("user{number}"))),
        display_name: Set("王芳".to_owned()),
        role: Set("merchant_owner".to_owned()),
        merchant_id: Set(Some(id(1))),
        password_hash: Set(None),
        locale: Set(None),
        disabled_at: Set(None),
        password_changed_at: Set(None),
        last_signed_in_at: Set(None),
        created_at: Set(NOW),
        updated_at: Set(NOW),
    }
}

/// A user's view of the own list.
pub(crate) fn view(number: u128, user: u128) -> saved_views::ActiveModel {
    saved_views::ActiveModel {
        id: Set(id(number)),
        user_id: Set(id(user)),
        list: Set("devices".to_owned()),
        name: Set("离线".to_owned()),
        query: Set("connection=offline".to_owned()),
        created_at: Set(NOW),
        updated_at: Set(NOW),
    }
}

/// How a user has laid out the own list.
pub(crate) fn layout(user: u128) -> list_layouts::ActiveModel {
    list_layouts::ActiveModel {
        user_id: Set(id(user)),
        list: Set("devices".to_owned()),
        layout: Set("compact name".to_owned()),
    }
}

/// Merchant 1's terminal in store 10, not registered yet.
pub(crate) fn terminal(number: u128, sn: &str) -> terminals::ActiveModel {
    terminals::ActiveModel {
        id: Set(id(number)),
        manufacturer: Set("PAX".to_owned()),
        model: Set("A920".to_owned()),
        sn: Set(sn.to_owned()),
        sn_printed: Set(sn.to_owned()),
        name: Set("前台".to_owned()),
        merchant_id: Set(Some(id(1))),
        store_id: Set(Some(id(10))),
        lifecycle: Set("awaiting".to_owned()),
        created_at: Set(NOW),
        updated_at: Set(NOW),
        ..Default::default()
    }
}

/// A code for terminal 11 of merchant 1.
pub(crate) fn code(number: u128, hash: u8) -> activation_codes::ActiveModel {
    activation_codes::ActiveModel {
        id: Set(id(number)),
        terminal_id: Set(id(11)),
        merchant_id: Set(id(1)),
        code_hash: Set(vec![hash; 32]),
        state: Set("issued".to_owned()),
        issued_by: Set(None),
        issued_at: Set(NOW),
        expires_at: Set(NOW),
        ended_at: Set(None),
    }
}

/// App 4 for the merchant.
pub(crate) fn grant(number: u128, merchant: u128) -> app_grants::ActiveModel {
    app_grants::ActiveModel {
        id: Set(id(number)),
        app_id: Set(id(4)),
        merchant_id: Set(id(merchant)),
        starts_at: Set(NOW),
        created_at: Set(NOW),
        ..Default::default()
    }
}

/// App 4 on terminal 11, as if that were the merchant's.
pub(crate) fn install(merchant: u128) -> app_installs::ActiveModel {
    app_installs::ActiveModel {
        terminal_id: Set(id(11)),
        app_id: Set(id(4)),
        merchant_id: Set(id(merchant)),
        state: Set("installed".to_owned()),
        version: Set(None),
        error_code: Set(None),
        reported_at: Set(NOW),
    }
}

/// The first entry of the platform's chain.
pub(crate) fn log_entry(number: u128) -> device_log::ActiveModel {
    device_log::ActiveModel {
        id: Set(id(number)),
        chain: Set(Uuid::nil()),
        sequence: Set(1),
        occurred_at: Set(NOW),
        received_at: Set(NOW),
        kind: Set("registration.failed".to_owned()),
        outcome: Set("failure".to_owned()),
        reason: Set(Some("sn_unknown".to_owned())),
        actor_kind: Set("terminal".to_owned()),
        correlation_id: Set("request".to_owned()),
        detail: Set("{}".to_owned()),
        bytes: Set(b"entry".to_vec()),
        hash: Set(vec![1; 32]),
        ..Default::default()
    }
}

pub(crate) fn audit_entry(number: u128) -> audit_log::ActiveModel {
    audit_log::ActiveModel {
        id: Set(id(number)),
        occurred_at: Set(NOW),
        actor_login: Set("admin".to_owned()),
        action: Set("session.create".to_owned()),
        outcome: Set("success".to_owned()),
        request_id: Set("request".to_owned()),
        ..Default::default()
    }
}
