//! `tillkeeper log`

use crate::support::Place;
use sea_orm::ConnectionTrait;
use server::database::Database;
use std::fs;
use std::time::Duration;

const CHECKPOINTS: &str = "data/log-checkpoints.jsonl";

fn seeded(terminals: &str) -> Place {
    let place = Place::new().with("TILLKEEPER_LISTEN", "127.0.0.1:0");
    place.write("secret", "demo-password-1\n");
    place
        .run(&["seed-demo", "--password-file", "secret", "--terminals", terminals])
        .done();
    place
}

/// What somebody with the database's own password does.
async fn tamper(place: &Place, statements: &[&str]) {
    let url = format!("sqlite:{}", place.path("data/tillkeeper.db").display());
    let database = Database::connect(&url).await.unwrap();
    for statement in statements {
        database.writer().execute_unprepared(statement).await.unwrap();
    }
    database.close().await.unwrap();
}

#[tokio::test]
async fn an_edited_log_is_found_and_the_entry_is_named() {
    let place = seeded("120");
    tamper(
        &place,
        &[
            "DROP TRIGGER tr_device_log_no_update",
            "UPDATE device_log SET outcome = 'success', reason = NULL WHERE reason = 'quota_exceeded'",
        ],
    )
    .await;
    let err = place.run(&["log", "verify"]).failed();
    assert!(
        err.starts_with("tillkeeper: the device log was tampered with: entry "),
        "{err}"
    );
    assert!(err.contains(". The chain is that of merchant 8"), "{err}");
    for told in [
        " of chain ",
        "(id ",
        "is not what it was when it was appended: outcome, reason were changed",
    ] {
        assert!(err.contains(told), "{err}");
    }
}

#[tokio::test]
async fn a_server_signs_checkpoints_and_a_tail_that_was_cut_off_is_found() {
    let place = seeded("120");
    let err = place.run(&["log", "public-key"]).failed();
    assert!(err.contains("there is no signing key at data/log-signing.key"), "{err}");
    let mut served = place.serve();
    served.signal("TERM");
    assert_eq!(served.ended_within(Duration::from_secs(9)).code(), Some(0));
    let key = place.run(&["log", "public-key"]).done();
    assert_eq!((key.len(), key.trim().len()), (65, 64));
    assert_eq!(
        place.read(CHECKPOINTS).lines().count(),
        1,
        "nothing happened after the first"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(place.path("data/log-signing.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let out = place.run(&["log", "verify"]).done();
    assert!(
        out.contains(&format!("It agrees with the checkpoints in {CHECKPOINTS}.")),
        "{out}"
    );
    let out = place.run(&["log", "checkpoint"]).done();
    assert!(
        out.starts_with("Nothing has happened since the last checkpoint"),
        "{out}"
    );
    fs::copy(place.path(CHECKPOINTS), place.path("shipped.jsonl")).unwrap();

    tamper(
        &place,
        &[
            "DROP TRIGGER tr_device_log_no_delete",
            "UPDATE log_heads SET last_sequence = last_sequence - 1, last_hash = (SELECT hash FROM device_log e \
             WHERE e.chain = log_heads.chain AND e.sequence = last_sequence - 1) WHERE last_sequence > 1",
            "DELETE FROM device_log WHERE sequence > (SELECT last_sequence FROM log_heads h WHERE h.chain = device_log.chain)",
        ],
    )
    .await;
    let err = place.run(&["log", "verify"]).failed();
    assert!(
        err.contains("is missing: checkpoint 1 of data/log-checkpoints.jsonl signed on 20"),
        "{err}"
    );
    // Whoever takes the file away as well is found by the copy that was shipped, on another machine by the key's name.
    fs::remove_file(place.path(CHECKPOINTS)).unwrap();
    place.run(&["log", "verify"]).done();
    place.run(&["log", "verify", "--checkpoints", "shipped.jsonl"]).failed();
    fs::remove_file(place.path("data/log-signing.key")).unwrap();
    let err = place.run(&["log", "verify", "--checkpoints", "shipped.jsonl"]).failed();
    assert!(
        err.contains("line 1 of the checkpoints shipped.jsonl is signed with the key"),
        "{err}"
    );
    let named = [
        "log",
        "verify",
        "--checkpoints",
        "shipped.jsonl",
        "--public-key",
        key.trim(),
    ];
    assert!(
        place
            .run(&named)
            .failed()
            .contains("is missing: checkpoint 1 of shipped.jsonl")
    );
}

#[test]
fn old_months_are_exported_and_dropped() {
    let place = seeded("2500").with("TILLKEEPER_LOG_RETENTION_MONTHS", "6");
    let before = place.run(&["log", "verify"]).done();
    let err = place.run(&["log", "retain", "--months", "5"]).wrong_use();
    assert!(
        err.contains("less than the 6 that are kept at least (TILLKEEPER_LOG_RETENTION_MONTHS)"),
        "{err}"
    );
    let out = place.run(&["log", "retain", "--months", "100"]).done();
    assert!(out.contains("nothing was dropped"), "{out}");
    let out = place.run(&["log", "retain", "--output", "old.jsonl"]).done();
    assert!(out.contains("were exported to old.jsonl and dropped"), "{out}");
    let after = place.run(&["log", "verify"]).done();
    assert_ne!(before.lines().next(), after.lines().next());
    let out = place.run(&["log", "verify", "--export", "old.jsonl"]).done();
    assert!(out.starts_with("The export is whole: "), "{out}");
    assert!(
        place
            .run(&["log", "retain", "--output", "old.jsonl"])
            .failed()
            .contains("exists already")
    );
    place.write(
        "old.jsonl",
        &place.read("old.jsonl").replacen("registration", "registracion", 1),
    );
    let err = place.run(&["log", "verify", "--export", "old.jsonl"]).failed();
    assert!(err.contains(" of the export old.jsonl "), "{err}");
    // The boundary is signed with the key: without it, nobody vouches for what is gone.
    fs::remove_file(place.path("data/log-signing.key")).unwrap();
    fs::remove_file(place.path(CHECKPOINTS)).unwrap();
    let err = place.run(&["log", "verify"]).failed();
    assert!(
        err.contains("which is not known here; if it is one of yours, give it with --public-key"),
        "{err}"
    );
}

#[test]
fn only_what_is_asked_for_is_checked() {
    let place = seeded("120");
    let all = place.run(&["log", "verify"]).done();
    let recent = place.run(&["log", "verify", "--since", "2999-01-01"]).done();
    assert_ne!(all, recent);
    assert!(recent.contains(": 0 entries in "), "{recent}");
    assert_eq!(
        place
            .run(&["log", "verify", "--since", "2000-01-01T08:00:00+08:00"])
            .done(),
        all
    );
    let err = place.run(&["log", "verify", "--since", "yesterday"]).wrong_use();
    assert!(err.contains("write 2026-03-01 or 2026-03-01T08:00:00Z"), "{err}");
    let err = place.run(&["log", "verify", "--merchant", "404"]).failed();
    assert!(err.contains("there is no merchant with the number 404"), "{err}");
    let err = place.run(&["log", "verify", "--public-key", "abc"]).wrong_use();
    assert!(err.contains("a public key has 64 hexadecimal digits"), "{err}");
    let err = place.run(&["log", "verify", "--checkpoints", "nowhere.jsonl"]).failed();
    assert!(err.contains("the checkpoints nowhere.jsonl cannot be used"), "{err}");
}
