//! What a URL may say, and what a fresh SQLite file is like. The tables are tested on both engines in `tests/it`.

use super::*;

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn refusal(url: &str) -> String {
    match Database::connect(url).await {
        Ok(_) => "opened".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_url_that_cannot_work_is_refused_in_a_sentence() {
    for (url, says) in [
        (
            "mysql://root:secret@host/db",
            "has the scheme mysql; it takes sqlite:<path> or postgres://",
        ),
        ("tillkeeper.db", "has no scheme"),
        ("/a/b:c", "has no scheme"),
        ("sqlite:", "names no file"),
        ("sqlite://", "names no file"),
        ("sqlite::memory:", "in memory"),
        ("sqlite://:memory:", "in memory"),
        ("sqlite:file.db?mode=memory", "in memory"),
        ("sqlite:file.db?cache=shared", "the parameter cache=shared"),
    ] {
        let said = refusal(url).await;
        assert!(said.contains(says), "{url}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn a_postgres_server_that_is_not_there_is_named_without_the_password() {
    let said = refusal("postgres://someone:secret@127.0.0.1:1/shop").await;
    assert!(
        said.starts_with("the PostgreSQL database shop on 127.0.0.1:1 cannot be opened"),
        "{said}"
    );
    assert!(!said.contains("secret"), "{said}");
}

#[tokio::test]
async fn a_folder_is_not_a_database() -> Outcome {
    let folder = tempfile::tempdir()?;
    let said = refusal(&format!("sqlite:{}", folder.path().display())).await;
    assert!(said.contains("cannot be opened"), "{said}");
    Ok(())
}

#[test]
fn the_version_of_sqlite_is_compared_by_its_numbers() {
    for fit in ["3.51.3", "3.51.10", "3.52.0", "4.0.0"] {
        assert!(sqlite::check_version(fit).is_ok(), "{fit}");
    }
    for unfit in ["3.51.2", "3.9.99", "3.50", "?"] {
        let said = sqlite::check_version(unfit).map_err(|error| error.to_string());
        assert_eq!(
            said,
            Err(format!(
                "the version of SQLite is {unfit}; 3.51.3 or later, which loses no commit in WAL mode, is needed"
            ))
        );
    }
}

#[tokio::test]
async fn a_fresh_file_is_made_with_its_folder_and_only_the_writer_writes() -> Outcome {
    use sea_orm::ConnectionTrait;

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("new/deep/shop with spaces.db");
    let database = Database::connect(&format!("sqlite://{}", file.display())).await?;
    assert_eq!(database.engine(), Engine::Sqlite);
    assert!(file.is_file());
    let make = "CREATE TABLE t (n INTEGER NOT NULL)";
    assert!(database.reader().execute_unprepared(make).await.is_err());
    database.writer().execute_unprepared(make).await?;
    let transaction = database.begin().await?;
    transaction.execute_unprepared("INSERT INTO t VALUES (1)").await?;
    transaction.commit().await?;
    database.close().await?;
    assert!(!file.with_extension("db-wal").exists(), "closing empties the log");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_together_on_no_file_all_open_it() -> Outcome {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("shop.db").display());
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move {
                let database = Database::connect(&url).await?;
                let _applied = migrations::up(database.writer()).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
        })
        .collect();
    for one in opening {
        one.await??;
    }
    Ok(())
}
