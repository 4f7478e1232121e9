//! Terminals that are asked for one by one: by their keys, and those that somebody may have meant.

use super::{TerminalService, column, listed};
use crate::entities::terminals::Column;
use crate::services::failure::Failure;
use app::backend::terminals::{LOOK_ALIKES, TerminalRow};
use app::caller::Caller;
use app::domain::{SerialNumber, TerminalId, look_alikes};
use sea_orm::sea_query::ExprTrait;

/// Serial numbers that one statement asks for, each a step into the index; SQLite takes 32,766 parameters at most.
const ASKED_AT_ONCE: usize = 1000;

impl TerminalService {
    /// The terminals of the caller's scope with these keys, in no order.
    ///
    /// **Permissions:** any caller, within its scope.
    pub(in crate::services) async fn rows_of(
        &self,
        caller: &Caller,
        ids: &[TerminalId],
    ) -> Result<Vec<TerminalRow>, Failure> {
        let mut select = listed(caller.scope());
        select.and_where(column(Column::Id).is_in(ids.iter().map(|id| id.0)));
        self.rows(caller.scope(), &select).await
    }

    /// The terminals of the caller's scope with these serial numbers in normal form, in no order.
    ///
    /// **Permissions:** any caller, within its scope.
    pub(in crate::services) async fn rows_with(
        &self,
        caller: &Caller,
        sns: &[String],
    ) -> Result<Vec<TerminalRow>, Failure> {
        let mut select = listed(caller.scope());
        select.and_where(column(Column::Sn).is_in(sns.iter().map(String::as_str)));
        self.rows(caller.scope(), &select).await
    }

    /// Asks for every serial number that looks like this one, the likeliest first, and for no others.
    pub(super) async fn find_look_alikes(
        &self,
        caller: &Caller,
        sn: &SerialNumber,
    ) -> Result<Vec<TerminalRow>, Failure> {
        let variants = look_alikes(sn);
        let mut found: Vec<TerminalRow> = Vec::new();
        for some in variants.chunks(ASKED_AT_ONCE) {
            let mut rows = self.rows_with(caller, some).await?;
            let place = |row: &TerminalRow| some.iter().position(|variant| *variant == row.sn.as_str());
            rows.sort_by_key(|row| (place(row), row.id));
            found.extend(rows);
            if found.len() >= LOOK_ALIKES {
                break;
            }
        }
        found.truncate(LOOK_ALIKES);
        Ok(found)
    }
}
