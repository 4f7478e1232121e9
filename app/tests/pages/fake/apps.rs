//! The apps of the backend that answers from memory.

use super::{Fake, NOW, ago};
use app::backend::apps::{
    Allowed, AppTerminal, AppTerminalQuery, Apps, OwnApp, OwnAppPage, OwnApps, Reach, TerminalApp,
};
use app::backend::catalogue::{
    AppRef, Catalogue, CatalogueApp, CatalogueQuery, CatalogueRow, NewApp, NewVersion, VersionRow,
};
use app::backend::grants::{
    GrantKind, GrantQuery, GrantRow, Grants, LineFault, NewGrants, Preview, PreviewLine, Touched,
};
use app::backend::page::{Cursor, Page};
use app::backend::terminals::MerchantRef;
use app::caller::{Caller, MerchantMember, PlatformAdmin, PlatformViewer};
use app::domain::{
    AppGrantId, GrantDraftId, InstallState, Installed, PackageName, Policy, PolicyState, TerminalId, Timestamp,
};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use uuid::Uuid;

const PAY: &str = "com.example.pay";

fn page<T>(rows: Vec<T>) -> Page<T> {
    Page {
        rows,
        previous: None,
        next: None,
    }
}

/// An app whose names try to break out of the markup.
fn pay() -> AppRef {
    AppRef {
        package: PackageName::parse(PAY).unwrap(),
        name_zh: "掌柜<收银>".to_owned(),
        name_en: "Pay & \"more\"".to_owned(),
        publisher: "掌柜</td>".to_owned(),
        payment: true,
    }
}

fn merchant() -> MerchantRef {
    MerchantRef {
        number: "898269350000008".to_owned(),
        name: "小满&母婴\"".to_owned(),
    }
}

fn own() -> OwnApp {
    OwnApp {
        app: pay(),
        allowed: vec![
            Allowed {
                reach: Reach::Terminal("161-203-824".to_owned()),
                until: Some(NOW.plus_ms(12 * Timestamp::DAY_MS)),
            },
            Allowed {
                reach: Reach::Store("西湖<店>".to_owned()),
                until: Some(NOW.plus_ms(90 * Timestamp::DAY_MS)),
            },
            Allowed {
                reach: Reach::Everywhere,
                until: None,
            },
        ],
        allowed_more: 2,
        installed: 3,
        installing: 1,
        failed: 1,
        stores: vec![(None, 1), (Some("西湖<店>".to_owned()), 2)],
        stores_more: 4,
        versions: vec![("3.2".to_owned(), 2), ("3.1".to_owned(), 1)],
        newest: Some("3.2".to_owned()),
    }
}

fn granted() -> Option<Policy> {
    Some(Policy {
        state: PolicyState::Granted,
        since: Some(ago(9000)),
        until: None,
    })
}

fn failed() -> Option<(Installed, Timestamp)> {
    let installed = Installed {
        state: InstallState::Failed,
        version: Some("3.2".to_owned()),
        error_code: Some("no_space".to_owned()),
    };
    Some((installed, ago(5)))
}

#[async_trait]
impl Apps for Fake {
    async fn list(&self, _: MerchantMember<'_>, _: Option<&Cursor>) -> Result<OwnApps, AppError> {
        Ok(OwnApps {
            page: page(vec![own()]),
            ended: 1,
        })
    }

    async fn get(
        &self,
        _: MerchantMember<'_>,
        package: &PackageName,
        query: &AppTerminalQuery,
    ) -> Result<Option<OwnAppPage>, AppError> {
        if package.as_str() != PAY {
            return Ok(None);
        }
        assert_eq!(query.state, Some(InstallState::Failed));
        let rows = self.terminals.iter().map(|terminal| AppTerminal {
            terminal: terminal.row.clone(),
            policy: granted(),
            until: Some(NOW.plus_ms(Timestamp::DAY_MS)),
            install: failed(),
        });
        Ok(Some(OwnAppPage {
            app: own(),
            notes: Some(("更快<br>".to_owned(), String::new(), ago(90))),
            min_firmware: Some("1.9".to_owned()),
            terminals: page(rows.collect()),
        }))
    }

    async fn of_terminal(&self, _: &Caller, _: TerminalId) -> Result<Vec<TerminalApp>, AppError> {
        let app = |state, install| TerminalApp {
            app: pay(),
            policy: Some(Policy {
                state,
                since: Some(ago(90)),
                until: Some(NOW.plus_ms(Timestamp::DAY_MS)),
            }),
            until: None,
            reason: (state == PolicyState::Revoked).then(|| "合同<到期>".to_owned()),
            install,
            newest: Some("3.2".to_owned()),
        };
        Ok(vec![
            app(PolicyState::Granted, failed()),
            app(PolicyState::Revoked, None),
            app(PolicyState::NotYet, None),
        ])
    }
}

#[async_trait]
impl Catalogue for Fake {
    async fn list(&self, _: PlatformViewer<'_>, _: &CatalogueQuery) -> Result<Page<CatalogueRow>, AppError> {
        let row = |newest| CatalogueRow {
            app: pay(),
            newest,
            merchants: 7,
        };
        Ok(page(vec![row(Some(("3.2".to_owned(), ago(90)))), row(None)]))
    }

    async fn get(&self, _: PlatformViewer<'_>, package: &PackageName) -> Result<Option<CatalogueApp>, AppError> {
        let version = |version: &str| VersionRow {
            version: version.to_owned(),
            notes_zh: "更快\n</textarea><script>".to_owned(),
            notes_en: String::new(),
            min_firmware: Some("1.9".to_owned()),
            published: ago(90),
        };
        let app = CatalogueApp {
            app: pay(),
            created: ago(9000),
            updated: ago(90),
            versions: ["3.2", "3.1", "3.0", "2.9"].map(version).to_vec(),
            installed: 10_001,
            failed: 1,
        };
        Ok((package.as_str() == PAY).then_some(app))
    }

    async fn create(&self, _: PlatformAdmin<'_>, new: &NewApp) -> Result<PackageName, AppError> {
        PackageName::parse(&new.package).map_err(|_| AppError::Invalid(Invalid::PackageMalformed))
    }

    async fn update(&self, _: PlatformAdmin<'_>, _: &PackageName, _: &NewApp) -> Result<(), AppError> {
        Ok(())
    }

    async fn add_version(&self, _: PlatformAdmin<'_>, _: &PackageName, _: &NewVersion) -> Result<(), AppError> {
        Ok(())
    }

    async fn update_version(&self, _: PlatformAdmin<'_>, _: &PackageName, _: &NewVersion) -> Result<(), AppError> {
        Ok(())
    }
}

#[async_trait]
impl Grants for Fake {
    async fn prepare(&self, _: PlatformAdmin<'_>, _: &PackageName, _: &NewGrants) -> Result<GrantDraftId, AppError> {
        Err(AppError::Invalid(Invalid::NoTargets))
    }

    async fn preview(&self, _: PlatformAdmin<'_>, _: GrantDraftId) -> Result<Option<Preview>, AppError> {
        let touched = Touched {
            merchant: merchant(),
            store: Some("西湖<店>".to_owned()),
            sn: None,
            terminals: 12,
            may: 11,
            may_now: 3,
            names: vec!["前台<b>".to_owned(), "后厨".to_owned()],
        };
        let line = |typed: &str, touches| PreviewLine {
            typed: typed.to_owned(),
            touches,
        };
        Ok(Some(Preview {
            package: PackageName::parse(PAY).unwrap(),
            names: ("掌柜<收银>".to_owned(), "Pay".to_owned()),
            kind: GrantKind::Stores,
            starts: None,
            expires: Some(NOW.plus_ms(Timestamp::DAY_MS)),
            lines: vec![line("西湖<店>", Ok(touched)), line("<script>", Err(LineFault::Unknown))],
            done: None,
        }))
    }

    async fn grant(&self, _: PlatformAdmin<'_>, _: GrantDraftId) -> Result<u64, AppError> {
        Ok(1)
    }

    async fn list(&self, _: PlatformViewer<'_>, _: &PackageName, _: &GrantQuery) -> Result<Page<GrantRow>, AppError> {
        let row = |id, state, revoked, sn: Option<&str>| GrantRow {
            id: AppGrantId(Uuid::from_u128(id)),
            merchant: merchant(),
            store: None,
            sn: sn.map(str::to_owned),
            state,
            starts: ago(90),
            expires: None,
            revoked,
            reason: revoked.map(|_| "合同<到期>".to_owned()),
            granted_by: Some("admin".to_owned()),
            created: ago(90),
        };
        Ok(page(vec![
            row(2, PolicyState::Granted, None, None),
            row(1, PolicyState::Revoked, Some(ago(5)), Some("161-203-824")),
        ]))
    }

    async fn revoke(&self, _: PlatformAdmin<'_>, _: &PackageName, _: &[AppGrantId], _: &str) -> Result<u64, AppError> {
        Ok(1)
    }
}
