//! `tillkeeper migrate`

use crate::support::Place;

fn pending(place: &Place) -> usize {
    let out = place.run(&["migrate", "status"]).done();
    assert!(!out.is_empty());
    out.lines().filter(|line| line.starts_with("pending ")).count()
}

#[test]
fn up_and_down_and_up_again() {
    let place = Place::new();
    let all = pending(&place);
    assert!(all > 0);
    assert!(
        place
            .run(&["migrate"])
            .done()
            .starts_with(&format!("{all} migrations applied"))
    );
    assert_eq!(pending(&place), 0);
    assert_eq!(place.run(&["migrate", "up"]).done(), "The tables are up to date.\n");
    assert_eq!(
        place.run(&["migrate", "down", "--steps", "2"]).done(),
        "2 migrations taken back.\n"
    );
    assert_eq!(pending(&place), 2);
    let err = place.run(&["export"]).failed();
    assert!(err.contains("run `tillkeeper migrate` first"), "{err}");
    place.run(&["migrate", "up"]).done();
    assert_eq!(pending(&place), 0);
}

#[test]
fn down_must_say_how_far() {
    let place = Place::new();
    place.run(&["migrate", "down"]).wrong_use();
    place.run(&["migrate", "down", "--steps", "0"]).wrong_use();
}

#[test]
fn what_reads_does_not_make_a_database() {
    let place = Place::new();
    for command in [
        &["export"][..],
        &["log", "verify"],
        &["user", "list"],
        &["backup", "copy.db"],
    ] {
        let err = place.run(command).failed();
        assert!(err.contains("there is no database at data/tillkeeper.db"), "{err}");
    }
    assert!(!place.path("data").exists());
}
