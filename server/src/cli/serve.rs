//! `tillkeeper serve`

use super::context::Context;
use super::failure::Failure;
use crate::{serve, telemetry};
use std::io::{self, Write};

/// Serve the portal and the device API until told to stop
///
/// Creates the database when there is none and brings its tables up to date. While there is no user, prints a one-time
/// link that creates the platform administrator. Prints "listening on http://..." once it
/// answers. SIGTERM or Ctrl-C ends it within ten seconds; requests that have begun are answered first.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {}

impl Serve {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.load()?.config;
        telemetry::start(&config);
        let origin = config.public_url.as_ref().map(|url| url.origin().to_owned());
        let ready = |address, set_up: Option<String>| {
            let mut out = io::stdout().lock();
            writeln!(out, "listening on http://{address}")?;
            if let Some(path) = set_up {
                let origin = origin.unwrap_or_else(|| format!("http://{address}"));
                writeln!(
                    out,
                    "There is no user yet. Open this link within 24 hours to create the platform administrator; it works \
                     once:\n{origin}{path}"
                )?;
            }
            out.flush()
        };
        serve::serve(&config, ready)
            .await
            .map_err(|error| Failure::failed(format!("{error}.")))
    }
}
