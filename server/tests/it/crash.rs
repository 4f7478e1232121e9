//! The server is killed in the middle of everything: what was acknowledged is there, and nothing is there by half.

use crate::killed::{Served, call};
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World, XIAOMAN, bring_in};
use app::backend::codes::{Codes, Lifetime};
use app::caller::Caller;
use app::domain::{TerminalId, Timestamp};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement};
use serde_json::{Value, json};
use server::clock::{Entropy, Surroundings, SystemEntropy};
use server::database::{Database, Engine};
use server::entities::{activation_codes, device_log, terminals};
use server::services::Services;
use server::services::chain_verify::{Options, verify_with};
use server::services::checkpoints::keeper::FILE;
use server::services::checkpoints::key::SigningKey;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;

/// Terminals of a round, and how many of them are busy at once.
const TERMINALS: usize = 24;
const AT_ONCE: usize = 6;
/// The server lives no longer than this once the first terminal calls, or, in every other round, was answered.
const LONGEST_MS: u16 = 250;
/// Every so many rounds the whole log is checked, else what the round added.
const WHOLE: usize = 25;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() -> Outcome {
    rounds(TestDb::sqlite().await?, 5).await
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() -> Outcome {
    rounds(TestDb::postgres().await?, 5).await
}

/// `TILLKEEPER_TEST_CRASHES=1000 cargo test -p server --test it -- --ignored crash::long`
mod long {
    use super::{TestDb, rounds};
    use crate::support::Outcome;

    fn wanted() -> usize {
        let wanted = std::env::var("TILLKEEPER_TEST_CRASHES").ok();
        wanted.and_then(|wanted| wanted.parse().ok()).unwrap_or(100)
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "takes minutes"]
    async fn sqlite() -> Outcome {
        rounds(TestDb::sqlite().await?, wanted()).await
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "takes minutes"]
    async fn postgres() -> Outcome {
        rounds(TestDb::postgres().await?, wanted()).await
    }
}

/// What a terminal was told.
enum Acknowledged {
    Registered { sn: String, token: String },
    Refused { sn: String },
    SignedIn { sn: String },
    SignedOut { sn: String },
}

async fn rounds(db: TestDb, rounds: usize) -> Outcome {
    let world = World::new(&db).await?;
    world.sql("UPDATE merchants SET terminal_quota = 10000000").await?;
    // Closed, so that whoever opens a SQLite file after the server was killed has to recover it.
    Database::clone(&db).close().await?;
    let folder = tempfile::tempdir()?;
    let (mut acknowledged, mut cut_off) = (0, 0);
    let mut token = None;
    for round in 0..rounds {
        let begun = Surroundings::system().now();
        let database = Database::connect(db.url()).await?;
        let prepared = prepare(&database, round).await?;
        database.close().await?;
        let mut served = Served::start(db.url(), folder.path(), &[])?;
        if let Some(token) = token.take() {
            let bearer = format!("Bearer {token}");
            let headers = [("authorization", bearer.as_str())];
            let (status, body) = call(served.address, "GET", "/api/v1/terminals/me", &headers, "").await?;
            assert_eq!(status, 200, "a token of the last round: {body}");
        }
        let address = served.address;
        let (answered, mut any) = watch::channel(());
        let busy: Vec<_> = prepared
            .chunks(TERMINALS / AT_ONCE)
            .map(|some| tokio::spawn(load(address, some.to_vec(), answered.clone())))
            .collect();
        drop(answered);
        if round.is_multiple_of(2) {
            // Fails when all have ended without an answer.
            any.changed().await?;
        }
        let mut random = [0; 2];
        SystemEntropy.fill(&mut random);
        tokio::time::sleep(Duration::from_millis(u64::from(
            u16::from_be_bytes(random) % LONGEST_MS,
        )))
        .await;
        served.kill()?;
        let mut told = Vec::new();
        for one in busy {
            let (some, all_done) = one.await?;
            cut_off += usize::from(!all_done);
            told.extend(some);
        }
        let database = Database::connect(db.url()).await?;
        quiet(&database).await?;
        check(&database, &prepared, &told, begun).await?;
        let mut options = Options {
            since: Some(begun),
            ..Options::default()
        };
        if round + 1 == rounds || (round + 1).is_multiple_of(WHOLE) {
            options = whole(folder.path())?;
        }
        verify_with(database.reader(), &options, &mut |_| {}).await?;
        database.close().await?;
        token = told.iter().rev().find_map(|one| match one {
            Acknowledged::Registered { token, .. } => Some(token.clone()),
            _ => None,
        });
        acknowledged += told.len();
    }
    println!(
        "{rounds} kills, {acknowledged} acknowledged, {cut_off} of {} terminals at work cut off",
        rounds * AT_ONCE
    );
    assert!(acknowledged > 0 && cut_off > 0, "the kills came too early or too late");
    Ok(())
}

/// Everything, and the checkpoints that the killed servers signed.
fn whole(folder: &Path) -> Result<Options> {
    Ok(Options {
        keys: vec![SigningKey::open(&folder.join("log-signing.key"))?.public()],
        checkpoints: vec![folder.join(FILE)],
        ..Options::default()
    })
}

/// Terminals with an activation code each.
async fn prepare(database: &Database, round: usize) -> Result<Vec<(String, String)>> {
    let services = Services::new(database.clone(), Surroundings::system())?;
    let system = Caller::system("test");
    let sns: Vec<_> = (0..TERMINALS).map(|n| format!("CRASH{round:05}{n:03}")).collect();
    let rows: String = sns.iter().map(|sn| format!("{sn},PAX,S90,,{XIAOMAN},\n")).collect();
    bring_in(&services, &rows).await?;
    let mut prepared = Vec::new();
    for sn in sns {
        let found = terminals::Entity::find().filter(terminals::Column::Sn.eq(&sn));
        let terminal = found.one(database.reader()).await?.ok_or("no terminal")?;
        let by = system.code_issuer()?;
        let issued = services
            .codes
            .issue(by, TerminalId(terminal.id), None, Lifetime::Standard)
            .await?;
        prepared.push((sn, issued.code.to_string()));
    }
    Ok(prepared)
}

/// Each terminal tries a wrong code for another serial number, registers, signs in and signs out. Answers what was
/// acknowledged, and whether all of it was done.
async fn load(
    address: SocketAddr,
    terminals: Vec<(String, String)>,
    answered: watch::Sender<()>,
) -> (Vec<Acknowledged>, bool) {
    let mut told = Vec::new();
    for (sn, code) in terminals {
        if work(address, &sn, &code, &mut told, &answered).await.is_err() {
            return (told, false);
        }
    }
    (told, true)
}

async fn work(
    address: SocketAddr,
    sn: &str,
    code: &str,
    told: &mut Vec<Acknowledged>,
    answered: &watch::Sender<()>,
) -> Result<()> {
    // An address of its own, so that nobody has tried too often.
    let from = sn
        .bytes()
        .fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let from = std::net::Ipv4Addr::from(from | 0x0b00_0000).to_string();
    let headers = [("x-forwarded-for", from.as_str())];
    let register = "/api/v1/terminals/register";
    let unknown = format!("NOBODY{sn}");
    let wrong = json!({ "sn": unknown, "activation_code": "0000-0000-000000" }).to_string();
    let (status, body) = call(address, "POST", register, &headers, &wrong).await?;
    assert_eq!(status, 422, "{body}");
    told.push(Acknowledged::Refused { sn: unknown });
    answered.send_replace(());
    let right = json!({ "sn": sn, "activation_code": code }).to_string();
    let (status, body) = call(address, "POST", register, &headers, &right).await?;
    assert_eq!(status, 201, "{body}");
    let answer: Value = serde_json::from_str(&body)?;
    let token = answer["token"].as_str().ok_or("no token")?.to_owned();
    let bearer = format!("Bearer {token}");
    told.push(Acknowledged::Registered {
        sn: sn.to_owned(),
        token,
    });
    let headers = [("authorization", bearer.as_str())];
    let operator = json!({ "operator_no": "01" }).to_string();
    let (status, body) = call(address, "POST", "/api/v1/terminals/me/sign-in", &headers, &operator).await?;
    assert_eq!(status, 200, "{body}");
    told.push(Acknowledged::SignedIn { sn: sn.to_owned() });
    let (status, body) = call(address, "POST", "/api/v1/terminals/me/sign-out", &headers, "{}").await?;
    assert_eq!(status, 200, "{body}");
    told.push(Acknowledged::SignedOut { sn: sn.to_owned() });
    Ok(())
}

/// Waits until PostgreSQL has ended what a killed client had begun.
async fn quiet(database: &Database) -> Result<()> {
    if database.engine() == Engine::Sqlite {
        return Ok(());
    }
    let busy = "SELECT count(*) AS busy FROM pg_stat_activity WHERE datname = current_database() \
                AND pid <> pg_backend_pid() AND state <> 'idle'";
    for _ in 0..500 {
        let statement = Statement::from_string(sea_orm::DbBackend::Postgres, busy);
        let row = database.reader().query_one_raw(statement).await?.ok_or("no count")?;
        if row.try_get::<i64>("", "busy")? == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err("PostgreSQL does not end what the server had begun".into())
}

async fn check(
    database: &Database,
    prepared: &[(String, String)],
    told: &[Acknowledged],
    begun: Timestamp,
) -> Result<()> {
    let sns = prepared.iter().map(|(sn, _)| sn.as_str());
    let found = terminals::Entity::find().filter(terminals::Column::Sn.is_in(sns));
    let found = found.all(database.reader()).await?;
    assert_eq!(found.len(), prepared.len());
    let since = uuid::Uuid::from_u128(u128::try_from(begun.0)? << 80);
    let log = device_log::Entity::find().filter(device_log::Column::Id.gte(since));
    let log = log.all(database.reader()).await?;
    let ids = found.iter().map(|terminal| terminal.id);
    let codes = activation_codes::Entity::find().filter(activation_codes::Column::TerminalId.is_in(ids));
    let codes = codes.all(database.reader()).await?;
    let entries = |of: &terminals::Model, kind: &str| {
        let of_kind = log
            .iter()
            .filter(|entry| entry.terminal_id == Some(of.id) && entry.kind == kind);
        of_kind.count()
    };
    // Registered wholly, or not at all.
    for terminal in &found {
        let registered = terminal.lifecycle == "registered";
        let consumed = codes
            .iter()
            .filter(|code| code.terminal_id == terminal.id && code.state == "consumed");
        assert_eq!(
            (
                terminal.registered_at.is_some(),
                terminal.token_hash.is_some(),
                consumed.count(),
                entries(terminal, "code.consumed"),
                entries(terminal, "registration.succeeded"),
            ),
            (
                registered,
                registered,
                registered.into(),
                registered.into(),
                registered.into()
            ),
            "{terminal:?}"
        );
    }
    let by_sn: HashMap<&str, &terminals::Model> =
        found.iter().map(|terminal| (terminal.sn.as_str(), terminal)).collect();
    for one in told {
        match one {
            Acknowledged::Registered { sn, .. } => assert_eq!(by_sn[sn.as_str()].lifecycle, "registered", "{sn}"),
            Acknowledged::SignedIn { sn } => assert_eq!(entries(by_sn[sn.as_str()], "terminal.signed_in"), 1, "{sn}"),
            Acknowledged::SignedOut { sn } => assert_eq!(entries(by_sn[sn.as_str()], "terminal.signed_out"), 1, "{sn}"),
            Acknowledged::Refused { sn } => {
                let refused = log.iter().filter(|entry| entry.sn_sent.as_ref() == Some(sn));
                assert_eq!(
                    refused.filter(|entry| entry.kind == "registration.failed").count(),
                    1,
                    "{sn}"
                );
            }
        }
    }
    Ok(())
}
