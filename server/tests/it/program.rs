//! The program itself, serving the database of a story.

use crate::client::Client;
use crate::support::TestDb;
use crate::world::{PASSWORD, Result};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

/// The program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_tillkeeper");

/// A server that runs until this value ends.
pub(crate) struct Process {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

/// The program with nothing set. `before` is what runs it, with arguments, such as a tracer.
pub(crate) fn bare(before: &[&str]) -> Command {
    let words: Vec<&str> = before.iter().copied().chain([PROGRAM]).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TILLKEEPER_")) {
        command.env_remove(name);
    }
    command
}

/// Reads the address that a server which has started says first.
pub(crate) fn listening(out: ChildStdout) -> Result<SocketAddr> {
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening on http://");
    let address = address.ok_or_else(|| format!("the server did not start: {line:?}"))?;
    Ok(address.parse()?)
}

/// The program over a story's database, with nothing set but what the story sets.
fn command(db: &TestDb, settings: &[(&str, &str)]) -> Command {
    let mut command = bare(&[]);
    command
        .env("TILLKEEPER_DATABASE_URL", db.url())
        .env("TILLKEEPER_LISTEN", "127.0.0.1:0")
        .env("TILLKEEPER_SITE_DIR", "there-is-no-build-here")
        .env("TILLKEEPER_REQUIRE_SECOND_FACTOR", "false")
        .envs(settings.iter().copied());
    command
}

impl Process {
    /// Starts `serve` and waits until it answers.
    pub(crate) async fn serve(db: &TestDb, settings: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let log = std::fs::File::create(folder.path().join("log"))?;
        let mut child = command(db, settings)
            .arg("serve")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let out = child.stdout.take().ok_or("no output")?;
        let mut process = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            folder,
        };
        process.address = tokio::task::spawn_blocking(move || listening(out)).await??;
        Ok(process)
    }

    /// Somebody with a browser and no session.
    pub(crate) fn client(&self) -> Client {
        Client::at(self.address)
    }

    /// Somebody who has signed in.
    pub(crate) async fn signed_in(&self, login: &str) -> Result<Client> {
        let mut client = self.client();
        let fields = [("login", login), ("password", PASSWORD)];
        let answer = client.post("/sign-in", &fields).await?;
        assert_eq!(answer.location(), Some("/"), "{login} cannot sign in: {answer:?}");
        Ok(client)
    }

    /// A line of what the system tells of the process, in KiB: `VmRSS`, `VmHWM` (proc(5)).
    #[cfg(target_os = "linux")]
    pub(crate) fn memory_kib(&self, name: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kib.ok_or("the system does not tell")?.trim().parse()?)
    }

    /// Ends it as an administrator would, and answers what it logged.
    pub(crate) async fn stop(mut self) -> Result<String> {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", "TERM", &id]).status()?;
        assert!(told.success());
        let (status, folder) = tokio::task::spawn_blocking(move || {
            let status = self.child.wait();
            (status, std::fs::read(self.folder.path().join("log")))
        })
        .await?;
        assert!(status?.success());
        Ok(String::from_utf8_lossy(&folder?).into_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command over a story's database with this on its standard input; answers all that it wrote.
pub(crate) async fn run(db: &TestDb, settings: &[(&str, &str)], arguments: &[&str], input: &str) -> Result<String> {
    let mut child = command(db, settings)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(input.as_bytes())?;
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await??;
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(output.status.success(), "{arguments:?}: {told}");
    Ok(told)
}
