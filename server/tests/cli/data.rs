//! `seed-demo`, `export`, `import`, `backup` and `restore`

use crate::support::{PROGRAM, Place, bytes};
use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

fn seeded() -> Place {
    let place = Place::new();
    place.write("secret", "demo-password-1\n");
    place.run(&["seed-demo", "--password-file", "secret"]).done();
    place
}

#[test]
fn demo_data_are_made_once_and_their_sign_ins_are_kept() {
    let place = Place::new();
    let first = place.run(&["seed-demo", "--if-empty"]).done();
    assert!(first.starts_with("120 demo terminals were made."), "{first}");
    let logins: Vec<&str> = first
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for login in [
        "admin",
        "shengjing",
        "chenguang",
        "xianguo",
        "baicaotang",
        "xiaoman",
        "laojie",
        "heshun",
        "shanshui",
    ] {
        assert!(logins.contains(&login), "{first}");
    }
    let kept = place.read("data/demo-sign-ins.txt");
    assert!(first.contains(&kept), "{kept}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(place.path("data/demo-sign-ins.txt"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    let again = place.run(&["seed-demo", "--if-empty"]).done();
    assert!(
        again.contains(&kept) && again.contains("tillkeeper user set-password LOGIN"),
        "{again}"
    );
    let err = place.run(&["seed-demo"]).failed();
    assert!(err.contains("the database holds data already"), "{err}");
    assert_eq!(place.run(&["user", "list"]).done().lines().count(), 9);
    assert!(
        place
            .run(&["log", "verify"])
            .done()
            .starts_with("The device log is whole: ")
    );
}

#[test]
fn demo_data_do_not_go_among_others() {
    let place = Place::new();
    place
        .run_with(
            &["user", "add", "boss", "--role", "platform_admin"],
            "a long password\n",
        )
        .done();
    assert!(
        place
            .run(&["seed-demo"])
            .failed()
            .contains("the database holds data already")
    );
    let out = place.run(&["seed-demo", "--if-empty"]).done();
    assert_eq!(out, "The database holds data already; no demo data were added.\n");
    assert_eq!(place.run(&["user", "list"]).done().lines().count(), 1);
}

#[test]
fn a_demo_password_must_be_one() {
    let place = Place::new();
    place.write("secret", "short\n");
    let err = place.run(&["seed-demo", "--password-file", "secret"]).wrong_use();
    assert!(
        err.contains("the first line of secret has 5 characters; a password has 12 to 128"),
        "{err}"
    );
    place.run(&["seed-demo", "--terminals", "119"]).wrong_use();
}

#[test]
fn as_many_terminals_as_asked_for() {
    let place = Place::new();
    place.run(&["seed-demo", "--terminals", "2500"]).done();
    let status = place.run(&["log", "verify"]).done();
    assert!(status.starts_with("The device log is whole"), "{status}");
    let csv = place.run(&["export"]).done();
    // Retired ones are not exported.
    assert!((2_200..2_500).contains(&csv.lines().count()), "{}", csv.lines().count());
}

#[test]
fn a_terminal_is_judged_check_by_check() {
    let place = seeded();
    let exported = place.run(&["export"]).done();
    let mut reader = csv::Reader::from_reader(exported.as_bytes());
    let mut wanted = vec!["ready", "no, paper_out", "no, not_registered", "no, suspended"];
    for row in reader.records() {
        let run = place.run(&["verdict", &row.unwrap()[0]]);
        let (answer, checks) = run.out.split_once('\n').unwrap();
        let answer = answer.split_once(": ").unwrap().1;
        assert_eq!(run.code, Some(i32::from(answer != "ready")), "{run:?}");
        assert!(checks.contains("pass    known"), "{run:?}");
        wanted.retain(|other| *other != answer);
        if wanted.is_empty() {
            break;
        }
    }
    assert!(wanted.is_empty(), "no terminal of the demo has the verdicts {wanted:?}");
    let err = place.run(&["verdict", "NOWHERE01"]).failed();
    assert!(err.contains("no terminal has the serial number NOWHERE01"), "{err}");
    let err = place.run(&["verdict", "A#1234"]).wrong_use();
    assert!(err.contains('#'), "{err}");
}

#[test]
fn what_is_exported_can_be_imported_and_changes_nothing() {
    let place = seeded();
    place.run(&["export", "--output", "all.csv"]).done();
    let csv = place.read("all.csv");
    assert!(csv.starts_with("\u{feff}sn,manufacturer,model,name,merchant_no,merchant_name,store,firmware,note\n"));
    assert_eq!(place.run(&["export"]).done(), csv);
    let rows = csv.lines().count() - 1;
    let report = place.run(&["import", "all.csv"]).done();
    assert_eq!(
        report,
        format!("{rows} rows: 0 created, 0 updated, {rows} unchanged, 0 failed.\n")
    );
    assert_eq!(place.run(&["export"]).done(), csv);
}

#[test]
fn a_file_with_bad_rows_changes_nothing_unless_they_may_be_skipped() {
    let place = Place::new();
    place.write(
        "new.csv",
        "sn,manufacturer,model,name\n1234567890,PAX,S90,1号收银台\n12,PAX,S90,=1+1\n",
    );
    let run = place.run(&["import", "new.csv"]);
    assert_eq!(run.out, "3:sn:sn_too_short:12\n3:name:name_formula:=1+1\n");
    assert!(
        run.failed()
            .contains("new.csv has 1 bad rows of 2, so nothing was imported")
    );
    assert_eq!(place.run(&["export"]).done().lines().count(), 1);
    let out = place.run(&["import", "new.csv", "--skip-bad-rows"]).done();
    assert!(
        out.ends_with("2 rows: 1 created, 0 updated, 0 unchanged, 1 failed.\n"),
        "{out}"
    );
    let out = place
        .run_with(&["import", "-"], "sn,manufacturer,model\n1234567890,PAX,S90\n")
        .done();
    assert_eq!(out, "1 rows: 0 created, 0 updated, 1 unchanged, 0 failed.\n");
}

#[test]
fn a_file_that_is_no_inventory_is_told_in_a_sentence() {
    let place = Place::new();
    fs::write(place.path("gbk.csv"), [0xd0, 0xf2, 0xc1, 0xd0, 0xba, 0xc5]).unwrap();
    assert!(
        place
            .run(&["import", "gbk.csv"])
            .failed()
            .contains("is not text in UTF-8")
    );
    place.write("other.csv", "a,b\n1,2\n");
    assert!(place.run(&["import", "other.csv"]).failed().contains("row of headings"));
    place.write("empty.csv", "");
    assert!(
        place
            .run(&["import", "empty.csv"])
            .failed()
            .contains("empty.csv is empty")
    );
    assert!(
        place
            .run(&["import", "nowhere.csv"])
            .failed()
            .contains("nowhere.csv cannot be read")
    );
    place.run(&["import"]).wrong_use();
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let place = Place::new();
    place.run(&["seed-demo", "--terminals", "3000"]).done();
    let mut child = Command::new(PROGRAM)
        .args(["export"])
        .env("TILLKEEPER_DATA_DIR", place.path("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

#[test]
fn a_backup_is_restored_as_it_was() {
    let place = seeded();
    place.run(&["backup", "copy.db"]).done();
    let before = place.run(&["export"]).done();
    place.write("more.csv", "sn,manufacturer,model\n1234567890,PAX,S90\n");
    place.run(&["import", "more.csv"]).done();
    assert_ne!(place.run(&["export"]).done(), before);

    let copy = bytes(&place.path("copy.db"));
    assert!(
        place
            .run(&["backup", "copy.db"])
            .failed()
            .contains("copy.db exists already")
    );
    assert!(
        place
            .run(&["restore", "copy.db"])
            .failed()
            .contains("with --replace it is replaced")
    );
    place.run(&["restore", "copy.db", "--replace"]).done();
    assert_eq!(place.run(&["export"]).done(), before);
    assert_eq!(bytes(&place.path("copy.db")), copy);
    place.run(&["log", "verify"]).done();

    // A database that is beyond repair is what backups are for.
    place.write("data/tillkeeper.db", "no database");
    place.run(&["restore", "copy.db", "--replace"]).done();
    assert_eq!(place.run(&["export"]).done(), before);

    fs::remove_dir_all(place.path("data")).unwrap();
    place.run(&["restore", "copy.db"]).done();
    assert_eq!(place.run(&["export"]).done(), before);
}

#[test]
fn what_is_no_backup_is_not_restored() {
    let place = seeded();
    let before = place.run(&["export"]).done();
    place.write("text.db", "no database");
    assert!(
        place
            .run(&["restore", "text.db", "--replace"])
            .failed()
            .contains("text.db is no SQLite database")
    );
    assert!(
        place
            .run(&["restore", "nowhere.db", "--replace"])
            .failed()
            .contains("nowhere.db cannot be copied")
    );
    let mut damaged = {
        place.run(&["backup", "copy.db"]).done();
        bytes(&place.path("copy.db"))
    };
    let middle = damaged.len() / 2;
    damaged[middle..middle + 8192].fill(0x5a);
    fs::write(place.path("damaged.db"), damaged).unwrap();
    let err = place.run(&["restore", "damaged.db", "--replace"]).failed();
    assert!(err.contains("damaged.db is"), "{err}");
    assert_eq!(place.run(&["export"]).done(), before);
    let left: Vec<_> = fs::read_dir(place.path("data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        left.iter().all(|name| !name.to_string_lossy().ends_with(".part")),
        "{left:?}"
    );
}

#[test]
fn a_database_in_use_is_not_replaced() {
    let place = seeded().with("TILLKEEPER_LISTEN", "127.0.0.1:0");
    place.run(&["backup", "before.db"]).done();
    let _served = place.serve();
    place.run(&["backup", "during.db"]).done();
    let err = place.run(&["restore", "before.db", "--replace"]).failed();
    assert!(err.contains("is in use; stop the server first"), "{err}");
}

#[test]
fn postgres_has_its_own_tools() {
    let place = Place::new().with("TILLKEEPER_DATABASE_URL", "postgres://tills@db/tills");
    assert!(place.run(&["backup", "copy.db"]).wrong_use().contains("pg_dump"));
    assert!(place.run(&["restore", "copy.db"]).wrong_use().contains("pg_restore"));
}
