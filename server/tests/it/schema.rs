//! What the database itself promises, whatever the program above it does.

use migrations::Migrator;
use sea_orm::prelude::Uuid;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait,
};
use sea_orm_migration::MigratorTrait;
use server::database::{Database, Engine};
use server::entities::{
    activation_codes, app_grant_drafts, app_grants, app_installs, app_refusals, app_versions, apps, audit_log,
    batch_items, batch_jobs, batches, device_log, floods, idempotency_keys, import_batches, import_changes,
    import_errors, import_jobs, import_parts, import_previews, import_stores, invitations, list_layouts,
    log_boundaries, log_heads, merchants, recovery_codes, saved_views, second_factors, sessions, stores, terminal_tags,
    terminals, throttles, users,
};

use crate::on_both_engines;
use crate::support::{Outcome, TestDb};

mod full;
mod rows;

use rows::*;

on_both_engines!(
    migrations_go_up_and_down_and_up_again,
    servers_that_start_together_migrate_once,
    a_migration_that_fails_leaves_nothing,
    logs_only_grow,
    every_entity_can_be_read,
    no_row_points_into_another_tenant,
    a_live_serial_number_is_unique_per_manufacturer,
    impossible_terminals_are_refused,
    words_outside_the_lists_are_refused,
    a_terminal_has_one_good_code,
    what_belongs_to_a_row_goes_with_it,
    an_import_goes_with_its_job_and_its_file,
);

async fn migrations_go_up_and_down_and_up_again(db: &TestDb) -> Outcome {
    let all = Migrator::migrations().len();
    assert!(migrations::is_current(db.reader()).await?);
    assert_eq!(migrations::up(db.writer()).await?, 0);

    assert_eq!(migrations::down(db.writer(), 1).await?, 1);
    assert!(!migrations::is_current(db.reader()).await?);
    let status = migrations::status(db.reader()).await?;
    assert_eq!(status.iter().filter(|(_, applied)| *applied).count(), all - 1);

    assert_eq!(migrations::down(db.writer(), u32::MAX).await?, all - 1);
    assert!(merchants::Entity::find().one(db.reader()).await.is_err());

    assert_eq!(migrations::up(db.writer()).await?, all);
    assert!(migrations::is_current(db.reader()).await?);
    merchant(1).insert(db.writer()).await?;
    Ok(())
}

async fn servers_that_start_together_migrate_once(db: &TestDb) -> Outcome {
    migrations::down(db.writer(), u32::MAX).await?;
    let (one, two) = (Database::connect(db.url()).await?, Database::connect(db.url()).await?);
    let (first, second) = tokio::join!(migrations::up(one.writer()), migrations::up(two.writer()));
    assert_eq!(first? + second?, Migrator::migrations().len());
    one.close().await?;
    two.close().await?;
    assert!(migrations::is_current(db.reader()).await?);
    Ok(())
}

async fn a_migration_that_fails_leaves_nothing(db: &TestDb) -> Outcome {
    migrations::down(db.writer(), u32::MAX).await?;
    let in_the_way = "CREATE TABLE idempotency_keys (n INTEGER)";
    db.writer().execute_unprepared(in_the_way).await?;
    assert!(migrations::up(db.writer()).await.is_err());
    let status = migrations::status(db.reader()).await?;
    assert!(status.iter().all(|(_, applied)| !applied), "{status:?}");
    assert!(merchants::Entity::find().one(db.reader()).await.is_err());

    db.writer().execute_unprepared("DROP TABLE idempotency_keys").await?;
    assert_eq!(migrations::up(db.writer()).await?, Migrator::migrations().len());
    Ok(())
}

async fn logs_only_grow(db: &Database) -> Outcome {
    log_heads::ActiveModel {
        chain: Set(Uuid::nil()),
        merchant_id: Set(None),
        last_sequence: Set(1),
        last_hash: Set(vec![0; 32]),
    }
    .insert(db.writer())
    .await?;
    let entry = log_entry(1).insert(db.writer()).await?;
    let audit = audit_entry(2).insert(db.writer()).await?;
    assert_refused(log_entry(3).insert(db.writer()).await, is_unique);

    for table in ["device_log", "audit_log"] {
        let mut attempts = vec![
            format!("UPDATE {table} SET reason = NULL"),
            format!("DELETE FROM {table}"),
        ];
        match db.engine() {
            Engine::Sqlite => {
                attempts.push(format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}"));
            }
            Engine::Postgres => attempts.push(format!("TRUNCATE {table}")),
        }
        for attempt in attempts {
            let answer = db.writer().execute_unprepared(&attempt).await;
            let said = answer.map_or_else(|error| error.to_string(), |_| "it worked".to_owned());
            let refusal = format!("{table} is append-only");
            assert!(said.contains(&refusal), "{attempt}: {said}");
        }
    }
    assert_eq!(device_log::Entity::find().all(db.reader()).await?, [entry]);
    assert_eq!(audit_log::Entity::find().all(db.reader()).await?, [audit]);
    Ok(())
}

/// A row of every table, every column filled, comes back as it was written.
async fn every_entity_can_be_read(db: &Database) -> Outcome {
    platform(db).await?;
    let txn = db.begin().await?;
    full::rows(&txn).await?;
    txn.commit().await?;
    macro_rules! count {
        ($($table:ident),+) => {[$($table::Entity::find().all(db.reader()).await?.len()),+]};
    }
    let rows = count![
        activation_codes,
        app_grant_drafts,
        app_grants,
        app_installs,
        app_refusals,
        app_versions,
        apps,
        audit_log,
        batch_items,
        batch_jobs,
        batches,
        device_log,
        floods,
        idempotency_keys,
        import_batches,
        import_changes,
        import_errors,
        import_jobs,
        import_parts,
        import_previews,
        import_stores,
        invitations,
        list_layouts,
        log_boundaries,
        log_heads,
        merchants,
        recovery_codes,
        saved_views,
        second_factors,
        sessions,
        stores,
        terminal_tags,
        terminals,
        throttles,
        users
    ];
    assert!(rows.iter().all(|count| *count > 0), "{rows:?}");
    Ok(())
}

async fn no_row_points_into_another_tenant(db: &Database) -> Outcome {
    platform(db).await?;
    let mut astray = terminal(30, "ASTRAY1");
    astray.store_id = Set(Some(id(20)));
    assert_refused(astray.insert(db.writer()).await, is_foreign_key);

    let mut of_own_store = grant(40, 1);
    of_own_store.store_id = Set(Some(id(10)));
    of_own_store.insert(db.writer()).await?;
    let mut of_other_store = grant(41, 1);
    of_other_store.store_id = Set(Some(id(20)));
    assert_refused(of_other_store.insert(db.writer()).await, is_foreign_key);
    let mut of_other_terminal = grant(42, 2);
    of_other_terminal.terminal_id = Set(Some(id(11)));
    assert_refused(of_other_terminal.insert(db.writer()).await, is_foreign_key);
    let mut of_both = grant(43, 1);
    of_both.store_id = Set(Some(id(10)));
    of_both.terminal_id = Set(Some(id(11)));
    assert_refused(of_both.insert(db.writer()).await, is_neither);

    assert_refused(install(2).insert(db.writer()).await, is_foreign_key);
    install(1).insert(db.writer()).await?;

    // A log entry of one merchant in the chain of another, or of the platform.
    let mut misfiled = log_entry(50);
    misfiled.merchant_id = Set(Some(id(1)));
    assert_refused(misfiled.insert(db.writer()).await, is_neither);

    // What a terminal reported follows it to another merchant.
    let mut moved = terminal(11, "SN11");
    moved.merchant_id = Set(Some(id(2)));
    moved.store_id = Set(None);
    moved.update(db.writer()).await?;
    let installs = app_installs::Entity::find().all(db.reader()).await?;
    assert_eq!(installs.len(), 1);
    assert_eq!(installs[0].merchant_id, id(2));
    Ok(())
}

async fn a_live_serial_number_is_unique_per_manufacturer(db: &Database) -> Outcome {
    platform(db).await?;
    assert_refused(terminal(30, "SN11").insert(db.writer()).await, is_unique);
    let mut of_other_maker = terminal(31, "SN11");
    of_other_maker.manufacturer = Set("Sunmi".to_owned());
    of_other_maker.insert(db.writer()).await?;

    let retired = terminals::ActiveModel {
        id: Set(id(11)),
        lifecycle: Set("retired".to_owned()),
        lifecycle_reason: Set(Some("damaged".to_owned())),
        ..Default::default()
    };
    retired.update(db.writer()).await?;
    terminal(32, "SN11").insert(db.writer()).await?;
    assert_refused(terminal(33, "SN11").insert(db.writer()).await, is_unique);
    Ok(())
}

async fn impossible_terminals_are_refused(db: &Database) -> Outcome {
    type Change = fn(&mut terminals::ActiveModel);
    platform(db).await?;
    let changes: [(&str, Change); 10] = [
        ("sn too short", |t| t.sn = Set("ABC".to_owned())),
        ("sn too long", |t| t.sn = Set("A".repeat(65))),
        ("store without merchant", |t| {
            t.lifecycle = Set("unassigned".to_owned());
            t.merchant_id = Set(None);
        }),
        ("unassigned with merchant", |t| {
            t.lifecycle = Set("unassigned".to_owned())
        }),
        ("awaiting without merchant", |t| {
            t.merchant_id = Set(None);
            t.store_id = Set(None);
        }),
        ("registered without an instant", |t| {
            t.lifecycle = Set("registered".to_owned())
        }),
        ("suspended without a reason", |t| {
            t.lifecycle = Set("suspended".to_owned())
        }),
        ("unknown lifecycle", |t| t.lifecycle = Set("lost".to_owned())),
        ("unknown reason", |t| t.lifecycle_reason = Set(Some("bored".to_owned()))),
        ("short token hash", |t| t.token_hash = Set(Some(vec![0; 31]))),
    ];
    for (what, change) in changes {
        let mut wrong = terminal(30, "SN30");
        change(&mut wrong);
        let outcome = wrong.insert(db.writer()).await;
        assert!(outcome.is_err(), "{what} was taken");
        assert_refused(outcome, is_neither);
    }
    terminal(30, "SN30").insert(db.writer()).await?;
    Ok(())
}

async fn words_outside_the_lists_are_refused(db: &Database) -> Outcome {
    platform(db).await?;
    for number in ["", "商户1", "M-1", &"9".repeat(33)] {
        let mut wrong = merchant(5);
        wrong.merchant_no = Set(number.to_owned());
        assert_refused(wrong.insert(db.writer()).await, is_neither);
    }
    for (role, of) in [
        ("merchant_owner", None),
        ("platform_admin", Some(id(1))),
        ("root", None),
        ("root", Some(id(1))),
    ] {
        let mut wrong = user(60);
        wrong.role = Set(role.to_owned());
        wrong.merchant_id = Set(of);
        assert_refused(wrong.insert(db.writer()).await, is_neither);
    }
    let mut told = log_entry(2);
    told.sequence = Set(2);
    told.told_reason = Set(Some("sn_or_code_wrong".to_owned()));
    told.insert(db.writer()).await?;
    let mut untrue = log_entry(3);
    untrue.sequence = Set(3);
    untrue.reason = Set(Some("sn_or_code_wrong".to_owned()));
    assert_refused(untrue.insert(db.writer()).await, is_neither);
    let mut unkind = log_entry(3);
    unkind.sequence = Set(3);
    unkind.kind = Set("terminal.exploded".to_owned());
    assert_refused(unkind.insert(db.writer()).await, is_neither);
    let mut unlisted = view(61, 3);
    unlisted.list = Set("merchants".to_owned());
    assert_refused(unlisted.insert(db.writer()).await, is_neither);
    Ok(())
}

async fn a_terminal_has_one_good_code(db: &Database) -> Outcome {
    platform(db).await?;
    let first = code(70, 7).insert(db.writer()).await?;
    assert_refused(code(71, 8).insert(db.writer()).await, is_unique);
    let mut consumed = first.into_active_model();
    consumed.state = Set("consumed".to_owned());
    consumed.ended_at = Set(Some(NOW));
    consumed.update(db.writer()).await?;
    code(71, 8).insert(db.writer()).await?;
    assert_refused(code(72, 7).insert(db.writer()).await, is_unique);
    Ok(())
}

async fn what_belongs_to_a_row_goes_with_it(db: &Database) -> Outcome {
    platform(db).await?;
    sessions::ActiveModel {
        id_hash: Set(vec![1; 32]),
        user_id: Set(Some(id(3))),
        data: Set("{}".to_owned()),
        created_at: Set(NOW),
        last_seen_at: Set(NOW),
        expires_at: Set(NOW),
        address: Set(None),
        user_agent: Set(None),
    }
    .insert(db.writer())
    .await?;
    for (number, name) in [(41, "离线"), (42, "全部")] {
        let mut view = view(number, 3);
        view.name = Set(name.to_owned());
        view.insert(db.writer()).await?;
    }
    assert_refused(view(60, 3).insert(db.writer()).await, is_unique);
    layout(3).insert(db.writer()).await?;
    users::Entity::delete_by_id(id(3)).exec(db.writer()).await?;
    assert_eq!(saved_views::Entity::find().count(db.reader()).await?, 0);
    assert_eq!(list_layouts::Entity::find().count(db.reader()).await?, 0);
    assert_eq!(sessions::Entity::find().count(db.reader()).await?, 0);

    terminal_tags::ActiveModel {
        terminal_id: Set(id(11)),
        tag: Set("counter".to_owned()),
    }
    .insert(db.writer())
    .await?;
    terminals::Entity::delete_by_id(id(11)).exec(db.writer()).await?;
    assert_eq!(terminal_tags::Entity::find().count(db.reader()).await?, 0);
    let merchant = merchants::Entity::delete_by_id(id(1));
    assert_refused(merchant.exec(db.writer()).await, is_foreign_key);
    Ok(())
}

async fn an_import_goes_with_its_job_and_its_file(db: &Database) -> Outcome {
    platform(db).await?;
    full::import(db.writer(), id(90)).await?;
    let job = |stage: &str, lease: Option<Uuid>| import_jobs::ActiveModel {
        batch_id: Set(id(90)),
        stage: Set(stage.to_owned()),
        lease_owner: Set(lease),
        ..full::job(id(90))
    };
    assert_refused(job("exploding", None).insert(db.writer()).await, is_neither);
    let half = job("running", Some(id(99)));
    assert_refused(half.insert(db.writer()).await, is_neither);
    let part = |kind: &str| import_parts::ActiveModel {
        batch_id: Set(id(90)),
        kind: Set(kind.to_owned()),
        place: Set(0),
        bytes: Set(vec![0]),
    };
    assert_refused(part("file").insert(db.writer()).await, is_foreign_key);
    job("running", None).insert(db.writer()).await?;
    part("file").insert(db.writer()).await?;
    assert_refused(part("file").insert(db.writer()).await, is_unique);
    assert_refused(part("other").insert(db.writer()).await, is_neither);
    let change = import_changes::ActiveModel {
        batch_id: Set(id(90)),
        terminal_id: Set(id(11)),
        before: Set("{}".to_owned()),
        changed_at: Set(NOW),
    };
    change.insert(db.writer()).await?;
    let preview = full::preview(id(90));
    let (mut exploded, mut nameless) = (preview.clone(), preview.clone());
    exploded.effect = Set("exploded".to_owned());
    nameless.merchant_name = Set(None);
    assert_refused(exploded.insert(db.writer()).await, is_neither);
    assert_refused(nameless.insert(db.writer()).await, is_neither);
    preview.clone().insert(db.writer()).await?;
    assert_refused(preview.insert(db.writer()).await, is_unique);
    import_batches::Entity::delete_by_id(id(90)).exec(db.writer()).await?;
    assert_eq!(import_jobs::Entity::find().count(db.reader()).await?, 0);
    assert_eq!(import_parts::Entity::find().count(db.reader()).await?, 0);
    assert_eq!(import_changes::Entity::find().count(db.reader()).await?, 0);
    assert_eq!(import_previews::Entity::find().count(db.reader()).await?, 0);
    Ok(())
}

/// Merchants 1 and 2 with the stores 10 and 20, user 3, merchant 1's terminal 11 in store 10, app 4, the platform's
/// empty log.
async fn platform(db: &Database) -> Result<(), DbErr> {
    let txn = db.begin().await?;
    merchant(1).insert(&txn).await?;
    merchant(2).insert(&txn).await?;
    store(10, 1).insert(&txn).await?;
    store(20, 2).insert(&txn).await?;
    user(3).insert(&txn).await?;
    terminal(11, "SN11").insert(&txn).await?;
    apps::ActiveModel {
        id: Set(id(4)),
        package: Set("com.example.pay".to_owned()),
        name_zh: Set("收款".to_owned()),
        name_en: Set("Pay".to_owned()),
        publisher: Set("Example".to_owned()),
        payment: Set(true),
        created_at: Set(NOW),
        updated_at: Set(NOW),
    }
    .insert(&txn)
    .await?;
    log_heads::ActiveModel {
        chain: Set(Uuid::nil()),
        merchant_id: Set(None),
        last_sequence: Set(0),
        last_hash: Set(vec![0; 32]),
    }
    .insert(&txn)
    .await?;
    txn.commit().await
}
