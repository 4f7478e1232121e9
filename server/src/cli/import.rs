//! `tillkeeper import`

use super::context::Context;
use super::failure::Failure;
use crate::services::imports::{ImportService, Progress};
use app::backend::imports::{ImportReport, Imports, MAX_FILE_BYTES, MAX_ROWS, Problem, Sending, Stage};
use app::caller::{Caller, PlatformAdmin};
use app::domain::ImportBatchId;
use app::error::{AppError, Invalid};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, Read, Write};
use std::path::PathBuf;

/// Bytes read at a time.
const BLOCK: usize = 256 * 1024;

/// Import an inventory file of terminals (CSV or XLSX)
///
/// A row of headings names the columns, in Chinese or English: sn, manufacturer and model, and name, merchant_no, store,
/// firmware and note where wanted. Encodings (UTF-8, GB18030, UTF-16) and separators (comma, semicolon, tab) are
/// recognized. A terminal that is known already is updated. The file is checked first: one with bad rows changes nothing,
/// unless --skip-bad-rows is given; each bad row is printed as line:column:what:found. Ctrl-C stops between two
/// transactions, and what is in by then can be undone in the portal.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The file, or - for the standard input
    file: PathBuf,
    /// Import the good rows of a file that has bad ones
    #[arg(long)]
    skip_bad_rows: bool,
    /// Only check the file; nothing is imported
    #[arg(long, conflicts_with = "skip_bad_rows")]
    check: bool,
}

impl Import {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.config()?;
        let shown = self.file.display().to_string();
        let unreadable = |error: io::Error| Failure::failed(format!("{shown} cannot be read: {error}."));
        let (name, source): (String, Box<dyn Read>) = if shown == "-" {
            ("stdin".to_owned(), Box::new(io::stdin().lock()))
        } else {
            let file = std::fs::File::open(&self.file).map_err(unreadable)?;
            let name = self.file.file_name();
            let name = name.map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
            (name, Box::new(file))
        };
        let database = context.open_or_create(&config).await?;
        let services = context.services(&database)?;
        let caller = Caller::system("import");
        let admin = caller
            .platform_admin()
            .map_err(|error| Failure::failed(format!("{error}.")))?;
        let imported = self.import(&services.imports, admin, &name, source).await;
        database.close().await?;
        self.tell(&shown, imported?)
    }

    /// Sends the file, checks it and, where that is wanted, brings it in.
    async fn import(
        &self,
        imports: &ImportService,
        by: PlatformAdmin<'_>,
        name: &str,
        mut source: Box<dyn Read>,
    ) -> Result<ImportReport, Failure> {
        let shown = self.file.display().to_string();
        let refused = |error: AppError| refusal(&shown, &error);
        let mut sending = Sending::begin(imports, by, name).await.map_err(refused)?;
        let mut block = vec![0; BLOCK];
        let sent: Result<(), Failure> = async {
            loop {
                let count = source
                    .read(&mut block)
                    .map_err(|error| Failure::failed(format!("{shown} cannot be read: {error}.")))?;
                if count == 0 {
                    return Ok(());
                }
                sending.write(&block[..count]).await.map_err(refused)?;
            }
        }
        .await;
        if let Err(failure) = sent {
            sending.abandon().await.map_err(refused)?;
            return Err(failure);
        }
        let id = sending.finish().await.map_err(refused)?;
        let report = work(imports, by, id).await.map_err(refused)?;
        let wanted = !self.check && (report.rows_failed == 0 || self.skip_bad_rows);
        match report.stage {
            Stage::Checked if wanted => {
                imports.confirm(by, id, self.skip_bad_rows).await.map_err(refused)?;
                work(imports, by, id).await.map_err(refused)
            }
            // Nobody comes back to decide.
            Stage::Checked | Stage::Mapping => {
                imports.cancel(by, id).await.map_err(refused)?;
                Ok(report)
            }
            _ => Ok(report),
        }
    }

    /// Says what became of the file.
    fn tell(&self, shown: &str, report: ImportReport) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        for error in &report.errors {
            let column = error.column.as_deref().unwrap_or("-");
            let found = error.found.as_deref().unwrap_or_default();
            writeln!(out, "{}:{column}:{}:{found}", error.line, error.fault.code())?;
        }
        let mut lines: Vec<u64> = report.errors.iter().map(|error| error.line).collect();
        lines.dedup();
        let listed = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        if report.rows_failed > listed {
            writeln!(out, "... and {} bad rows more", report.rows_failed - listed)?;
        }
        if let Some(Problem { what, line }) = report.problem {
            let why = refusal(shown, &AppError::Invalid(what));
            return Err(match (why, line) {
                (Failure::Failed(sentence), Some(line)) => Failure::failed(format!("line {line}: {sentence}")),
                (why, _) => why,
            });
        }
        let ImportReport {
            rows_total,
            rows_created,
            rows_updated,
            rows_skipped,
            rows_failed,
            ..
        } = report;
        let counts = |what: &str| {
            format!(
                "{rows_total} rows: {rows_created} {what}created, {rows_updated} {what}updated, {rows_skipped} \
                 unchanged, {rows_failed} failed."
            )
        };
        match report.stage {
            Stage::Done => {
                writeln!(out, "{}", counts(""))?;
                Ok(())
            }
            Stage::Mapping => Err(refusal(shown, &AppError::Invalid(Invalid::FileHeadings))),
            Stage::Checked if self.check => {
                writeln!(out, "{}", counts("to be "))?;
                match rows_failed {
                    0 => Ok(()),
                    bad => Err(Failure::failed(format!("{shown} has {bad} bad rows of {rows_total}."))),
                }
            }
            Stage::Checked => Err(Failure::failed(format!(
                "{shown} has {rows_failed} bad rows of {rows_total}, so nothing was imported; correct them, or import \
                 the others with --skip-bad-rows."
            ))),
            Stage::Cancelled => Err(Failure::failed(format!(
                "the import was cancelled; {rows_created} terminals had been created and {rows_updated} updated, which \
                 can be undone in the portal."
            ))),
            _ => Err(Failure::failed(format!("another server goes on with {shown}."))),
        }
    }
}

/// Works on an import here, with a bar for who watches, until it has ended or somebody has to decide. Ctrl-C cancels it.
async fn work(imports: &ImportService, by: PlatformAdmin<'_>, id: ImportBatchId) -> Result<ImportReport, AppError> {
    let bar = ProgressBar::new_spinner();
    let mut told = |progress: Progress| {
        if progress.total > 0 && bar.length() != Some(progress.total) {
            bar.set_length(progress.total);
            let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        }
        bar.set_message(if progress.stage == Stage::Checking {
            "checking"
        } else {
            "importing"
        });
        bar.set_position(progress.read);
    };
    // Beside the work, which may hold the one connection that writes.
    let cancel = async {
        if tokio::signal::ctrl_c().await.is_ok() {
            // It may have ended in this moment.
            let _too_late = imports.cancel(by, id).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        worked = imports.work_on(id, &mut told) => worked?,
        () = cancel => false,
    };
    bar.finish_and_clear();
    // A server over the same database may have been quicker to take it on.
    loop {
        let report = imports.get(viewer(&by)?, id).await?.ok_or(AppError::NotFound)?;
        if !report.stage.is_working() {
            return Ok(report);
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        imports.work_on(id, &mut |_| {}).await?;
    }
}

fn viewer<'a>(by: &'a PlatformAdmin<'_>) -> Result<app::caller::PlatformViewer<'a>, AppError> {
    by.platform_viewer()
}

/// The sentence for a file that cannot be imported as a whole.
fn refusal(file: &str, error: &AppError) -> Failure {
    let why = match error {
        AppError::Invalid(Invalid::FileMissing) => "is empty".to_owned(),
        AppError::Invalid(Invalid::FileTooLarge) => {
            format!("is larger than {} MiB; split it", MAX_FILE_BYTES / 1024 / 1024)
        }
        AppError::Invalid(Invalid::FileEncoding) => {
            "is not text in UTF-8, GB18030 or UTF-16; save it as \"CSV UTF-8\"".to_owned()
        }
        AppError::Invalid(Invalid::FileKind) => "is neither CSV nor XLSX".to_owned(),
        AppError::Invalid(Invalid::FileBroken) => "is a damaged workbook; save it anew".to_owned(),
        AppError::Invalid(Invalid::FileBomb) => {
            "grows out of proportion when it is unpacked, and was not read; save it as CSV".to_owned()
        }
        AppError::Invalid(Invalid::FileCell) => {
            "has a cell of more than 32,767 characters; look for a double quote without its partner".to_owned()
        }
        AppError::Invalid(Invalid::FileTooLong) => format!("has more than {MAX_ROWS} rows; split it"),
        AppError::Invalid(Invalid::FileTooWide) => "has more than 200 columns".to_owned(),
        AppError::Invalid(Invalid::FileHeadings) => {
            "has no row of headings with at least sn, manufacturer and model; the portal lets you match the columns"
                .to_owned()
        }
        AppError::Invalid(Invalid::BadRows) => {
            "has rows that went wrong while it was being imported; what was in by then can be undone in the portal"
                .to_owned()
        }
        AppError::Invalid(Invalid::NoMoreTries) => {
            "broke off at the same place each time that it was tried; what was in by then can be undone in the portal"
                .to_owned()
        }
        error => format!("was not imported: {error}"),
    };
    Failure::failed(format!("{file} {why}."))
}
