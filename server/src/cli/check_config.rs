//! `tillkeeper check-config`

use super::context::Context;
use super::failure::Failure;
use crate::config::{Config, Origin, SETTINGS};
use std::io::{self, Write};

/// Check the settings and print those in force, with passwords masked
///
/// One line per setting: its name, its value, and where it came from.
#[derive(Debug, clap::Args)]
pub(super) struct CheckConfig {}

impl CheckConfig {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let loaded = context.load()?;
        let mut out = io::stdout().lock();
        for setting in SETTINGS {
            let value = shown(&loaded.config, setting.key);
            let origin = loaded.origins.get(setting.key).unwrap_or(&Origin::Default);
            writeln!(out, "{} = {value} ({origin})", setting.key)?;
        }
        Ok(())
    }
}

/// A setting's value as it is written in the file.
fn shown(config: &Config, key: &str) -> String {
    match key {
        "database_url" => format!("{:?}", config.database_url.to_string()),
        "listen" => format!("{:?}", config.listen.to_string()),
        "data_dir" => format!("{:?}", config.data_dir.display().to_string()),
        "public_url" => config
            .public_url
            .as_ref()
            .map_or_else(|| "not set".to_owned(), |url| format!("{:?}", url.origin())),
        "trusted_proxies" => format!(
            "{:?}",
            config
                .trusted_proxies
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        ),
        "session_idle_platform" => format!("{:?}", config.session_idle_platform.to_string()),
        "session_idle_merchant" => format!("{:?}", config.session_idle_merchant.to_string()),
        "require_second_factor" => config.require_second_factor.to_string(),
        "log_key" => format!("{:?}", config.log_key.display().to_string()),
        "log_checkpoint_interval" => format!("{:?}", config.log_checkpoint_interval.to_string()),
        "log_retention_months" => config.log_retention_months.to_string(),
        "site_dir" => format!("{:?}", config.site_dir.display().to_string()),
        "log" => format!("{:?}", config.log),
        _ => format!("{:?}", <&str>::from(config.log_format)),
    }
}
