//! A server to be killed, and requests to it over the wire whose answers count only when they come whole.

use crate::program::{bare, listening};
use crate::world::Result;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A server that runs until it is killed or the test ends.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Served {
    /// Starts `serve` over a database, with a data folder, and waits until it answers. `before` is what runs it, with
    /// arguments, such as a tracer.
    pub(crate) fn start(url: &str, data_dir: &Path, before: &[&str]) -> Result<Self> {
        let mut child = bare(before)
            .arg("serve")
            .current_dir(data_dir)
            .env("TILLKEEPER_DATABASE_URL", url)
            .env("TILLKEEPER_DATA_DIR", data_dir)
            .env("TILLKEEPER_LISTEN", "127.0.0.1:0")
            .env("TILLKEEPER_TRUSTED_PROXIES", "127.0.0.1")
            .env("TILLKEEPER_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().ok_or("no output")?;
        let mut served = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        served.address = listening(out)?;
        Ok(served)
    }

    /// `kill -9`, and waits until the process is gone.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Ends it as an administrator would.
    pub(crate) fn terminate(&mut self) -> Result<()> {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", "TERM", &id]).status()?;
        assert!(told.success() && self.child.wait()?.success());
        Ok(())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = self.kill();
    }
}

/// Sends a request with a JSON body over a connection of its own, and reads the answer to its end: status and body. An answer
/// that does not come whole is an error.
pub(crate) async fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    if !body.is_empty() {
        head.push_str(&format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        ));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or("an answer without an end of its head")?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok());
    if length.is_some_and(|length| length != body.len()) {
        return Err("an answer that was cut short".into());
    }
    let status = head
        .get(9..12)
        .and_then(|status| status.parse().ok())
        .ok_or("no status")?;
    Ok((status, body.to_owned()))
}
