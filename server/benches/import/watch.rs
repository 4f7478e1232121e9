//! `tillkeeper import` as a process, and the most memory that it had.

use super::Result;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// How often its memory is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Most bytes of memory.
#[derive(Default)]
pub(super) struct Peak {
    /// The process's own.
    pub(super) own_bytes: u64,
    /// With the pages of files that it had mapped, which the system takes back at will.
    pub(super) all_bytes: u64,
}

/// Imports a file into the database of a URL.
pub(super) async fn import(url: &str, file: &Path) -> Result<Peak> {
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_tillkeeper"))
        .arg("import")
        .arg(file)
        .env("TILLKEEPER_DATABASE_URL", url)
        .stdout(Stdio::null())
        .spawn()?;
    let id = child.id().ok_or("it has ended already")?;
    let mut peak = Peak::default();
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            () = tokio::time::sleep(LOOK) => {
                let Ok(status) = std::fs::read_to_string(format!("/proc/{id}/status")) else {
                    continue;
                };
                peak.own_bytes = peak.own_bytes.max(value(&status, "RssAnon:"));
                peak.all_bytes = peak.all_bytes.max(value(&status, "VmHWM:"));
            }
        }
    };
    if !status.success() {
        return Err(format!("the import ended with {status}").into());
    }
    Ok(peak)
}

/// A value of `/proc/PID/status` in bytes (proc_pid_status(5)).
fn value(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
