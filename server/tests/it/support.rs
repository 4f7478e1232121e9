//! Databases for tests: each test gets a fresh one of its own, already migrated.
//!
//! PostgreSQL is a throwaway cluster that the test program starts when the first test asks for it. A shell keeps watch
//! over it from a process group of its own: it holds the reading end of a pipe whose other end is this program's, so
//! when this program ends, however it ends, the shell stops the server and removes its folder.
//! `TILLKEEPER_TEST_DATABASE_URL` (a PostgreSQL URL whose user may `CREATE DATABASE`) uses another server instead.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, raw_sql};
use server::database::Database;
use tokio::sync::OnceCell;

/// Whether PostgreSQL keeps what it has confirmed when the machine loses its power. Stories need not; what is measured must.
pub(crate) static DURABLE: AtomicBool = AtomicBool::new(false);

/// What a story returns: `?` on anything.
pub(crate) type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Makes a module named after the story with the tests `sqlite` and `postgres`. The story is an
/// `async fn(&TestDb) -> Outcome` or an `async fn(&Database) -> Outcome`.
#[macro_export]
macro_rules! on_both_engines {
    ($($story:ident),+ $(,)?) => {$(
        mod $story {
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() -> $crate::support::Outcome {
                let database = $crate::support::TestDb::sqlite().await?;
                super::$story(&database).await
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() -> $crate::support::Outcome {
                let database = $crate::support::TestDb::postgres().await?;
                super::$story(&database).await
            }
        }
    )+};
}

/// A migrated database that lasts as long as this value.
pub(crate) struct TestDb {
    database: Database,
    url: String,
    /// Dropped last: the SQLite folder, or the name to drop in PostgreSQL.
    _remains: Remains,
}

enum Remains {
    Folder(#[expect(dead_code, reason = "kept for its Drop")] tempfile::TempDir),
    Postgres { admin: Box<PgConnectOptions>, name: String },
}

impl TestDb {
    /// A SQLite file in a temporary folder.
    pub(crate) async fn sqlite() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite:{}", folder.path().join("tillkeeper.db").display());
        let database = Database::connect(&url).await?;
        migrations::up(database.writer()).await?;
        Ok(Self {
            database,
            url,
            _remains: Remains::Folder(folder),
        })
    }

    /// A database of its own in the PostgreSQL server of this test run.
    pub(crate) async fn postgres() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = PostgresServer::get().await;
        let name = format!(
            "tillkeeper_test_{}_{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let template = match &server.template {
            Some(template) => format!(" TEMPLATE {template}"),
            None => String::new(),
        };
        execute(&server.admin, &format!("CREATE DATABASE {name}{template}")).await?;
        let remains = Remains::Postgres {
            admin: Box::new(server.admin.clone()),
            name: name.clone(),
        };
        let url = server.url_of(&name);
        let database = Database::connect(&url).await?;
        migrations::up(database.writer()).await?;
        Ok(Self {
            database,
            url,
            _remains: remains,
        })
    }

    /// The URL that another process, or another [`Database`], reaches it by.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Deref for TestDb {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        let Self::Postgres { admin, name } = self else {
            return;
        };
        let (admin, statement) = (admin.clone(), format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        // Best effort, on a thread of its own: the test's runtime may be ending, or unwinding.
        let dropping = std::thread::spawn(move || {
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                let _left_behind_if_it_fails = runtime.block_on(execute(&admin, &statement));
            }
        });
        let _panicked_or_not = dropping.join();
    }
}

async fn execute(admin: &PgConnectOptions, statement: &str) -> Result<(), sea_orm::sqlx::Error> {
    let mut connection: PgConnection = admin.connect().await?;
    raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(&mut connection)
        .await?;
    connection.close().await
}

/// The PostgreSQL server of this test run.
struct PostgresServer {
    /// Reaches a database that is always there.
    admin: PgConnectOptions,
    /// A migrated database to copy. Only in a server that goes away with this program.
    template: Option<String>,
    url: String,
    /// The shell that keeps watch: its standard input closes when this program ends.
    _watch: Option<Child>,
}

impl PostgresServer {
    async fn get() -> &'static Self {
        static SERVER: OnceCell<PostgresServer> = OnceCell::const_new();
        SERVER
            .get_or_init(|| async {
                match Self::start().await {
                    Ok(server) => server,
                    Err(error) => panic!("no PostgreSQL for the tests: {error}"),
                }
            })
            .await
    }

    async fn start() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        if let Ok(url) = std::env::var("TILLKEEPER_TEST_DATABASE_URL") {
            return Ok(Self {
                admin: url.parse()?,
                template: None,
                url,
                _watch: None,
            });
        }
        let (watch, url) = tokio::task::spawn_blocking(start_cluster).await??;
        let mut server = Self {
            admin: url.parse()?,
            template: None,
            url,
            _watch: Some(watch),
        };
        let template = "tillkeeper_template";
        execute(&server.admin, &format!("CREATE DATABASE {template}")).await?;
        let database = Database::connect(&server.url_of(template)).await?;
        migrations::up(database.writer()).await?;
        database.close().await?;
        server.template = Some(template.to_owned());
        Ok(server)
    }

    /// The server's URL with another database in it.
    fn url_of(&self, database: &str) -> String {
        let (before, parameters) = match self.url.split_once('?') {
            Some((before, parameters)) => (before, format!("?{parameters}")),
            None => (self.url.as_str(), String::new()),
        };
        let authority = before.find("://").map_or(0, |at| at + 3);
        let end = before[authority..].find('/').map_or(before.len(), |at| authority + at);
        format!("{}/{database}{parameters}", &before[..end])
    }
}

/// What the watching shell does; `$1` is the folder of PostgreSQL's programs, `$2` a free port and `$3` what the server is told
/// of the disk. It says `ready` once
/// the server answers and then waits until its standard input ends. Signals do not reach it, so that nothing is left:
/// not those of a terminal, and not `PIPE` when the test program has gone before it could be told.
const WATCH: &str = r#"
trap '' HUP INT TERM PIPE
bin=$1 port=$2 disk=$3
folder=$(mktemp -d "${TMPDIR:-/tmp}/tillkeeper-postgres-XXXXXX") || exit
cd "$folder"
if "$bin/initdb" -D data -U tillkeeper -A trust -E UTF8 --locale=C -N >log 2>&1 &&
   "$bin/pg_ctl" start -D data -w -t 60 -s -l log \
     -o "-h 127.0.0.1 -p $port -k '$folder' $disk -c max_connections=200" >>log 2>&1
then echo ready; cat >/dev/null
else tail -n 5 log | tr '\n' ' '
fi
"$bin/pg_ctl" stop -D data -m immediate -s >/dev/null 2>&1
cd /
rm -rf "$folder"
"#;

/// Starts a cluster and answers the shell that watches it and the URL of its `postgres` database.
fn start_cluster() -> Result<(Child, String), Box<dyn std::error::Error + Send + Sync>> {
    let programs = postgres_programs().ok_or("it is not installed; on Debian or Ubuntu: apt-get install postgresql")?;
    let mut said = String::new();
    // Another program may take the free port before the server does: try again with another.
    for _attempt in 0..3 {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut watch = watch_command(&programs, port)?.spawn()?;
        said.clear();
        if let Some(output) = watch.stdout.take() {
            BufReader::new(output).read_line(&mut said)?;
        }
        if said.trim() == "ready" {
            let url = format!("postgres://tillkeeper@127.0.0.1:{port}/postgres");
            return Ok((watch, url));
        }
        watch.wait()?;
    }
    Err(format!("its server did not start: {said}").into())
}

fn watch_command(programs: &Path, port: u16) -> Result<Command, Box<dyn std::error::Error + Send + Sync>> {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;

    let mut command = Command::new("/bin/sh");
    command
        .arg("-c")
        .arg(WATCH)
        .arg("sh")
        .arg(programs)
        .arg(port.to_string())
        .arg(if DURABLE.load(Ordering::SeqCst) {
            ""
        } else {
            "-F -c full_page_writes=off"
        })
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0);
    for variable in ["PGDATA", "PGPORT", "PGHOST", "PGUSER", "PGDATABASE", "PGOPTIONS"] {
        command.env_remove(variable);
    }
    // PostgreSQL refuses to run as root, so the superuser hands it to a lesser one.
    if tempfile::tempfile()?.metadata()?.uid() == 0 {
        let (user, group) =
            lesser_user().ok_or("it refuses to run as root, and there is neither a user postgres nor nobody")?;
        command.uid(user).gid(group);
    }
    Ok(command)
}

/// The user and group ids of `postgres`, else of `nobody`.
fn lesser_user() -> Option<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    ["postgres", "nobody"].into_iter().find_map(|wanted| {
        users.lines().find_map(|line| {
            let fields: Vec<_> = line.split(':').collect();
            match fields.as_slice() {
                [name, _, user, group, ..] if *name == wanted => Some((user.parse().ok()?, group.parse().ok()?)),
                _ => None,
            }
        })
    })
}

/// The folder of `initdb` and `pg_ctl`: on the PATH, where `pg_config` says, or the newest of Debian's.
fn postgres_programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.map(|told| PathBuf::from(String::from_utf8_lossy(&told.stdout).trim()));
    let mut packaged: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    packaged.sort_by_key(|folder| {
        let version = folder.file_name().and_then(|name| name.to_str());
        version.and_then(|version| version.parse::<u32>().ok())
    });
    std::env::split_paths(&path)
        .chain(told)
        .chain(packaged.into_iter().rev().map(|folder| folder.join("bin")))
        .find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
}
