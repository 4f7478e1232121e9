//! The life of one simulated terminal.

use super::Credentials;
use super::client::{Client, Ended, With};
use super::failing::Failure;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long to wait before registering again when nobody answered.
const AGAIN: Duration = Duration::from_secs(2);

/// How often to try.
const TRIES: u32 = 5;

/// Time between heartbeats when the server did not say.
const INTERVAL: Duration = Duration::from_secs(60);

/// A code that no server issues.
const WRONG_CODE: &str = "0000-0000-000000";

pub(super) struct Life {
    pub(super) client: Arc<Client>,
    pub(super) credentials: Credentials,
    /// Names its registration, so that trying again cannot use its code twice.
    pub(super) key: String,
    pub(super) failure: Option<Failure>,
    pub(super) place: u32,
    pub(super) begins: Instant,
    pub(super) until: Instant,
    pub(super) interval: Option<Duration>,
}

impl Life {
    pub(super) async fn live(self) {
        sleep_until(self.begins).await;
        let Some(token) = self.register().await else {
            return;
        };
        let with = With {
            token: Some(&token),
            ..With::default()
        };
        if self.failure != Some(Failure::NoSignIn) {
            let operator = json!({ "operator_no": "01" });
            self.client
                .post("sign-in", "/terminals/me/sign-in", with, &operator)
                .await;
        }
        let apps = self.install(with).await;
        let mut beats = 0;
        while Instant::now() < self.until {
            let mut report = report(self.failure, self.place, beats);
            if !apps.is_empty() {
                report["apps"] = json!(apps);
            }
            let answer = self
                .client
                .post("heartbeat", "/terminals/me/heartbeat", with, &report)
                .await;
            beats += 1;
            if self.failure == Some(Failure::Offline) {
                return;
            }
            let said = match answer {
                Ended::Done(answer) => answer["next_heartbeat_seconds"].as_u64(),
                Ended::Refused | Ended::Silent => None,
            };
            let next = self.interval.or(said.map(Duration::from_secs)).unwrap_or(INTERVAL);
            sleep_until(self.until.min(Instant::now() + next)).await;
        }
    }

    /// Installs the apps that it may run, as a terminal does that was switched on, and answers those that are there.
    async fn install(&self, with: With<'_>) -> Vec<Value> {
        let Ended::Done(answer) = self.client.get("apps", "/terminals/me/apps", with).await else {
            return Vec::new();
        };
        let mut there = Vec::new();
        for app in answer["apps"].as_array().into_iter().flatten() {
            let (Some(package), Some(version)) = (app["package"].as_str(), app["newest_version"].as_str()) else {
                continue;
            };
            if app["allowed"] != true {
                continue;
            }
            let path = format!("/terminals/me/apps/{package}");
            let begun = json!({ "state": "installing", "version": version });
            self.client.put("install", &path, with, &begun).await;
            let ended = match self.failure {
                Some(Failure::AppFailed) => json!({ "state": "failed", "version": version, "error_code": "no_space" }),
                _ => json!({ "state": "installed", "version": version }),
            };
            let told = self.client.put("install", &path, with, &ended).await;
            if matches!(told, Ended::Done(_)) && self.failure != Some(Failure::AppFailed) {
                there.push(json!({ "package": package, "version": version }));
            }
        }
        there
    }

    async fn register(&self) -> Option<String> {
        let code = match self.failure {
            Some(Failure::WrongCode) => WRONG_CODE,
            _ => &self.credentials.code,
        };
        let body = json!({ "sn": self.credentials.sn, "activation_code": code });
        let with = With {
            key: Some(&self.key),
            ..With::default()
        };
        for _ in 0..TRIES {
            match self.client.post("register", "/terminals/register", with, &body).await {
                Ended::Done(answer) => return answer["token"].as_str().map(str::to_owned),
                Ended::Refused => return None,
                Ended::Silent => {}
            }
            let again = Instant::now() + AGAIN;
            if again > self.until {
                return None;
            }
            sleep_until(again).await;
        }
        None
    }
}

/// What a terminal tells with its heartbeat; a healthy one's battery runs down and is charged again.
fn report(failure: Option<Failure>, place: u32, beats: u32) -> Value {
    let charge = 100 - (place + beats) % 70;
    let mut report = json!({
        "battery": charge, "network": "ok", "printer": "ok", "paper": "ok", "card_reader": "ok",
    });
    let wrong = match failure {
        Some(Failure::PaperOut) => ("paper", json!("out")),
        Some(Failure::PrinterFault) => ("printer", json!("fault")),
        Some(Failure::CardReaderFault) => ("card_reader", json!("fault")),
        Some(Failure::NetworkDown) => ("network", json!("down")),
        Some(Failure::BatteryLow) => ("battery", json!(4)),
        Some(Failure::Offline | Failure::NoSignIn | Failure::WrongCode | Failure::AppFailed) | None => return report,
    };
    report[wrong.0] = wrong.1;
    report
}
