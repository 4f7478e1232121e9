//! `tillkeeper simulate` against a server that runs.

use crate::support::Place;

/// Calls of the summary that ended so: `call` and `ended` begin its line.
fn calls(summary: &str, call: &str, ended: &str) -> u64 {
    let lines = summary.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .filter(|words| words.first() == Some(&call) && words.get(1) == Some(&ended))
        .filter_map(|words| words[2..].iter().find_map(|word| word.parse::<u64>().ok()))
        .sum()
}

#[test]
fn a_fleet_registers_signs_in_and_fails_as_asked() {
    let place = Place::new().with("TILLKEEPER_LISTEN", "127.0.0.1:0");
    place.write("secret", "demo-password-1\n");
    place.run(&["seed-demo", "--password-file", "secret"]).done();
    let server = place.serve();
    let url = format!("http://{}", server.address);
    let asked = [
        "simulate",
        "--terminals",
        "20",
        "--for",
        "4s",
        "--interval",
        "1s",
        "--url",
        &url,
        "--fail",
        "wrong-code=20%,offline=10%,no-sign-in=10%,paper-out=10%",
    ];
    let summary = place.run(&asked).done();
    let registered = calls(&summary, "register", "201");
    let refused = calls(&summary, "register", "422");
    assert_eq!(registered + refused, 20, "{summary}");
    assert!((3..=6).contains(&refused), "{summary}");
    assert!(summary.contains("sn_or_code_wrong"), "{summary}");
    let said = format!("20 terminals in 4 s: {registered} registered, {refused} did not.");
    assert!(summary.starts_with(&said), "{summary}");
    let signed_in = calls(&summary, "sign-in", "200");
    assert!(signed_in < registered && signed_in > 5, "{summary}");
    assert!(calls(&summary, "heartbeat", "200") > registered, "{summary}");
    // What they did is in the log, and what they said is known.
    assert!(
        place
            .run(&["log", "verify"])
            .done()
            .starts_with("The device log is whole")
    );

    // Codes from a file, one of which is nobody's: the others go on, and with none the fleet has failed.
    place.write("codes.csv", "NOBODYS1, 0000-0000-000000\n");
    let run = place.run(&[
        "simulate",
        "--terminals",
        "1",
        "--for",
        "1s",
        "--url",
        &url,
        "--codes",
        "codes.csv",
    ]);
    assert!(
        run.out.starts_with("1 terminals in 1 s: 0 registered, 1 did not."),
        "{run:?}"
    );
    assert!(run.failed().contains("no terminal could register"));
}

#[test]
fn what_cannot_be_simulated_is_said() {
    let place = Place::new();
    for (arguments, said) in [
        (["--url", "https://pos.example"], "plain HTTP"),
        (["--fail", "smoke=1%"], "card-reader-fault"),
        (["--fail", "offline=60%,paper-out=41%"], "more than 100%"),
        (["--for", "0s"], "from 1s to a week"),
        (["--terminals", "0"], "1..=100000"),
    ] {
        let err = place.run(&[["simulate"].as_slice(), &arguments].concat()).wrong_use();
        assert!(err.contains(said), "{arguments:?}: {err}");
    }
    let err = place
        .run(&["simulate", "--terminals", "3", "--codes", "none.csv"])
        .failed();
    assert!(err.contains("none.csv cannot be read"), "{err}");
    let err = place.run(&["simulate", "--terminals", "3"]).failed();
    assert!(err.contains("there is no database"), "{err}");
    place.run(&["migrate", "up"]).done();
    let err = place.run(&["simulate", "--terminals", "3"]).failed();
    assert!(err.contains("there are 0 terminals to simulate, not 3"), "{err}");
}
