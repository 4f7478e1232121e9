//! What no well-behaved client sends: every field at its limits and beyond, wrong types and unknown names, broken bodies, what
//! comes twice or in the wrong order, and a clock that is far off. It is refused in words or does no harm.

mod api;
mod forms;
mod order;

use crate::client::{Client, code_on};
use crate::world::{Result, World, XIAOMAN};
use serde_json::json;

pub(super) const REGISTER: &str = "/api/v1/terminals/register";
pub(super) const SIGN_IN: &str = "/api/v1/terminals/me/sign-in";
pub(super) const SIGN_OUT: &str = "/api/v1/terminals/me/sign-out";
pub(super) const HEARTBEAT: &str = "/api/v1/terminals/me/heartbeat";
pub(super) const ME: &str = "/api/v1/terminals/me";

/// A fresh code for a terminal of the first merchant.
pub(super) async fn code_for(world: &World<'_>, admin: &mut Client, sn: &str) -> Result<String> {
    let id = world.terminals(sn).await?.pop().ok_or("no terminal")?.id.to_string();
    let fields = [("terminal", id.as_str()), ("merchant_no", XIAOMAN), ("sn", sn)];
    let page = admin.submit("/actions/issue-code", &fields).await?;
    code_on(&page.body).ok_or_else(|| format!("no code on {page:?}").into())
}

/// Registers a terminal and answers its token.
pub(super) async fn token_for(world: &World<'_>, admin: &mut Client, sn: &str) -> Result<String> {
    let body = json!({ "sn": sn, "activation_code": code_for(world, admin, sn).await? });
    let answer = world.visitor().post_json(REGISTER, &body).await?.json()?;
    Ok(answer["token"].as_str().ok_or("no token")?.to_owned())
}

pub(super) fn with_token(world: &World<'_>, token: &str) -> Client {
    world.visitor().with_header("authorization", &format!("Bearer {token}"))
}
