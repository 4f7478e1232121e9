//! `tillkeeper serve`

use super::context::Context;
use super::failure::Failure;
use crate::{serve, telemetry};
use std::io::{self, Write};

/// Serve the portal and the device API until told to stop
///
/// Creates the database when there is none and brings its tables up to date. Prints "listening on http://..." once it
/// answers. SIGTERM or Ctrl-C ends it within ten seconds; requests that have begun are answered first.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {}

impl Serve {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.load()?.config;
        telemetry::start(&config);
        let ready = |address| {
            let mut out = io::stdout().lock();
            writeln!(out, "listening on http://{address}")?;
            out.flush()
        };
        serve::serve(&config, ready)
            .await
            .map_err(|error| Failure::failed(format!("{error}.")))
    }
}
