//! `tillkeeper user`

use crate::support::Place;

const PASSWORD: &str = "correct horse 马";

#[test]
fn a_user_is_added_with_a_password_from_the_standard_input() {
    let place = Place::new();
    let add = &["user", "add", "Ａdmin", "--role", "platform_admin", "--name", "张三"];
    assert_eq!(
        place.run_with(add, &format!("{PASSWORD}\n")).done(),
        "admin was added.\n"
    );
    assert_eq!(
        place.run(&["user", "list"]).done(),
        "admin\tplatform_admin\t-\tactive\t张三\n"
    );
    let err = place.run_with(add, &format!("{PASSWORD}\n")).failed();
    assert_eq!(err, "tillkeeper: there is a user admin already.\n");
}

#[test]
fn a_password_may_be_in_a_file() {
    let place = Place::new();
    place.write("secret", &format!("\u{feff}{PASSWORD}\r\nanother line\n"));
    place
        .run(&[
            "user",
            "add",
            "support",
            "--role",
            "platform_support",
            "--password-file",
            "secret",
        ])
        .done();
    let set = place
        .run(&["user", "set-password", "support", "--password-file", "secret"])
        .done();
    assert_eq!(set, "The password of support was set.\n");
    let set = place
        .run_with(&["user", "set-password", "Support"], "another horse 马 entirely\n")
        .done();
    assert_eq!(set, "The password of support was set.\n");
    let err = place
        .run(&["user", "set-password", "support", "--password-file", "nowhere"])
        .failed();
    assert!(err.contains("the password file nowhere cannot be read"), "{err}");
    let err = place
        .run(&["user", "set-password", "nobody", "--password-file", "secret"])
        .failed();
    assert_eq!(err, "tillkeeper: there is no user nobody.\n");
}

#[test]
fn a_user_is_disabled_and_enabled_but_not_the_last_administrator() {
    let place = Place::new();
    for login in ["first", "second"] {
        let add = ["user", "add", login, "--role", "platform_admin"];
        place.run_with(&add, PASSWORD).done();
    }
    assert_eq!(
        place.run(&["user", "disable", "First"]).done(),
        "first was disabled and is signed out everywhere.\n"
    );
    assert!(
        place
            .run(&["user", "list"])
            .done()
            .contains("first\tplatform_admin\t-\tdisabled\t")
    );
    let err = place.run(&["user", "disable", "second"]).failed();
    assert!(
        err.contains("second is the last platform administrator who can sign in"),
        "{err}"
    );
    assert_eq!(place.run(&["user", "enable", "first"]).done(), "first was enabled.\n");
    place.run(&["user", "disable", "second"]).done();
    let err = place.run(&["user", "disable", "nobody"]).failed();
    assert_eq!(err, "tillkeeper: there is no user nobody.\n");
}

#[test]
fn wrong_use_changes_nothing() {
    let place = Place::new();
    let wrong = |arguments: &[&str], input: &str, says: &str| {
        let err = place.run_with(arguments, input).wrong_use();
        assert!(err.contains(says), "{err}");
    };
    let admin = |login| ["user", "add", login, "--role", "platform_admin"];
    wrong(&admin("admin"), "", "no password was given");
    wrong(&admin("admin"), "short\n", "a password has 12 to 128 characters, not 5");
    wrong(&admin("a"), PASSWORD, "a login has 3 to 64 characters, not 1");
    wrong(
        &["user", "add", "bob", "--role", "boss"],
        PASSWORD,
        "possible values: platform_admin",
    );
    wrong(
        &["user", "add", "bob", "--role", "merchant_owner"],
        PASSWORD,
        "say which with --merchant",
    );
    wrong(
        &["user", "add", "bob", "--role", "platform_admin", "--merchant", "1"],
        PASSWORD,
        "platform_admin is a role of the platform",
    );
    wrong(
        &["user", "add", "bob", "--role", "merchant_owner", "--merchant", "#"],
        PASSWORD,
        "is no merchant number",
    );
    wrong(
        &["user", "add", "admin", "--role", "platform_admin", "secret"],
        PASSWORD,
        "unexpected argument",
    );
    let err = place.run(&["user", "list"]);
    assert!(err.out.is_empty(), "{err:?}");
}

#[test]
fn a_merchant_that_is_not_there_is_told() {
    let place = Place::new();
    let add = &["user", "add", "bob", "--role", "merchant_owner", "--merchant", "898000"];
    assert_eq!(
        place.run_with(add, PASSWORD).failed(),
        "tillkeeper: no merchant has the number 898000.\n"
    );
}
