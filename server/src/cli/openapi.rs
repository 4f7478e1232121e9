//! `tillkeeper openapi`

use super::failure::Failure;
use crate::device_api;
use std::io::{self, Write};

/// Print the device API's description (OpenAPI 3.1, JSON)
#[derive(Debug, clap::Args)]
pub(super) struct Openapi {}

impl Openapi {
    pub(super) fn run(self) -> Result<(), Failure> {
        let document = device_api::openapi()
            .to_pretty_json()
            .map_err(|error| Failure::failed(format!("the description cannot be written: {error}.")))?;
        writeln!(io::stdout(), "{document}")?;
        Ok(())
    }
}
