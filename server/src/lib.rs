//! The server: it answers what `app` asks.

pub mod cli;
pub mod clock;
pub mod config;
mod csv_cell;
pub mod database;
pub mod demo;
pub mod device_api;
pub mod entities;
pub mod health;
pub mod middleware;
pub mod pages;
mod retry_after;
pub mod router;
pub mod serve;
pub mod services;
pub mod session_store;
pub mod simulation;
pub mod state;
pub mod telemetry;

/// A page is many small strings: this allocator halves what they cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
