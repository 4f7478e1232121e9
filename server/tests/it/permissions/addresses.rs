//! The addresses that there are, as the router itself tells them.

use crate::client::Client;
use crate::world::{Result, World};
use std::collections::BTreeSet;

/// The route behind which every server function is.
const FORMS: &str = "/actions/{*form}";

/// A path with `{}` for what is variable in it.
pub(super) fn plain(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The paths of a router's routes. There is no other way to ask for them than how it is written for debugging; when that
/// changes, nothing is found and the test fails.
fn paths(router: &axum::Router) -> BTreeSet<String> {
    let written = format!("{router:?}");
    let routes = written.split("fallback_router").next().unwrap_or_default();
    let path = |part: &str| {
        let (id, rest) = part.split_once("): \"")?;
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        is_id.then(|| rest.split('"').next().map(str::to_owned)).flatten()
    };
    routes.split("RouteId(").filter_map(path).collect()
}

/// The methods that a route takes: what it says when it is asked with one that nothing takes (RFC 9110, section 15.5.6).
async fn methods(client: &mut Client, path: &str) -> Result<Vec<String>> {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "x" } else { part });
    let path = parts.collect::<Vec<_>>().join("/");
    let answer = client.send("TRACE", &path, None, Vec::new()).await?;
    let allowed = answer.header("allow");
    let allowed = allowed.ok_or_else(|| format!("{path} does not say what it takes: {answer:?}"))?;
    let allowed = allowed.split(',').map(|method| method.trim().to_owned());
    Ok(allowed.filter(|method| method != "HEAD").collect())
}

/// The addresses that there are, as method and path.
pub(super) async fn addresses(world: &World<'_>) -> Result<BTreeSet<(String, String)>> {
    let mut client = world.visitor();
    let mut all = BTreeSet::new();
    for path in paths(&world.router()) {
        if path == FORMS {
            let forms = leptos::server_fn::axum::server_fn_paths();
            all.extend(forms.map(|(path, method)| (method.to_string(), plain(path))));
            continue;
        }
        // A folder of files is there under its bare name as well.
        let shown = match path.as_str() {
            "/pkg" | "/pkg/" => "/pkg/{}".to_owned(),
            path => plain(path),
        };
        for method in methods(&mut client, &path).await? {
            all.insert((method, shown.clone()));
        }
    }
    assert!(all.len() > 60, "the router tells its routes otherwise now: {all:?}");
    // What the program's own lists say is among it.
    let pages = leptos_axum::generate_route_list(app::pages::App);
    let pages = pages.iter().map(|page| ("GET".to_owned(), plain(page.path())));
    let others = server::router::others();
    let others = others
        .into_iter()
        .map(|(method, path)| (method.to_owned(), plain(path)));
    for known in pages.chain(others).chain(described()) {
        assert!(all.contains(&known), "the router does not tell of {known:?}");
    }
    Ok(all)
}

/// The endpoints of the device API as its description has them.
fn described() -> Vec<(String, String)> {
    let api = server::device_api::openapi();
    let mut all = Vec::new();
    for (path, item) in &api.paths.paths {
        for (method, operation) in [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ] {
            if operation.is_some() {
                let path = format!("{}{path}", server::device_api::PREFIX);
                all.push((method.to_owned(), plain(&path)));
            }
        }
    }
    all
}
