//! The demo data, on both engines alike.

use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use app::backend::verdicts::Verdicts;
use app::caller::Caller;
use app::domain::{Lifecycle, Reason, SerialNumber, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use server::clock::{Clock, Surroundings, SystemEntropy};
use server::demo::{self, Contents, DemoError, Options};
use server::entities::{app_installs, device_log, import_batches, merchants, stores, terminals, users};
use server::services::chain_verify::verify;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use strum::VariantArray;

on_both_engines!(
    every_state_and_every_refusal_is_there,
    many_terminals_are_as_many_as_asked_for,
    what_fails_leaves_nothing
);

/// 2026-11-22T08:00:00Z
const NOW: Timestamp = Timestamp(1_795_334_400_000);
const PASSWORD: &str = "demo-password-1";

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }
}

fn surroundings() -> Surroundings {
    Surroundings::new(Stopped, SystemEntropy)
}

async fn seed(db: &TestDb, terminals: u64) -> Result<(), DemoError> {
    let options = Options {
        terminals,
        password: Some(PASSWORD.to_owned()),
    };
    let sign_ins = demo::seed(db, &surroundings(), &options, |_| Ok(()), &mut |_| ()).await?;
    assert!(sign_ins.iter().all(|sign_in| sign_in.password == PASSWORD));
    Ok(())
}

async fn every_state_and_every_refusal_is_there(db: &TestDb) -> Outcome {
    assert_eq!(demo::contents(db.reader()).await?, Contents::Nothing);
    seed(db, demo::TERMINALS).await?;
    assert_eq!(demo::contents(db.reader()).await?, Contents::Demo);

    let fleet = terminals::Entity::find().all(db.reader()).await?;
    assert_eq!(fleet.len(), 120);
    for state in Lifecycle::VARIANTS {
        assert!(
            fleet
                .iter()
                .filter(|terminal| terminal.lifecycle == state.code())
                .count()
                >= 5,
            "{state:?}"
        );
    }
    let registered: Vec<_> = fleet
        .iter()
        .filter(|terminal| terminal.lifecycle == "registered")
        .collect();
    let token = |terminal: &terminals::Model| terminal.token_hash.is_some();
    let seen = |terminal: &terminals::Model| terminal.last_seen_at.map(|at| NOW.0 - at);
    assert!(
        registered
            .iter()
            .any(|terminal| !token(terminal) && seen(terminal).is_none())
    );
    assert!(
        registered
            .iter()
            .any(|terminal| token(terminal) && seen(terminal).is_none())
    );
    assert!(
        registered
            .iter()
            .any(|terminal| token(terminal) && seen(terminal).is_some_and(|age| age < 300_000))
    );
    assert!(
        registered
            .iter()
            .any(|terminal| token(terminal) && seen(terminal).is_some_and(|age| age > 3_600_000))
    );
    let instants = |t: &terminals::Model| [Some(t.created_at), t.registered_at, t.token_issued_at, t.last_seen_at];
    assert!(fleet.iter().flat_map(instants).flatten().all(|at| at <= NOW.0));

    let mut records: BTreeMap<&str, Vec<&terminals::Model>> = BTreeMap::new();
    for terminal in &fleet {
        records.entry(&terminal.sn).or_default().push(terminal);
    }
    let twice: Vec<_> = records.values().filter(|records| records.len() > 1).collect();
    assert!(
        twice
            .iter()
            .any(|records| records[0].manufacturer != records[1].manufacturer)
    );
    assert!(twice.iter().any(|records| {
        records[0].manufacturer == records[1].manufacturer
            && records
                .iter()
                .filter(|terminal| terminal.lifecycle == "retired")
                .count()
                == 1
    }));

    let services = server::services::Services::new(Clone::clone(&**db), surroundings())?;
    let numbers: Vec<_> = records
        .keys()
        .map(|sn| SerialNumber::parse(sn))
        .collect::<Result<_, _>>()?;
    let judged = services.verdicts.list(&Caller::system("test"), &numbers).await?;
    let answers: BTreeSet<_> = judged.iter().map(|one| format!("{:?}", one.verdict.answer())).collect();
    for answer in [
        "Ready",
        "No(PaperOut)",
        "No(NotRegistered)",
        "No(NotConnected)",
        "No(NotSignedIn)",
        "No(AppExpired)",
    ] {
        assert!(answers.iter().any(|found| found == answer), "{answer}: {answers:?}");
    }

    let installs = app_installs::Entity::find().all(db.reader()).await?;
    for state in ["installed", "failed"] {
        assert!(
            installs.iter().filter(|install| install.state == state).count() >= 3,
            "{state}"
        );
    }
    let log = device_log::Entity::find()
        .order_by_asc(device_log::Column::Id)
        .all(db.reader())
        .await?;
    for kind in [
        "app.granted",
        "app.revoked",
        "app.expired",
        "app.installed",
        "app.failed",
    ] {
        assert!(log.iter().any(|entry| entry.kind == kind), "{kind}");
    }
    // What has ended is told, and the server has nothing to add.
    assert_eq!(services.grants.sweep().await?, 0);
    let reasons: BTreeSet<&str> = log.iter().filter_map(|entry| entry.reason.as_deref()).collect();
    for reason in Reason::VARIANTS {
        // These come with what later issues build.
        let later = [
            Reason::CodeRevoked,
            Reason::MerchantSuspended,
            Reason::TerminalRetired,
            Reason::TooManyAttempts,
        ];
        assert_eq!(reasons.contains(reason.code()), !later.contains(reason), "{reason:?}");
    }
    let mut sequences: BTreeMap<_, i64> = BTreeMap::new();
    for entry in &log {
        assert!(entry.received_at <= NOW.0 && entry.occurred_at == entry.received_at);
        let last = sequences.entry(entry.chain).or_default();
        assert_eq!(entry.sequence, *last + 1, "the log sorts as its chains do");
        *last = entry.sequence;
    }
    let verified = verify(db.reader(), &mut |_| ()).await?;
    assert_eq!((verified.chains, verified.entries), (9, log.len() as u64));

    for user in users::Entity::find().all(db.reader()).await? {
        assert!(
            user.password_hash.is_some_and(|hash| hash.starts_with("$argon2id$")),
            "{}",
            user.login
        );
    }
    Ok(())
}

async fn many_terminals_are_as_many_as_asked_for(db: &TestDb) -> Outcome {
    seed(db, 3_333).await?;
    assert_eq!(terminals::Entity::find().count(db.reader()).await?, 3_333);
    let merchants = merchants::Entity::find()
        .order_by_asc(merchants::Column::Id)
        .all(db.reader())
        .await?;
    assert!((15..40).contains(&merchants.len()), "{}", merchants.len());
    let numbers: HashSet<&str> = merchants.iter().map(|merchant| merchant.merchant_no.as_str()).collect();
    assert_eq!(numbers.len(), merchants.len());
    assert!(numbers.iter().all(|number| number.len() == 15));
    for merchant in &merchants {
        let stores = stores::Entity::find().filter(stores::Column::MerchantId.eq(merchant.id));
        assert!((1..=6).contains(&stores.count(db.reader()).await?));
        let used = terminals::Entity::find()
            .filter(terminals::Column::MerchantId.eq(merchant.id))
            .filter(terminals::Column::Lifecycle.is_in(["registered", "suspended"]))
            .count(db.reader())
            .await?;
        assert!(i64::try_from(used)? <= merchant.terminal_quota, "{}", merchant.name);
    }
    let imported: i64 = import_batches::Entity::find()
        .all(db.reader())
        .await?
        .iter()
        .map(|b| b.rows_total)
        .sum();
    assert_eq!(imported, 3_333);
    verify(db.reader(), &mut |_| ()).await?;
    Ok(())
}

async fn what_fails_leaves_nothing(db: &TestDb) -> Outcome {
    let options = Options {
        terminals: demo::TERMINALS,
        password: Some(PASSWORD.to_owned()),
    };
    let full = |_: &[demo::SignIn]| Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
    let failed = demo::seed(db, &surroundings(), &options, full, &mut |_| ()).await;
    assert!(matches!(failed, Err(DemoError::Keep(_))));
    assert_eq!(demo::contents(db.reader()).await?, Contents::Nothing);
    assert_eq!(device_log::Entity::find().count(db.reader()).await?, 0);

    seed(db, demo::TERMINALS).await?;
    assert!(matches!(seed(db, demo::TERMINALS).await, Err(DemoError::InUse)));
    assert_eq!(terminals::Entity::find().count(db.reader()).await?, demo::TERMINALS);
    Ok(())
}
