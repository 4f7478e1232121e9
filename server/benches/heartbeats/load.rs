//! Load by wrk, and what it says of it.

use crate::{PATH, Result, script};
use std::net::SocketAddr;
use std::path::Path;
use tokio::process::Command;

/// Connections that send at the same time: heartbeats come from many terminals.
const CONNECTIONS: &str = "64";

/// What a run of wrk came to.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) requests_per_second: f64,
    /// Half of the answers came within this, with its unit.
    pub(crate) p50: String,
    /// 99 of 100 answers came within this, with its unit.
    pub(crate) p99: String,
}

/// Sends heartbeats for some seconds with the tokens of `folder`.
pub(crate) async fn wrk(address: SocketAddr, folder: &Path, seconds: u32) -> Result<Load> {
    let output = Command::new("wrk")
        .args([
            "--latency",
            "--threads",
            "1",
            "--timeout",
            "10",
            "--connections",
            CONNECTIONS,
        ])
        .args(["--duration", &format!("{seconds}s"), "--script"])
        .arg(script())
        .arg(format!("http://{address}{PATH}"))
        .arg("--")
        .arg(folder.join("tokens"))
        .output()
        .await
        .map_err(|error| format!("wrk cannot be run ({error}); on Debian: apt-get install wrk"))?;
    let said = String::from_utf8(output.stdout)?;
    if said.contains("Non-2xx") || said.contains("Socket errors") {
        return Err(format!("not every heartbeat was answered:\n{said}").into());
    }
    let after = |label: &str| {
        let line = said.lines().map(str::trim).find(|line| line.starts_with(label));
        let value = line.and_then(|line| line.split_whitespace().last());
        value
            .map(str::to_owned)
            .ok_or_else(|| format!("wrk says nothing of {label}:\n{said}"))
    };
    Ok(Load {
        requests_per_second: after("Requests/sec:")?.parse()?,
        p50: after("50%")?,
        p99: after("99%")?,
    })
}

/// The run in the middle.
pub(crate) fn median(mut loads: Vec<Load>) -> Load {
    loads.sort_by(|a, b| a.requests_per_second.total_cmp(&b.requests_per_second));
    loads.swap_remove(loads.len() / 2)
}
