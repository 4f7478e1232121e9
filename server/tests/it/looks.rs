//! How pages look: what the cookie remembers stands in the markup from the first byte, and instants are told in the time
//! zone of whoever looks.

use crate::client::between;
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{World, XIAOMAN};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use server::entities::merchants;

on_both_engines!(looks_are_remembered, a_merchant_sees_its_own_time);

async fn looks_are_remembered(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut visitor = world.visitor();
    let page = visitor.get("/sign-in").await?;
    page.is_silent_on(&["data-theme", "class=\"large\""]);
    page.says(&["name=\"color-scheme\" content=\"light dark\""]);
    let page = visitor
        .submit("/preferences", &[("theme", "dark"), ("back", "/sign-in?next=%2Flogs")])
        .await?;
    page.says(&[
        "data-theme=\"dark\"",
        "name=\"color-scheme\" content=\"dark\"",
        "value=\"/logs\"",
    ]);
    let page = visitor
        .submit("/preferences", &[("text", "large"), ("back", "/sign-in")])
        .await?;
    page.says(&["data-theme=\"dark\"", "class=\"large\""]);
    // Signing in changes nothing of it.
    let mut owner = world.signed_in("xiaoman").await?;
    owner.cookies.extend(visitor.cookies.clone());
    owner.get("/").await?.says(&["data-theme=\"dark\"", "class=\"large\""]);
    // What means nothing changes nothing, and leads nowhere else.
    let fields = [("theme", "pink"), ("text", "\"><script>"), ("back", "//evil")];
    let answer = owner.post("/preferences", &fields).await?;
    assert_eq!(answer.location(), Some("/"));
    owner.get("/").await?.says(&["data-theme=\"dark\"", "class=\"large\""]);
    let page = owner
        .submit(
            "/preferences",
            &[("theme", "auto"), ("text", "normal"), ("back", "/settings/account")],
        )
        .await?;
    page.is_silent_on(&["data-theme", "class=\"large\""]);
    Ok(())
}

async fn a_merchant_sees_its_own_time(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    // 23:30 in Shanghai, 00:30 of the next day in Tokyo.
    world.clock.advance_ms((11 * 60 + 30) * 60_000);
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let mut admin = world.signed_in("admin").await?;
    let imported = |page: &str| {
        let time = between(page, "<time ", "</time>").and_then(|time| time.split('>').nth(1));
        time.map(str::to_owned)
    };
    let of_the_next_day = "/logs?from=2026-03-02";
    let before = owner.get("/logs").await?;
    assert_eq!(imported(&before.body).as_deref(), Some("2026-03-01 23:30"));
    owner.get(of_the_next_day).await?.is_silent_on(&["OWN10001</"]);
    merchants::Entity::update_many()
        .set(merchants::ActiveModel {
            time_zone: Set("Asia/Tokyo".to_owned()),
            ..Default::default()
        })
        .filter(merchants::Column::MerchantNo.eq(XIAOMAN))
        .exec(db.writer())
        .await?;
    let after = owner.get("/logs").await?;
    assert_eq!(imported(&after.body).as_deref(), Some("2026-03-02 00:30"));
    after.says(&["datetime=\"2026-03-02T00:30:00+09:00\""]);
    // Filters mean the merchant's days.
    owner.get(of_the_next_day).await?.says(&["OWN10001</"]);
    owner.get("/logs?to=2026-03-01").await?.is_silent_on(&["OWN10001</"]);
    // The platform has its own.
    let platform = admin.get("/logs").await?;
    assert_eq!(imported(&platform.body).as_deref(), Some("2026-03-01 23:30"));
    admin.get(of_the_next_day).await?.is_silent_on(&["OWN10001</"]);
    admin.get("/logs?to=2026-03-01").await?.says(&["OWN10001</"]);
    Ok(())
}
