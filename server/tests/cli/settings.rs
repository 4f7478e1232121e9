//! Settings that are wrong stop every command; those in force are shown without passwords.

use crate::support::Place;
use insta::assert_snapshot;

#[test]
fn a_wrong_setting_stops_the_start_with_its_name() {
    let err = Place::new()
        .with("TILLKEEPER_LISTEN", "3000")
        .run(&["serve"])
        .wrong_use();
    assert_snapshot!(err, @r#"tillkeeper: listen (TILLKEEPER_LISTEN) is "3000" in the environment; it takes an IP address and a port, such as 127.0.0.1:3000 or [::]:3000."#);
}

#[test]
fn a_setting_that_nobody_knows_stops_the_start() {
    let place = Place::new();
    place.write("tillkeeper.toml", "lisen = '127.0.0.1:0'\n");
    let err = place.run(&["serve"]).wrong_use();
    assert!(
        err.contains("tillkeeper.toml sets lisen, which is no setting; did you mean listen?"),
        "{err}"
    );
    let err = Place::new()
        .with("TILLKEEPER_PORT", "1")
        .run(&["check-config"])
        .wrong_use();
    assert!(err.contains("TILLKEEPER_PORT, which is no setting"), "{err}");
}

#[test]
fn the_settings_in_force_are_shown_without_passwords() {
    let place = Place::new().with("TILLKEEPER_DATABASE_URL", "postgres://tills:s3cret@db/tills");
    place.write(
        "other.toml",
        "listen = '0.0.0.0:80'\npublic_url = 'https://tills.example'\ntrusted_proxies = ['10.0.0.0/8']\n\
         site_dir = '/srv/site'\n",
    );
    assert_snapshot!(place.run(&["check-config", "--config", "other.toml"]).done(), @r#"
    database_url = "postgres://tills:****@db/tills" (the environment)
    listen = "0.0.0.0:80" (other.toml)
    data_dir = "data" (the default)
    public_url = "https://tills.example" (other.toml)
    trusted_proxies = ["10.0.0.0/8"] (other.toml)
    session_idle_platform = "15m" (the default)
    session_idle_merchant = "12h" (the default)
    require_second_factor = true (the default)
    log_key = "data/log-signing.key" (the default)
    log_checkpoint_interval = "1h" (the default)
    log_retention_months = 13 (the default)
    site_dir = "/srv/site" (other.toml)
    log = "info" (the default)
    log_format = "text" (the default)
    "#);
}

#[test]
fn the_file_may_be_named_in_the_environment() {
    let place = Place::new().with("TILLKEEPER_CONFIG", "other.toml");
    place.write("other.toml", "data_dir = 'elsewhere'\n");
    assert!(
        place
            .run(&["check-config"])
            .done()
            .contains("sqlite:elsewhere/tillkeeper.db")
    );
    let err = Place::new()
        .with("TILLKEEPER_CONFIG", "missing.toml")
        .run(&["check-config"])
        .wrong_use();
    assert!(err.contains("missing.toml cannot be read"), "{err}");
}

#[test]
fn a_database_that_cannot_be_reached_is_told_in_a_sentence() {
    let place = Place::new().with("TILLKEEPER_DATABASE_URL", "postgres://tills:s3cret@127.0.0.1:1/tills");
    let err = place.run(&["serve"]).failed();
    assert!(
        err.starts_with("tillkeeper: the PostgreSQL database tills on 127.0.0.1:1 cannot be opened"),
        "{err}"
    );
    assert!(!err.contains("s3cret"), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
}
