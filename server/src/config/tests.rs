//! Every message that settings can earn.

use super::*;
use insta::assert_snapshot;
use std::fs;

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect()
}

/// Only the environment; the file that is named is never there.
fn from_environment(pairs: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    fs::write(&file, "").unwrap();
    let sources = Sources {
        file: Some(file),
        variables: variables(pairs),
        program: None,
    };
    load(&sources)
        .map(|loaded| loaded.config)
        .map_err(|error| error.to_string())
}

/// A file with this text, called `settings.toml` in messages.
fn from_file(text: &str, pairs: &[(&str, &str)]) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    fs::write(&file, text).unwrap();
    let sources = Sources {
        file: Some(file),
        variables: variables(pairs),
        program: None,
    };
    let folder = format!("{}/", folder.path().display());
    load(&sources).map_err(|error| error.to_string().replace(&folder, ""))
}

fn wrong(name: &str, value: &str) -> String {
    from_environment(&[(name, value)]).unwrap_err()
}

#[test]
fn a_time_is_a_number_and_a_unit() {
    let idle = |text: &str| from_environment(&[("TILLKEEPER_SESSION_IDLE_PLATFORM", text)]);
    for (text, ms) in [("1m", 60_000), ("90m", 5_400_000), ("12h", 43_200_000)] {
        assert_eq!(idle(text).unwrap().session_idle_platform.as_ms(), ms);
    }
    for text in ["15", "0m", "13h", "1d", "-1m", "m", "1.5h", "99999999999h"] {
        assert!(idle(text).is_err(), "{text}");
    }
    let config = from_environment(&[("TILLKEEPER_SESSION_IDLE_MERCHANT", "30d")]).unwrap();
    assert_eq!(config.session_idle_merchant.to_string(), "30d");
    assert_snapshot!(wrong("TILLKEEPER_SESSION_IDLE_PLATFORM", "15"), @r#"session_idle_platform (TILLKEEPER_SESSION_IDLE_PLATFORM) is "15" in the environment; it takes a time from 1m to 12h, such as 15m."#);
}

#[test]
fn without_settings_it_is_a_file_in_the_data_folder_on_this_machine() {
    let config = from_environment(&[("PATH", "/bin")]).unwrap();
    assert_eq!(config.database_url.expose(), "sqlite:data/tillkeeper.db");
    assert_eq!(
        config.database_url.sqlite_path(),
        Some(PathBuf::from("data/tillkeeper.db"))
    );
    assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(config.site_dir, PathBuf::from("target/site"));
    assert_eq!((config.log.as_str(), config.log_format), ("info", LogFormat::Text));
    assert_eq!((config.public_url, config.trusted_proxies), (None, vec![]));
}

#[test]
fn the_log_is_kept_for_half_a_year_at_least() {
    let kept = |text: &str| from_environment(&[("TILLKEEPER_LOG_RETENTION_MONTHS", text)]);
    assert_eq!(from_environment(&[]).unwrap().log_retention_months, 13);
    assert_eq!(kept("6").unwrap().log_retention_months, 6);
    for text in ["5", "0", "-1", "601", "13m", ""] {
        assert!(kept(text).is_err(), "{text}");
    }
    let every = |text: &str| from_environment(&[("TILLKEEPER_LOG_CHECKPOINT_INTERVAL", text)]);
    assert_eq!(every("10m").unwrap().log_checkpoint_interval, Span::minutes(10));
    assert!(every("8d").is_err());
    let moved = from_environment(&[("TILLKEEPER_DATA_DIR", "/srv/tills")]).unwrap();
    assert_eq!(moved.log_key, PathBuf::from("/srv/tills/log-signing.key"));
}

#[test]
fn the_data_folder_moves_the_database() {
    let config = from_environment(&[("TILLKEEPER_DATA_DIR", "/srv/tills")]).unwrap();
    assert_eq!(config.database_url.expose(), "sqlite:/srv/tills/tillkeeper.db");
}

#[test]
fn a_site_folder_beside_the_program_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("site")).unwrap();
    fs::write(folder.path().join("settings.toml"), "").unwrap();
    let sources = Sources {
        file: Some(folder.path().join("settings.toml")),
        variables: vec![],
        program: Some(folder.path().join("tillkeeper")),
    };
    assert_eq!(load(&sources).unwrap().config.site_dir, folder.path().join("site"));
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = r#"
        listen = "[::]:8080"
        trusted_proxies = ["10.0.0.0/8", "::1"]
        public_url = "https://POS.example.com:443"
        log_format = "json"
    "#;
    let loaded = from_file(file, &[("TILLKEEPER_LISTEN", "0.0.0.0:0")]).unwrap();
    assert_eq!(loaded.config.listen.to_string(), "0.0.0.0:0");
    assert_eq!(loaded.origins["listen"], Origin::Environment);
    assert!(matches!(&loaded.origins["log_format"], Origin::File(path) if path.ends_with("settings.toml")));
    let proxies: Vec<String> = loaded.config.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "::1/128"]);
    let url = loaded.config.public_url.unwrap();
    assert_eq!((url.origin(), url.is_https()), ("https://pos.example.com", true));
    assert_eq!(loaded.config.log_format, LogFormat::Json);
}

#[test]
fn proxies_in_the_environment_stand_between_commas() {
    let config = from_environment(&[("TILLKEEPER_TRUSTED_PROXIES", " 127.0.0.1, 192.168.0.0/16,")]).unwrap();
    assert_eq!(config.trusted_proxies.len(), 2);
}

#[test]
fn a_wrong_value_is_told_with_its_setting_and_what_it_takes() {
    assert_snapshot!(wrong("TILLKEEPER_LISTEN", "3000"), @r#"listen (TILLKEEPER_LISTEN) is "3000" in the environment; it takes an IP address and a port, such as 127.0.0.1:3000 or [::]:3000."#);
    assert_snapshot!(wrong("TILLKEEPER_DATABASE_URL", "mysql://root:secret@db/tills"), @r#"database_url (TILLKEEPER_DATABASE_URL) is "mysql://root:****@db/tills" in the environment; it takes sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE."#);
    assert_snapshot!(wrong("TILLKEEPER_DATA_DIR", " "), @r#"data_dir (TILLKEEPER_DATA_DIR) is " " in the environment; it takes the path of a folder."#);
    assert_snapshot!(wrong("TILLKEEPER_PUBLIC_URL", "pos.example.com/tills"), @r#"public_url (TILLKEEPER_PUBLIC_URL) is "pos.example.com/tills" in the environment; it takes http:// or https:// and a host, without a path, such as https://pos.example.com."#);
    assert_snapshot!(wrong("TILLKEEPER_TRUSTED_PROXIES", "127.0.0.1, proxy"), @r#"trusted_proxies (TILLKEEPER_TRUSTED_PROXIES) is "proxy" in the environment; it takes IP addresses and networks, such as 127.0.0.1, 10.0.0.0/8."#);
    assert_snapshot!(wrong("TILLKEEPER_SITE_DIR", ""), @r#"site_dir (TILLKEEPER_SITE_DIR) is "" in the environment; it takes the path of the folder with the built style sheet and scripts."#);
    assert_snapshot!(wrong("TILLKEEPER_LOG", "server=loud"), @r#"log (TILLKEEPER_LOG) is "server=loud" in the environment; it takes a filter, such as info or server=debug,warn."#);
    assert_snapshot!(wrong("TILLKEEPER_LOG_FORMAT", "xml"), @r#"log_format (TILLKEEPER_LOG_FORMAT) is "xml" in the environment; it takes text or json."#);
}

#[test]
fn plain_http_is_for_this_machine_unless_somebody_says_so() {
    let load = |listen: &str, url: &str| {
        let variables = [("TILLKEEPER_LISTEN", listen), ("TILLKEEPER_PUBLIC_URL", url)];
        let set: Vec<_> = variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        from_file("", &set)
    };
    for (listen, url) in [
        ("127.0.0.1:80", ""),
        ("[::1]:80", ""),
        ("0.0.0.0:80", "https://pos.example"),
        ("0.0.0.0:80", "http://pos.lan"),
    ] {
        assert!(load(listen, url).is_ok(), "{listen} {url}");
    }
    assert_snapshot!(load("0.0.0.0:80", "").unwrap_err(), @"listen (TILLKEEPER_LISTEN) is 0.0.0.0:80, which other machines reach; set public_url (TILLKEEPER_PUBLIC_URL) to the address under which browsers come: https:// and a host. With http:// passwords and sessions can be read on the way.");
    assert!(load("[::]:80", "").is_err() && load("192.0.2.1:80", "").is_err());
}

#[test]
fn public_urls_that_are_none() {
    for url in [
        "ftp://host",
        "https://",
        "https://user@host",
        "https://host/path",
        "https://host?x=1",
        "host",
    ] {
        assert_eq!(PublicUrl::parse(url), None, "{url}");
    }
    assert_eq!(
        PublicUrl::parse("http://127.0.0.1:3000/").unwrap().origin(),
        "http://127.0.0.1:3000"
    );
}

#[test]
fn a_name_that_is_nearly_right_is_guessed() {
    assert_snapshot!(wrong("TILLKEEPER_LISTNE", "x"), @"the environment sets TILLKEEPER_LISTNE, which is no setting; did you mean TILLKEEPER_LISTEN? There are TILLKEEPER_DATABASE_URL, TILLKEEPER_LISTEN, TILLKEEPER_DATA_DIR, TILLKEEPER_PUBLIC_URL, TILLKEEPER_TRUSTED_PROXIES, TILLKEEPER_SESSION_IDLE_PLATFORM, TILLKEEPER_SESSION_IDLE_MERCHANT, TILLKEEPER_REQUIRE_SECOND_FACTOR, TILLKEEPER_LOG_KEY, TILLKEEPER_LOG_CHECKPOINT_INTERVAL, TILLKEEPER_LOG_RETENTION_MONTHS, TILLKEEPER_SITE_DIR, TILLKEEPER_LOG, TILLKEEPER_LOG_FORMAT.");
    assert_snapshot!(wrong("TILLKEEPER_COLOUR", "x"), @"the environment sets TILLKEEPER_COLOUR, which is no setting; there are TILLKEEPER_DATABASE_URL, TILLKEEPER_LISTEN, TILLKEEPER_DATA_DIR, TILLKEEPER_PUBLIC_URL, TILLKEEPER_TRUSTED_PROXIES, TILLKEEPER_SESSION_IDLE_PLATFORM, TILLKEEPER_SESSION_IDLE_MERCHANT, TILLKEEPER_REQUIRE_SECOND_FACTOR, TILLKEEPER_LOG_KEY, TILLKEEPER_LOG_CHECKPOINT_INTERVAL, TILLKEEPER_LOG_RETENTION_MONTHS, TILLKEEPER_SITE_DIR, TILLKEEPER_LOG, TILLKEEPER_LOG_FORMAT.");
    assert_snapshot!(from_file("databse_url = 'sqlite:x'", &[]).unwrap_err(), @"settings.toml sets databse_url, which is no setting; did you mean database_url? There are database_url, listen, data_dir, public_url, trusted_proxies, session_idle_platform, session_idle_merchant, require_second_factor, log_key, log_checkpoint_interval, log_retention_months, site_dir, log, log_format.");
}

#[test]
fn variables_of_the_build_and_the_tests_are_left_alone() {
    let others = [
        ("TILLKEEPER_TEST_DATABASE_URL", "postgres://x"),
        ("TILLKEEPER_TOOLS", "/x"),
        ("TILLKEEPER_CONFIG", "/y"),
    ];
    assert!(from_environment(&others).is_ok());
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let error = from_file(
        "log = 7\nlisten = { port = 3000 }\ntrusted_proxies = [1, [2]]\ncolor = true",
        &[],
    )
    .unwrap_err();
    assert_snapshot!(error, @r#"
    settings.toml sets color, which is no setting; there are database_url, listen, data_dir, public_url, trusted_proxies, session_idle_platform, session_idle_merchant, require_second_factor, log_key, log_checkpoint_interval, log_retention_months, site_dir, log, log_format.
    listen (TILLKEEPER_LISTEN) is a table in settings.toml; it takes an IP address and a port, such as 127.0.0.1:3000 or [::]:3000.
    trusted_proxies (TILLKEEPER_TRUSTED_PROXIES) is a list in settings.toml; it takes IP addresses and networks, such as 127.0.0.1, 10.0.0.0/8.
    "#);
}

#[test]
fn a_file_that_cannot_be_read_is_told_without_what_stands_in_it() {
    let error = from_file("database_url = postgres://root:secret@db/tills", &[]).unwrap_err();
    assert!(!error.contains("secret"), "{error}");
    assert_snapshot!(error, @r#"settings.toml cannot be read: TOML parse error at line 1, column 16, invalid string, expected `"`, `'`."#);
    let sources = Sources {
        file: Some(PathBuf::from("nowhere/settings.toml")),
        ..Sources::default()
    };
    assert_snapshot!(load(&sources).unwrap_err(), @"nowhere/settings.toml cannot be read: No such file or directory (os error 2).");
}

#[test]
fn passwords_are_never_shown() {
    for (url, shown) in [
        (
            "postgres://tills:s3cret@db:5432/tills",
            "postgres://tills:****@db:5432/tills",
        ),
        ("postgres://tills:s3/cr@et@db/tills", "postgres://tills:****@db/tills"),
        (
            "postgres://db/tills?user=x&password=s3cret&sslmode=require",
            "postgres://db/tills?user=x&password=****&sslmode=require",
        ),
        ("tills:s3cret@db", "tills:****@db"),
        ("sqlite:data/a b.db", "sqlite:data/a b.db"),
        ("postgres://db/tills", "postgres://db/tills"),
    ] {
        assert_eq!(values::mask(url), shown);
    }
    let url = DatabaseUrl::parse("postgres://tills:s3cret@db/tills").unwrap();
    assert_eq!(
        (url.to_string(), format!("{url:?}")),
        (
            "postgres://tills:****@db/tills".to_owned(),
            "DatabaseUrl(postgres://tills:****@db/tills)".to_owned()
        )
    );
    assert_eq!(url.sqlite_path(), None);
}

#[cfg(unix)]
#[test]
fn a_value_that_is_no_text_is_told_too() {
    use std::os::unix::ffi::OsStringExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    fs::write(&file, "").unwrap();
    let variables = vec![(OsString::from("TILLKEEPER_LOG"), OsString::from_vec(vec![0xff]))];
    let error = load(&Sources {
        file: Some(file),
        variables,
        program: None,
    })
    .unwrap_err();
    assert_snapshot!(error, @"log (TILLKEEPER_LOG) is text that is not UTF-8 in the environment; it takes a filter, such as info or server=debug,warn.");
}
