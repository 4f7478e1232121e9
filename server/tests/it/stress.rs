//! Many at once on one serial number: one winner, everybody told, everything logged.

use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World, XIAOMAN};
use app::backend::codes::{Codes, Lifetime};
use app::backend::registration::{ClaimInput, Registration};
use app::caller::{Caller, RequestInfo};
use app::domain::TerminalId;
use app::error::AppError;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use server::entities::device_log;

on_both_engines!(a_hundred_claims_have_one_winner);

/// Claims at once.
const CLAIMS: usize = 100;

/// A hundred terminals claim the same serial number with the same code, each from an address of its own.
async fn rush(world: &World<'_>, sn: &str) -> Result<()> {
    let system = Caller::system("test");
    let terminal = TerminalId(world.terminals(sn).await?.pop().ok_or("no terminal")?.id);
    let by = system.code_issuer()?;
    let issued = world
        .services
        .codes
        .issue(by, terminal, None, Lifetime::Counter)
        .await?;
    let mut claims = tokio::task::JoinSet::new();
    for at in 0..CLAIMS {
        let registration = world.services.registration.clone();
        let input = ClaimInput {
            sn: sn.to_owned(),
            activation_code: issued.code.to_string(),
            ..ClaimInput::default()
        };
        claims.spawn(async move {
            let request = RequestInfo {
                address: Some(format!("192.0.2.{at}")),
                id: format!("claim-{at}"),
                ..RequestInfo::default()
            };
            registration.claim(&request, &input).await.map(|claimed| claimed.token)
        });
    }
    let (mut won, mut refused) = (0, 0);
    while let Some(claimed) = claims.join_next().await {
        match claimed? {
            Ok(_) => won += 1,
            Err(AppError::Refused(_)) => refused += 1,
            Err(error) => return Err(error.into()),
        }
    }
    assert_eq!((won, refused), (1, CLAIMS - 1));
    // One entry for each attempt, and one for the code that was used.
    let of = async |kind: &str| {
        device_log::Entity::find()
            .filter(device_log::Column::SnNormalized.eq(sn))
            .filter(device_log::Column::Kind.eq(kind))
            .count(world.db.reader())
            .await
    };
    assert_eq!(of("registration.succeeded").await?, 1);
    assert_eq!(of("registration.failed").await?, CLAIMS as u64 - 1);
    assert_eq!(of("code.consumed").await?, 1);
    Ok(())
}

async fn rounds(db: &TestDb, rounds: usize) -> Outcome {
    let world = World::new(db).await?;
    world.sql("UPDATE merchants SET terminal_quota = 100000").await?;
    for round in 0..rounds {
        let sn = format!("RUSH{round:04}");
        world.import(&format!("{sn},PAX,S90,,{XIAOMAN},\n")).await?;
        rush(&world, &sn).await?;
    }
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn a_hundred_claims_have_one_winner(db: &TestDb) -> Outcome {
    rounds(db, 2).await
}

/// A thousand rounds: `cargo test -p server --test it -- --ignored stress`
mod long {
    use super::{TestDb, rounds};
    use crate::support::Outcome;

    const ROUNDS: usize = 1000;

    /// What breaks on the way says why.
    fn listen() {
        let _already = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::ERROR)
            .with_test_writer()
            .try_init();
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "takes minutes"]
    async fn sqlite() -> Outcome {
        listen();
        rounds(&TestDb::sqlite().await?, ROUNDS).await
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "takes minutes"]
    async fn postgres() -> Outcome {
        listen();
        rounds(&TestDb::postgres().await?, ROUNDS).await
    }
}
