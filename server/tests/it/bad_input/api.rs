//! The device API, field by field, as its own description lists them.

use super::{HEARTBEAT, REGISTER, SIGN_IN, code_for, token_for, with_token};
use crate::client::{Answer, Client};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World, XIAOMAN};
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both_engines!(
    a_wrong_type_is_refused_with_its_place,
    an_unknown_field_is_refused_with_its_name,
    a_broken_body_is_refused_whatever_was_called,
    each_field_takes_what_fits_and_no_more,
);

const JSON: Option<&str> = Some("application/json");

/// A call that takes a body.
struct Call {
    method: String,
    path: String,
    schema: Value,
}

/// Every call of the description that takes a body.
async fn calls(client: &mut Client) -> Result<(Vec<Call>, Value)> {
    let document = client.get("/api/v1/openapi.json").await?.json()?;
    let mut calls = Vec::new();
    for (path, operations) in document["paths"].as_object().ok_or("no paths")? {
        for (method, operation) in operations.as_object().ok_or("no operations")? {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if schema.is_object() {
                calls.push(Call {
                    method: method.to_uppercase(),
                    path: format!("/api/v1{}", path.replace("{package}", "com.example.pay")),
                    schema: resolved(&document, schema),
                });
            }
        }
    }
    assert!(
        calls.len() >= 3,
        "the description lists {} calls with a body",
        calls.len()
    );
    Ok((calls, document))
}

fn resolved(document: &Value, schema: &Value) -> Value {
    match schema["$ref"].as_str().and_then(|name| name.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).cloned().unwrap_or_default(),
        None => schema.clone(),
    }
}

/// The JSON types that a field takes.
fn types(document: &Value, schema: &Value) -> BTreeSet<String> {
    let schema = resolved(document, schema);
    let mut found = BTreeSet::new();
    match &schema["type"] {
        Value::String(name) => found.extend([name.clone()]),
        Value::Array(names) => found.extend(names.iter().filter_map(Value::as_str).map(str::to_owned)),
        _ => {}
    }
    for several in ["oneOf", "anyOf"] {
        for one in schema[several].as_array().into_iter().flatten() {
            found.extend(types(document, one));
        }
    }
    if found.is_empty() && schema["enum"].is_array() {
        found.insert("string".to_owned());
    }
    found
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, sent: &str) -> Value {
    assert_eq!(answer.status.as_u16(), status, "{sent}: {answer:?}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{sent}"
    );
    let problem: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    assert_eq!(problem["code"], code, "{sent}: {answer:?}");
    assert!(
        problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()),
        "{sent}"
    );
    problem
}

/// A world with a terminal that holds a token.
async fn with_terminal(db: &TestDb) -> Result<(World<'_>, Client)> {
    let world = World::new(db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let mut admin = world.signed_in("admin").await?;
    let token = token_for(&world, &mut admin, "OWN10001").await?;
    let terminal = with_token(&world, &token);
    Ok((world, terminal))
}

async fn send(terminal: &mut Client, call: &Call, body: &str) -> Result<Answer> {
    terminal
        .send(&call.method, &call.path, JSON, body.as_bytes().to_vec())
        .await
}

async fn a_wrong_type_is_refused_with_its_place(db: &TestDb) -> Outcome {
    let (world, mut terminal) = with_terminal(db).await?;
    let (calls, document) = calls(&mut terminal).await?;
    let probes = [
        ("null", json!(null)),
        ("boolean", json!(true)),
        ("number", json!(1.5)),
        ("string", json!("no such word")),
        ("array", json!([[]])),
        ("object", json!({ "a": 1 })),
    ];
    let before = (world.terminals("OWN10001").await?, world.log().await?);
    let mut refusals = 0;
    for call in &calls {
        for (field, schema) in call.schema["properties"].as_object().ok_or("no fields")? {
            let taken = types(&document, schema);
            assert!(!taken.is_empty(), "{} {field} has no type: {schema}", call.path);
            for (name, probe) in probes.iter().filter(|(name, _)| !taken.contains(*name)) {
                let body = json!({ field: probe }).to_string();
                let answer = send(&mut terminal, call, &body).await?;
                let problem = refused(&answer, 422, "body_invalid", &format!("{} {name} {body}", call.path));
                let pointer = problem["pointer"].as_str().unwrap_or_default();
                assert_eq!(pointer, format!("/{field}"), "{body}: {answer:?}");
                refusals += 1;
            }
        }
    }
    assert!(refusals > 30, "only {refusals} were tried");
    // What is refused in its form is no attempt: nothing is kept of it.
    assert_eq!((world.terminals("OWN10001").await?, world.log().await?), before);
    Ok(())
}

async fn an_unknown_field_is_refused_with_its_name(db: &TestDb) -> Outcome {
    let (_world, mut terminal) = with_terminal(db).await?;
    let (calls, _) = calls(&mut terminal).await?;
    for call in &calls {
        for field in ["serial", "SN", "a/b~c", "token", ""] {
            let body = json!({ field: 1 }).to_string();
            let answer = send(&mut terminal, call, &body).await?;
            let problem = refused(&answer, 422, "body_invalid", &body);
            let named = format!("`{field}`");
            assert!(
                problem["detail"].as_str().is_some_and(|it| it.contains(&named)),
                "{answer:?}"
            );
            let pointer = format!("/{}", field.replace('~', "~0").replace('/', "~1"));
            assert_eq!(problem["pointer"], pointer, "{answer:?}");
        }
    }
    let twice = br#"{"operator_no":"01","operator_no":"02"}"#.to_vec();
    let answer = terminal.send("POST", SIGN_IN, JSON, twice).await?;
    let problem = refused(&answer, 422, "body_invalid", "a field twice");
    assert!(problem["detail"].as_str().is_some_and(|it| it.contains("operator_no")));
    Ok(())
}

async fn a_broken_body_is_refused_whatever_was_called(db: &TestDb) -> Outcome {
    let (_world, mut terminal) = with_terminal(db).await?;
    let (calls, _) = calls(&mut terminal).await?;
    let deep = "[".repeat(50_000);
    let deep_field = format!("{{\"sn\":{deep}");
    let broken: [&[u8]; 11] = [
        b"",
        b"{",
        b"{\"",
        b"{}{}",
        b"{\"sn\":}",
        b"{'sn':'x'}",
        b"sn=OWN10001",
        b"\xff\xfe{\x00}\x00",
        b"{\"sn\":\"\xff\"}",
        deep.as_bytes(),
        deep_field.as_bytes(),
    ];
    let whole = br#"{"sn":"OWN10001","activation_code":"x"}"#;
    for call in &calls {
        let mut send =
            async |kind: Option<&str>, body: &[u8]| terminal.send(&call.method, &call.path, kind, body.to_vec()).await;
        for body in broken {
            let answer = send(JSON, body).await?;
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert!(
                matches!(answer.status.as_u16(), 400 | 422),
                "{} {shown}: {answer:?}",
                call.path
            );
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json"),
                "{shown}"
            );
        }
        for kind in [
            None,
            Some(""),
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("application/jsonx"),
            Some("application/problem+json"),
            Some("multipart/form-data; boundary=x"),
        ] {
            refused(&send(kind, whole).await?, 415, "content_type", &format!("{kind:?}"));
        }
        for body in [b"null".as_slice(), b"true", b"1", b"\"x\"", b"[]"] {
            let shown = String::from_utf8_lossy(body).into_owned();
            refused(&send(JSON, body).await?, 422, "body_invalid", &shown);
        }
        let large = vec![b' '; 300 * 1024];
        refused(&send(JSON, &large).await?, 413, "body_too_large", "300 KiB of blanks");
    }
    Ok(())
}

async fn each_field_takes_what_fits_and_no_more(db: &TestDb) -> Outcome {
    let (world, mut terminal) = with_terminal(db).await?;
    let mut admin = world.signed_in("admin").await?;
    // Characters, not bytes: the longest that fits is accepted in Chinese as well.
    for (field, most) in [
        ("model", 64),
        ("firmware", 64),
        ("app_version", 64),
        ("sn", 128),
        ("activation_code", 128),
    ] {
        let text = |count: usize| match field {
            "sn" => format!("OWN10001{}", " ".repeat(count - 8)),
            "activation_code" => "-".repeat(count),
            _ => "版".repeat(count),
        };
        let body = |count: usize| {
            let mut body = json!({ "sn": "OWN10001", "activation_code": "0000-0000-000000" });
            body[field] = json!(text(count));
            body
        };
        let fits = world.visitor().post_json(REGISTER, &body(most)).await?;
        refused(&fits, 422, "sn_or_code_wrong", field);
        let beyond = world.visitor().post_json(REGISTER, &body(most + 1)).await?;
        let problem = refused(&beyond, 422, "body_invalid", field);
        assert_eq!(problem["pointer"], format!("/{field}"));
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|it| it.contains(&most.to_string())),
            "{beyond:?}"
        );
        for control in ["\u{0}", "\u{1b}[2J", "a\nb", "\u{7f}", "\u{85}"] {
            let mut body = body(most);
            body[field] = json!(control);
            let answer = world.visitor().post_json(REGISTER, &body).await?;
            assert_eq!(answer.status.as_u16(), 422, "{field} {control:?}: {answer:?}");
        }
    }
    world.sql("DELETE FROM throttles").await?;
    // Everything at its longest at once, and it is kept as it was sent.
    let body = json!({
        "sn": format!("own1–0001{}", "\u{3000}".repeat(100)),
        "activation_code": format!(" {} ", code_for(&world, &mut admin, "OWN10001").await?.to_lowercase()),
        "model": "s 90", "firmware": "固".repeat(64), "app_version": "🦀".repeat(64),
    });
    let answer = world.visitor().post_json(REGISTER, &body).await?;
    assert_eq!(answer.status.as_u16(), 201, "{answer:?}");
    let kept = world.terminals("OWN10001").await?.remove(0);
    assert_eq!(kept.firmware, Some("固".repeat(64)));
    assert_eq!(kept.app_version, Some("🦀".repeat(64)));
    let token = answer.json()?["token"].as_str().ok_or("no token")?.to_owned();
    let old = &mut terminal;
    refused(
        &old.post_json(HEARTBEAT, &json!({})).await?,
        401,
        "token_invalid",
        "the token of before",
    );
    let mut terminal = with_token(&world, &token);
    for (body, status) in [
        (json!({ "operator_no": "x".repeat(16) }), 200),
        (json!({ "operator_no": "x".repeat(17) }), 422),
        (json!({ "operator_no": "" }), 422),
        (json!({ "operator_no": "0\u{0}1" }), 422),
    ] {
        let answer = terminal.post_json(SIGN_IN, &body).await?;
        assert_eq!(answer.status.as_u16(), status, "{body}: {answer:?}");
    }
    let app =
        |package: usize, version: usize| json!({ "package": "p".repeat(package), "version": "9".repeat(version) });
    for (body, status) in [
        (json!({ "battery": 0 }), 200),
        (json!({ "battery": 100 }), 200),
        (json!({ "battery": 101 }), 422),
        (json!({ "battery": i64::MIN }), 422),
        (json!({ "battery": 18_446_744_073_709_551_615_u64 }), 422),
        (json!({ "firmware": "版".repeat(64) }), 200),
        (json!({ "firmware": "版".repeat(65) }), 422),
        (json!({ "apps": [] }), 200),
        (json!({ "apps": vec![app(1, 1); 64] }), 200),
        (json!({ "apps": vec![app(1, 1); 65] }), 422),
        (json!({ "apps": [app(128, 64)] }), 200),
        (json!({ "apps": [app(129, 64)] }), 422),
        (json!({ "apps": [app(128, 65)] }), 422),
    ] {
        let answer = terminal.post_json(HEARTBEAT, &body).await?;
        assert_eq!(answer.status.as_u16(), status, "{body}: {answer:?}");
    }
    world.services.presence.flush().await?;
    Ok(())
}
