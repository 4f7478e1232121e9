//! The forms of the portal that are about terminals, field by field.

use crate::client::{Answer, Client};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use std::collections::BTreeSet;

on_both_engines!(no_text_breaks_a_form, no_body_breaks_a_form, no_text_breaks_a_page,);

/// Each form with its fields.
const FORMS: [(&str, &[&str]); 9] = [
    ("/actions/register", &["sn", "manufacturer", "code", "merchant_no"]),
    (
        "/actions/issue-code",
        &["terminal", "sn", "manufacturer", "merchant_no"],
    ),
    (
        "/actions/counter-code",
        &["terminal", "sn", "manufacturer", "merchant_no"],
    ),
    ("/actions/revoke-code", &["terminal", "sn", "manufacturer"]),
    (
        "/actions/terminal",
        &[
            "terminal",
            "sn",
            "manufacturer",
            "seen",
            "wanted",
            "confirmed",
            "name",
            "store",
            "reason",
            "note",
            "merchant_no",
            "replacement",
        ],
    ),
    ("/actions/choose", &["ids[]", "which", "list", "query"]),
    (
        "/actions/change-batch",
        &["batch", "wanted", "confirmed", "store", "reason", "note", "merchant_no"],
    ),
    ("/actions/batch-codes", &["batch", "merchant_no"]),
    ("/language", &["language", "back"]),
];

/// Texts that are too long, too short, of another world, or meant to break out of where they are put.
fn texts() -> Vec<String> {
    let plain = [
        "",
        " ",
        "\u{0}",
        "A\u{0}B12345",
        "\u{202e}12345678",
        "1\r\nSet-Cookie: tillkeeper=x",
        "'; DROP TABLE terminals; --",
        "<script>alert(1)</script>",
        "%00%ff%",
        "=cmd|' /C calc'!A0",
        "//evil.example/",
        "../../../etc/passwd",
        "-1",
        "99999999999999999999999",
        "00000000-0000-0000-0000-000000000000",
        "\u{ffff}\u{10ffff}",
        "null",
    ];
    let mut texts: Vec<String> = plain.iter().map(|text| (*text).to_owned()).collect();
    texts.push("9".repeat(65));
    texts.push("收".repeat(20_000));
    texts
}

/// That an answer to a form refuses in a way that a browser can go on from, and the page it leads to.
async fn harmless(client: &mut Client, answer: Answer, sent: &str) -> Result<()> {
    let short: String = sent.chars().take(200).collect();
    assert!(answer.status.as_u16() < 500, "{short}: {answer:?}");
    if let Some(to) = answer.location().map(str::to_owned) {
        assert!(to.starts_with('/') && !to.starts_with("//"), "{short} leads to {to}");
        assert!(answer.headers.get_all("set-cookie").iter().all(|cookie| {
            let cookie = cookie.to_str().unwrap_or_default();
            !cookie.starts_with("tillkeeper=x")
        }));
        // What is too long for an address is not taken there.
        assert!(to.len() <= 8_000, "{short}: an address of {} bytes", to.len());
        let page = client.get(&to).await?;
        assert!(page.status.as_u16() < 500, "{short} leads to {page:?}");
        page.is_silent_on(&["<script>alert(1)"]);
    }
    Ok(())
}

async fn world(db: &TestDb) -> Result<World<'_>> {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,前台,{XIAOMAN},一店\nFREE0001,PAX,S90,,,\nOTHER001,PAX,S90,,{SHENGJING},\n"
        ))
        .await?;
    Ok(world)
}

async fn no_text_breaks_a_form(db: &TestDb) -> Outcome {
    let world = world(db).await?;
    let before = world.terminals("OWN10001").await?;
    let terminal = before[0].id.to_string();
    let mut owner = world.signed_in("xiaoman").await?;
    // What a field is sent with besides the one that is tried.
    let usual = |field: &str| match field {
        "terminal" => terminal.clone(),
        "sn" => "OWN10001".to_owned(),
        "seen" => "awaiting".to_owned(),
        "wanted" => "rename".to_owned(),
        "list" => "/devices".to_owned(),
        "language" => "zh".to_owned(),
        _ => String::new(),
    };
    for (path, fields) in FORMS {
        for (place, text) in texts().iter().enumerate() {
            world.sql("DELETE FROM throttles").await?;
            // In all fields at once, and in one of them alone.
            let alone = fields[place % fields.len()];
            for only in [None, Some(alone)] {
                let sent: Vec<(&str, String)> = fields
                    .iter()
                    .map(|field| match only {
                        Some(only) if only != *field => (*field, usual(field)),
                        _ => (*field, text.clone()),
                    })
                    .collect();
                // Registering with the right number and nothing wrong in it is no bad input.
                if path == "/actions/register" && only.is_some_and(|only| only != "sn") {
                    continue;
                }
                let pairs: Vec<(&str, &str)> = sent.iter().map(|(field, text)| (*field, text.as_str())).collect();
                let answer = owner.post(path, &pairs).await?;
                harmless(&mut owner, answer, &format!("{path} {only:?} {text:?}")).await?;
            }
        }
    }
    let after = world.terminals("OWN10001").await?;
    assert_eq!(
        (&after[0].lifecycle, &after[0].merchant_id),
        (&before[0].lifecycle, &before[0].merchant_id)
    );
    assert_eq!(world.terminals("OTHER001").await?[0].lifecycle, "awaiting");
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn no_body_breaks_a_form(db: &TestDb) -> Outcome {
    let world = world(db).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let bodies: [&[u8]; 10] = [
        b"",
        b"&&&==&",
        b"sn",
        b"sn=%",
        b"sn=%ff%fe&terminal=%c3%28",
        b"sn=\xff\xfe",
        b"sn=OWN1&sn=OWN2&terminal=1&terminal=2",
        b"sn[]=1&sn[x]=2&ids[0][a]=3&ids[99999999999]=4",
        b"no_such_field=1",
        b"sn[a][b][c][d][e][f][g][h]=1",
    ];
    let form = Some("application/x-www-form-urlencoded");
    let every: BTreeSet<&str> = leptos::server_fn::axum::server_fn_paths()
        .map(|(path, _)| path)
        .collect();
    assert!(
        FORMS
            .iter()
            .all(|(path, _)| every.contains(path) || *path == "/language"),
        "{every:?}"
    );
    let before = world.terminals("OWN10001").await?;
    for path in every {
        for body in bodies {
            world.sql("DELETE FROM throttles").await?;
            let answer = owner.send("POST", path, form, body.to_vec()).await?;
            let sent = format!("{path} {}", String::from_utf8_lossy(body));
            // A second step is begun by an empty form; the others have nothing to do.
            harmless(&mut owner, answer, &sent).await?;
        }
        // A form with thousands of fields.
        let many = "a=1&".repeat(20_000);
        let answer = owner.send("POST", path, form, many.into_bytes()).await?;
        harmless(&mut owner, answer, path).await?;
    }
    assert_eq!(world.terminals("OWN10001").await?, before);
    Ok(())
}

async fn no_text_breaks_a_page(db: &TestDb) -> Outcome {
    let world = world(db).await?;
    let mut admin = world.signed_in("admin").await?;
    for text in texts() {
        let text: String = text.chars().take(300).collect();
        let sent = urlencoding::encode(&text).into_owned();
        for path in [
            format!("/devices/{sent}"),
            format!("/devices/OWN10001?manufacturer={sent}"),
            format!("/devices/find?sn={sent}"),
            format!("/?find=1&sn={sent}"),
            format!("/devices/register?sn={sent}&manufacturer={sent}&merchant_no={sent}&choose={sent}"),
            format!("/logs?sn={sent}&kind={sent}&reason={sent}&from={sent}&to={sent}&after={sent}"),
            format!("/terminals?q={sent}&state={sent}&store={sent}&model={sent}&sort={sent}&after={sent}"),
            format!("/batches/{sent}"),
            format!("/help/{sent}"),
        ] {
            let page = admin.get(&path).await?;
            assert!(page.status.as_u16() < 500, "{path}: {page:?}");
            page.is_silent_on(&["<script>alert(1)", "onerror="]);
        }
    }
    Ok(())
}
