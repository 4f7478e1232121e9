//! Terminals that are asked for one by one: by their keys, and those that somebody may have meant.

use super::{TerminalService, column, listed};
use crate::entities::terminals::{self, Column};
use crate::services::failure::Failure;
use crate::services::scope::terminals_in;
use app::backend::terminals::{LOOK_ALIKES, TerminalRow};
use app::caller::Caller;
use app::domain::{SerialNumber, TerminalId, Timestamp, look_alikes};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::ExprTrait;
use std::collections::HashMap;

/// Serial numbers that one statement asks for, each a step into the index; SQLite takes 32,766 parameters at most.
const ASKED_AT_ONCE: usize = 1000;

/// What a file says of a terminal beyond what a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Particulars {
    /// When it was registered.
    pub registered: Option<Timestamp>,
    /// Its firmware.
    pub firmware: Option<String>,
    /// Version of its main app.
    pub app_version: Option<String>,
    /// Remarks from the inventory.
    pub note: Option<String>,
}

impl TerminalService {
    /// The particulars of the terminals of the caller's scope with these keys.
    ///
    /// **Permissions:** any caller, within its scope.
    pub(in crate::services) async fn particulars_of(
        &self,
        caller: &Caller,
        ids: &[TerminalId],
    ) -> Result<HashMap<TerminalId, Particulars>, Failure> {
        let mut select = terminals_in(caller.scope());
        select.clear_selects();
        for asked in [
            Column::Id,
            Column::RegisteredAt,
            Column::Firmware,
            Column::AppVersion,
            Column::Note,
        ] {
            select.column((terminals::Entity, asked));
        }
        select.and_where(self.is_one_of(ids.iter().map(|id| id.0)));
        let mut all = HashMap::with_capacity(ids.len());
        for row in self.database.reader().query_all(&select).await? {
            let registered: Option<i64> = row.try_get_by_index(1)?;
            let particulars = Particulars {
                registered: registered.map(Timestamp),
                firmware: row.try_get_by_index(2)?,
                app_version: row.try_get_by_index(3)?,
                note: row.try_get_by_index(4)?,
            };
            all.insert(TerminalId(row.try_get_by_index(0)?), particulars);
        }
        Ok(all)
    }

    /// The terminals of the caller's scope with these keys, in no order.
    ///
    /// **Permissions:** any caller, within its scope.
    pub(in crate::services) async fn rows_of(
        &self,
        caller: &Caller,
        ids: &[TerminalId],
    ) -> Result<Vec<TerminalRow>, Failure> {
        let mut select = listed(caller.scope());
        select.and_where(self.is_one_of(ids.iter().map(|id| id.0)));
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
