//! Who may do what, for every address there is: pages, forms, the device API, and what is none of these.
//!
//! The addresses are asked of the router itself, so one without a line in [`TABLE`] fails the test. The answers are read as
//! whoever asks sees them. To add an address: its line in [`TABLE`]; where it is about a new kind of thing, a name for one of
//! xiaoman's in [`things`] and for one that never was in [`NEVER`].

mod addresses;
mod matrix;
mod seen;
mod strangers;

use crate::client::{Client, between};
use crate::world::{Result, World, XIAOMAN};
use seen::Seen;

/// Method, address, the fields of a form, and what is seen of it by: nobody, a clerk, the owner, the owner of another
/// merchant, support, an administrator. `{name}` stands for something of the first owner's, who is xiaoman. What others see is
/// told by rule, see [`matrix::expected`].
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
/// Whoever made the batch, an owner; another one's is not there.
const OWN_BATCH: [Seen; 6] = [
    Seen::SignIn,
    Seen::Forbidden,
    Seen::Yes,
    Seen::Missing,
    Seen::Missing,
    Seen::Missing,
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
/// Whoever made the batch or the view, which is xiaoman.
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
    ("GET", "/palette", &[], SIGNED_IN),
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
    ("POST", "/actions/batch-codes", &[("batch", "{batch}")], OWN_BATCH),
    // A batch with which nothing is being done has nothing to stop.
    ("POST", "/actions/cancel-batch", &[("batch", "{batch}")], OWN_BATCH),
    ("POST", "/actions/import", &[], ADMIN),
    ("POST", "/actions/view-save", &[("view_name", "x")], SIGNED_IN),
    (
        "POST",
        "/actions/view-rename",
        &[("view", "{view}"), ("view_name", "y")],
        ITS_MAKER,
    ),
    ("POST", "/actions/view-delete", &[("view", "{view}")], ITS_MAKER),
    ("POST", "/actions/list-layout", &[("density", "compact")], SIGNED_IN),
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
    ("POST", "/preferences", &[("theme", "dark")], OPEN),
    ("GET", "/audit", &[], PLATFORM),
    ("GET", "/audit/export.csv", &[], PLATFORM),
    ("GET", "/audit/export.xlsx", &[], PLATFORM),
    ("GET", "/devices/export.csv", &[], SIGNED_IN),
    ("GET", "/devices/export.xlsx", &[], SIGNED_IN),
    ("GET", "/logs/export.csv", &[], SIGNED_IN),
    ("GET", "/logs/export.xlsx", &[], SIGNED_IN),
    ("GET", "/merchants/export.csv", &[], PLATFORM),
    ("GET", "/merchants/export.xlsx", &[], PLATFORM),
    ("GET", "/terminals/export.csv", &[], PLATFORM),
    ("GET", "/terminals/export.xlsx", &[], PLATFORM),
    ("GET", "/favicon.svg", &[], OPEN),
    ("GET", "/inventory-template.csv", &[], OPEN),
    ("GET", "/pkg/{file}", &[], OPEN),
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

/// What of xiaoman's the addresses are about, by the name that stands for it.
type Things = Vec<(&'static str, String)>;

async fn things(world: &World<'_>) -> Result<Things> {
    use sea_orm::EntityTrait;
    let imports = server::entities::import_batches::Entity::find();
    let import = imports.one(world.db.reader()).await?.ok_or("no import")?;
    let stores = server::entities::stores::Entity::find();
    let store = stores.one(world.db.reader()).await?.ok_or("no store")?;
    let rejected = rejected(world).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    Ok(vec![
        ("{sn}", "OWN10001".to_owned()),
        ("{terminal}", world.terminals("OWN10001").await?[0].id.to_string()),
        ("{import}", import.id.to_string()),
        ("{rejected}", rejected),
        ("{batch}", batch(&mut owner, world).await?),
        ("{view}", view(&mut owner).await?),
        ("{login}", "handy.clerk".to_owned()),
        ("{merchant}", XIAOMAN.to_owned()),
        ("{store}", store.id.to_string()),
        ("{topic}", "works".to_owned()),
        ("{file}", matrix::FILE.to_owned()),
        ("{package}", PACKAGE.to_owned()),
        ("{draft}", draft(&mut world.signed_in("admin").await?).await?),
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

/// A view of xiaoman's.
async fn view(owner: &mut Client) -> Result<String> {
    let page = owner.submit("/actions/view-save", &[("view_name", "我的")]).await?;
    let id = between(&page.body, "name=\"view\" value=\"", "\"").ok_or("no view")?;
    Ok(id.to_owned())
}

/// A key that no row has.
const NO_KEY: &str = "00000000-0000-7000-8000-000000000001";

/// What stands for a thing that never was, by the names of those that are xiaoman's.
const NEVER: &[(&str, &str)] = &[
    ("{sn}", "NEVER001"),
    ("{terminal}", NO_KEY),
    ("{import}", NO_KEY),
    ("{rejected}", NO_KEY),
    ("{batch}", NO_KEY),
    ("{view}", NO_KEY),
    ("{invitation}", NO_KEY),
    ("{store}", NO_KEY),
    ("{draft}", NO_KEY),
    ("{merchant}", "898269350000999"),
    ("{package}", "com.example.nay"),
    ("{login}", "never.clerk"),
];

/// Names of what is nobody's in particular, or whose who holds it.
const ANYBODYS: &[&str] = &["{topic}", "{file}", "{invitation_token}"];

fn put_into(text: &str, things: &Things) -> String {
    let put = |text: String, (name, thing): &(&str, String)| text.replace(name, thing);
    things.iter().fold(text.to_owned(), put)
}

/// Sends what a line of [`TABLE`] is about.
async fn ask(client: &mut Client, line: &Line, things: &Things) -> Result<crate::client::Answer> {
    let (method, address, fields, _) = line;
    let path = put_into(address, things);
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, put_into(value, things)))
        .collect();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    match *method {
        "GET" if path.ends_with(".xlsx") => Ok(client.fetch(&path).await?.0),
        "GET" => client.get(&path).await,
        "POST" if UPLOADS.contains(&path.as_str()) => client.upload(&path, &fields, ("file", "x", b"")).await,
        "POST" if !path.starts_with("/api/") => client.post(&path, &fields).await,
        method => {
            let json = Some("application/json");
            client.send(method, &path, json, b"{}".to_vec()).await
        }
    }
}

/// The forms with a file.
const UPLOADS: [&str; 2] = ["/actions/import", "/actions/register-many"];
