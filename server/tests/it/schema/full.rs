//! One row of every table with every column filled: the types of the entities are the types of the tables.

use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbErr};
use server::entities::{
    activation_codes, app_grant_drafts, app_grants, app_installs, app_refusals, app_versions, audit_log, batch_items,
    batch_jobs, batches, device_log, floods, idempotency_keys, import_batches, import_changes, import_errors,
    import_jobs, import_parts, import_previews, import_stores, invitations, log_boundaries, merchants, recovery_codes,
    second_factors, sessions, stores, terminal_tags, terminals, throttles, users,
};

use super::rows::{NOW, code, grant, id, install, layout, log_entry, merchant, store, terminal, user, view};

/// Inserts them beside the rows of `platform`; inserting reads each of them back.
pub(super) async fn rows(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    let some = |text: &str| Set(Some(text.to_owned()));
    let text = |text: &str| Set(text.to_owned());
    let (merchant_id, user_id, terminal_id, store_id) = (id(81), id(82), id(83), id(84));

    merchants::ActiveModel {
        contact_name: some("李雷"),
        contact_phone: some("13800000000"),
        contact_email: some("li@example.com"),
        state_reason: some("合同到期"),
        ..merchant(81)
    }
    .insert(txn)
    .await?;
    stores::ActiveModel {
        address: some("南京路 1 号"),
        ..store(84, 81)
    }
    .insert(txn)
    .await?;
    users::ActiveModel {
        merchant_id: Set(Some(merchant_id)),
        password_hash: some("$argon2id$"),
        locale: some("zh"),
        disabled_at: Set(Some(NOW)),
        password_changed_at: Set(Some(NOW)),
        last_signed_in_at: Set(Some(NOW)),
        ..user(82)
    }
    .insert(txn)
    .await?;
    sessions::ActiveModel {
        id_hash: Set(vec![2; 32]),
        user_id: Set(Some(user_id)),
        data: text("{}"),
        created_at: Set(NOW),
        last_seen_at: Set(NOW),
        expires_at: Set(NOW),
        address: some("192.0.2.1"),
        user_agent: some("browser"),
    }
    .insert(txn)
    .await?;
    invitations::ActiveModel {
        id: Set(id(89)),
        token_hash: Set(vec![4; 32]),
        purpose: text("reset"),
        user_id: Set(Some(user_id)),
        role: text("merchant_owner"),
        merchant_id: Set(Some(merchant_id)),
        display_name: text("李雷"),
        created_by: Set(Some(user_id)),
        created_at: Set(NOW),
        expires_at: Set(NOW),
        used_at: Set(Some(NOW)),
        revoked_at: Set(Some(NOW)),
    }
    .insert(txn)
    .await?;
    second_factors::ActiveModel {
        user_id: Set(user_id),
        secret: Set(vec![5; 20]),
        created_at: Set(NOW),
        confirmed_at: Set(Some(NOW)),
        last_step: Set(Some(1)),
        tries: Set(2),
        tries_since: Set(NOW),
    }
    .insert(txn)
    .await?;
    recovery_codes::ActiveModel {
        user_id: Set(user_id),
        code_hash: Set(vec![6; 32]),
        used_at: Set(Some(NOW)),
    }
    .insert(txn)
    .await?;
    batches::ActiveModel {
        id: Set(id(98)),
        user_id: Set(user_id),
        work: some("register"),
        created_at: Set(NOW),
        begun_at: Set(Some(NOW)),
    }
    .insert(txn)
    .await?;
    batch_jobs::ActiveModel {
        batch_id: Set(id(98)),
        stage: Set("running".to_owned()),
        actor: Set("{}".to_owned()),
        listed: some("state=awaiting"),
        list_place: some("SN83"),
        ordered: some("{}"),
        problem: some("too_many_match"),
        chosen: Set(1),
        place: Set(1),
        attempts: Set(1),
        cancel_requested: Set(true),
        lease_owner: Set(Some(id(97))),
        lease_until: Set(Some(NOW)),
        updated_at: Set(NOW),
    }
    .insert(txn)
    .await?;
    view(99, 82).insert(txn).await?;
    layout(82).insert(txn).await?;
    import(txn, id(85)).await?;
    import_errors::ActiveModel {
        batch_id: Set(id(85)),
        line: Set(2),
        ordinal: Set(0),
        column_name: some("sn"),
        code: text("sn_malformed"),
        found: some("?"),
        sn: some("?"),
    }
    .insert(txn)
    .await?;
    let last = terminals::ActiveModel {
        merchant_id: Set(Some(merchant_id)),
        store_id: Set(Some(store_id)),
        lifecycle: text("suspended"),
        lifecycle_reason: some("other"),
        lifecycle_note: some("搬店"),
        note: some("note"),
        firmware: some("1.0"),
        app_version: some("2.0"),
        token_hash: Set(Some(vec![3; 32])),
        token_issued_at: Set(Some(NOW)),
        heartbeat_interval_ms: Set(Some(60_000)),
        last_report: some("{}"),
        reported_at: Set(Some(NOW)),
        online: Set(true),
        online_until: Set(Some(NOW)),
        business_day: some("2026-11-22"),
        signed_in_at: Set(Some(NOW)),
        signed_out_at: Set(Some(NOW)),
        operator_no: some("01"),
        import_batch_id: Set(Some(id(85))),
        registered_at: Set(Some(NOW)),
        last_seen_at: Set(Some(NOW)),
        ..terminal(83, "SN83")
    }
    .insert(txn)
    .await?;
    assert_eq!(
        (last.token_hash, last.lifecycle_note, last.import_batch_id),
        (Some(vec![3; 32]), Some("搬店".to_owned()), Some(id(85)))
    );
    import_jobs::ActiveModel {
        problem: some("file_broken"),
        problem_line: Set(Some(2)),
        undo_problem: some("no_more_tries"),
        layout: some("{}"),
        skip_bad_rows: Set(true),
        cancel_requested: Set(true),
        file_bytes: Set(3),
        rows_read: Set(4),
        rows_touched: Set(5),
        first_terminal: Set(Some(terminal_id)),
        last_terminal: Set(Some(terminal_id)),
        lease_owner: Set(Some(id(99))),
        lease_until: Set(Some(NOW)),
        ..job(id(85))
    }
    .insert(txn)
    .await?;
    import_parts::ActiveModel {
        batch_id: Set(id(85)),
        kind: text("file"),
        place: Set(0),
        bytes: Set(b"sn\n".to_vec()),
    }
    .insert(txn)
    .await?;
    preview(id(85)).insert(txn).await?;
    import_changes::ActiveModel {
        batch_id: Set(id(85)),
        terminal_id: Set(terminal_id),
        before: text("{}"),
        changed_at: Set(NOW),
    }
    .insert(txn)
    .await?;
    import_stores::ActiveModel {
        batch_id: Set(id(85)),
        store_id: Set(store_id),
    }
    .insert(txn)
    .await?;
    terminal_tags::ActiveModel {
        terminal_id: Set(terminal_id),
        tag: text("新品"),
    }
    .insert(txn)
    .await?;
    activation_codes::ActiveModel {
        issued_by: Set(Some(user_id)),
        ended_at: Set(Some(NOW)),
        ..code(86, 9)
    }
    .insert(txn)
    .await?;
    app_versions::ActiveModel {
        id: Set(id(87)),
        app_id: Set(id(4)),
        version: text("1.0"),
        notes_zh: text("首版"),
        notes_en: text("first"),
        min_firmware: some("1.0"),
        published_at: Set(NOW),
    }
    .insert(txn)
    .await?;
    app_grants::ActiveModel {
        terminal_id: Set(Some(terminal_id)),
        expires_at: Set(Some(NOW)),
        revoked_at: Set(Some(NOW)),
        revoke_reason: some("sold"),
        granted_by: Set(Some(user_id)),
        expiry_told_at: Set(Some(NOW)),
        ..grant(88, 81)
    }
    .insert(txn)
    .await?;
    app_grant_drafts::ActiveModel {
        id: Set(id(99)),
        user_id: Set(user_id),
        app_id: Set(id(4)),
        kind: text("stores"),
        merchant_no: some("8982"),
        lines: text("[]"),
        starts_at: Set(Some(NOW)),
        expires_at: Set(Some(NOW)),
        created_at: Set(NOW),
        done_at: Set(Some(NOW)),
    }
    .insert(txn)
    .await?;
    app_refusals::ActiveModel {
        terminal_id: Set(terminal_id),
        package: text("com.example.other"),
        state: text("installed"),
        version: some("1.0"),
        reported_at: Set(NOW),
    }
    .insert(txn)
    .await?;
    app_installs::ActiveModel {
        terminal_id: Set(terminal_id),
        version: some("1.0"),
        error_code: some("E1"),
        ..install(81)
    }
    .insert(txn)
    .await?;
    device_log::ActiveModel {
        sn_sent: some("sn-83"),
        sn_normalized: some("SN83"),
        terminal_id: Set(Some(terminal_id)),
        told_reason: some("sn_or_code_wrong"),
        actor_id: Set(Some(terminal_id)),
        actor_label: some("SN83"),
        address: some("192.0.2.1"),
        ..log_entry(89)
    }
    .insert(txn)
    .await?;
    log_boundaries::ActiveModel {
        chain: Set(Uuid::nil()),
        sequence: Set(1),
        hash: Set(vec![1; 32]),
        until: Set(NOW),
        cut_at: Set(NOW),
        export_hash: Set(vec![2; 32]),
        public_key: Set(vec![3; 32]),
        signature: Set(vec![4; 64]),
    }
    .insert(txn)
    .await?;
    audit_log::ActiveModel {
        id: Set(id(90)),
        occurred_at: Set(NOW),
        actor_id: Set(Some(user_id)),
        actor_login: text("admin"),
        actor_role: some("platform_admin"),
        merchant_id: Set(Some(merchant_id)),
        action: text("merchant.update"),
        target_kind: some("merchant"),
        target: some(&Uuid::nil().to_string()),
        outcome: text("failure"),
        reason: some("forbidden"),
        before: some("{}"),
        after: some("{}"),
        address: some("192.0.2.1"),
        session: some("1a2b"),
        request_id: text("request"),
    }
    .insert(txn)
    .await?;
    floods::ActiveModel {
        kind: text("register.sn"),
        key_hash: Set(vec![6; 32]),
        merchant_id: Set(Some(merchant_id)),
        terminal_id: Set(Some(terminal_id)),
        sn_sent: some("SN-1"),
        address: some("192.0.2.1"),
        began_at: Set(NOW),
        last_at: Set(NOW),
        ends_at: Set(NOW),
        turned_away: Set(1),
    }
    .insert(txn)
    .await?;
    throttles::ActiveModel {
        kind: text("sign_in.login"),
        key_hash: Set(vec![5; 32]),
        window_start: Set(NOW),
        count: Set(1),
        locked_until: Set(Some(NOW)),
        expires_at: Set(NOW),
    }
    .insert(txn)
    .await?;
    idempotency_keys::ActiveModel {
        principal: Set(vec![1]),
        key: text("key"),
        request_hash: Set(vec![4; 32]),
        status: Set(Some(201)),
        content_type: some("application/json"),
        body: Set(Some(b"{}".to_vec())),
        created_at: Set(NOW),
        expires_at: Set(NOW),
    }
    .insert(txn)
    .await?;
    batch_items::ActiveModel {
        batch_id: Set(id(98)),
        place: Set(0),
        typed: text("SN83"),
        terminal_id: Set(Some(terminal_id)),
        outcome: some("done"),
    }
    .insert(txn)
    .await?;
    Ok(())
}

/// An import without anything of it.
pub(super) async fn import(connection: &impl ConnectionTrait, key: Uuid) -> Result<(), DbErr> {
    import_batches::ActiveModel {
        id: Set(key),
        created_by: Set(None),
        source: Set("portal".to_owned()),
        file_name: Set("库存.csv".to_owned()),
        state: Set("done".to_owned()),
        rows_total: Set(5),
        rows_created: Set(4),
        rows_updated: Set(3),
        rows_skipped: Set(2),
        rows_failed: Set(1),
        created_at: Set(NOW),
        finished_at: Set(Some(NOW)),
    }
    .insert(connection)
    .await?;
    Ok(())
}

/// The job of an import, which nobody works on.
pub(super) fn job(batch: Uuid) -> import_jobs::ActiveModel {
    import_jobs::ActiveModel {
        batch_id: Set(batch),
        stage: Set("running".to_owned()),
        actor: Set("{}".to_owned()),
        problem: Set(None),
        problem_line: Set(None),
        undo_problem: Set(None),
        layout: Set(None),
        skip_bad_rows: Set(false),
        cancel_requested: Set(false),
        file_bytes: Set(0),
        rows_read: Set(0),
        rows_touched: Set(0),
        attempts: Set(0),
        first_terminal: Set(None),
        last_terminal: Set(None),
        lease_owner: Set(None),
        lease_until: Set(None),
        updated_at: Set(NOW),
    }
}

/// A row that an import would bring in.
pub(super) fn preview(batch: Uuid) -> import_previews::ActiveModel {
    import_previews::ActiveModel {
        batch_id: Set(batch),
        effect: Set("updated".to_owned()),
        place: Set(0),
        line: Set(2),
        sn: Set("SN-11".to_owned()),
        name: Set("前台".to_owned()),
        merchant_no: Set(Some("898".to_owned())),
        merchant_name: Set(Some("小满".to_owned())),
        store: Set(Some("一店".to_owned())),
        changes: Set("[]".to_owned()),
    }
}
