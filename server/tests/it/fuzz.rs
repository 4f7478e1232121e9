//! The device API against its own description: schemathesis makes requests from it, right and wrong ones, and checks that every
//! answer is one that the description speaks of.

use crate::client::code_on;
use crate::support::{Outcome, TestDb};
use crate::world::{World, XIAOMAN};
use serde_json::json;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::process::Command;

const SN: &str = "FUZZED01";

/// Seconds for requests of all kinds, and for right ones alone: these, or as many as `TILLKEEPER_FUZZ_SECONDS` says of each.
const BUDGETS: [&str; 2] = ["20", "10"];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs schemathesis: TILLKEEPER_SCHEMATHESIS names the program, as .ci/test does"]
async fn every_answer_is_one_that_is_described() -> Outcome {
    let program = std::env::var("TILLKEEPER_SCHEMATHESIS")?;
    let budgets = match std::env::var("TILLKEEPER_FUZZ_SECONDS") {
        Ok(seconds) => [seconds.clone(), seconds],
        Err(_) => BUDGETS.map(str::to_owned),
    };
    let db = TestDb::sqlite().await?;
    let world = World::new(&db).await?;
    world.import(&format!("{SN},PAX,S90,,{XIAOMAN},\n")).await?;
    let mut admin = world.signed_in("admin").await?;
    let id = world.terminals(SN).await?[0].id.to_string();
    let fields = [("terminal", id.as_str()), ("merchant_no", XIAOMAN), ("sn", SN)];
    let page = admin.submit("/actions/issue-code", &fields).await?;
    let body = json!({ "sn": SN, "activation_code": code_on(&page.body).ok_or("no code")? });
    let registered = world.visitor().post_json("/api/v1/terminals/register", &body).await?;
    let registered = registered.json()?;
    let token = registered["token"].as_str().ok_or("no token")?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = world.router().into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, service).await });
    let mut terminal = world.visitor().with_header("authorization", &format!("Bearer {token}"));
    let operator = json!({ "operator_no": "01" });
    terminal.post_json("/api/v1/terminals/me/sign-in", &operator).await?;
    let folder = tempfile::tempdir()?;
    let mut document = terminal.get("/api/v1/openapi.json").await?.json()?;
    for (_, path) in document["paths"].as_object_mut().into_iter().flatten() {
        // A key that was used before is refused, however right the request is.
        if let Some(post) = path.get_mut("post").and_then(|post| post.as_object_mut()) {
            post.remove("parameters");
        }
    }
    let own = folder.path().join("openapi.json");
    std::fs::write(&own, document.to_string())?;

    let url = format!("http://{address}/api/v1");
    // A right request to register is refused all the same: its code is made up.
    let all = ["--checks", "all", "--exclude-checks", "positive_data_acceptance"];
    let right = ["--mode", "positive", "--exclude-path", "/terminals/register"];
    for (document, options, budget) in [
        (format!("{url}/openapi.json"), all, &budgets[0]),
        (own.display().to_string(), right, &budgets[1]),
    ] {
        let run = Command::new(&program)
            .current_dir(folder.path())
            .args(["run", &document, "--url", &url])
            .args(["--header", &format!("Authorization: Bearer {token}")])
            .args([
                "--max-time",
                budget,
                "--workers",
                "2",
                "--seed",
                "20261123",
                "--warnings",
                "off",
            ])
            .args(options)
            .output()
            .await?;
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    }
    serving.abort();
    Ok(())
}
