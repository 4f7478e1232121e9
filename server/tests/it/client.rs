//! A browser without scripts, or a terminal: sends requests to the router and keeps cookies.

use crate::world::Result;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tower::ServiceExt;

/// What answers.
#[derive(Clone)]
enum Server {
    /// The router, within this program.
    Router(Router),
    /// Another program.
    At(SocketAddr, Box<HyperClient<HttpConnector, Body>>),
}

/// A client with its cookies.
#[derive(Clone)]
pub(crate) struct Client {
    server: Server,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) headers: Vec<(&'static str, String)>,
    peer: Option<SocketAddr>,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}\n{}", self.status, self.headers, self.body)
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn location(&self) -> Option<&str> {
        self.header("location")
    }

    pub(crate) fn json(&self) -> Result<serde_json::Value> {
        Ok(serde_json::from_str(&self.body)?)
    }

    /// Asserts that the page says each of these.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.body.contains(word), "{word:?} is missing in {self:?}");
        }
        self
    }

    /// Asserts that the page says none of these.
    #[track_caller]
    pub(crate) fn is_silent_on(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(!self.body.contains(word), "{word:?} stands in {self:?}");
        }
        self
    }
}

impl Client {
    pub(crate) fn new(router: Router) -> Self {
        Self::of(Server::Router(router))
    }

    /// A client of a program that listens there.
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self::of(Server::At(
            address,
            Box::new(HyperClient::builder(TokioExecutor::new()).build_http()),
        ))
    }

    fn of(server: Server) -> Self {
        Self {
            server,
            cookies: BTreeMap::new(),
            headers: Vec::new(),
            peer: None,
        }
    }

    /// The same at an address.
    pub(crate) fn at_address(mut self, address: &str) -> Self {
        self.peer = address.parse().ok().map(|address| SocketAddr::new(address, 40_000));
        assert!(self.peer.is_some(), "{address} is no address");
        self
    }

    /// The same with a header on every request.
    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer> {
        self.send("GET", path, None, Vec::new()).await
    }

    /// Posts a form.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let body = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", urlencoding::encode(value)))
            .collect::<Vec<_>>()
            .join("&");
        self.send(
            "POST",
            path,
            Some("application/x-www-form-urlencoded"),
            body.into_bytes(),
        )
        .await
    }

    /// Posts a form and goes where the answer leads.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let answer = self.post(path, fields).await?;
        self.follow(answer).await
    }

    /// Goes where an answer leads.
    pub(crate) async fn follow(&mut self, answer: Answer) -> Result<Answer> {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
        let to = answer.location().ok_or("no location")?.to_owned();
        self.get(&to).await
    }

    /// Posts a form with a file.
    pub(crate) async fn upload(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        file: (&str, &str, &[u8]),
    ) -> Result<Answer> {
        const BOUNDARY: &str = "----tillkeeper-test";
        let mut body = Vec::new();
        for (name, value) in fields {
            let part = format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let (field, file_name, bytes) = file;
        let head = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{file_name}\"\r\n\
             content-type: text/csv\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send("POST", path, Some(&content_type), body).await
    }

    /// Posts JSON, as a terminal does.
    pub(crate) async fn post_json(&mut self, path: &str, body: &serde_json::Value) -> Result<Answer> {
        self.send("POST", path, Some("application/json"), body.to_string().into_bytes())
            .await
    }

    /// Gets a file: the answer without its body, and the bytes.
    pub(crate) async fn fetch(&mut self, path: &str) -> Result<(Answer, Vec<u8>)> {
        let (status, headers, bytes) = self.send_for_bytes("GET", path, None, Vec::new()).await?;
        let body = String::new();
        Ok((Answer { status, headers, body }, bytes))
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Answer> {
        let (status, headers, bytes) = self.send_for_bytes(method, path, content_type, body).await?;
        let body = String::from_utf8(bytes)?;
        Ok(Answer { status, headers, body })
    }

    async fn send_for_bytes(
        &mut self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>)> {
        let uri = match &self.server {
            Server::Router(_) => path.to_owned(),
            Server::At(address, _) => format!("http://{address}{path}"),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::ACCEPT, "text/html,application/json")
            .header(header::HOST, "localhost");
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(peer) = self.peer {
            request = request.extension(ConnectInfo(peer));
        }
        let request = request.body(Body::from(body))?;
        let response: Response<Body> = match &self.server {
            Server::Router(router) => router.clone().oneshot(request).await?,
            Server::At(_, http) => http.request(request).await?.map(Body::new),
        };
        let (parts, body) = response.into_parts();
        self.keep_cookies(&parts.headers);
        let body = to_bytes(body, usize::MAX).await?.to_vec();
        Ok((parts.status, parts.headers, body))
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for cookie in headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
        {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            if value.is_empty() || attributes.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// What stands between two texts.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(inside, _)| inside)
}

/// A text without what differs from one request to the next: their ids (32 hexadecimal digits), and instants to the second
/// or the millisecond as a page's data or its words have them.
pub(crate) fn without_chance(text: &str) -> String {
    let of_a_run = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
    let digits = |run: &str| run.bytes().all(|byte| byte.is_ascii_digit());
    let is_time = |run: &str| run.len() == 12 && run.find([':', '.']) == Some(2) && run.as_bytes()[8] == b'.';
    let (mut told, mut rest) = (String::new(), text);
    while let Some(begins) = rest.find(of_a_run) {
        let (before, run) = rest.split_at(begins);
        let ends = run.find(|c| !of_a_run(c)).unwrap_or(run.len());
        let (run, after) = run.split_at(ends);
        told.push_str(before);
        if is_time(run) || (run.len() == 13 && digits(run)) {
            told.push_str("NOW");
        } else if run.len() >= 32 && !run.contains([':', '.']) {
            // What stands before it may be the end of an encoded character.
            told.push_str(&run[..run.len() - 32]);
            told.push_str("ID");
        } else {
            told.push_str(run);
        }
        rest = after;
    }
    told.push_str(rest);
    told
}

/// The text of the element with a `data-testid`, up to the next markup.
pub(crate) fn marked<'a>(page: &'a str, id: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("data-testid=\"{id}\""))?;
    between(rest, ">", "<")
}

/// The activation code that a page shows: standing alone, for the middle of an identifier may look like one.
pub(crate) fn code_on(page: &str) -> Option<String> {
    let is_code = |word: &&str| {
        word.len() == 16
            && word.bytes().enumerate().all(|(place, byte)| match place {
                4 | 9 => byte == b'-',
                _ => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
            })
    };
    page.split(|letter: char| letter != '-' && !letter.is_ascii_alphanumeric())
        .find(is_code)
        .map(str::to_owned)
}

#[test]
fn a_code_on_a_page_stands_alone() {
    assert_eq!(
        code_on("<a href=\"/terminals/019acd2e-7000-9495-186112aa45f0\"><code>4J2K-93ZP-0XQ81M</code>"),
        Some("4J2K-93ZP-0XQ81M".to_owned())
    );
    assert_eq!(
        code_on("<a href=\"/terminals/019acd2e-41b7-7000-9495-186112aa45f0\">"),
        None
    );
}

/// The rows of the first table on a page, as markup.
pub(crate) fn table_rows(page: &str) -> Vec<&str> {
    let body = page
        .split_once("<tbody")
        .and_then(|(_, rest)| rest.split_once("</tbody>"));
    body.map_or_else(Vec::new, |(rows, _)| rows.split("<tr").skip(1).collect())
}
