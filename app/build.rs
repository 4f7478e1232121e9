//! Turns `locales/` into Rust, for the server only: the browser is given its words by the pages.

use leptos_i18n_build::options::CodegenOptions;
use leptos_i18n_build::{Config, ParseOptions, TranslationsInfos};
use std::error::Error;
use std::path::PathBuf;

/// One file per page or subject in each language.
const NAMESPACES: [&str; 33] = [
    "account",
    "actions",
    "apps",
    "audit",
    "batch",
    "catalogue",
    "codes",
    "common",
    "device",
    "devices",
    "display",
    "failure",
    "help",
    "home",
    "import",
    "log",
    "merchants",
    "notice",
    "palette",
    "reason",
    "register",
    "registration",
    "scan",
    "security",
    "sentence",
    "sign_in",
    "staff",
    "stores",
    "trend",
    "users",
    "verdict",
    "welcome",
    "word",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=locales");
    if std::env::var_os("CARGO_FEATURE_SSR").is_none() {
        return Ok(());
    }
    let config = Config::new("zh")?
        .add_locale("en")?
        .add_namespaces(NAMESPACES)?
        .parse_options(ParseOptions::new().interpolate_display(true));
    let translations = TranslationsInfos::parse(config)?;
    translations.emit_diagnostics();
    translations.rerun_if_locales_changed();
    let folder = PathBuf::from(std::env::var("OUT_DIR")?).join("i18n");
    translations.generate_i18n_module_with_options(folder, CodegenOptions::new().gen_docs(false))?;
    Ok(())
}
