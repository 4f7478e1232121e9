//! Which terminals are offered for a serial number that there is not.

use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::backend::terminals::Terminals;
use app::caller::{Caller, RequestInfo};
use app::domain::{MerchantId, Role, SerialNumber, UserId};
use uuid::Uuid;

on_both_engines!(the_likeliest_come_first_and_only_from_the_scope);

async fn offered(world: &World<'_>, caller: &Caller, typed: &str) -> Result<Vec<String>> {
    let found = world
        .services
        .terminals
        .look_alikes(caller, &SerialNumber::parse(typed)?)
        .await?;
    Ok(found.into_iter().map(|row| row.sn.to_string()).collect())
}

async fn the_likeliest_come_first_and_only_from_the_scope(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "PB1403D0782377,SUNMI,P2,,{XIAOMAN},\nPB1403D0782378,SUNMI,P2,,{XIAOMAN},\n\
             PB1403D078237,SUNMI,P2,,{XIAOMAN},\nPB1403D0872377,SUNMI,P2,,{SHENGJING},\n\
             161203824,Verifone,X990,,,\n"
        ))
        .await?;
    let merchant = world.terminals("PB1403D0782377").await?[0]
        .merchant_id
        .ok_or("no merchant")?;
    let owner = Caller::user(
        UserId(Uuid::nil()),
        "xiaoman".to_owned(),
        Role::MerchantOwner,
        Some(MerchantId(merchant)),
        RequestInfo::default(),
    )
    .ok_or("no caller")?;
    let platform = Caller::system("test");
    assert_eq!(offered(&world, &owner, "P8I4O3DO782377").await?, ["PB1403D0782377"]);
    assert_eq!(
        offered(&world, &owner, "PB1403D0782371").await?,
        ["PB1403D078237", "PB1403D0782377", "PB1403D0782378"]
    );
    // The number itself is no look-alike, and another merchant's terminal is not there.
    assert_eq!(
        offered(&world, &owner, "PB1403D0782377").await?,
        ["PB1403D078237", "PB1403D0782378"]
    );
    assert!(
        offered(&world, &platform, "PB1403D0782377")
            .await?
            .contains(&"PB1403D0872377".to_owned())
    );
    assert_eq!(offered(&world, &platform, "161203842").await?, ["161203824"]);
    assert!(offered(&world, &owner, "161203842").await?.is_empty());
    assert!(offered(&world, &platform, "NOTHING1").await?.is_empty());
    Ok(())
}
