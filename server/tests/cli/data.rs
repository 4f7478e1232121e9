//! `seed-demo`, `export`, `import`, `backup` and `restore`

use crate::support::{PROGRAM, Place, bytes};
use sea_orm::ConnectionTrait;
use server::database::Database;
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
fn a_file_is_checked_without_changing_anything() {
    let place = Place::new();
    place.write("new.csv", "序列号;厂商;型号\n12345678;PAX;S90\n");
    let out = place.run(&["import", "new.csv", "--check"]).done();
    assert_eq!(
        out,
        "1 rows: 1 to be created, 0 to be updated, 0 unchanged, 0 failed.\n"
    );
    assert_eq!(place.run(&["export"]).done().lines().count(), 1);
    place.write("bad.csv", "sn,manufacturer,model\n12,PAX,S90\n");
    let run = place.run(&["import", "bad.csv", "--check"]);
    assert!(run.out.starts_with("2:sn:sn_too_short:12\n"), "{run:?}");
    assert!(run.failed().contains("bad.csv has 1 bad rows of 1."));
    place
        .run(&["import", "new.csv", "--check", "--skip-bad-rows"])
        .wrong_use();
}

#[test]
fn an_import_that_is_interrupted_is_cancelled_and_leaves_no_file_behind() {
    let place = Place::new();
    place.run(&["migrate"]).done();
    let rows: String = (0..60_000).map(|n| format!("ROW{n:07},PAX,S90\n")).collect();
    place.write("many.csv", &format!("sn,manufacturer,model\n{rows}"));
    let child = Command::new(PROGRAM)
        .args(["import", "many.csv"])
        .current_dir(place.path("."))
        .env("TILLKEEPER_DATA_DIR", place.path("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let count = |sql: &str| -> i64 {
        let url = format!("sqlite:{}", place.path("data/tillkeeper.db").display());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let database = Database::connect(&url).await.unwrap();
            let counted = database.reader().query_one_raw(sea_orm::Statement::from_string(
                database.reader().get_database_backend(),
                sql.to_owned(),
            ));
            let counted = counted.await.unwrap().unwrap().try_get_by_index(0).unwrap();
            database.close().await.unwrap();
            counted
        })
    };
    while count("SELECT COUNT(*) FROM terminals") == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("the import was cancelled; "), "{err}");
    let made = count("SELECT COUNT(*) FROM terminals");
    assert!((1_000..60_000).contains(&made), "{made}");
    assert_eq!(count("SELECT COUNT(*) FROM device_log"), made);
    assert_eq!(count("SELECT COUNT(*) FROM import_parts"), 0);
    // The rest goes in with the same file.
    let out = place.run(&["import", "many.csv"]).done();
    assert_eq!(
        out,
        format!(
            "60000 rows: {} created, 0 updated, {made} unchanged, 0 failed.\n",
            60_000 - made
        )
    );
}

#[test]
fn a_file_that_is_no_inventory_is_told_in_a_sentence() {
    let place = Place::new();
    for (name, bytes, why) in [
        (
            "noise.csv",
            &[0xff, 0xff, 0xff, 0xfe][..],
            "is not text in UTF-8, GB18030 or UTF-16",
        ),
        ("old.xls", b"\xd0\xcf\x11\xe0", "is neither CSV nor XLSX"),
        ("broken.xlsx", b"PK\x03\x04\x00", "is a damaged workbook"),
        ("other.csv", b"a,b\n1,2\n", "row of headings"),
        ("bare.csv", b"sn,manufacturer,model\n", "is empty"),
    ] {
        fs::write(place.path(name), bytes).unwrap();
        let err = place.run(&["import", name]).failed();
        assert!(err.contains(why), "{err}");
    }
    let long = format!(
        "sn,manufacturer,model\n1234,PAX,S90\n1235,PAX,\"{}\"\n",
        "x".repeat(40_000)
    );
    place.write("long.csv", &long);
    let err = place.run(&["import", "long.csv"]).failed();
    assert!(
        err.contains("line 3: long.csv has a cell of more than 32,767 characters"),
        "{err}"
    );
    assert_eq!(place.run(&["export"]).done().lines().count(), 1);
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
