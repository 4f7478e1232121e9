//! The words of `--help`.

use crate::support::Place;
use insta::assert_snapshot;

fn help(command: &[&str]) -> String {
    let mut arguments = command.to_vec();
    arguments.push("--help");
    // Lines end where their words do, so that no editor changes these snapshots.
    let text = Place::new().run(&arguments).done();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn without_a_command_it_is_wrong_use_and_shows_the_help() {
    let err = Place::new().run(&[]).wrong_use();
    assert!(err.contains("Usage: tillkeeper"), "{err}");
    Place::new().run(&["unknown"]).wrong_use();
    Place::new().run(&["serve", "--unknown"]).wrong_use();
}

#[test]
fn every_command_is_explained() {
    assert_snapshot!("tillkeeper", help(&[]));
    for command in [
        &["serve"][..],
        &["migrate"],
        &["migrate", "up"],
        &["migrate", "down"],
        &["migrate", "status"],
        &["user"],
        &["user", "add"],
        &["user", "set-password"],
        &["user", "disable"],
        &["user", "enable"],
        &["user", "list"],
        &["import"],
        &["export"],
        &["verdict"],
        &["log"],
        &["log", "verify"],
        &["log", "retain"],
        &["log", "checkpoint"],
        &["log", "public-key"],
        &["backup"],
        &["restore"],
        &["check-config"],
        &["healthcheck"],
        &["openapi"],
        &["seed-demo"],
        &["simulate"],
    ] {
        assert_snapshot!(command.join("-"), help(command));
    }
}

#[test]
fn the_description_of_the_api_is_json() {
    let document = Place::new().run(&["openapi"]).done();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{document}");
    assert!(document["paths"].as_object().is_some_and(|paths| !paths.is_empty()));
}
