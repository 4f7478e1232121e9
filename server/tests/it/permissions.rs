//! Who may do what, for every address there is: pages, forms, the device API, and what is none of these.
//!
//! The addresses are asked of the router's own parts, so one without a line in [`TABLE`] fails the test. The answers are
//! read as whoever asks sees them.

use crate::client::{Answer, Client, between, marked, table_rows};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::domain::Role;
use axum::http::StatusCode;
use std::collections::BTreeSet;
use std::fmt;

on_both_engines!(every_address_has_its_permission, what_is_anothers_is_not_there);

/// How an address answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// It does what it is for.
    Yes,
    /// It leads to the sign-in page.
    SignIn,
    /// It is not there, or what it is about is not.
    Missing,
    /// It is there, and not for this role.
    Forbidden,
    /// A terminal's token is needed, whoever is signed in.
    Token,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Seen::Yes => "yes",
            Seen::SignIn => "sign in",
            Seen::Missing => "404",
            Seen::Forbidden => "403",
            Seen::Token => "token",
        })
    }
}

/// Who asks, in the order of the columns of [`TABLE`]. `stranger` is the owner of another merchant: what is asked for is
/// xiaoman's.
const PEOPLE: [&str; 6] = ["nobody", "clerk", "xiaoman", "stranger", "support", "admin"];

/// Method, address, and the fields of a form. `{name}` stands for something of xiaoman's.
type Line = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    [Seen; 6],
);

/// Everybody, also without a session.
const OPEN: [Seen; 6] = [Seen::Yes; 6];
/// Whoever is signed in; the page shows what is within the scope.
const SIGNED_IN: [Seen; 6] = [Seen::SignIn, Seen::Yes, Seen::Yes, Seen::Yes, Seen::Yes, Seen::Yes];
/// Whoever has the thing within the scope.
const WITHIN: [Seen; 6] = [Seen::SignIn, Seen::Yes, Seen::Yes, Seen::Missing, Seen::Yes, Seen::Yes];
/// Whoever is signed in, with a thing that is nobody's.
const NOBODYS: [Seen; 6] = [
    Seen::SignIn,
    Seen::Missing,
    Seen::Missing,
    Seen::Missing,
    Seen::Missing,
    Seen::Missing,
];
/// Platform users; merchants are not told that there is such a page.
const PLATFORM: [Seen; 6] = [
    Seen::SignIn,
    Seen::Missing,
    Seen::Missing,
    Seen::Missing,
    Seen::Yes,
    Seen::Yes,
];
/// Platform administrators; support sees that there is such a page.
const ADMIN: [Seen; 6] = [
    Seen::SignIn,
    Seen::Missing,
    Seen::Missing,
    Seen::Missing,
    Seen::Forbidden,
    Seen::Yes,
];
/// Owners, each for the own merchant.
const OWNER: [Seen; 6] = [
    Seen::SignIn,
    Seen::Forbidden,
    Seen::Yes,
    Seen::Yes,
    Seen::Missing,
    Seen::Missing,
];
/// The owner of the merchant that it is about.
const ITS_OWNER: [Seen; 6] = [
    Seen::SignIn,
    Seen::Forbidden,
    Seen::Yes,
    Seen::Missing,
    Seen::Missing,
    Seen::Missing,
];
/// Who looks after an account: its owner, and administrators.
const LOOKS_AFTER: [Seen; 6] = [
    Seen::SignIn,
    Seen::Forbidden,
    Seen::Yes,
    Seen::Missing,
    Seen::Forbidden,
    Seen::Yes,
];
/// Whoever made the batch, which is xiaoman.
const ITS_MAKER: [Seen; 6] = [
    Seen::SignIn,
    Seen::Missing,
    Seen::Yes,
    Seen::Missing,
    Seen::Missing,
    Seen::Missing,
];
/// Who issues codes, for terminals within the scope.
const ISSUES: [Seen; 6] = [
    Seen::SignIn,
    Seen::Forbidden,
    Seen::Yes,
    Seen::Missing,
    Seen::Yes,
    Seen::Yes,
];
/// Terminals, by their token; sessions mean nothing.
const TERMINAL: [Seen; 6] = [Seen::Token; 6];

/// The permission of every address.
const TABLE: &[Line] = &[
    ("GET", "/", &[], SIGNED_IN),
    ("GET", "/sign-in", &[], OPEN),
    ("GET", "/sign-in/code", &[], OPEN),
    ("GET", "/welcome/{invitation_token}", &[], OPEN),
    ("GET", "/devices", &[], SIGNED_IN),
    ("GET", "/devices/find", &[], SIGNED_IN),
    (
        "GET",
        "/devices/register",
        &[],
        [
            Seen::SignIn,
            Seen::Yes,
            Seen::Yes,
            Seen::Yes,
            Seen::Forbidden,
            Seen::Yes,
        ],
    ),
    ("GET", "/devices/{sn}", &[], WITHIN),
    // The platform is led to the catalogue.
    ("GET", "/apps", &[], SIGNED_IN),
    ("GET", "/apps/{package}", &[], WITHIN),
    ("GET", "/catalogue", &[], PLATFORM),
    ("GET", "/catalogue/{package}", &[], PLATFORM),
    // What an administrator has prepared is that administrator's.
    ("GET", "/catalogue/{package}/authorize/{draft}", &[], ADMIN),
    ("POST", "/actions/app-create", &[("package", "x")], ADMIN),
    ("POST", "/actions/app-update", &[("package", "{package}")], ADMIN),
    ("POST", "/actions/app-version", &[("package", "{package}")], ADMIN),
    ("POST", "/actions/app-authorize", &[("package", "{package}")], ADMIN),
    (
        "POST",
        "/actions/app-grant",
        &[("package", "{package}"), ("draft", "{draft}")],
        ADMIN,
    ),
    (
        "POST",
        "/actions/app-revoke",
        &[("package", "{package}"), ("confirmed", "true")],
        ADMIN,
    ),
    ("GET", "/help", &[], OPEN),
    ("GET", "/help/{topic}", &[], OPEN),
    ("GET", "/logs", &[], SIGNED_IN),
    ("GET", "/settings/account", &[], SIGNED_IN),
    ("GET", "/settings/security", &[], SIGNED_IN),
    ("GET", "/settings/staff", &[], OWNER),
    ("GET", "/settings/stores", &[], OWNER),
    (
        "GET",
        "/settings/registration",
        &[],
        [
            Seen::SignIn,
            Seen::Yes,
            Seen::Yes,
            Seen::Yes,
            Seen::Missing,
            Seen::Missing,
        ],
    ),
    ("GET", "/merchants", &[], PLATFORM),
    ("GET", "/merchants/{merchant}", &[], PLATFORM),
    ("POST", "/actions/merchant-create", &[("number", "商户")], ADMIN),
    ("POST", "/actions/merchant-update", &[("number", "{merchant}")], ADMIN),
    ("POST", "/actions/merchant-suspend", &[("number", "{merchant}")], ADMIN),
    ("POST", "/actions/merchant-resume", &[("number", "{merchant}")], ADMIN),
    (
        "POST",
        "/actions/store-create",
        &[("merchant", "{merchant}"), ("store_name", "又一家店")],
        LOOKS_AFTER,
    ),
    (
        "POST",
        "/actions/store-update",
        &[("store", "{store}"), ("store_name", "总店")],
        LOOKS_AFTER,
    ),
    ("POST", "/actions/store-close", &[("store", "{store}")], LOOKS_AFTER),
    ("POST", "/actions/store-reopen", &[("store", "{store}")], LOOKS_AFTER),
    ("GET", "/terminals", &[], PLATFORM),
    ("GET", "/terminals/import", &[], ADMIN),
    ("GET", "/terminals/import/{import}", &[], PLATFORM),
    ("GET", "/terminals/import/{rejected}/rejects", &[], PLATFORM),
    ("GET", "/users", &[], PLATFORM),
    ("GET", "/users/{login}", &[], PLATFORM),
    (
        "POST",
        "/actions/register",
        &[("sn", "{sn}")],
        [
            Seen::SignIn,
            Seen::Yes,
            Seen::Yes,
            Seen::Yes,
            Seen::Forbidden,
            Seen::Yes,
        ],
    ),
    (
        "POST",
        "/actions/issue-code",
        &[("sn", "{sn}"), ("terminal", "{terminal}")],
        [
            Seen::SignIn,
            Seen::Forbidden,
            Seen::Yes,
            Seen::Missing,
            Seen::Yes,
            Seen::Yes,
        ],
    ),
    (
        "POST",
        "/actions/counter-code",
        &[("sn", "{sn}"), ("terminal", "{terminal}")],
        ISSUES,
    ),
    (
        "POST",
        "/actions/revoke-code",
        &[("sn", "{sn}"), ("terminal", "{terminal}")],
        ISSUES,
    ),
    (
        "POST",
        "/actions/terminal",
        &[
            ("sn", "{sn}"),
            ("terminal", "{terminal}"),
            ("seen", "registered"),
            ("wanted", "resume"),
        ],
        LOOKS_AFTER,
    ),
    (
        "POST",
        "/actions/register-many",
        &[],
        [
            Seen::SignIn,
            Seen::Yes,
            Seen::Yes,
            Seen::Yes,
            Seen::Forbidden,
            Seen::Yes,
        ],
    ),
    // Of another's terminals there is nothing to choose.
    (
        "POST",
        "/actions/choose",
        &[("ids[]", "{terminal}")],
        [
            Seen::SignIn,
            Seen::Forbidden,
            Seen::Yes,
            Seen::Yes,
            Seen::Yes,
            Seen::Yes,
        ],
    ),
    ("GET", "/batches/{batch}", &[], ITS_MAKER),
    (
        "POST",
        "/actions/change-batch",
        &[("batch", "{batch}"), ("wanted", "resume")],
        [
            Seen::SignIn,
            Seen::Forbidden,
            Seen::Yes,
            Seen::Missing,
            Seen::Forbidden,
            Seen::Missing,
        ],
    ),
    (
        "POST",
        "/actions/batch-codes",
        &[("batch", "{batch}")],
        [
            Seen::SignIn,
            Seen::Forbidden,
            Seen::Yes,
            Seen::Missing,
            Seen::Missing,
            Seen::Missing,
        ],
    ),
    ("POST", "/actions/import", &[], ADMIN),
    ("POST", "/actions/import-map", &[("import", "{import}")], ADMIN),
    ("POST", "/actions/import-confirm", &[("import", "{import}")], ADMIN),
    ("POST", "/actions/import-cancel", &[("import", "{import}")], ADMIN),
    ("POST", "/actions/import-undo", &[("import", "{import}")], ADMIN),
    ("POST", "/actions/user-create", &[("login", "a b")], ADMIN),
    ("POST", "/actions/user-reset", &[("login", "{login}")], LOOKS_AFTER),
    (
        "POST",
        "/actions/user-enable",
        &[("login", "{login}"), ("enabled", "true")],
        LOOKS_AFTER,
    ),
    (
        "POST",
        "/actions/user-role",
        &[("login", "{login}"), ("role", "merchant_clerk")],
        ADMIN,
    ),
    ("POST", "/actions/user-factor-reset", &[("login", "{login}")], ADMIN),
    ("POST", "/actions/staff-invite", &[("name", "韩梅梅")], OWNER),
    (
        "POST",
        "/actions/invitation-renew",
        &[("id", "{invitation}")],
        ITS_OWNER,
    ),
    (
        "POST",
        "/actions/invitation-withdraw",
        &[("id", "{invitation}")],
        ITS_OWNER,
    ),
    ("POST", "/actions/welcome", &[("token", "{invitation_token}")], OPEN),
    ("POST", "/actions/end-session", &[("name", "0")], NOBODYS),
    ("POST", "/actions/end-other-sessions", &[], SIGNED_IN),
    ("POST", "/settings/account/password", &[("password", "x")], SIGNED_IN),
    ("POST", "/actions/second-factor-begin", &[], SIGNED_IN),
    ("POST", "/actions/second-factor-confirm", &[("code", "0")], SIGNED_IN),
    ("POST", "/actions/second-factor-renew", &[("code", "0")], SIGNED_IN),
    ("POST", "/actions/second-factor-disable", &[("code", "0")], SIGNED_IN),
    ("POST", "/sign-in", &[("login", "x")], OPEN),
    ("POST", "/sign-in/code", &[], OPEN),
    ("POST", "/sign-out", &[], OPEN),
    ("POST", "/language", &[("language", "zh")], OPEN),
    ("GET", "/audit", &[], PLATFORM),
    ("GET", "/audit/export.csv", &[], PLATFORM),
    ("GET", "/logs/export.csv", &[], SIGNED_IN),
    ("GET", "/logs/export.xlsx", &[], SIGNED_IN),
    ("GET", "/healthz", &[], OPEN),
    ("GET", "/readyz", &[], OPEN),
    ("GET", "/api/docs", &[], OPEN),
    ("GET", "/api/v1/openapi.json", &[], OPEN),
    ("GET", "/api/v1/terminals/me", &[], TERMINAL),
    ("GET", "/api/v1/terminals/me/apps", &[], TERMINAL),
    ("PUT", "/api/v1/terminals/me/apps/{package}", &[], TERMINAL),
    ("POST", "/api/v1/terminals/me/heartbeat", &[], TERMINAL),
    ("POST", "/api/v1/terminals/me/sign-in", &[], TERMINAL),
    ("POST", "/api/v1/terminals/me/sign-out", &[], TERMINAL),
    // Whoever holds the activation code.
    ("POST", "/api/v1/terminals/register", &[], OPEN),
];

/// A path with `{}` for what is variable in it.
fn plain(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The addresses that there are, as method and path.
fn addresses() -> BTreeSet<(String, String)> {
    let pages = leptos_axum::generate_route_list(app::pages::App);
    app::pages::register_actions();
    let forms = leptos::server_fn::axum::server_fn_paths();
    let api = server::device_api::openapi();
    let mut all: BTreeSet<_> = pages
        .iter()
        .map(|page| ("GET".to_owned(), plain(page.path())))
        .chain(forms.map(|(path, method)| (method.to_string(), plain(path))))
        .chain(
            server::router::others()
                .into_iter()
                .map(|(method, path)| (method.to_owned(), plain(path))),
        )
        .collect();
    for (path, item) in &api.paths.paths {
        for (method, operation) in [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ] {
            if operation.is_some() {
                let path = format!("{}{path}", server::device_api::PREFIX);
                all.insert((method.to_owned(), plain(&path)));
            }
        }
    }
    all
}

/// What of xiaoman's the addresses are about, by the name that stands for it.
type Things = Vec<(&'static str, String)>;

async fn things(world: &World<'_>) -> Result<Things> {
    use sea_orm::EntityTrait;
    let imports = server::entities::import_batches::Entity::find();
    let import = imports.one(world.db.reader()).await?.ok_or("no import")?;
    let stores = server::entities::stores::Entity::find();
    let store = stores.one(world.db.reader()).await?.ok_or("no store")?;
    let rejected = rejected(world).await?;
    Ok(vec![
        ("{sn}", "OWN10001".to_owned()),
        ("{terminal}", world.terminals("OWN10001").await?[0].id.to_string()),
        ("{import}", import.id.to_string()),
        ("{rejected}", rejected),
        ("{login}", "staff".to_owned()),
        ("{merchant}", XIAOMAN.to_owned()),
        ("{store}", store.id.to_string()),
        ("{topic}", "works".to_owned()),
        ("{package}", PACKAGE.to_owned()),
    ])
}

/// An app that xiaoman may run.
const PACKAGE: &str = "com.example.pay";

/// Puts the app into the catalogue and authorizes it; answers what the administrator has prepared besides.
async fn draft(admin: &mut Client) -> Result<String> {
    let app = [
        ("package", PACKAGE),
        ("name_zh", "收银"),
        ("name_en", "Pay"),
        ("publisher", "掌柜"),
    ];
    admin.post("/actions/app-create", &app).await?;
    let mut drafts = Vec::new();
    for _ in 0..2 {
        let whom = [("package", PACKAGE), ("kind", "merchants"), ("list", XIAOMAN)];
        let page = admin.submit("/actions/app-authorize", &whom).await?;
        let draft = between(&page.body, "name=\"draft\" value=\"", "\"").ok_or("nothing prepared")?;
        drafts.push(draft.to_owned());
    }
    let confirmed = drafts.pop().unwrap_or_default();
    admin
        .post("/actions/app-grant", &[("package", PACKAGE), ("draft", &confirmed)])
        .await?;
    Ok(drafts.pop().unwrap_or_default())
}

/// An import with a row that is refused.
async fn rejected(world: &World<'_>) -> Result<String> {
    use app::backend::imports::Sending;
    let system = app::caller::Caller::system("test");
    let imports = &*world.services.imports;
    let mut sending = Sending::begin(imports, system.platform_admin()?, "bad.csv").await?;
    sending.write(b"sn,manufacturer,model\n12,PAX,S90\n").await?;
    let id = sending.finish().await?;
    imports.work_on(id, &mut |_| {}).await?;
    Ok(id.to_string())
}

/// A batch with a terminal of xiaoman's.
async fn batch(owner: &mut Client, world: &World<'_>) -> Result<String> {
    let terminal = world.terminals("OWN10001").await?[0].id.to_string();
    let answer = owner.post("/actions/choose", &[("ids[]", &terminal)]).await?;
    let batch = answer.location().and_then(|to| to.strip_prefix("/batches/"));
    Ok(batch.ok_or("no batch")?.to_owned())
}

/// An invitation that nobody has touched: its key and what stands in its link.
async fn invitation(owner: &mut Client) -> Result<Things> {
    let page = owner.submit("/actions/staff-invite", &[("name", "韩梅梅")]).await?;
    let id = between(&page.body, "name=\"id\" value=\"", "\"").ok_or("no invitation")?;
    let link = marked(&page.body, "one-time-link").ok_or("no link")?;
    let token = link.rsplit('/').next().unwrap_or_default();
    Ok(vec![
        ("{invitation}", id.to_owned()),
        ("{invitation_token}", token.to_owned()),
    ])
}

fn put_into(text: &str, things: &[&Things]) -> String {
    let all = things.iter().flat_map(|things| things.iter());
    all.fold(text.to_owned(), |text, (name, thing)| text.replace(name, thing))
}

/// Each of [`PEOPLE`] with a session.
async fn everybody(world: &World<'_>) -> Result<Vec<Client>> {
    let mut people = Vec::new();
    for login in PEOPLE {
        people.push(match login {
            "nobody" => world.visitor(),
            login => world.signed_in(login).await?,
        });
    }
    Ok(people)
}

/// What whoever asked was told.
fn seen(path: &str, answer: &Answer) -> Seen {
    let location = answer.location().unwrap_or_default();
    // The message for the next page is a cookie.
    let told = |code: &str| {
        let cookies = answer.headers.get_all("set-cookie").iter();
        let needle = format!("%22code%22%3A%22{code}%22");
        cookies
            .filter_map(|cookie| cookie.to_str().ok())
            .any(|cookie| cookie.contains(&needle))
    };
    match answer.status {
        StatusCode::UNAUTHORIZED => Seen::Token,
        StatusCode::NOT_FOUND => Seen::Missing,
        StatusCode::FORBIDDEN => Seen::Forbidden,
        StatusCode::SEE_OTHER if told("not_found") => Seen::Missing,
        StatusCode::SEE_OTHER if told("forbidden") => Seen::Forbidden,
        StatusCode::SEE_OTHER if location.starts_with("/sign-in") && !path.starts_with("/sign") => {
            if path == "/actions/welcome" {
                Seen::Yes
            } else {
                Seen::SignIn
            }
        }
        _ => Seen::Yes,
    }
}

async fn every_address_has_its_permission(db: &TestDb) -> Outcome {
    let known = |method: &str, path: &str| {
        TABLE
            .iter()
            .any(|(known, address, ..)| *known == method && plain(address) == path)
    };
    let addresses = addresses();
    let undeclared: Vec<_> = addresses.iter().filter(|(method, path)| !known(method, path)).collect();
    assert!(
        undeclared.is_empty(),
        "without a permission in the table: {undeclared:?}"
    );
    assert_eq!(
        addresses.len(),
        TABLE.len(),
        "the table names what there is, once: {addresses:?}"
    );

    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},总店\nOTHER001,PAX,S90,,{SHENGJING},\n"
        ))
        .await?;
    for (login, role, merchant) in [
        ("clerk", Role::MerchantClerk, Some(XIAOMAN)),
        ("staff", Role::MerchantClerk, Some(XIAOMAN)),
        ("stranger", Role::MerchantOwner, Some(SHENGJING)),
        ("support", Role::PlatformSupport, None),
    ] {
        world.add_user(login, role, merchant).await?;
    }
    let mut people = everybody(&world).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let mut things = things(&world).await?;
    things.push(("{batch}", batch(&mut owner, &world).await?));
    things.push(("{draft}", draft(&mut world.signed_in("admin").await?).await?));
    let mut matrix = format!("{:<38}", "");
    for login in PEOPLE {
        matrix += &format!("{login:<10}");
    }
    let mut wrong = Vec::new();
    for (method, address, fields, expected) in TABLE {
        matrix += &format!("\n{method:<5}{address:<33}");
        let invites = address.contains("{invitation") || fields.iter().any(|(_, value)| value.contains("{invitation"));
        for ((login, client), expected) in PEOPLE.iter().zip(&mut people).zip(expected) {
            let fresh = if invites {
                invitation(&mut owner).await?
            } else {
                Vec::new()
            };
            let path = put_into(address, &[&things, &fresh]);
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| (*name, put_into(value, &[&things, &fresh])))
                .collect();
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = match *method {
                "GET" if path.ends_with(".xlsx") => client.fetch(&path).await?.0,
                "GET" => client.get(&path).await?,
                "POST" if ["/actions/import", "/actions/register-many"].contains(&path.as_str()) => {
                    client.upload(&path, &fields, ("file", "x", b"")).await?
                }
                "POST" if !path.starts_with("/api/") => client.post(&path, &fields).await?,
                method => {
                    client
                        .send(method, &path, Some("application/json"), b"{}".to_vec())
                        .await?
                }
            };
            let found = seen(address, &answer);
            matrix += &format!("{found:<10}");
            if found != *expected {
                wrong.push(format!(
                    "{method} {address} answers {login} {found}, not {expected}: {answer:?}"
                ));
            }
        }
        if *address == "/sign-out" {
            people = everybody(&world).await?;
        }
    }
    println!("{matrix}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// A page without what changes with each answer.
fn constant(answer: &Answer, sn: &str) -> String {
    let policy = answer.header("content-security-policy").unwrap_or_default();
    let nonce = between(policy, "'nonce-", "'").unwrap_or("no nonce");
    let id = answer.header("x-request-id").unwrap_or("no id");
    answer.body.replace(nonce, "NONCE").replace(id, "ID").replace(sn, "SN")
}

async fn what_is_anothers_is_not_there(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},\nOTHER001,PAX,S90,,{SHENGJING},\nFREE0001,PAX,S90,,,\n"
        ))
        .await?;
    let app = [
        ("package", "com.OTHER001"),
        ("name_zh", "x"),
        ("name_en", "x"),
        ("publisher", "x"),
    ];
    world
        .signed_in("admin")
        .await?
        .post("/actions/app-create", &app)
        .await?;
    let mut owner = world.signed_in("xiaoman").await?;
    for (of_another, of_nobody) in [
        ("/devices/OTHER001", "/devices/NEVER001"),
        ("/devices/FREE0001", "/devices/NEVER001"),
        ("/devices?q=OTHER001", "/devices?q=NEVER001"),
        ("/logs?sn=OTHER001", "/logs?sn=NEVER001"),
        ("/logs?actor=shengjing", "/logs?actor=nobody"),
        ("/devices/find?sn=OTHER001", "/devices/find?sn=NEVER001"),
        ("/apps/com.OTHER001", "/apps/com.NEVER001"),
    ] {
        let sn = |path: &str| path[path.rfind('=').or(path.rfind('/')).map_or(0, |at| at + 1)..].to_owned();
        let (there, nowhere) = (owner.get(of_another).await?, owner.get(of_nobody).await?);
        assert_eq!(there.status, nowhere.status, "{of_another}");
        assert_eq!(
            constant(&there, &sn(of_another)),
            constant(&nowhere, &sn(of_nobody)),
            "{of_another}"
        );
    }
    assert_eq!(owner.get("/devices/OTHER001").await?.status, StatusCode::NOT_FOUND);
    let list = owner.get("/devices").await?;
    assert_eq!(table_rows(&list.body).len(), 1);
    // A form about another's terminal ends as one about none.
    let terminal = |sn| world.terminals(sn);
    let others = terminal("OTHER001").await?[0].id.to_string();
    let nobodys = uuid::Uuid::from_u128(1).to_string();
    let mut told = Vec::new();
    for id in [&others, &nobodys] {
        let fields = [("sn", "NEVER001"), ("terminal", id.as_str())];
        let answer = owner.post("/actions/issue-code", &fields).await?;
        told.push((
            answer.status,
            answer.location().map(str::to_owned),
            answer.header("set-cookie").map(str::to_owned),
        ));
    }
    assert_eq!(told[0], told[1]);
    Ok(())
}
