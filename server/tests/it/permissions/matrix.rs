//! Every address, asked by everybody. `cargo test -p server --test it permissions::matrix -- --nocapture` prints the table.

use super::addresses::{addresses, plain};
use super::seen::{Seen, seen};
use super::{ANYBODYS, NEVER, TABLE, Things, ask, things};
use crate::client::{Answer, Client, between, code_on, marked};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::domain::Role;
use axum::http::StatusCode;
use std::fmt::Write as _;

on_both_engines!(every_address_has_its_permission, no_form_comes_from_elsewhere);

/// A file among those that are built.
pub(super) const FILE: &str = "tillkeeper.css";

/// Who asks: the heading of the column, and the login.
const COLUMNS: [(&str, &str); 8] = [
    ("signed out", ""),
    ("clerk", "clerk"),
    ("owner", "xiaoman"),
    ("other's clerk", "their.clerk"),
    ("other's owner", "stranger"),
    ("support", "support"),
    ("admin", "admin"),
    ("terminal", ""),
];

/// What is to be seen, in the order of [`COLUMNS`]. Another merchant's clerk is told what its owner is told, except where
/// clerks may not do it at all. A terminal's token opens what needs one, and nothing else.
pub(super) fn expected(declared: &[Seen; 6]) -> [Seen; 8] {
    let [nobody, clerk, owner, stranger, support, admin] = *declared;
    let their_clerk = match clerk {
        Seen::Forbidden => Seen::Forbidden,
        _ => stranger,
    };
    let terminal = match nobody {
        Seen::Token => Seen::Yes,
        nobody => nobody,
    };
    [nobody, clerk, owner, their_clerk, stranger, support, admin, terminal]
}

/// A world with somebody of each kind, something of xiaoman's of each kind, and a build to serve.
pub(super) async fn peopled<'a>(db: &'a TestDb, site: &tempfile::TempDir) -> Result<World<'a>> {
    std::fs::create_dir(site.path().join("pkg"))?;
    for name in ["favicon.svg", "inventory-template.csv", &format!("pkg/{FILE}")] {
        std::fs::write(site.path().join(name), "a file")?;
    }
    let site = site.path().to_string_lossy().into_owned();
    let world = World::with(db, &[("TILLKEEPER_SITE_DIR", &site)]).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},总店\nOWN10002,PAX,S90,,{XIAOMAN},\nOTHER001,PAX,S90,,{SHENGJING},\n"
        ))
        .await?;
    for (login, role, merchant) in [
        ("clerk", Role::MerchantClerk, Some(XIAOMAN)),
        ("handy.clerk", Role::MerchantClerk, Some(XIAOMAN)),
        ("stranger", Role::MerchantOwner, Some(SHENGJING)),
        ("their.clerk", Role::MerchantClerk, Some(SHENGJING)),
        ("support", Role::PlatformSupport, None),
    ] {
        world.add_user(login, role, merchant).await?;
    }
    Ok(world)
}

/// An invitation that nobody has touched: its key and what stands in its link.
pub(super) async fn invitation(owner: &mut Client) -> Result<Things> {
    let page = owner.submit("/actions/staff-invite", &[("name", "韩梅梅")]).await?;
    let id = between(&page.body, "name=\"id\" value=\"", "\"").ok_or("no invitation")?;
    let link = marked(&page.body, "one-time-link").ok_or("no link")?;
    let token = link.rsplit('/').next().unwrap_or_default();
    Ok(vec![
        ("{invitation}", id.to_owned()),
        ("{invitation_token}", token.to_owned()),
    ])
}

/// A terminal of xiaoman's that holds a token.
async fn terminal(owner: &mut Client, world: &World<'_>) -> Result<Client> {
    let page = owner.submit("/actions/register", &[("sn", "OWN10002")]).await?;
    let code = code_on(&page.body).ok_or("no code")?;
    let body = serde_json::json!({ "sn": "OWN10002", "activation_code": code });
    let answer = world.visitor().post_json("/api/v1/terminals/register", &body).await?;
    let token = answer.json()?["token"].as_str().ok_or("no token")?.to_owned();
    Ok(world.visitor().with_header("authorization", &format!("Bearer {token}")))
}

/// Each of [`COLUMNS`].
async fn everybody(world: &World<'_>, terminal: &Client) -> Result<Vec<Client>> {
    let mut people = Vec::new();
    for (heading, login) in COLUMNS {
        people.push(match (heading, login) {
            ("terminal", _) => terminal.clone(),
            (_, "") => world.visitor(),
            (_, login) => world.signed_in(login).await?,
        });
    }
    Ok(people)
}

/// What keeps a browser from doing what nobody asked it to is on every answer.
fn assert_closed(answer: &Answer, address: &str) {
    for name in ["permissions-policy", "cross-origin-opener-policy", "x-request-id"] {
        assert!(answer.header(name).is_some(), "{address} without {name}");
    }
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{address}");
    assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{address}");
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{address}: {policy}"
    );
}

async fn every_address_has_its_permission(db: &TestDb) -> Outcome {
    let site = tempfile::tempdir()?;
    let world = peopled(db, &site).await?;
    let there = addresses(&world).await?;
    let known = |method: &str, path: &str| {
        TABLE
            .iter()
            .any(|(known, address, ..)| *known == method && plain(address) == path)
    };
    let undeclared: Vec<_> = there.iter().filter(|(method, path)| !known(method, path)).collect();
    assert!(
        undeclared.is_empty(),
        "without a permission in the table: {undeclared:?}"
    );
    let gone = TABLE.iter().filter(|(method, address, ..)| {
        let declared = ((*method).to_owned(), plain(address));
        !there.contains(&declared)
    });
    let gone: Vec<_> = gone.map(|(method, address, ..)| (method, address)).collect();
    assert!(gone.is_empty(), "in the table, and not there: {gone:?}");
    assert_eq!(there.len(), TABLE.len(), "the table names each once");

    let mut owner = world.signed_in("xiaoman").await?;
    let terminal = terminal(&mut owner, &world).await?;
    let mut people = everybody(&world, &terminal).await?;
    let things = things(&world).await?;
    let mut matrix = "| method | address |".to_owned();
    for (heading, _) in COLUMNS {
        write!(matrix, " {heading} |")?;
    }
    matrix += "\n|---|---|";
    matrix += &"---|".repeat(COLUMNS.len());
    let mut wrong = Vec::new();
    for line in TABLE {
        let (method, address, fields, declared) = line;
        write!(matrix, "\n| {method} | `{address}` |")?;
        let invites = address.contains("{invitation") || fields.iter().any(|(_, value)| value.contains("{invitation"));
        for (((heading, _), client), expected) in COLUMNS.iter().zip(&mut people).zip(expected(declared)) {
            let mut things = things.clone();
            if invites {
                things.extend(invitation(&mut owner).await?);
            }
            let answer = ask(client, line, &things).await?;
            assert_closed(&answer, address);
            let found = seen(address, &answer);
            write!(matrix, " {found} |")?;
            if found != expected {
                wrong.push(format!(
                    "{method} {address} answers {heading} {found}, not {expected}: {answer:?}"
                ));
            }
        }
        if *address == "/sign-out" {
            people = everybody(&world, &terminal).await?;
        }
    }
    println!("{matrix}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

async fn no_form_comes_from_elsewhere(db: &TestDb) -> Outcome {
    let site = tempfile::tempdir()?;
    let world = peopled(db, &site).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let mut terminal = terminal(&mut owner, &world).await?;
    let mut forged = owner.clone().with_header("sec-fetch-site", "cross-site");
    let nowhere: Things = NEVER
        .iter()
        .map(|(name, thing)| (*name, (*thing).to_owned()))
        .chain(ANYBODYS.iter().map(|name| (*name, "x".to_owned())))
        .collect();
    let mut forms = 0;
    for line in TABLE.iter().filter(|(method, ..)| *method != "GET") {
        let (method, address, ..) = line;
        let path = super::put_into(address, &nowhere);
        if address.starts_with("/api/") {
            // Nothing is sent to sign out.
            if !address.ends_with("/sign-out") {
                let answer = terminal.send(method, &path, Some("text/plain"), b"{}".to_vec()).await?;
                assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{address}");
            }
            // A session means nothing here, so that no other site can use one.
            if !address.ends_with("/register") {
                let answer = owner
                    .send(method, &path, Some("application/json"), b"{}".to_vec())
                    .await?;
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{address}");
            }
            continue;
        }
        let answer = ask(&mut forged, line, &nowhere).await?;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{address} from another site");
        // A form with a file is none without, and what comes in parts says what stands between them.
        let other = match super::UPLOADS.contains(address) {
            true => "application/x-www-form-urlencoded",
            false => "multipart/form-data",
        };
        for content_type in [Some("application/json"), Some("text/plain"), Some(other), None] {
            let answer = owner.send(method, &path, content_type, b"{}".to_vec()).await?;
            let refused = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            assert_eq!(answer.status, refused, "{address} with {content_type:?}");
        }
        forms += 1;
    }
    assert!(forms >= 30, "{forms}");
    Ok(())
}
