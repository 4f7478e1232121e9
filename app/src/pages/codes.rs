//! The forms about activation codes on a terminal's page; see [`crate::components::terminal_codes`]. The code that
//! travels with a terminal is issued by [`super::device`].

use super::device_address;
use crate::backend::codes::Lifetime;
use crate::domain::{SerialNumber, TerminalId};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, action, actor, redirect_with};
use leptos::prelude::*;

/// Issues a code of 15 minutes; leads back to the terminal's page with the code, or with the reason why not.
#[server(prefix = "/actions", endpoint = "counter-code")]
pub async fn counter_code(
    #[server(default)] terminal: String,
    #[server(default)] sn: String,
    #[server(default)] manufacturer: String,
    #[server(default)] merchant_no: String,
) -> Result<(), ServerFnError> {
    let path = page_of(&sn, &manufacturer);
    action(path.clone(), async move {
        let (caller, backend) = actor()?;
        let (sn, terminal) = named(&sn, &terminal)?;
        let merchant_no = Some(merchant_no.trim()).filter(|number| !number.is_empty());
        let by = caller.code_issuer()?;
        let issued = backend
            .codes
            .issue(by, terminal, merchant_no, Lifetime::Counter)
            .await?;
        let flash = Flash::CodeIssued {
            sn: sn.to_string(),
            code: issued.code.to_string(),
            expires: issued.expires.0,
        };
        Ok(redirect_with(path, flash))
    })
    .await
}

/// Withdraws the code that is out; leads back to the terminal's page.
#[server(prefix = "/actions", endpoint = "revoke-code")]
pub async fn revoke_code(
    #[server(default)] terminal: String,
    #[server(default)] sn: String,
    #[server(default)] manufacturer: String,
) -> Result<(), ServerFnError> {
    let path = page_of(&sn, &manufacturer);
    action(path.clone(), async move {
        let (caller, backend) = actor()?;
        let (sn, terminal) = named(&sn, &terminal)?;
        backend.codes.revoke(caller.code_issuer()?, terminal).await?;
        Ok(redirect_with(path, Flash::CodeRevoked { sn: sn.to_string() }))
    })
    .await
}

fn page_of(sn: &str, manufacturer: &str) -> String {
    let sn: String = sn.chars().take(200).collect();
    device_address(&sn, Some(manufacturer).filter(|maker| !maker.is_empty()))
}

fn named(sn: &str, terminal: &str) -> Result<(SerialNumber, TerminalId), AppError> {
    let sn = SerialNumber::parse(sn)?;
    let terminal = terminal.parse().map_err(|_| AppError::Invalid(Invalid::Form))?;
    Ok((sn, terminal))
}
