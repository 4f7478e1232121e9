//! Terminals, what is done with them, and how their list is kept.

use super::batches::code;
use super::{Fake, NOW};
use app::backend::lifecycle::{Change, Moves};
use app::backend::list_settings::{Arrangement, Layout, ListColumn, ListSettings, Saved, SavedView};
use app::backend::page::{Cursor, Direction, Page};
use app::backend::registration::{ClaimInput, Claimed, IssuedCode, RegisterInput, Registered, Registration};
use app::backend::terminals::{
    Amount, Terminal, TerminalCounts, TerminalFilters, TerminalQuery, TerminalRow, Terminals,
};
use app::backend::trends::{DAYS, Day, Trends};
use app::backend::verdicts::{Health, Judged, Verdicts};
use app::caller::{Caller, CodeIssuer, Manager, PlatformViewer, Registrar, RequestInfo};
use app::domain::{
    Facts, Lifecycle, Manufacturer, PaymentApp, PolicyState, Reason, SavedViewId, SerialNumber, StoreId, TerminalId,
    Told, Verdict,
};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use uuid::Uuid;

#[async_trait]
impl Moves for Fake {
    async fn change(&self, _: Manager<'_>, _: TerminalId, seen: Lifecycle, change: &Change) -> Result<(), AppError> {
        let next = change.wanted().leads(seen);
        next.map(|_| ()).ok_or(AppError::Invalid(Invalid::NotInThisState))
    }

    async fn stores(&self, _: &Caller, _: TerminalId) -> Result<Vec<(StoreId, String)>, AppError> {
        Ok(vec![(StoreId(Uuid::from_u128(3)), "杭州西湖五金店".to_owned())])
    }
}

#[async_trait]
impl Registration for Fake {
    async fn register(&self, _: Registrar<'_>, input: &RegisterInput) -> Result<Registered, AppError> {
        let sn = SerialNumber::parse(&input.sn)?;
        match (sn.as_str(), &input.manufacturer) {
            ("9999", _) => Err(AppError::Refused(Told::SnOrCodeWrong)),
            ("TWICE", None) => Err(AppError::Invalid(Invalid::ManufacturerRequired)),
            _ => Ok(Registered {
                terminal: TerminalId(Uuid::nil()),
                sn,
                manufacturer: Manufacturer::parse("PAX").unwrap(),
                next: code(),
            }),
        }
    }

    async fn issue_code(&self, _: CodeIssuer<'_>, _: TerminalId, _: Option<&str>) -> Result<IssuedCode, AppError> {
        Ok(code())
    }

    async fn claim(&self, _: &RequestInfo, _: &ClaimInput) -> Result<Claimed, AppError> {
        Err(AppError::Internal)
    }
}

#[async_trait]
impl ListSettings for Fake {
    async fn get(&self, caller: &Caller) -> Result<Arrangement, AppError> {
        if !caller.role().is_platform() {
            return Ok(Arrangement::default());
        }
        let view = |id, name: &str, query: &str| SavedView {
            id: SavedViewId(Uuid::from_u128(id)),
            name: name.to_owned(),
            query: query.to_owned(),
        };
        Ok(Arrangement {
            views: vec![view(1, "未注册<b>", "state=unregistered"), view(2, "全部", "")],
            layout: Layout {
                hidden: vec![ListColumn::Model],
                compact: true,
            },
        })
    }

    async fn save_view(&self, _: &Caller, _: &str, _: &str) -> Result<Saved, AppError> {
        Ok(Saved::Added)
    }

    async fn rename_view(&self, _: &Caller, _: SavedViewId, _: &str) -> Result<(), AppError> {
        Err(AppError::Invalid(Invalid::ViewTaken))
    }

    async fn delete_view(&self, _: &Caller, _: SavedViewId) -> Result<(), AppError> {
        Err(AppError::NotFound)
    }

    async fn set_layout(&self, _: &Caller, _: &Layout) -> Result<(), AppError> {
        Ok(())
    }
}

#[async_trait]
impl Terminals for Fake {
    async fn look_alikes(&self, _: &Caller, _: &SerialNumber) -> Result<Vec<TerminalRow>, AppError> {
        Ok(self
            .terminals
            .iter()
            .take(1)
            .map(|terminal| terminal.row.clone())
            .collect())
    }

    async fn list(&self, _: &Caller, query: &TerminalQuery) -> Result<Page<TerminalRow>, AppError> {
        let rows: Vec<_> = self
            .terminals
            .iter()
            .map(|terminal| terminal.row.clone())
            .filter(|row| query.lifecycles.is_empty() || query.lifecycles.contains(&row.lifecycle))
            .filter(|row| query.search.as_ref().is_none_or(|search| row.name.contains(search)))
            .collect();
        let next = Cursor {
            direction: Direction::After,
            key: "5310294937".to_owned(),
            id: Uuid::nil(),
        };
        Ok(Page {
            rows,
            previous: None,
            next: Some(next).filter(|_| self.more),
        })
    }

    async fn filters(&self, _: &Caller) -> Result<TerminalFilters, AppError> {
        let store = (StoreId(Uuid::from_u128(3)), "杭州西湖五金店".to_owned());
        Ok(TerminalFilters {
            stores: vec![store],
            models: vec!["APOS A7".to_owned()],
        })
    }

    async fn counts(&self, _: &Caller) -> Result<TerminalCounts, AppError> {
        let n = self.terminals.len() as u64 * 1000;
        Ok(TerminalCounts {
            awaiting: n,
            registered: n,
            ..TerminalCounts::default()
        })
    }

    async fn get(
        &self,
        _: &Caller,
        sn: &SerialNumber,
        maker: Option<&Manufacturer>,
    ) -> Result<Vec<Terminal>, AppError> {
        let ours = |terminal: &&Terminal| {
            terminal.row.sn == *sn && maker.is_none_or(|maker| terminal.row.manufacturer == *maker)
        };
        Ok(self.terminals.iter().filter(ours).cloned().collect())
    }
}

/// A terminal's verdict from what its record says: it may run its payment app, and nothing was heard of the rest.
fn judged(terminal: &Terminal) -> Judged {
    let facts = Facts {
        lifecycle: terminal.row.lifecycle,
        merchant_active: terminal.row.merchant.as_ref().map(|_| true),
        connected: terminal.connected,
        payment: PaymentApp {
            policy: Some(PolicyState::Granted),
            install: None,
        },
        business_day: None,
        today: "2026-11-22".to_owned(),
        last_seen: terminal.row.last_seen,
        heard_until: None,
        report: None,
    };
    Judged {
        row: terminal.row.clone(),
        verdict: Verdict::of(Some(&facts), NOW),
    }
}

#[async_trait]
impl Trends for Fake {
    async fn days(&self, _: &Caller) -> Result<Vec<Day>, AppError> {
        let first = chrono::NaiveDate::from_ymd_opt(2026, 10, 24).unwrap();
        let day = |(place, date)| Day {
            date,
            succeeded: place,
            failed: place % 3,
        };
        Ok((0..).zip(first.iter_days()).take(DAYS).map(day).collect())
    }

    async fn reasons(&self, _: PlatformViewer<'_>) -> Result<Vec<(Reason, u64)>, AppError> {
        Ok(vec![(Reason::SnUnknown, 1234), (Reason::QuotaExceeded, 1)])
    }
}

#[async_trait]
impl Verdicts for Fake {
    async fn amounts(&self, _: &Caller, queries: &[TerminalQuery]) -> Result<Vec<Option<Amount>>, AppError> {
        Ok(queries.iter().map(|_| Some(Amount::About(12_345))).collect())
    }

    async fn list(&self, _: &Caller, numbers: &[SerialNumber]) -> Result<Vec<Judged>, AppError> {
        let ours = self.terminals.iter().filter(|it| numbers.contains(&it.row.sn));
        Ok(ours.map(judged).collect())
    }

    async fn page(&self, caller: &Caller, query: &TerminalQuery) -> Result<Page<Judged>, AppError> {
        let page = Terminals::list(self, caller, query).await?;
        let whole = |row: TerminalRow| self.terminals.iter().find(|it| it.row.id == row.id).map(judged);
        Ok(Page {
            rows: page.rows.into_iter().filter_map(whole).collect(),
            previous: page.previous,
            next: page.next,
        })
    }

    async fn get(&self, _: &Caller, terminal: TerminalId) -> Result<Option<Judged>, AppError> {
        Ok(self.terminals.iter().find(|it| it.row.id == terminal).map(judged))
    }

    async fn health(&self, caller: &Caller) -> Result<Option<Health>, AppError> {
        let registered = self
            .terminals
            .iter()
            .filter(|it| it.row.lifecycle == Lifecycle::Registered);
        let obstructed: Vec<_> = registered.map(judged).collect();
        let health = Health {
            looked_at: obstructed.len() as u64,
            obstructed,
            ..Health::default()
        };
        Ok((!caller.role().is_platform()).then_some(health))
    }
}
