//! Where passwords come from: a file, a hidden prompt, or the standard input, and never an argument, which every user of
//! the machine can read.

use super::failure::Failure;
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

/// The password in the first line of `file`; without a file, from a prompt, twice, when a person sits there, else the
/// first line of the standard input.
pub(super) fn read(file: Option<&Path>) -> Result<String, Failure> {
    let password = match file {
        Some(file) => from_file(file)?,
        None if io::stdin().is_terminal() => from_prompt()?,
        None => {
            let mut line = String::new();
            let read = io::stdin().lock().read_line(&mut line);
            read.map_err(|error| {
                Failure::failed(format!("the password on the standard input cannot be read: {error}."))
            })?;
            line
        }
    };
    let password = first_line(&password);
    if password.is_empty() {
        return Err(Failure::wrong_use(
            "no password was given; write it on the standard input or name a file with --password-file.",
        ));
    }
    Ok(password.to_owned())
}

/// The first line of `file`.
pub(super) fn from_file(file: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::failed(format!("the password file {} cannot be read: {error}.", file.display())))?;
    Ok(first_line(&text).to_owned())
}

fn from_prompt() -> Result<String, Failure> {
    let ask = |prompt| {
        rpassword::prompt_password(prompt)
            .map_err(|error| Failure::failed(format!("no password could be asked for: {error}.")))
    };
    let password = ask("Password: ")?;
    if ask("The same again: ")? == password {
        Ok(password)
    } else {
        Err(Failure::wrong_use(
            "the two passwords are not the same; nothing was changed.",
        ))
    }
}

fn first_line(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}');
    text.lines().next().unwrap_or_default()
}
