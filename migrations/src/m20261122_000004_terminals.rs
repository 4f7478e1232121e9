//! Terminals and their tags.
//!
//! The store is referenced together with the merchant, so a terminal cannot stand in another merchant's store. A serial
//! number is unique per manufacturer among terminals that are not retired; that index starts with the serial number
//! because it also answers the exact look-up.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, create_indexes, digest, drop_tables, index, length, one_of, primary, references, unique};

const LIFECYCLES: [&str; 5] = ["unassigned", "awaiting", "registered", "suspended", "retired"];
const LIFECYCLE_REASONS: [&str; 8] = [
    "damaged",
    "lost",
    "stolen",
    "tampered",
    "returned",
    "replaced",
    "end_of_life",
    "other",
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let lifecycle = || Expr::col("lifecycle");
        manager
            .create_table(
                Table::create()
                    .table("terminals")
                    .col(pk_uuid("id"))
                    .col(text("manufacturer"))
                    .col(text("model"))
                    .col(text("sn"))
                    .col(text("sn_printed"))
                    .col(text("name"))
                    .col(uuid_null("merchant_id"))
                    .col(uuid_null("store_id"))
                    .col(text("lifecycle"))
                    .col(text_null("lifecycle_reason"))
                    .col(text_null("lifecycle_note"))
                    .col(text_null("note"))
                    .col(text_null("firmware"))
                    .col(text_null("app_version"))
                    .col(blob_null("token_hash"))
                    .col(big_integer_null("token_issued_at"))
                    .col(big_integer_null("heartbeat_interval_ms"))
                    .col(text_null("last_report"))
                    .col(uuid_null("import_batch_id"))
                    .col(big_integer("created_at"))
                    .col(big_integer_null("registered_at"))
                    .col(big_integer_null("last_seen_at"))
                    .col(big_integer("updated_at"))
                    .foreign_key(&mut references(
                        "fk_terminals_merchant",
                        &["merchant_id"],
                        "merchants",
                        &["id"],
                    ))
                    .foreign_key(&mut references(
                        "fk_terminals_store",
                        &["merchant_id", "store_id"],
                        "stores",
                        &["merchant_id", "id"],
                    ))
                    .foreign_key(
                        references(
                            "fk_terminals_import_batch",
                            &["import_batch_id"],
                            "import_batches",
                            &["id"],
                        )
                        .on_delete(ForeignKeyAction::SetNull),
                    )
                    .check(check("ck_terminals_sn", length("sn").between(4, 64)))
                    .check(check("ck_terminals_lifecycle", one_of("lifecycle", &LIFECYCLES)))
                    .check(check(
                        "ck_terminals_lifecycle_reason",
                        one_of("lifecycle_reason", &LIFECYCLE_REASONS),
                    ))
                    .check(check("ck_terminals_token_hash", digest("token_hash")))
                    .check(check(
                        "ck_terminals_store_has_merchant",
                        Expr::col("store_id")
                            .is_null()
                            .or(Expr::col("merchant_id").is_not_null()),
                    ))
                    .check(check(
                        "ck_terminals_unassigned_has_no_merchant",
                        lifecycle().ne("unassigned").or(Expr::col("merchant_id").is_null()),
                    ))
                    .check(check(
                        "ck_terminals_assigned_has_merchant",
                        lifecycle()
                            .is_not_in(["awaiting", "registered", "suspended"])
                            .or(Expr::col("merchant_id").is_not_null()),
                    ))
                    .check(check(
                        "ck_terminals_registered_since",
                        lifecycle()
                            .ne("registered")
                            .or(Expr::col("registered_at").is_not_null()),
                    ))
                    .check(check(
                        "ck_terminals_ended_has_reason",
                        lifecycle()
                            .is_not_in(["suspended", "retired"])
                            .or(Expr::col("lifecycle_reason").is_not_null()),
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("terminal_tags")
                    .col(uuid("terminal_id"))
                    .col(text("tag"))
                    .primary_key(&mut primary("pk_terminal_tags", &["terminal_id", "tag"]))
                    .foreign_key(
                        references("fk_terminal_tags_terminal", &["terminal_id"], "terminals", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        create_indexes(manager, indexes()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["terminal_tags", "terminals"]).await
    }
}

fn indexes() -> Vec<IndexCreateStatement> {
    let live_sn = unique("ux_terminals_live_sn", "terminals", &["sn", "manufacturer"])
        .and_where(Expr::col("lifecycle").ne("retired"))
        .take();
    vec![
        live_sn,
        unique("ux_terminals_merchant_id", "terminals", &["merchant_id", "id"]),
        unique("ux_terminals_token_hash", "terminals", &["token_hash"]),
        // The platform's lists.
        index("ix_terminals_sn", "terminals", &["sn", "id"]),
        index("ix_terminals_lifecycle", "terminals", &["lifecycle", "sn", "id"]),
        index("ix_terminals_name", "terminals", &["name", "id"]),
        index("ix_terminals_last_seen", "terminals", &["last_seen_at", "id"]),
        // A merchant's lists.
        index("ix_terminals_merchant_sn", "terminals", &["merchant_id", "sn", "id"]),
        index(
            "ix_terminals_merchant_lifecycle",
            "terminals",
            &["merchant_id", "lifecycle", "sn", "id"],
        ),
        index("ix_terminals_model", "terminals", &["model", "sn", "id"]),
        index(
            "ix_terminals_merchant_store",
            "terminals",
            &["merchant_id", "store_id", "sn", "id"],
        ),
        index(
            "ix_terminals_merchant_model",
            "terminals",
            &["merchant_id", "model", "sn", "id"],
        ),
        index(
            "ix_terminals_merchant_name",
            "terminals",
            &["merchant_id", "name", "id"],
        ),
        index("ix_terminal_tags_tag", "terminal_tags", &["tag", "terminal_id"]),
    ]
}
