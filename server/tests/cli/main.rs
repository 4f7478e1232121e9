//! The program `tillkeeper` as an operator runs it: words on the command line, exit codes, files and signals.

#![expect(
    clippy::unwrap_used,
    reason = "the whole program is a test: what cannot be unwrapped fails it"
)]

mod data;
mod help;
mod log;
mod migrate;
mod serve;
mod settings;
mod simulate;
mod support;
mod user;
