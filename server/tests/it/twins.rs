//! Twin worlds: two databases that differ only in what is another merchant's answer a merchant alike, byte for byte,
//! whatever it asks in whatever order.
//!
//! Clock and randomness are the same in both, so that only the nonce of a page, which nobody injects, and the request's id
//! have to be masked.

use crate::client::{Answer, Client, between, code_on};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use app::domain::{Role, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use server::clock::Entropy;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Random sequences that are tried on each engine, and the requests of each.
const SEQUENCES: u32 = 6;
const REQUESTS: usize = 16;

/// A day after the worlds were made: 2026-03-02T04:00:00Z.
const LATER: Timestamp = Timestamp(1_772_424_000_000);

/// Randomness that can be begun anew (SplitMix64, <https://doi.org/10.1145/2714064.2660195>).
#[derive(Clone, Default)]
struct Seeded(Arc<Mutex<u64>>);

impl Seeded {
    fn begin(&self, seed: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seed;
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            chunk.copy_from_slice(&z.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// What a merchant may send.
#[derive(Clone, Debug)]
enum Ask {
    Get(String),
    Post(&'static str, Vec<(&'static str, String)>),
    Api(&'static str, serde_json::Value),
    /// The same from the merchant's own terminal, which holds a token.
    Terminal(&'static str, &'static str, serde_json::Value),
}

/// The keys of terminals by serial number, of both worlds together. In a form, `{OWN10001}` stands for the key.
type Keys = BTreeMap<String, String>;

/// Serial numbers: the merchant's own, another's in one of the worlds, another's in the other, the platform's, nobody's.
fn serial_number() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (1..=4u8).prop_map(|n| format!("OWN1000{n}")),
        2 => (1..=3u8).prop_map(|n| format!("LEFT000{n}")),
        2 => (1..=3u8).prop_map(|n| format!("RIGHT00{n}")),
        1 => Just("FREE0001".to_owned()),
        1 => Just("NEVER001".to_owned()),
        1 => Just("A#1".to_owned()),
    ]
}

/// Words and parts of words that either world has somewhere.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        serial_number(),
        Just("LEFT".to_owned()),
        Just("RIGHT".to_owned()),
        Just("T00".to_owned()),
        Just("前台".to_owned()),
        Just("%".to_owned()),
        "[A-Z0-9]{1,3}",
    ]
}

/// Logins: a clerk of the merchant's, another's in one of the worlds, another's in the other, the platform's, nobody's.
fn login() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("clerk"),
        Just("left.clerk"),
        Just("right.clerk"),
        Just("shengjing"),
        Just("admin"),
        Just("nobody"),
    ]
    .prop_map(str::to_owned)
}

fn page() -> impl Strategy<Value = String> {
    let fixed = prop_oneof![
        Just("/"),
        Just("/devices"),
        Just("/devices/register"),
        Just("/logs"),
        Just("/apps"),
        Just("/apps/com.example.pay"),
        Just("/apps/com.example.pay?state=unknown"),
        Just("/apps/com.example.left"),
        Just("/apps/com.example.right"),
        Just("/catalogue"),
        Just("/catalogue/com.example.left"),
        Just("/settings/staff"),
        Just("/settings/stores"),
        Just("/settings/registration"),
        Just("/merchants"),
        Just("/merchants/898292720000001"),
        Just("/settings/security"),
        Just("/settings/account"),
        Just("/logs/export.csv"),
        Just("/audit"),
        Just("/audit/export.csv?actor=shengjing"),
        Just("/devices/export.csv"),
        Just("/devices/export.csv?problem=not_registered&sort=-registered"),
        Just("/terminals/export.csv"),
        Just("/merchants/export.csv"),
        Just("/batches/00000000-0000-7000-8000-000000000001"),
        Just("/devices?after=%FF~x"),
        Just("/devices/%20"),
        Just("/help/no-such-topic"),
        Just("/api/v1/nothing"),
        Just("/terminals"),
        Just("/terminals/import"),
        Just("/users"),
        Just("/users/left.clerk"),
        Just("/users/right.clerk"),
        Just("/nothing"),
    ];
    prop_oneof![
        fixed.prop_map(str::to_owned),
        serial_number().prop_map(|sn| format!("/devices/{}", urlencoding::encode(&sn))),
        (
            serial_number(),
            prop_oneof![Just("PAX"), Just("Sunmi"), Just("Newland")]
        )
            .prop_map(|(sn, maker)| format!("/devices/{}?manufacturer={maker}", urlencoding::encode(&sn))),
        serial_number().prop_map(|sn| format!("/devices/find?sn={}", urlencoding::encode(&sn))),
        word().prop_map(|word| format!("/palette?q={}", urlencoding::encode(&word))),
        (word(), prop_oneof![Just(""), Just("registered"), Just("unregistered")])
            .prop_map(|(q, state)| format!("/devices?q={}&state={state}", urlencoding::encode(&q))),
        (word(), prop_oneof![Just("silent"), Just("not_connected"), Just("")])
            .prop_map(|(q, problem)| format!("/devices/export.csv?q={}&problem={problem}", urlencoding::encode(&q))),
        prop_oneof![Just("A920"), Just("P2"), Just("N910")].prop_map(|model| format!("/devices?model={model}")),
        (serial_number(), prop_oneof![Just(""), Just("success"), Just("failure")])
            .prop_map(|(sn, outcome)| format!("/logs?sn={}&outcome={outcome}", urlencoding::encode(&sn))),
        (
            word(),
            login(),
            prop_oneof![Just("user"), Just("terminal"), Just("system"), Just("")]
        )
            .prop_map(|(sn, actor, by)| format!("/logs?sn={}&actor={actor}&by={by}", urlencoding::encode(&sn))),
        prop_oneof![Just(SHENGJING), Just(XIAOMAN), Just("1")]
            .prop_map(|number| format!("/logs?merchant={number}&outcome=failure")),
        any::<u128>().prop_map(|id| format!("/logs?open={}", uuid::Uuid::from_u128(id))),
        (serial_number(), prop_oneof![Just("failure"), Just("info")])
            .prop_map(|(sn, outcome)| format!("/logs/export.csv?sn={}&outcome={outcome}", urlencoding::encode(&sn))),
        prop_oneof![Just("after"), Just("before")]
            .prop_map(|way| format!("/logs?{way}=~ffffffffffffffffffffffffffffffff")),
        (prop_oneof![Just("after"), Just("before")], word())
            .prop_map(|(way, key)| format!("/devices?{way}={}~0", urlencoding::encode(&key))),
    ]
}

/// The key of somebody's terminal, or of nobody's.
fn key() -> impl Strategy<Value = String> {
    serial_number().prop_map(|sn| format!("{{{sn}}}"))
}

/// What the merchant's own terminal sends.
fn from_the_terminal() -> impl Strategy<Value = Ask> {
    use serde_json::json;
    prop_oneof![
        Just(Ask::Terminal("GET", "/api/v1/terminals/me", json!(null))),
        Just(Ask::Terminal(
            "POST",
            "/api/v1/terminals/me/heartbeat",
            json!({ "battery": 50 })
        )),
        Just(Ask::Terminal(
            "POST",
            "/api/v1/terminals/me/sign-in",
            json!({ "operator_no": "01" })
        )),
        Just(Ask::Terminal("POST", "/api/v1/terminals/me/sign-out", json!({}))),
        Just(Ask::Terminal(
            "POST",
            "/api/v1/terminals/me/heartbeat",
            json!({ "nonsense": 1 })
        )),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    let code = prop_oneof![Just(String::new()), Just("0123-4567-89ABCD".to_owned())];
    prop_oneof![
        6 => page().prop_map(Ask::Get),
        3 => (serial_number(), code.clone()).prop_map(|(sn, code)| Ask::Post("/actions/register", vec![("sn", sn), ("code", code)])),
        1 => (word(), login()).prop_map(|(word, name)| {
            let query = format!("q={}", urlencoding::encode(&word));
            Ask::Post("/actions/view-save", vec![("view_name", name), ("query", query)])
        }),
        1 => (serial_number(), key()).prop_map(|(sn, key)| {
            Ask::Post("/actions/issue-code", vec![("sn", sn), ("terminal", key)])
        }),
        1 => (serial_number(), key(), prop_oneof![Just("suspend"), Just("resume"), Just("rename")])
            .prop_map(|(sn, key, wanted)| {
                Ask::Post("/actions/terminal", vec![
                    ("sn", sn),
                    ("terminal", key),
                    ("seen", "registered".to_owned()),
                    ("wanted", wanted.to_owned()),
                    ("reason", "damaged".to_owned()),
                    ("confirmed", "true".to_owned()),
                    ("name", "收银".to_owned()),
                ])
            }),
        1 => (key(), key()).prop_map(|(one, two)| Ask::Post("/actions/choose", vec![("ids[]", one), ("ids[]", two)])),
        2 => from_the_terminal(),
        1 => (login(), any::<bool>()).prop_map(|(login, enabled)| {
            Ask::Post("/actions/user-enable", vec![("login", login), ("enabled", enabled.to_string())])
        }),
        1 => login().prop_map(|login| Ask::Post("/actions/user-reset", vec![("login", login)])),
        1 => (word(), prop_oneof![Just(""), Just(XIAOMAN), Just(SHENGJING)]).prop_map(|(name, merchant)| {
            Ask::Post("/actions/store-create", vec![("store_name", name), ("merchant", merchant.to_owned())])
        }),
        1 => any::<u128>().prop_map(|id| {
            Ask::Post("/actions/store-close", vec![("store", uuid::Uuid::from_u128(id).to_string())])
        }),
        1 => Just(Ask::Post("/actions/staff-invite", vec![("name", "韩梅梅".to_owned())])),
        1 => (serial_number(), code).prop_map(|(sn, activation_code)| {
            Ask::Api("/api/v1/terminals/register", serde_json::json!({ "sn": sn, "activation_code": activation_code }))
        }),
    ]
}

on_both_engines!(what_another_merchant_has_changes_no_answer);

/// Which of the twins.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// A world in which the other merchant's terminals, people and history are its own, and everything else is as in its twin.
async fn twin<'a>(db: &'a TestDb, entropy: &Seeded, side: Side) -> Result<(World<'a>, Client)> {
    entropy.begin(1);
    let world = World::made_of(db, &[], entropy.clone()).await?;
    world.add_user("clerk", Role::MerchantClerk, Some(XIAOMAN)).await?;
    world
        .import(&format!(
            "OWN10001,PAX,A920,前台,{XIAOMAN},总店\nOWN10002,PAX,A920,后厨,{XIAOMAN},总店\n\
             OWN10003,Sunmi,P2,吧台,{XIAOMAN},\nOWN10004,PAX,A920,,{XIAOMAN},\nFREE0001,PAX,A920,,,\n"
        ))
        .await?;
    let mut admin = world.signed_in("admin").await?;
    for package in ["com.example.pay", "com.example.left", "com.example.right"] {
        let app = [
            ("package", package),
            ("name_zh", "收银"),
            ("name_en", "Pay"),
            ("publisher", "掌柜"),
        ];
        admin.post("/actions/app-create", &app).await?;
    }
    authorize(&mut admin, "com.example.pay", XIAOMAN).await?;
    let terminal = with_token(&world, "OWN10004").await?;
    let (name, maker, model, count) = match side {
        Side::Left => ("LEFT000", "PAX", "A920", 2),
        Side::Right => ("RIGHT00", "Newland", "N910", 3),
    };
    let rows = (1..=count).map(|n| format!("{name}{n},{maker},{model},前台,{SHENGJING},分店\n"));
    world.import(&rows.collect::<String>()).await?;
    let clerk = match side {
        Side::Left => "left.clerk",
        Side::Right => "right.clerk",
    };
    world.add_user(clerk, Role::MerchantClerk, Some(SHENGJING)).await?;
    let others = match side {
        Side::Left => ["com.example.left", "com.example.pay"].as_slice(),
        Side::Right => &["com.example.right"],
    };
    for package in others {
        authorize(&mut admin, package, SHENGJING).await?;
    }
    let mut other = world.signed_in("shengjing").await?;
    for n in 1..count {
        other
            .post("/actions/register", &[("sn", &format!("{name}{n}"))])
            .await?;
    }
    other.post("/actions/register", &[("sn", "OWN10001")]).await?;
    Ok((world, terminal))
}

/// A terminal of the merchant's that has registered.
async fn with_token(world: &World<'_>, sn: &str) -> Result<Client> {
    let mut owner = world.signed_in("xiaoman").await?;
    let page = owner.submit("/actions/register", &[("sn", sn)]).await?;
    let body = serde_json::json!({ "sn": sn, "activation_code": code_on(&page.body).ok_or("no code")? });
    let answer = world.visitor().post_json("/api/v1/terminals/register", &body).await?;
    let token = answer.json()?["token"].as_str().ok_or("no token")?.to_owned();
    Ok(world.visitor().with_header("authorization", &format!("Bearer {token}")))
}

/// The keys of the terminals of both worlds.
async fn keys(worlds: [&World<'_>; 2]) -> Result<Keys> {
    use sea_orm::EntityTrait;
    let mut keys = Keys::new();
    for world in worlds {
        for terminal in server::entities::terminals::Entity::find()
            .all(world.db.reader())
            .await?
        {
            let key = terminal.id.to_string();
            let other = keys.insert(terminal.sn.clone(), key.clone());
            assert!(other.is_none_or(|other| other == key), "{} has two keys", terminal.sn);
        }
    }
    Ok(keys)
}

/// Authorizes an app for a merchant.
async fn authorize(admin: &mut Client, package: &str, merchant: &str) -> Result<()> {
    let whom = [("package", package), ("kind", "merchants"), ("list", merchant)];
    let page = admin.submit("/actions/app-authorize", &whom).await?;
    let draft = between(&page.body, "name=\"draft\" value=\"", "\"").ok_or("nothing prepared")?;
    let done = admin
        .post("/actions/app-grant", &[("package", package), ("draft", draft)])
        .await?;
    assert_eq!(done.location(), Some(format!("/catalogue/{package}").as_str()));
    Ok(())
}

/// All of an answer that a browser or a terminal gets, without the nonce and the request's id.
fn told(answer: &Answer) -> String {
    let id = answer.header("x-request-id").unwrap_or("no id").to_owned();
    let policy = answer.header("content-security-policy").unwrap_or_default();
    let nonce = between(policy, "'nonce-", "'").unwrap_or("no nonce").to_owned();
    format!("{} {:?}\n{}", answer.status, answer.headers, answer.body)
        .replace(&nonce, "NONCE")
        .replace(&id, "ID")
}

async fn send(client: &mut Client, terminal: &mut Client, keys: &Keys, ask: &Ask) -> Result<Answer> {
    match ask {
        Ask::Get(path) => client.get(path).await,
        Ask::Post(path, fields) => {
            let key = |value: &str| {
                let sn = value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                let nobodys = uuid::Uuid::nil().to_string();
                sn.map_or(value.to_owned(), |sn| keys.get(sn).cloned().unwrap_or(nobodys))
            };
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, key(value))).collect();
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            client.post(path, &fields).await
        }
        Ask::Api(path, body) => client.post_json(path, body).await,
        Ask::Terminal(method, path, body) => {
            let json = Some("application/json");
            terminal.send(method, path, json, body.to_string().into_bytes()).await
        }
    }
}

async fn what_another_merchant_has_changes_no_answer(db: &TestDb) -> Outcome {
    let other_db = match db.engine() {
        server::database::Engine::Sqlite => TestDb::sqlite().await?,
        server::database::Engine::Postgres => TestDb::postgres().await?,
    };
    let (left_entropy, right_entropy) = (Seeded::default(), Seeded::default());
    let (left, mut left_terminal) = twin(db, &left_entropy, Side::Left).await?;
    let (right, mut right_terminal) = twin(&other_db, &right_entropy, Side::Right).await?;
    let keys = keys([&left, &right]).await?;
    let mut runner = TestRunner::new(Config::default());
    let strategy = proptest::collection::vec(ask(), REQUESTS);
    for sequence in 0..SEQUENCES {
        let mut at = LATER.plus_ms(i64::from(sequence) * Timestamp::DAY_MS);
        let mut together = |seed: u64| {
            for (world, entropy) in [(&left, &left_entropy), (&right, &right_entropy)] {
                world.clock.set(at);
                entropy.begin(seed);
            }
            at = at.plus_ms(60_000);
        };
        together(0);
        let asks = strategy
            .new_tree(&mut runner)
            .map_err(|reason| reason.to_string())?
            .current();
        let login = if sequence % 3 == 2 { "clerk" } else { "xiaoman" };
        world_is_up(&left, login).await?;
        world_is_up(&right, login).await?;
        let (mut one, mut two) = (left.signed_in(login).await?, right.signed_in(login).await?);
        for (place, ask) in asks.iter().enumerate() {
            // The same instant and the same randomness for both.
            together(u64::from(sequence) * 1_000 + place as u64 + 1);
            let a = send(&mut one, &mut left_terminal, &keys, ask).await?;
            let b = send(&mut two, &mut right_terminal, &keys, ask).await?;
            assert_eq!(told(&a), told(&b), "request {place} of {asks:#?}");
        }
    }
    Ok(())
}

/// A sequence may have disabled the clerk or taken the password away; the next begins with both.
async fn world_is_up(world: &World<'_>, login: &str) -> Result<()> {
    let up = "UPDATE users SET disabled_at = NULL, password_hash = \
              (SELECT password_hash FROM users AS other WHERE other.login = 'shengjing')";
    world.sql(&format!("{up} WHERE login = '{login}'")).await
}
