//! Nothing that opens anything is in the log, however much is logged: the program runs at its most talkative while everybody
//! is busy, and then its log is searched for all that was secret.

use crate::client::{Answer, Client, between, code_on, marked};
use crate::program::{Process, run};
use crate::support::{Outcome, TestDb};
use crate::world::{PASSWORD, Result, World, XIAOMAN};
use axum::http::StatusCode;
use serde_json::json;
use server::clock::Surroundings;
use std::collections::BTreeSet;
use totp_rs::{Builder, Secret};

/// What must not be logged.
#[derive(Default)]
struct Secrets(BTreeSet<String>);

impl Secrets {
    fn keep(&mut self, secret: impl Into<String>) -> String {
        let secret = secret.into();
        assert!(secret.len() >= 6, "{secret:?} is found everywhere");
        self.0.insert(secret.clone());
        secret
    }

    /// The cookies of a client, of which the one of the language is no secret.
    fn keep_cookies(&mut self, client: &Client) {
        for (name, value) in &client.cookies {
            if !name.ends_with("_language") {
                self.keep(value);
            }
        }
    }

    /// The one-time link on a page; answers its path.
    fn keep_link(&mut self, page: &Answer) -> Result<String> {
        let link = marked(&page.body, "one-time-link").ok_or("no link")?;
        let token = link.rsplit('/').next().unwrap_or_default();
        Ok(format!("/welcome/{}", self.keep(token)))
    }

    /// The activation codes on a page, as they stand and as they are sent.
    fn keep_codes(&mut self, page: &Answer) -> Result<String> {
        let mut rest = page.body.as_str();
        let mut first = None;
        while let Some(code) = code_on(rest) {
            let (_, after) = rest.split_once(&code).unwrap_or_default();
            rest = after;
            self.keep(code.replace('-', ""));
            first.get_or_insert(self.keep(code));
        }
        first.ok_or_else(|| format!("no code on {page:?}").into())
    }

    /// Asserts that none of them is in a text, in any of the ways in which a program may write them.
    fn assert_absent(&self, log: &str) {
        let lower = log.to_lowercase();
        for secret in &self.0 {
            let escaped = secret.escape_debug().to_string();
            for written in [secret, &urlencoding::encode(secret).into_owned(), &escaped] {
                let found = lower.find(&written.to_lowercase());
                let line = found.map(|at| &lower[lower[..at].rfind('\n').unwrap_or(0)..at + written.len()]);
                assert_eq!(line, None, "{written} is in the log");
            }
        }
    }
}

/// Signs in, wrongly and rightly.
async fn sign_in(server: &Process, secrets: &mut Secrets, login: &str, password: &str) -> Result<Client> {
    let mut client = server.client();
    let fields = [("login", login), ("password", password)];
    client.post("/sign-in", &fields).await?;
    secrets.keep(password);
    secrets.keep_cookies(&client);
    Ok(client)
}

/// Sets a password by a one-time link.
async fn accept(server: &Process, secrets: &mut Secrets, link: &str, login: &str, password: &str) -> Result<()> {
    let mut visitor = server.client();
    assert_eq!(visitor.get(link).await?.status, StatusCode::OK);
    let token = link.rsplit('/').next().unwrap_or_default();
    for chosen in ["tiny pass", password] {
        let fields = [
            ("token", token),
            ("login", login),
            ("password", chosen),
            ("password_again", chosen),
        ];
        visitor.post("/actions/welcome", &fields).await?;
        secrets.keep(chosen);
        secrets.keep_cookies(&visitor);
    }
    // Once more, when it works no more.
    assert_eq!(visitor.get(link).await?.status, StatusCode::NOT_FOUND);
    Ok(())
}

/// Accounts, links and sessions.
async fn people(server: &Process, secrets: &mut Secrets) -> Result<()> {
    sign_in(server, secrets, "xiaoman", "a wrong password that is long").await?;
    let mut owner = sign_in(server, secrets, "xiaoman", PASSWORD).await?;
    let mut admin = sign_in(server, secrets, "admin", PASSWORD).await?;
    let page = owner.submit("/actions/staff-invite", &[("name", "韩梅梅")]).await?;
    secrets.keep_link(&page)?;
    let id = between(&page.body, "name=\"id\" value=\"", "\"").ok_or("no invitation")?;
    let page = owner.submit("/actions/invitation-renew", &[("id", id)]).await?;
    let link = secrets.keep_link(&page)?;
    accept(server, secrets, &link, "hanmeimei", "the pears are ripe in autumn").await?;
    let mut clerk = sign_in(server, secrets, "hanmeimei", "the pears are ripe in autumn").await?;
    assert_eq!(clerk.get("/devices").await?.status, StatusCode::OK);
    let page = admin.submit("/actions/user-reset", &[("login", "hanmeimei")]).await?;
    let link = secrets.keep_link(&page)?;
    accept(server, secrets, &link, "", "the plums are ripe before them").await?;
    // The session of before is over, and is shown all the same.
    assert_eq!(clerk.get("/devices").await?.status, StatusCode::SEE_OTHER);
    let chosen = secrets.keep("the geese fly south at seven");
    let fields = [("current", PASSWORD), ("chosen", &chosen), ("again", &chosen)];
    owner.submit("/settings/account/password", &fields).await?;
    secrets.keep_cookies(&owner);
    owner.post("/sign-out", &[]).await?;
    Ok(())
}

/// The second step of signing in.
async fn codes_of_an_app(server: &Process, secrets: &mut Secrets) -> Result<()> {
    let mut owner = sign_in(server, secrets, "shengjing", PASSWORD).await?;
    let page = owner.submit("/actions/second-factor-begin", &[]).await?;
    let secret = marked(&page.body, "totp-secret").ok_or("no secret")?.to_owned();
    secrets.keep(&secret);
    let secret = secrets.keep(secret.replace(' ', ""));
    let secret = Secret::try_from_base32(secret).map_err(|error| error.to_string())?;
    let app = Builder::new().with_secret(secret.as_bytes().to_vec()).build();
    let app = app.map_err(|error| error.to_string())?;
    let seconds = Surroundings::system().now().0.unsigned_abs() / 1000;
    // A code of six digits may be part of an instant or a key by chance: not searched for alone.
    let code = app.generate(seconds).to_string();
    secrets.keep(format!("code={code}"));
    let page = owner
        .submit("/actions/second-factor-confirm", &[("code", &code)])
        .await?;
    let list = between(&page.body, "data-testid=\"recovery-codes\"", "</ul>").ok_or("no recovery codes")?;
    let codes: Vec<String> = list
        .split("<li")
        .filter_map(|item| between(item, ">", "<").map(|code| secrets.keep(code)))
        .collect();
    assert_eq!(codes.len(), 10);
    secrets.keep_cookies(&owner);
    let mut again = sign_in(server, secrets, "shengjing", PASSWORD).await?;
    again.post("/sign-in/code", &[("code", "000000")]).await?;
    let answer = again.post("/sign-in/code", &[("code", &codes[0])]).await?;
    assert_eq!(answer.location(), Some("/"));
    secrets.keep_cookies(&again);
    Ok(())
}

/// Activation codes and tokens.
async fn terminals(server: &Process, secrets: &mut Secrets, ids: &[String]) -> Result<()> {
    let mut admin = sign_in(server, secrets, "admin", PASSWORD).await?;
    let fields = [("sn", "OWN10001"), ("merchant_no", XIAOMAN)];
    let page = admin.submit("/actions/register", &fields).await?;
    let code = secrets.keep_codes(&page)?;
    let wrong = secrets.keep("0123-4567-89ABCD");
    for code in [wrong.as_str(), &code] {
        let body = json!({ "sn": "OWN10001", "activation_code": code });
        let key = secrets.keep("one-key-for-each-of-these");
        let mut terminal = server
            .client()
            .with_header("idempotency-key", &format!("{key}-{}", &code[..4]));
        let answer = terminal.post_json("/api/v1/terminals/register", &body).await?;
        let Some(token) = answer.json()?["token"].as_str().map(str::to_owned) else {
            continue;
        };
        let token = secrets.keep(token);
        let mut terminal = server.client().with_header("authorization", &format!("Bearer {token}"));
        for (path, body) in [
            ("heartbeat", json!({ "battery": 50 })),
            ("sign-in", json!({ "operator_no": "01" })),
            ("heartbeat", json!({ "nonsense": token })),
        ] {
            terminal
                .post_json(&format!("/api/v1/terminals/me/{path}"), &body)
                .await?;
        }
        assert_eq!(terminal.get("/api/v1/terminals/me").await?.status, StatusCode::OK);
        let forged = secrets.keep(token.chars().rev().collect::<String>());
        let mut forged = server
            .client()
            .with_header("authorization", &format!("Bearer {forged}"));
        assert_eq!(
            forged.get("/api/v1/terminals/me").await?.status,
            StatusCode::UNAUTHORIZED
        );
    }
    let fields = [("sn", "OWN10002"), ("terminal", ids[1].as_str())];
    let page = admin.submit("/actions/counter-code", &fields).await?;
    secrets.keep_codes(&page)?;
    // Codes for many at once: their key is in a cookie.
    let answer = admin
        .post("/actions/choose", &[("ids[]", &ids[1]), ("ids[]", &ids[2])])
        .await?;
    let to = answer.location().ok_or("no batch")?.to_owned();
    let batch = to.strip_prefix("/batches/").ok_or("no batch")?;
    let answer = admin.post("/actions/batch-codes", &[("batch", batch)]).await?;
    let flash = admin.cookies.get("tillkeeper_flash").ok_or("no key")?.clone();
    secrets.keep(flash);
    let page = admin.follow(answer).await?;
    secrets.keep_codes(&page)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_logged() -> Outcome {
    let db = TestDb::sqlite().await?;
    let world = World::new(&db).await?;
    let rows = ["OWN10001", "OWN10002", "OWN10003"].map(|sn| format!("{sn},PAX,S90,,{XIAOMAN},\n"));
    world.import(&rows.concat()).await?;
    let mut ids = Vec::new();
    for sn in ["OWN10001", "OWN10002", "OWN10003"] {
        ids.push(world.terminals(sn).await?[0].id.to_string());
    }
    let talkative = [("TILLKEEPER_LOG", "trace"), ("TILLKEEPER_TRUSTED_PROXIES", "127.0.0.1")];
    let server = Process::serve(&db, &talkative).await?;
    let mut secrets = Secrets::default();
    people(&server, &mut secrets).await?;
    codes_of_an_app(&server, &mut secrets).await?;
    terminals(&server, &mut secrets, &ids).await?;
    let set = secrets.keep("the cranes come back at eight");
    let told = run(&db, &talkative, &["user", "set-password", "admin"], &format!("{set}\n")).await?;
    let log = server.stop().await? + &told;
    for word in ["sign-in", "answered", "TRACE", "DEBUG", "/welcome/..."] {
        assert!(log.contains(word), "{word} is missing: nothing was logged");
    }
    assert!(secrets.0.len() > 40, "{}", secrets.0.len());
    secrets.assert_absent(&log);
    Ok(())
}
