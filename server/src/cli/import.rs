//! `tillkeeper import`

use super::context::Context;
use super::failure::Failure;
use app::backend::imports::{Imports, MAX_FILE_BYTES, Upload};
use app::caller::Caller;
use app::error::{AppError, Invalid};
use std::io::{self, Read, Write};
use std::path::PathBuf;

/// Import an inventory file of terminals (CSV in UTF-8)
///
/// The first row names the columns: sn, manufacturer and model, and name, merchant_no, store, firmware and note where
/// wanted. A terminal that is known already is updated. A file with bad rows changes nothing, unless --skip-bad-rows is
/// given; each bad row is printed as line:column:what:found.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The file, or - for the standard input
    file: PathBuf,
    /// Import the good rows of a file that has bad ones
    #[arg(long)]
    skip_bad_rows: bool,
}

impl Import {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.config()?;
        let shown = self.file.display().to_string();
        let unreadable = |error: io::Error| Failure::failed(format!("{shown} cannot be read: {error}."));
        let mut bytes = Vec::new();
        let (file_name, size) = if shown == "-" {
            ("stdin".to_owned(), io::stdin().lock().read_to_end(&mut bytes))
        } else {
            let file = std::fs::File::open(&self.file).map_err(unreadable)?;
            let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
            let name = self
                .file
                .file_name()
                .map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
            (name, file.take(limit).read_to_end(&mut bytes))
        };
        size.map_err(unreadable)?;

        let database = context.open_or_create(&config).await?;
        let services = context.services(&database)?;
        let caller = Caller::system("import");
        let admin = caller
            .platform_admin()
            .map_err(|error| Failure::failed(format!("{error}.")))?;
        let upload = Upload {
            file_name,
            bytes,
            skip_bad_rows: self.skip_bad_rows,
        };
        let report = services.imports.create(admin, upload).await;
        database.close().await?;
        let report = report.map_err(|error| refusal(&shown, &error))?;

        let mut out = io::stdout().lock();
        for error in &report.errors {
            let column = error.column.as_deref().unwrap_or("-");
            let found = error.found.as_deref().unwrap_or_default();
            writeln!(out, "{}:{column}:{}:{found}", error.line, error.fault.code())?;
        }
        let kept = u64::try_from(report.errors.len()).unwrap_or(u64::MAX);
        if report.rows_failed > kept {
            writeln!(out, "... and {} bad rows more", report.rows_failed - kept)?;
        }
        if !report.done {
            return Err(Failure::failed(format!(
                "{shown} has {} bad rows of {}, so nothing was imported; correct them, or import the others with \
                 --skip-bad-rows.",
                report.rows_failed, report.rows_total
            )));
        }
        writeln!(
            out,
            "{} rows: {} created, {} updated, {} unchanged, {} failed.",
            report.rows_total, report.rows_created, report.rows_updated, report.rows_skipped, report.rows_failed
        )?;
        Ok(())
    }
}

/// The sentence for a file that cannot be imported as a whole.
fn refusal(file: &str, error: &AppError) -> Failure {
    let why = match error {
        AppError::Invalid(Invalid::FileMissing) => "is empty".to_owned(),
        AppError::Invalid(Invalid::FileTooLarge) => {
            format!("is larger than {} MiB; split it", MAX_FILE_BYTES / 1024 / 1024)
        }
        AppError::Invalid(Invalid::FileNotUtf8) => "is not text in UTF-8; save it as \"CSV UTF-8\"".to_owned(),
        AppError::Invalid(Invalid::FileHeadings) => {
            "does not begin with a row of headings that has at least sn, manufacturer and model".to_owned()
        }
        error => format!("was not imported: {error}"),
    };
    Failure::failed(format!("{file} {why}."))
}
