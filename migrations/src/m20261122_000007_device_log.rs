//! The device log: append-only, chained by hash, one chain per merchant and one for the platform.
//!
//! `log_heads` holds each chain's last link. `bytes` is exactly what was hashed, `hash` its digest.

use sea_orm_migration::{prelude::*, schema::*};

use crate::append_only;
use crate::shape::{check, create_indexes, digest, drop_tables, index, one_of, references, unique};

const KINDS: [&str; 26] = [
    "registration.succeeded",
    "registration.failed",
    "code.issued",
    "code.consumed",
    "code.expired",
    "code.revoked",
    "terminal.imported",
    "terminal.assigned",
    "terminal.moved",
    "terminal.renamed",
    "terminal.suspended",
    "terminal.resumed",
    "terminal.retired",
    "terminal.unregistered",
    "terminal.replaced",
    "terminal.signed_in",
    "terminal.signed_out",
    "terminal.online",
    "terminal.offline",
    "app.granted",
    "app.revoked",
    "app.expired",
    "app.installed",
    "app.failed",
    "app.removed",
    "tamper.reported",
];
const OUTCOMES: [&str; 3] = ["success", "failure", "info"];
const REASONS: [&str; 15] = [
    "sn_malformed",
    "sn_unknown",
    "code_required",
    "code_invalid",
    "code_expired",
    "code_used",
    "code_revoked",
    "already_registered",
    "registered_elsewhere",
    "merchant_suspended",
    "terminal_suspended",
    "terminal_retired",
    "model_mismatch",
    "quota_exceeded",
    "too_many_attempts",
];
const TOLD_ONLY: &str = "sn_or_code_wrong";
const ACTORS: [&str; 3] = ["user", "terminal", "system"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(log_heads()).await?;
        manager.create_table(device_log()).await?;
        create_indexes(manager, indexes()).await?;
        append_only::protect(manager, "device_log").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["device_log", "log_heads"]).await?;
        append_only::forget(manager, "device_log").await
    }
}

/// A merchant's rows belong to that merchant's chain.
fn own_chain() -> Expr {
    Expr::col("merchant_id")
        .is_null()
        .or(Expr::col("merchant_id").eq(Expr::col("chain")))
}

fn log_heads() -> TableCreateStatement {
    Table::create()
        .table("log_heads")
        .col(pk_uuid("chain"))
        .col(uuid_null("merchant_id"))
        .col(big_integer("last_sequence"))
        .col(blob("last_hash"))
        .foreign_key(&mut references(
            "fk_log_heads_merchant",
            &["merchant_id"],
            "merchants",
            &["id"],
        ))
        .check(check("ck_log_heads_chain", own_chain()))
        .check(check("ck_log_heads_last_hash", digest("last_hash")))
        .take()
}

fn device_log() -> TableCreateStatement {
    let told: Vec<_> = REASONS.into_iter().chain([TOLD_ONLY]).collect();
    Table::create()
        .table("device_log")
        .col(pk_uuid("id"))
        .col(uuid("chain"))
        .col(big_integer("sequence"))
        .col(big_integer("occurred_at"))
        .col(big_integer("received_at"))
        .col(text_null("sn_sent"))
        .col(text_null("sn_normalized"))
        .col(uuid_null("terminal_id"))
        .col(uuid_null("merchant_id"))
        .col(text("kind"))
        .col(text("outcome"))
        .col(text_null("reason"))
        .col(text_null("told_reason"))
        .col(text("actor_kind"))
        .col(uuid_null("actor_id"))
        .col(text_null("actor_label"))
        .col(text_null("address"))
        .col(text("correlation_id"))
        .col(text("detail"))
        .col(blob("bytes"))
        .col(blob("hash"))
        .foreign_key(&mut references(
            "fk_device_log_chain",
            &["chain"],
            "log_heads",
            &["chain"],
        ))
        .foreign_key(&mut references(
            "fk_device_log_terminal",
            &["terminal_id"],
            "terminals",
            &["id"],
        ))
        .foreign_key(&mut references(
            "fk_device_log_merchant",
            &["merchant_id"],
            "merchants",
            &["id"],
        ))
        .check(check("ck_device_log_chain", own_chain()))
        .check(check("ck_device_log_kind", one_of("kind", &KINDS)))
        .check(check("ck_device_log_outcome", one_of("outcome", &OUTCOMES)))
        .check(check("ck_device_log_reason", one_of("reason", &REASONS)))
        .check(check("ck_device_log_told_reason", one_of("told_reason", &told)))
        .check(check("ck_device_log_actor_kind", one_of("actor_kind", &ACTORS)))
        .check(check("ck_device_log_hash", digest("hash")))
        .take()
}

fn indexes() -> [IndexCreateStatement; 10] {
    let index = |name, columns: &[&'static str]| index(name, "device_log", columns);
    [
        unique("ux_device_log_sequence", "device_log", &["chain", "sequence"]),
        index("ix_device_log_merchant", &["merchant_id", "id"]),
        index("ix_device_log_terminal", &["terminal_id", "id"]),
        index("ix_device_log_kind", &["kind", "id"]),
        index("ix_device_log_merchant_kind", &["merchant_id", "kind", "id"]),
        index("ix_device_log_reason", &["reason", "id"]),
        index(
            "ix_device_log_merchant_told_reason",
            &["merchant_id", "told_reason", "id"],
        ),
        index("ix_device_log_sn", &["sn_normalized", "id"]),
        index("ix_device_log_merchant_sn", &["merchant_id", "sn_normalized", "id"]),
        index("ix_device_log_correlation", &["correlation_id"]),
    ]
}
