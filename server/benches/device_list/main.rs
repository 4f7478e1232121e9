//! The device list of a signed-in merchant, 50 rows, against a hand-written handler that runs the same queries and
//! returns the same bytes: in one process, one run, by wrk. Prints a table, and the weight of the page.
//!
//! `cargo bench --bench device_list -- [--terminals 100000,1000000] [--seconds 5] [--rounds 3]`

mod floor;
mod load;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use axum_server::accept::NoDelayAcceptor;
use server::clock::Surroundings;
use server::config::{Sources, load};
use server::database::Database;
use server::demo::{Options, seed};
use server::router::router;
use server::state::AppState;
use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use tower::ServiceExt;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const PASSWORD: &str = "a password for measuring";
/// The merchant that owns the most terminals.
const LOGIN: &str = "shengjing";
const PATH: &str = "/devices";
/// At least this share of the hand-written rate.
const LEAST_RATIO: f64 = 0.7;
const MOST_BYTES: u64 = 80 * 1024;

struct Arguments {
    terminals: Vec<u64>,
    seconds: u32,
    rounds: usize,
}

impl Arguments {
    fn read() -> Result<Self> {
        let mut arguments = Self {
            terminals: vec![100_000, 1_000_000],
            seconds: 5,
            rounds: 3,
        };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--terminals" => {
                    arguments.terminals = value
                        .split(',')
                        .map(str::parse)
                        .collect::<std::result::Result<_, _>>()?;
                }
                "--seconds" => arguments.seconds = value.parse()?,
                "--rounds" => arguments.rounds = value.parse()?,
                _ => return Err(format!("{word} is unknown: --terminals, --seconds, --rounds").into()),
            }
        }
        Ok(arguments)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    println!("Device list, signed in, 50 rows, SQLite; floor: the same queries and bytes, written by hand.");
    println!("| terminals | | requests/s | p50 | p99 | ratio (bar {LEAST_RATIO}) |");
    println!("|---:|---|---:|---:|---:|---:|");
    let mut weight = None;
    for terminals in &arguments.terminals {
        weight = Some(measure(*terminals, &arguments).await?);
    }
    if let Some(weight) = weight {
        weight.print();
    }
    Ok(())
}

async fn measure(terminals: u64, arguments: &Arguments) -> Result<Weight> {
    let database = filled(terminals).await?;
    let url = database_url(terminals);
    let config = load(&Sources {
        variables: std::env::vars_os()
            .filter(|(name, _)| name == "TILLKEEPER_SITE_DIR")
            .collect(),
        ..Sources::default()
    })?
    .config;
    let state = AppState::new(&config, database, Surroundings::system())?;
    let app = router(state);
    let cookie = sign_in(&app).await?;
    let page = get(&app, &cookie, None).await?;
    let floor = floor::router(&url, &String::from_utf8(page)?).await?;
    let (ours, theirs) = (serve(app.clone())?, serve(floor.clone())?);
    same_page(&app, &floor, &cookie).await?;

    let run = |address: SocketAddr, seconds| load::wrk(format!("http://{address}{PATH}"), cookie.clone(), seconds);
    let (mut product, mut hand) = (Vec::new(), Vec::new());
    run(ours, 2).await?;
    run(theirs, 2).await?;
    for _ in 0..arguments.rounds {
        hand.push(run(theirs, arguments.seconds).await?);
        product.push(run(ours, arguments.seconds).await?);
    }
    let (hand, product) = (load::median(hand), load::median(product));
    let ratio = product.requests_per_second / hand.requests_per_second;
    for (name, load, ratio) in [
        ("by hand", &hand, String::new()),
        ("Tillkeeper", &product, format!("{ratio:.2}")),
    ] {
        println!(
            "| {terminals} | {name} | {:.0} | {} | {} | {ratio} |",
            load.requests_per_second, load.p50, load.p99
        );
    }
    let html = get(&app, &cookie, Some("br")).await?;
    Weight::of(&config.site_dir, html.len() as u64)
}

/// A database with demo data, kept for the next run.
async fn filled(terminals: u64) -> Result<Database> {
    let database = Database::connect(&database_url(terminals)).await?;
    migrations::up(database.writer()).await?;
    let options = Options {
        terminals,
        password: Some(PASSWORD.to_owned()),
    };
    match seed(&database, &Surroundings::system(), &options, |_| Ok(()), &mut |_| {}).await {
        Ok(_) | Err(server::demo::DemoError::InUse) => Ok(database),
        Err(error) => Err(error.into()),
    }
}

fn database_url(terminals: u64) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    format!(
        "sqlite:{}",
        folder.join(format!("device-list-{terminals}.db")).display()
    )
}

async fn sign_in(app: &Router) -> Result<String> {
    let request = Request::post("/sign-in")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!(
            "login={LOGIN}&password={}",
            PASSWORD.replace(' ', "+")
        )))?;
    let response = app.clone().oneshot(request).await?;
    let cookies = response.headers().get_all(header::SET_COOKIE).iter();
    let cookie = cookies
        .filter_map(|cookie| cookie.to_str().ok())
        .find(|cookie| cookie.starts_with("tillkeeper="));
    let cookie = cookie
        .and_then(|cookie| cookie.split(';').next())
        .ok_or("the demo user cannot sign in")?;
    Ok(cookie.to_owned())
}

async fn get(app: &Router, cookie: &str, encoding: Option<&str>) -> Result<Vec<u8>> {
    let mut request = Request::get(PATH).header(header::COOKIE, cookie);
    if let Some(encoding) = encoding {
        request = request.header(header::ACCEPT_ENCODING, encoding);
    }
    let response = app.clone().oneshot(request.body(Body::empty())?).await?;
    if !response.status().is_success() {
        return Err(format!("{PATH} answers {}", response.status()).into());
    }
    Ok(to_bytes(response.into_body(), usize::MAX).await?.to_vec())
}

/// Both must say the same but for the nonce, or the comparison is none.
async fn same_page(app: &Router, floor: &Router, cookie: &str) -> Result<()> {
    let ours = String::from_utf8(get(app, cookie, None).await?)?;
    let theirs = String::from_utf8(get(floor, cookie, None).await?)?;
    let plain = |page: &str| page.replace(floor::nonce_of(page).unwrap_or_default(), "");
    let (ours, theirs) = (plain(&ours), plain(&theirs));
    if ours.matches("<tr").count() != 51 {
        return Err("the page does not show 50 rows".into());
    }
    if ours == theirs {
        return Ok(());
    }
    let same = ours.chars().zip(theirs.chars()).take_while(|(a, b)| a == b).count();
    let around = |page: &str| page.chars().skip(same.saturating_sub(40)).take(120).collect::<String>();
    let (ours, theirs) = (around(&ours), around(&theirs));
    Err(format!("the hand-written handler does not return the bytes of the product:\n{ours}\n{theirs}").into())
}

fn serve(app: Router) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let server = axum_server::from_tcp(listener)?.acceptor(NoDelayAcceptor::new());
    tokio::spawn(server.serve(app.into_make_service_with_connect_info::<SocketAddr>()));
    Ok(address)
}

/// What a browser downloads to see the page for the first time, each part compressed with brotli.
struct Weight {
    parts: Vec<(&'static str, u64)>,
}

impl Weight {
    fn of(site: &Path, html: u64) -> Result<Self> {
        let mut parts = vec![("HTML", html)];
        for (name, end) in [("CSS", ".css.br"), ("JS", ".js.br"), ("WASM", ".wasm.br")] {
            let mut bytes = None;
            for file in std::fs::read_dir(site.join("pkg"))? {
                let file = file?;
                if file.file_name().to_string_lossy().ends_with(end) {
                    bytes = Some(file.metadata()?.len());
                }
            }
            parts.push((
                name,
                bytes.ok_or_else(|| format!("no file *{end} in {}", site.display()))?,
            ));
        }
        Ok(Self { parts })
    }

    fn print(&self) {
        let total: u64 = self.parts.iter().map(|(_, bytes)| bytes).sum();
        let parts: Vec<_> = self
            .parts
            .iter()
            .map(|(name, bytes)| format!("{name} {bytes}"))
            .collect();
        let verdict = if total <= MOST_BYTES { "within" } else { "OVER" };
        println!(
            "\nFirst load, brotli bytes: {} = {total} ({verdict} {MOST_BYTES})",
            parts.join(" + ")
        );
    }
}
