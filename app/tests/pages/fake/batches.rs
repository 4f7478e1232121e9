//! Bulk actions and activation codes.

use super::{Fake, NOW, ago};
use app::backend::batches::{
    Batch, BatchChange, BatchCounts, BatchItem, BatchStage, BatchView, Batches, Came, Choice, Opened, Work,
};
use app::backend::codes::{CodeRow, CodeState, Codes, Lifetime};
use app::backend::page::Page;
use app::backend::registration::IssuedCode;
use app::backend::terminals::TerminalCounts;
use app::caller::{Caller, CodeIssuer, Manager, Registrar};
use app::domain::{ActivationCode, BatchId, ListedSn, TerminalId, Timestamp};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use uuid::Uuid;

pub(super) fn code() -> IssuedCode {
    IssuedCode {
        code: ActivationCode::parse("7K2M-9QXD-4TB3WZ").unwrap(),
        expires: NOW.plus_ms(30 * Timestamp::DAY_MS),
    }
}

/// A batch that waits, or of which everything came, by its key.
fn batch_of(fake: &Fake, id: BatchId, key: Option<&str>) -> Batch {
    let work = (id.0 != Uuid::from_u128(1)).then_some(Work::IssueCodes);
    let came = |place: usize| match (work, place % 3) {
        (None, _) | (_, 2) => Came::Nothing,
        (_, 0) => Came::Done,
        _ => Came::Refused("not_in_this_state".to_owned()),
    };
    let items = fake.terminals.iter().enumerate().map(|(place, terminal)| BatchItem {
        typed: "<i>typed".to_owned(),
        terminal: Some(terminal.row.clone()).filter(|_| place != 3),
        came: came(place),
        code: key.filter(|_| came(place) == Came::Done).map(|_| code()),
    });
    let rows: Vec<_> = items.collect();
    let count = |which: fn(&Came) -> bool| rows.iter().filter(|item| which(&item.came)).count() as u64;
    let counts = BatchCounts {
        done: count(|came| *came == Came::Done),
        refused: count(|came| matches!(came, Came::Refused(_))),
        waiting: count(|came| *came == Came::Nothing),
    };
    let mut states = TerminalCounts::default();
    for terminal in rows.iter().filter_map(|item| item.terminal.as_ref()) {
        *states.of_mut(terminal.lifecycle) += 1;
    }
    Batch {
        id,
        created: NOW,
        work,
        stage: work.map_or(BatchStage::Chosen, |_| BatchStage::Done),
        problem: None,
        counts,
        states,
        items: Page {
            rows,
            previous: None,
            next: None,
        },
    }
}

#[async_trait]
impl Batches for Fake {
    async fn create(&self, _: CodeIssuer<'_>, _: &Choice) -> Result<BatchId, AppError> {
        Ok(BatchId(Uuid::from_u128(1)))
    }

    async fn get(&self, _: &Caller, id: BatchId, _: &BatchView, key: Option<&str>) -> Result<Option<Batch>, AppError> {
        Ok(Some(batch_of(self, id, key)))
    }

    async fn change(&self, _: Manager<'_>, _: BatchId, _: &BatchChange) -> Result<(), AppError> {
        Ok(())
    }

    async fn cancel(&self, _: CodeIssuer<'_>, _: BatchId) -> Result<(), AppError> {
        Ok(())
    }

    async fn issue_codes(&self, _: CodeIssuer<'_>, id: BatchId, _: Option<&str>) -> Result<Opened, AppError> {
        let key = "00".repeat(32);
        Ok(Opened { id, key })
    }

    async fn register(&self, _: Registrar<'_>, list: &[ListedSn], _: Option<&str>) -> Result<Opened, AppError> {
        if list.is_empty() {
            return Err(AppError::Invalid(Invalid::NothingChosen));
        }
        Ok(Opened {
            id: BatchId(Uuid::from_u128(2)),
            key: "00".repeat(32),
        })
    }
}

#[async_trait]
impl Codes for Fake {
    async fn issue(
        &self,
        _: CodeIssuer<'_>,
        _: TerminalId,
        _: Option<&str>,
        lifetime: Lifetime,
    ) -> Result<IssuedCode, AppError> {
        let expires = NOW.plus_ms(lifetime.ms());
        Ok(IssuedCode { expires, ..code() })
    }

    async fn revoke(&self, _: CodeIssuer<'_>, _: TerminalId) -> Result<(), AppError> {
        Ok(())
    }

    async fn list(&self, _: &Caller, _: TerminalId) -> Result<Vec<CodeRow>, AppError> {
        let row = |state, hours: i64| CodeRow {
            state,
            issued: ago(hours * 60),
            issued_by: Some("xiaoman<b>".to_owned()).filter(|_| state != CodeState::Revoked),
            expires: ago(hours * 60).plus_ms(Lifetime::Standard.ms()),
            ended: Some(ago(1)).filter(|_| state == CodeState::Consumed),
        };
        Ok(vec![
            row(CodeState::Issued, 1),
            row(CodeState::Revoked, 2),
            row(CodeState::Consumed, 3),
            row(CodeState::Expired, 1000),
        ])
    }
}
