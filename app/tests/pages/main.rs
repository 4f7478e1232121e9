//! Pages as they leave the server, with a backend that answers from memory.
#![cfg(feature = "ssr")]
#![expect(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that is not as it should be"
)]

mod fake;

use app::domain::{InstallFault, Lifecycle, Obstacle, Role, Told};
use app::flash::Flash;
use app::i18n::Locale;
use axum::http::StatusCode;
use fake::{Ask, Fake, routes, terminal};
use std::path::Path;
use strum::VariantArray;

const FORM: &str = "application/x-www-form-urlencoded";
const IMPORT: &str = "/terminals/import/00000000-0000-0000-0000-000000000007";

const INVITED: &str = "/welcome/0707070707070707070707070707070707070707070707070707070707070707";
const RESET: &str = "/welcome/0808080808080808080808080808080808080808080808080808080808080808";

/// Every page, with who may see it.
fn pages() -> Vec<(&'static str, Ask, &'static str)> {
    let owner = Ask::by(Role::MerchantOwner);
    let admin = Ask::by(Role::PlatformAdmin);
    let nobody = Ask::by(None);
    let registered = Flash::Registered {
        sn: "161203824".to_owned(),
        manufacturer: "Verifone".to_owned(),
        code: "7K2M-9QXD-4TB3WZ".to_owned(),
        expires: fake::NOW.plus_ms(30 * 86_400_000).0,
    };
    let refused = Flash::Error {
        code: "sn_or_code_wrong".to_owned(),
        found: None,
        kept: Some("7K2M".to_owned()),
        request: Some("r1".to_owned()),
    };
    vec![
        ("sign-in", nobody, "/sign-in"),
        ("palette", owner.clone(), "/palette?q=1612"),
        ("palette-platform", admin.clone(), "/palette"),
        ("home-merchant", owner.clone(), "/"),
        ("home-platform", admin.clone(), "/"),
        ("home-wrong", owner.clone(), "/?find=1&sn=AB%2312"),
        ("devices", owner.clone(), "/devices"),
        ("devices-none", owner.clone(), "/devices?q=nobody"),
        ("terminals", admin.clone(), "/terminals?state=unregistered"),
        ("device-registered", owner.clone(), "/devices/161203824"),
        ("device-awaiting", owner.clone(), "/devices/00820000553978"),
        ("device-unassigned", admin.clone(), "/devices/A%2FB_1.2"),
        ("register", owner.clone(), "/devices/register"),
        (
            "register-done",
            Ask {
                flash: Some(registered),
                ..owner.clone()
            },
            "/devices/register",
        ),
        (
            "register-refused",
            Ask {
                flash: Some(refused),
                ..owner.clone()
            },
            "/devices/register?sn=9999",
        ),
        ("logs", owner.clone(), "/logs?from=nonsense"),
        ("account", owner.clone(), "/settings/account"),
        ("security-off", Ask::by(Role::PlatformSupport), "/settings/security"),
        ("security-begun", admin.clone(), "/settings/security?required=1"),
        ("security-on", owner.clone(), "/settings/security"),
        ("sign-in-code", Ask::by(None), "/sign-in/code"),
        ("staff", owner.clone(), "/settings/staff"),
        ("users", admin.clone(), "/users"),
        ("users-none", admin.clone(), "/users?state=invited&q=x"),
        ("user", admin.clone(), "/users/clerk%2F1"),
        ("welcome-invited", Ask::by(None), INVITED),
        ("welcome-reset", Ask::by(None), RESET),
        ("batch", owner.clone(), "/batches/00000000-0000-0000-0000-000000000001"),
        (
            "batch-done",
            Ask {
                flash: Some(Flash::Opened { key: "00".repeat(32) }),
                ..admin.clone()
            },
            "/batches/00000000-0000-0000-0000-000000000002",
        ),
        ("devices-select", owner.clone(), "/devices?select=1"),
        ("apps", owner.clone(), "/apps"),
        ("app", owner.clone(), "/apps/com.example.pay?state=failed"),
        ("catalogue", admin.clone(), "/catalogue?q=x"),
        ("catalogue-app", admin.clone(), "/catalogue/com.example.pay?authorize=1"),
        (
            "catalogue-support",
            Ask::by(Role::PlatformSupport),
            "/catalogue/com.example.pay",
        ),
        (
            "grant-preview",
            admin.clone(),
            "/catalogue/com.example.pay/authorize/00000000-0000-0000-0000-000000000001",
        ),
        ("logs", owner.clone(), "/logs?from=nonsense"),
        (
            "logs-open",
            owner.clone(),
            "/logs?open=00000000-0000-0000-0000-000000000007",
        ),
        (
            "logs-open-platform",
            admin.clone(),
            "/logs?by=user&open=00000000-0000-0000-0000-000000000007",
        ),
        (
            "logs-not-there",
            owner.clone(),
            "/logs?open=00000000-0000-0000-0000-00000000ffff",
        ),
        ("registration", owner.clone(), "/settings/registration"),
        ("stores", owner.clone(), "/settings/stores"),
        (
            "stores-edit",
            owner,
            "/settings/stores?edit_store=00000000-0000-0000-0000-000000000001",
        ),
        ("merchants", admin.clone(), "/merchants?new=1&name=x"),
        ("merchants-none", admin.clone(), "/merchants?q=x"),
        ("merchant", admin.clone(), "/merchants/898269350000008"),
        (
            "merchant-suspended",
            Ask::by(Role::PlatformSupport),
            "/merchants/898269350000009",
        ),
        ("audit", admin.clone(), "/audit?action=user.created"),
        ("import", admin.clone(), "/terminals/import"),
        ("import-report", admin.clone(), IMPORT),
        (
            "import-mapping",
            admin.clone(),
            "/terminals/import/00000000-0000-0000-0000-000000000011",
        ),
        (
            "import-running",
            admin.clone(),
            "/terminals/import/00000000-0000-0000-0000-00000000001b",
        ),
        (
            "import-preview",
            admin,
            "/terminals/import/00000000-0000-0000-0000-000000000025",
        ),
    ]
}

#[tokio::test]
async fn every_page_is_whole_in_both_languages() {
    let folder = std::env::var_os("TILLKEEPER_TEST_PAGES");
    for locale in [Locale::zh, Locale::en] {
        for (name, ask, path) in pages() {
            let answered = Ask { locale, ..ask }.get(path).await;
            assert_eq!(answered.status, StatusCode::OK, "{name}");
            let html = &answered.html;
            for (needle, count) in [
                ("<h1", 1),
                ("<main", 1),
                ("<title>", 1),
                ("</html>", 1),
                ("<script>", 0),
                ("<use_", 0),
            ] {
                assert_eq!(html.matches(needle).count(), count, "{needle} of {name}: {html}");
            }
            if let Some(folder) = &folder {
                let file = format!("{name}.{}.html", app::i18n::language_code(locale));
                std::fs::write(Path::new(folder).join(file), html).unwrap();
            }
        }
    }
}

/// What stands between `before` and the next quotation mark, as often as it does.
fn all_between<'a>(html: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    html.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

#[tokio::test]
async fn every_reason_has_its_paragraph_and_every_link_to_the_help_leads_somewhere() {
    const TOPICS: [&str; 8] = [
        "works",
        "first-use",
        "no-receipt",
        "screen",
        "find-sn",
        "verdict",
        "registration",
        "apps",
    ];
    let obstacles = Obstacle::VARIANTS
        .iter()
        .map(|code| format!("/help/verdict#{}", code.code()));
    let refusals = Told::all().map(|told| format!("/help/registration#{}", told.code()));
    let faults = InstallFault::VARIANTS
        .iter()
        .map(|fault| format!("/help/apps#{}", fault.code()));
    let codes: Vec<String> = obstacles.chain(refusals).chain(faults).collect();
    for locale in [Locale::zh, Locale::en] {
        let mut addresses = vec!["/help".to_owned()];
        let mut htmls = Vec::new();
        for topic in TOPICS {
            let path = format!("/help/{topic}");
            let page = Ask {
                locale,
                ..Ask::by(None)
            }
            .get(&path)
            .await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            addresses.extend(all_between(&page.html, " id=\"").map(|id| format!("{path}#{id}")));
            addresses.push(path);
            htmls.push(page.html);
        }
        for code in &codes {
            let times = addresses.iter().filter(|address| *address == code).count();
            assert_eq!(times, 1, "the paragraphs at {code}");
        }
        for (_, ask, path) in pages() {
            htmls.push(Ask { locale, ..ask }.get(path).await.html);
        }
        let missing = Ask {
            locale,
            ..Ask::by(Role::MerchantOwner)
        };
        htmls.push(missing.get("/devices/99998888").await.html);
        let mut led = 0;
        for link in htmls.iter().flat_map(|html| all_between(html, "href=\"/help")) {
            let link = format!("/help{link}");
            assert!(addresses.contains(&link), "{link} leads nowhere");
            led += usize::from(link.contains('#'));
        }
        assert!(led > 10, "only {led} links lead to paragraphs");
    }
}

#[tokio::test]
async fn who_is_turned_away_is_told_when_to_come_again() {
    let until = |ms: i64| Flash::Error {
        code: "throttled".to_owned(),
        found: Some((fake::NOW.0 + ms).to_string()),
        kept: None,
        request: None,
    };
    let asked = async |flash: Flash| {
        let owner = Ask {
            flash: Some(flash),
            ..Ask::by(Role::MerchantOwner)
        };
        owner.get("/devices/register").await
    };
    let page = asked(until(90_001)).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(page.html.contains("尝试次数过多") && page.html.contains("name=\"sn\""));
    // It was long ago, or somebody made it up.
    assert_eq!(asked(until(-1)).await.status, StatusCode::OK);
    let made_up = Flash::Error {
        code: "throttled".to_owned(),
        found: Some("<b>".to_owned()),
        kept: None,
        request: None,
    };
    assert_eq!(asked(made_up).await.status, StatusCode::OK);
}

#[test]
fn the_addresses_of_the_pages() {
    let mut routes = routes();
    routes.sort();
    assert_eq!(
        routes,
        [
            "/",
            "/apps",
            "/apps/{package}",
            "/audit",
            "/batches/{id}",
            "/catalogue",
            "/catalogue/{package}",
            "/catalogue/{package}/authorize/{draft}",
            "/devices",
            "/devices/find",
            "/devices/register",
            "/devices/{sn}",
            "/help",
            "/help/{topic}",
            "/logs",
            "/merchants",
            "/merchants/{number}",
            "/palette",
            "/settings/account",
            "/settings/registration",
            "/settings/security",
            "/settings/staff",
            "/settings/stores",
            "/sign-in",
            "/sign-in/code",
            "/terminals",
            "/terminals/import",
            "/terminals/import/{id}",
            "/users",
            "/users/{login}",
            "/welcome/{token}",
        ]
    );
}

#[tokio::test]
async fn whoever_is_not_signed_in_signs_in_and_comes_back() {
    for (path, sign_in) in [
        ("/", "/sign-in"),
        ("/devices?q=%E5%BA%97", "/sign-in?next=%2Fdevices%3Fq%3D%25E5%25BA%2597"),
        ("/terminals/import", "/sign-in?next=%2Fterminals%2Fimport"),
    ] {
        let answered = Ask::by(None).get(path).await;
        assert_eq!(answered.status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(answered.location.as_deref(), Some(sign_in));
    }
    let signed_in = Ask::by(Role::MerchantOwner).get("/sign-in?next=%2Flogs").await;
    assert_eq!(signed_in.location.as_deref(), Some("/logs"));
    let elsewhere = Ask::by(Role::MerchantOwner)
        .get("/sign-in?next=%2F%2Fevil.example")
        .await;
    assert_eq!(elsewhere.location.as_deref(), Some("/"));
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_told_look_the_same() {
    let owner = Ask::by(Role::MerchantOwner);
    let nowhere = owner.get("/nowhere").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert!(nowhere.html.contains("找不到这个页面"));
    for path in [
        "/audit",
        "/catalogue",
        "/catalogue/com.example.pay",
        "/apps/com.example.other",
        "/apps/nonsense",
        "/terminals",
        "/terminals/import",
        "/devices/AB%2312",
        "/devices/A%2FB_1.2/x",
    ] {
        let answered = owner.get(path).await;
        assert_eq!(answered.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answered.html.contains("找不到这个页面"), "{path}");
    }
    let nobody = Ask::by(None).get("/nowhere").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let support = Ask::by(Role::PlatformSupport).get("/terminals/import").await;
    assert_eq!(support.status, StatusCode::FORBIDDEN);
    let unknown = owner.get("/devices/99998888").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(unknown.html.contains("没有找到序列号 99998888"));
    assert!(unknown.html.contains("/devices/register?sn=99998888"));
    let report = "/terminals/import/00000000-0000-0000-0000-000000000008";
    assert_eq!(
        Ask::by(Role::PlatformAdmin).get(report).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_box_leads_to_the_terminal_or_back_with_what_is_wrong() {
    let owner = Ask::by(Role::MerchantOwner);
    let found = owner.get("/devices/find?sn=+161-203-824").await;
    assert_eq!(found.location.as_deref(), Some("/devices/161203824"));
    let slash = owner.get("/devices/find?sn=a%2Fb_1.2").await;
    assert_eq!(slash.location.as_deref(), Some("/devices/A%2FB_1.2"));
    let wrong = owner.get("/devices/find?sn=AB%2312").await;
    assert_eq!(wrong.location.as_deref(), Some("/?find=1&sn=AB%2312"));
    let back = owner.get("/?find=1&sn=AB%2312").await;
    assert!(back.html.contains("序列号中不能有“#”"));
    assert!(back.html.contains("value=\"AB#12\""));
    let empty = owner.get("/?find=1").await;
    assert!(empty.html.contains("请填写终端序列号"));
}

#[tokio::test]
async fn the_list_keeps_what_was_asked_for() {
    let list = Ask::by(Role::MerchantOwner)
        .get("/devices?q=%E8%A5%BF%E6%B9%96&state=unregistered")
        .await;
    assert!(list.html.contains("value=\"西湖\""));
    assert!(list.html.contains("<option value=\"unregistered\" selected"));
    assert!(
        list.html
            .contains("/devices?q=%E8%A5%BF%E6%B9%96&amp;state=unregistered&amp;after=5310294937%7E0")
    );
    assert!(list.html.contains("href=\"/devices/A%2FB_1.2\""));
    assert!(!list.html.contains("161-203-824"));
    let moved = Ask::by(Role::PlatformSupport).get("/devices?q=A").await;
    assert_eq!(moved.location.as_deref(), Some("/terminals?q=A"));
}

#[tokio::test]
async fn where_two_makers_share_a_number_one_is_chosen() {
    let twice = ["PAX", "Sunmi"].map(|maker| terminal("TWICE", maker, Lifecycle::Awaiting));
    let fake = Fake {
        terminals: twice.to_vec(),
        ..Fake::default()
    };
    let owner = Ask {
        fake,
        ..Ask::by(Role::MerchantOwner)
    };
    let choice = owner.get("/devices/TWICE").await;
    assert!(choice.html.contains("href=\"/devices/TWICE?manufacturer=Sunmi\""));
    let chosen = owner.get("/devices/TWICE?manufacturer=sunmi").await;
    assert!(chosen.html.contains("终端 TWICE"));
    let list = owner.get("/devices").await;
    assert!(list.html.contains("href=\"/devices/TWICE?manufacturer=PAX\""));
    let form = owner.post("/actions/register", "sn=twice", FORM).await;
    assert_eq!(
        form.location.as_deref(),
        Some("/devices/register?sn=twice&choose=manufacturer")
    );
    let choose = owner.get("/devices/register?sn=twice&choose=manufacturer").await;
    assert!(choose.html.contains("<option value=\"Sunmi\""));
}

#[tokio::test]
async fn a_registration_shows_its_code_once_and_a_refusal_loses_nothing() {
    let owner = Ask::by(Role::MerchantOwner);
    let done = owner.post("/actions/register", "sn=161-203-824", FORM).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(done.location.as_deref(), Some("/devices/register"));
    let flash = done.flash().unwrap();
    assert!(matches!(&flash, Flash::Registered { sn, code, .. } if sn == "161203824" && code == "7K2M-9QXD-4TB3WZ"));
    let shown = Ask {
        flash: Some(flash),
        ..owner.clone()
    }
    .get("/devices/register")
    .await;
    assert!(shown.html.contains("7K2M-9QXD-4TB3WZ</p>"));

    let refused = owner.post("/actions/register", "sn=9999&code=wrong+code", FORM).await;
    assert_eq!(refused.location.as_deref(), Some("/devices/register?sn=9999"));
    let flash = refused.flash().unwrap();
    assert!(matches!(&flash, Flash::Error { code, kept, .. }
        if code == "sn_or_code_wrong" && kept.as_deref() == Some("wrong code")));
    let shown = Ask {
        flash: Some(flash),
        ..owner.clone()
    }
    .get("/devices/register?sn=9999")
    .await;
    assert!(shown.html.contains("序列号或激活码不正确"));
    assert!(shown.html.contains("value=\"wrong code\""));
    assert!(shown.html.contains("<details open"));

    let malformed = owner.post("/actions/register", "sn=AB%2312", FORM).await;
    let flash = malformed.flash();
    let shown = Ask { flash, ..owner.clone() }.get("/devices/register?sn=AB%2312").await;
    assert!(shown.html.contains("id=\"sn-error\""));

    let nothing = owner.post("/actions/register", "", FORM).await;
    assert!(matches!(nothing.flash(), Some(Flash::Error { code, .. }) if code == "sn_malformed"));
    let nobody = Ask::by(None).post("/actions/register", "sn=9999", FORM).await;
    assert_eq!(
        nobody.location.as_deref(),
        Some("/sign-in?next=%2Fdevices%2Fregister%3Fsn%3D9999")
    );
    let support = Ask::by(Role::PlatformSupport)
        .post("/actions/register", "sn=9999", FORM)
        .await;
    assert!(matches!(support.flash(), Some(Flash::Error { code, .. }) if code == "forbidden"));
}

#[tokio::test]
async fn a_code_is_issued_from_the_terminals_page() {
    let admin = Ask::by(Role::PlatformAdmin);
    let form = "terminal=00000000-0000-0000-0000-000000000009&sn=A%2FB_1.2&manufacturer=PAX&merchant_no=8982";
    let issued = admin.post("/actions/issue-code", form, FORM).await;
    assert_eq!(issued.location.as_deref(), Some("/devices/A%2FB_1.2?manufacturer=PAX"));
    assert!(matches!(issued.flash(), Some(Flash::CodeIssued { .. })));
    let broken = admin
        .post("/actions/issue-code", "terminal=x&sn=A%2FB_1.2&merchant_no=8982", FORM)
        .await;
    assert_eq!(broken.location.as_deref(), Some("/devices/A%2FB_1.2?merchant_no=8982"));
    assert!(matches!(broken.flash(), Some(Flash::Error { code, .. }) if code == "form"));
}

#[tokio::test]
async fn a_file_leads_to_its_report_or_back() {
    let admin = Ask::by(Role::PlatformAdmin);
    let part = |name: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; {name}\r\n\r\n{value}\r\n");
    let file = |bytes: &str| part("name=\"file\"; filename=\"a.csv\"", bytes);
    let kind = "multipart/form-data; boundary=x";
    let rows = |text: &str| part("name=\"rows\"", text);
    for (form, location, code) in [
        (file("sn\r\n"), IMPORT, None),
        (file("") + &rows("1234\tPAX"), IMPORT, None),
        (file("large"), "/terminals/import", Some("file_too_large")),
        (file(""), "/terminals/import", Some("file_missing")),
        (rows(" \r\n"), "/terminals/import", Some("file_missing")),
        (String::new(), "/terminals/import", Some("file_missing")),
    ] {
        let answered = admin.post("/actions/import", &(form + "--x--\r\n"), kind).await;
        assert_eq!(answered.location.as_deref(), Some(location));
        let said = match answered.flash() {
            Some(Flash::Error { code, .. }) => Some(code),
            _ => None,
        };
        assert_eq!(said.as_deref(), code);
    }
}

#[tokio::test]
async fn what_is_done_with_an_import_leads_back_to_it() {
    let admin = Ask::by(Role::PlatformAdmin);
    let id = IMPORT.rsplit('/').next().unwrap();
    for (action, fields, code) in [
        (
            "map",
            "&columns[0]=sn&columns[1]=&headings=true&manufacturer=PAX&model=",
            None,
        ),
        ("map", "&columns[0]=sn&columns[1]=name", Some("file_headings")),
        ("map", "&columns[0]=price", Some("form")),
        ("confirm", "&skip_bad_rows=true", None),
        ("confirm", "", Some("bad_rows")),
        ("cancel", "", None),
        ("undo", "", Some("already_done")),
    ] {
        let path = format!("/actions/import-{action}");
        let answered = admin.post(&path, &format!("import={id}{fields}"), FORM).await;
        assert_eq!(answered.location.as_deref(), Some(IMPORT), "{action}{fields}");
        let said = match answered.flash() {
            Some(Flash::Error { code, .. }) => Some(code),
            _ => None,
        };
        assert_eq!(said.as_deref(), code, "{action}{fields}");
    }
    let nowhere = admin.post("/actions/import-undo", "import=x", FORM).await;
    assert_eq!(nowhere.location.as_deref(), Some("/terminals/import"));
}
