//! Acknowledged means on disk: by the system calls that the server makes, in their order. Linux only, for strace.

use crate::killed::{Served, call};
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World, XIAOMAN};
use app::backend::codes::{Codes, Lifetime};
use app::caller::Caller;
use app::domain::TerminalId;
use serde_json::json;
use server::clock::Surroundings;
use server::services::Services;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const CALLS: &str = "trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg,read,readv,recvfrom,recvmsg";

/// A system call: when it began and ended, in microseconds.
#[derive(Debug)]
struct Call {
    begun: u64,
    ended: u64,
    text: String,
}

impl Call {
    fn is_of_log(&self, names: &[&str]) -> bool {
        let (name, rest) = self.text.split_once('(').unwrap_or_default();
        let file = rest.split_once('>').map_or(rest, |(file, _)| file);
        names.contains(&name) && file.ends_with(".db-wal")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_leaves_after_the_commit_has_reached_the_disk() -> Outcome {
    let db = TestDb::sqlite().await?;
    let world = World::new(&db).await?;
    world.import(&format!("TRACED01,PAX,S90,,{XIAOMAN},\n")).await?;
    let terminal = TerminalId(world.terminals("TRACED01").await?[0].id);
    let services = Services::new(server::database::Database::clone(&db), Surroundings::system())?;
    let system = Caller::system("test");
    let issued = services
        .codes
        .issue(system.code_issuer()?, terminal, None, Lifetime::Standard)
        .await?;

    let folder = tempfile::tempdir()?;
    let traces = folder.path().join("trace");
    // The tracer is the server's child and not the other way round, so that what is killed is the server. A file for each thread, so that no call is cut in two; instants and lengths of all by one clock.
    let strace = ["strace", "-D", "-ff", "-ttt", "-T", "-y", "-s", "64", "-e", CALLS, "-o"];
    let strace: Vec<&str> = strace.into_iter().chain(traces.to_str()).collect();
    if Command::new("strace").arg("-V").output().is_err() {
        return Err("strace is not installed; on Debian or Ubuntu: apt-get install strace".into());
    }
    let mut served = Served::start(db.url(), folder.path(), &strace)?;
    settled(folder.path()).await?;
    let body = json!({ "sn": "TRACED01", "activation_code": issued.code.to_string() }).to_string();
    let (status, answer) = call(served.address, "POST", "/api/v1/terminals/register", &[], &body).await?;
    assert_eq!(status, 201, "{answer}");
    served.terminate()?;

    let calls = calls(folder.path())?;
    let asked = calls
        .iter()
        .find(|call| call.text.contains("POST /api/v1/terminals/register"));
    let asked = asked.ok_or("the request was not read")?;
    let answered = calls.iter().find(|call| call.text.contains("HTTP/1.1 201"));
    let answered = answered.ok_or("the answer was not written")?;
    let between = |call: &&Call| call.begun >= asked.ended && call.begun < answered.begun;
    let written = calls
        .iter()
        .filter(between)
        .rfind(|call| call.is_of_log(&["pwrite64", "pwritev", "write", "writev"]))
        .ok_or("nothing was written between the request and its answer")?;
    let synced = calls
        .iter()
        .filter(|call| call.is_of_log(&["fsync", "fdatasync"]) && call.text.contains("= 0"))
        .find(|call| call.begun >= written.ended);
    let synced = synced.ok_or("the write was not followed by a sync")?;
    assert!(
        synced.ended <= answered.begun,
        "the answer left before the disk had what it speaks of: {written:?} {synced:?} {answered:?}"
    );
    Ok(())
}

/// Waits until the server has done what it does at its start: until nothing more is traced for a while.
async fn settled(folder: &Path) -> Result<()> {
    const QUIET: u32 = 5;
    let (mut before, mut quiet) = (0, 0);
    for _ in 0..300 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let sizes = trace_files(folder)?.into_iter().map(|path| Ok(path.metadata()?.len()));
        let now: u64 = sizes.sum::<Result<u64>>()?;
        quiet = if now > 0 && now == before { quiet + 1 } else { 0 };
        if quiet == QUIET {
            return Ok(());
        }
        before = now;
    }
    Err("there is no trace, or no end of it; is ptrace allowed here?".into())
}

fn trace_files(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let paths = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let paths = paths.collect::<Result<Vec<_>>>()?;
    Ok(paths
        .into_iter()
        .filter(|path| path.file_stem().is_some_and(|stem| stem == "trace"))
        .collect())
}

/// The calls of all threads in the order in which they began.
fn calls(folder: &Path) -> Result<Vec<Call>> {
    let mut calls = Vec::new();
    for path in trace_files(folder)? {
        for line in String::from_utf8_lossy(&std::fs::read(path)?).lines() {
            let Some((begun, text)) = line.split_once(' ') else {
                continue;
            };
            let length = text.rsplit_once('<').and_then(|(_, length)| length.strip_suffix('>'));
            // A signal or an exit has none.
            let (Some(begun), Some(length)) = (microseconds(begun), length.and_then(microseconds)) else {
                continue;
            };
            calls.push(Call {
                begun,
                ended: begun + length,
                text: text.to_owned(),
            });
        }
    }
    calls.sort_by_key(|call| call.begun);
    Ok(calls)
}

/// `12.345678` seconds.
fn microseconds(text: &str) -> Option<u64> {
    let (seconds, rest) = text.split_once('.')?;
    Some(seconds.parse::<u64>().ok()? * 1_000_000 + rest.parse::<u64>().ok()?)
}
