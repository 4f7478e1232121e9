//! The verdict, as a terminal is told of it.

use super::instant::rfc3339;
use app::domain::{Answer, Checked, Finding, Verdict};
use serde::Serialize;
use utoipa::ToSchema;

/// Whether the terminal can take a payment now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TerminalVerdict {
    /// `ready`, `not_sure` or `no`.
    #[schema(example = "no")]
    answer: &'static str,
    /// Why not: the reason of the first check that fails; or, when nobody knows, the first check of which nobody knows.
    #[schema(example = "paper_out")]
    because: Option<&'static str>,
    /// Every check, in the order in which they are looked at.
    checks: Vec<TerminalCheck>,
}

/// One check.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TerminalCheck {
    /// What was looked at.
    #[schema(example = "paper")]
    check: &'static str,
    /// `pass`, `fail` or `unknown`.
    #[schema(example = "fail")]
    finding: &'static str,
    /// Why it fails; null where it does not.
    #[schema(example = "paper_out")]
    reason: Option<&'static str>,
    /// The instant that this is true as of, in UTC; null where nothing was ever heard of it.
    #[schema(example = "2026-03-01T00:58:12.000Z", format = DateTime)]
    as_of: Option<String>,
}

impl From<Verdict> for TerminalVerdict {
    fn from(verdict: Verdict) -> Self {
        let answer = verdict.answer();
        Self {
            answer: answer.code(),
            because: match answer {
                Answer::Ready => None,
                Answer::NotSure(check) => Some(check.code()),
                Answer::No(obstacle) => Some(obstacle.code()),
            },
            checks: verdict.checks.into_iter().map(TerminalCheck::from).collect(),
        }
    }
}

impl From<Checked> for TerminalCheck {
    fn from(checked: Checked) -> Self {
        Self {
            check: checked.check.code(),
            finding: checked.finding.code(),
            reason: match checked.finding {
                Finding::Fail(obstacle) => Some(obstacle.code()),
                Finding::Pass | Finding::Unknown => None,
            },
            as_of: checked.as_of.map(rfc3339),
        }
    }
}
