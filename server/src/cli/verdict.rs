//! `tillkeeper verdict`

use super::context::Context;
use super::failure::Failure;
use app::backend::verdicts::Verdicts;
use app::caller::Caller;
use app::domain::{Answer, Check, Finding, SerialNumber};
use std::io::{self, Write};

/// Say whether a terminal can take a payment now, check by check
///
/// Exits with 0 when it can, with 1 when it cannot or nobody knows.
#[derive(Debug, clap::Args)]
pub(super) struct Verdict {
    /// Serial number, in whatever way it is written
    #[arg(value_name = "SN")]
    sn: String,
}

impl Verdict {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let sn = SerialNumber::parse(&self.sn).map_err(|error| Failure::wrong_use(format!("{error}.")))?;
        let config = context.config()?;
        let database = context.open(&config).await?;
        let services = context.services(&database)?;
        let judged = services
            .verdicts
            .list(&Caller::system("verdict"), std::slice::from_ref(&sn))
            .await;
        database.close().await?;
        let judged = judged.map_err(|error| Failure::failed(format!("{error}.")))?;
        if judged.is_empty() {
            return Err(Failure::failed(format!("no terminal has the serial number {sn}.")));
        }
        let mut out = io::stdout().lock();
        let mut ready = true;
        for one in &judged {
            let answer = one.verdict.answer();
            ready &= answer == Answer::Ready;
            writeln!(
                out,
                "{} {} {}: {}",
                one.row.manufacturer,
                one.row.model,
                sn,
                told(answer)
            )?;
            for checked in &one.verdict.checks {
                let obstacle = match checked.finding {
                    Finding::Fail(obstacle) => format!(" ({})", obstacle.code()),
                    Finding::Pass | Finding::Unknown => String::new(),
                };
                writeln!(out, "  {:<8}{}{obstacle}", checked.finding.code(), checked.check.code())?;
            }
        }
        if ready {
            Ok(())
        } else {
            Err(Failure::failed("it cannot take a payment as far as is known."))
        }
    }
}

fn told(answer: Answer) -> String {
    let check = |check: Check| check.code();
    match answer {
        Answer::Ready => "ready".to_owned(),
        Answer::NotSure(unknown) => format!("not sure, {} is unknown", check(unknown)),
        Answer::No(obstacle) => format!("no, {}", obstacle.code()),
    }
}
