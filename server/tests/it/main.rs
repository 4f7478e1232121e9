//! The integration tests: one program, each story on SQLite and on PostgreSQL.

mod audit;
mod client;
mod demo;
mod device_api;
mod door;
mod fuzz;
mod hardening;
mod idempotency;
mod imports;
mod lists;
mod log;
mod main_job;
mod permissions;
mod presence;
mod registration;
mod schema;
mod session;
mod second_factor;
mod support;
mod throttle;
mod twins;
mod users;
mod verdicts;
mod world;
