//! `tillkeeper healthcheck`

use super::context::Context;
use super::failure::Failure;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most bytes of an answer that are looked at.
const ANSWER_BYTES: u64 = 64 * 1024;

/// Ask the server of this machine whether it is ready, for container health checks
///
/// Sends GET /readyz to the address that TILLKEEPER_LISTEN names. Exit code 0: the server runs, reaches its database and
/// finds the tables up to date.
#[derive(Debug, clap::Args)]
pub(super) struct Healthcheck {}

impl Healthcheck {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let listen = context.config()?.listen;
        if listen.port() == 0 {
            return Err(Failure::wrong_use(
                "TILLKEEPER_LISTEN has port 0, which is another one at each start; set the one that the server printed.",
            ));
        }
        let address = SocketAddr::new(reachable(listen.ip()), listen.port());
        let answer = tokio::time::timeout(PATIENCE, ask(address))
            .await
            .map_err(|_| Failure::failed(format!("the server on {address} does not answer within 5 seconds.")))?
            .map_err(|error| Failure::failed(format!("the server on {address} cannot be reached: {error}.")))?;
        match answer.as_str() {
            "200" | "204" => Ok(()),
            status => Err(Failure::failed(format!(
                "the server on {address} is not ready: it answers {status}."
            ))),
        }
    }
}

/// The address under which this machine reaches a server that listens on every address.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// The status code of the answer to one HTTP/1.1 request (RFC 9112), after which the connection is closed.
async fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut answer).await?;
    let head = String::from_utf8_lossy(&answer);
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    match (words.next(), words.next()) {
        (Some(version), Some(status)) if version.starts_with("HTTP/1.") => Ok(status.to_owned()),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "what answers there is no HTTP server",
        )),
    }
}
