//! A backend that answers from memory, and a server that renders a page with it.

use app::backend::Backend;
use app::backend::accounts::Accounts;
use app::backend::audit::{Audit, AuditQuery, AuditRow, Change as AuditChange};
use app::backend::batches::{
    Batch, BatchChange, BatchCounts, BatchItem, BatchStage, BatchView, Batches, Came, Choice, Opened, Work,
};
use app::backend::codes::{CodeRow, CodeState, Codes, Lifetime};
use app::backend::device_log::{DeviceLog, LogCount, LogEntry, LogQuery, LogRow};
use app::backend::imports::{
    Effect, FactChange, Field, FileColumn, ImportReport, ImportRow, Imports, Mapping, PreviewRow, RowError, RowFault,
    Stage,
};
use app::backend::invitations::{Accepted, Invitation, Invitations, IssuedLink, Opened as OpenedLink};
use app::backend::lifecycle::{Change, Moves};
use app::backend::list_settings::{Arrangement, Layout, ListColumn, ListSettings, Saved, SavedView};
use app::backend::merchants::{Merchant, MerchantInput, MerchantQuery, MerchantRow, Merchants};
use app::backend::page::{Cursor, Direction, Page};
use app::backend::registration::{ClaimInput, Claimed, IssuedCode, RegisterInput, Registered, Registration};
use app::backend::second_factor::{Enrolment, FactorState, SecondFactor};
use app::backend::sessions::{OpenSession, Sessions};
use app::backend::stores::{Closing, StoreInput, StoreRow, Stores};
use app::backend::terminals::{
    Amount, MerchantRef, Terminal, TerminalCounts, TerminalFilters, TerminalQuery, TerminalRow, Terminals,
};
use app::backend::trends::{DAYS, Day, Trends};
use app::backend::users::{NewAccount, UserQuery, UserRow, Users};
use app::backend::verdicts::{Health, Judged, Verdicts};
use app::caller::{
    AccountManager, AccountViewer, Caller, CodeIssuer, Manager, MerchantMember, PlatformAdmin, PlatformViewer,
    Registrar, RequestInfo, StaffManager, StoreManager,
};
use app::domain::{
    ActivationCode, ActorKind, AuditAction, AuditEntryId, BatchId, FactorCode, Facts, ImportBatchId, InvitationId,
    InvitationToken, Lifecycle, ListedSn, LogEntryId, LogKind, Login, Manufacturer, MerchantId, MerchantNo,
    MerchantState, Outcome, PaymentApp, PolicyState, Purpose, Reason, RecoveryCode, Role, SavedViewId, SerialNumber,
    StoreId, TargetKind, TerminalId, Timestamp, Told, UserId, UserState, Verdict,
};
use app::error::{AppError, Invalid};
use app::flash::Flash;
use app::i18n::Locale;
use app::request::Rendering;
use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::IntoResponse;
use leptos::prelude::*;
use std::sync::Arc;
use strum::VariantArray;
use uuid::Uuid;

/// 2026-11-22 15:30 in Shanghai.
pub(crate) const NOW: Timestamp = Timestamp(1_795_332_600_000);

/// Minutes before [`NOW`].
pub(crate) fn ago(minutes: i64) -> Timestamp {
    NOW.plus_ms(-minutes * 60_000)
}

/// A terminal whose name and merchant try to break out of the markup.
pub(crate) fn terminal(sn: &str, maker: &str, lifecycle: Lifecycle) -> Terminal {
    let assigned = lifecycle != Lifecycle::Unassigned;
    let registered = (lifecycle == Lifecycle::Registered).then(|| ago(3000));
    Terminal {
        row: TerminalRow {
            id: TerminalId(Uuid::from_u128(sn.len() as u128)),
            sn: SerialNumber::parse(sn).unwrap(),
            sn_printed: sn.to_owned(),
            manufacturer: Manufacturer::parse(maker).unwrap(),
            model: "APOS A7".to_owned(),
            name: "杭州西湖五金店-1号收银台<script>".to_owned(),
            merchant: assigned.then(|| MerchantRef {
                number: "898269350000008".to_owned(),
                name: "小满&母婴\"".to_owned(),
            }),
            store: assigned.then(|| "杭州西湖五金店".to_owned()),
            lifecycle,
            last_seen: registered.map(|_| ago(7)),
        },
        lifecycle_reason: None,
        lifecycle_note: None,
        note: Some("备用机".to_owned()),
        firmware: Some("1.9.12".to_owned()),
        app_version: None,
        created: ago(90_000),
        registered,
        connected: None,
        signed_in: None,
        code_expires: registered.map(|_| NOW.plus_ms(3 * Timestamp::DAY_MS)),
    }
}

/// What the fake knows.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    pub(crate) terminals: Vec<Terminal>,
    pub(crate) more: bool,
    pub(crate) log: Vec<LogRow>,
}

impl Fake {
    /// Terminals in every state and a failure in the log.
    pub(crate) fn full() -> Self {
        let terminals = vec![
            terminal("161-203-824", "Verifone", Lifecycle::Registered),
            terminal("00820000553978", "LANDI", Lifecycle::Awaiting),
            terminal("A/B_1.2", "PAX", Lifecycle::Unassigned),
            terminal("5310294937", "PAX", Lifecycle::Suspended),
            terminal("5310294938", "PAX", Lifecycle::Retired),
        ];
        let entry = |kind, outcome, reason, sn: &str| LogRow {
            id: LogEntryId(Uuid::from_u128(sn.len() as u128)),
            sequence: 7,
            occurred: ago(62),
            received: ago(61),
            sn_sent: Some(sn.to_owned()),
            terminal_sn: Some(sn.to_owned()).filter(|_| outcome == Outcome::Success),
            terminal_name: None,
            store: Some("总店<i>".to_owned()),
            merchant: None,
            kind,
            outcome,
            reason,
            actor: ActorKind::User,
            actor_label: Some("xiaoman".to_owned()),
            address: Some("203.0.113.9".to_owned()),
            turned_away: None,
            correlation: "request-1".to_owned(),
            detail: vec![("after.name".to_owned(), "<i>前台".to_owned())],
        };
        let told = Told::Itself(Reason::CodeExpired);
        let log = vec![
            entry(LogKind::RegistrationFailed, Outcome::Failure, Some(told), "<b>9999"),
            entry(LogKind::RegistrationSucceeded, Outcome::Success, None, "161203824"),
        ];
        Self {
            terminals,
            more: true,
            log,
        }
    }

    fn backend(self) -> Backend {
        let this = Arc::new(self);
        Backend {
            accounts: this.clone(),
            apps: this.clone(),
            audit: this.clone(),
            batches: this.clone(),
            catalogue: this.clone(),
            codes: this.clone(),
            device_log: this.clone(),
            grants: this.clone(),
            imports: this.clone(),
            invitations: this.clone(),
            lifecycle: this.clone(),
            list_settings: this.clone(),
            merchants: this.clone(),
            registration: this.clone(),
            sessions: this.clone(),
            second_factor: this.clone(),
            stores: this.clone(),
            terminals: this.clone(),
            users: this.clone(),
            trends: this.clone(),
            verdicts: this,
        }
    }
}

#[async_trait]
impl Accounts for Fake {
    async fn sign_in(&self, _: &RequestInfo, _: &str, _: &str) -> Result<UserId, AppError> {
        Err(AppError::Invalid(Invalid::LoginOrPasswordWrong))
    }
}

fn link(name: &str) -> IssuedLink {
    IssuedLink {
        token: InvitationToken::from_entropy([7; 32]),
        purpose: Purpose::Invite,
        name: name.to_owned(),
        expires: NOW.plus_ms(3 * Timestamp::DAY_MS),
    }
}

/// An account whose name tries to break out of the markup.
fn account(login: &str, role: Role, state: UserState) -> UserRow {
    UserRow {
        login: Login::parse(login).unwrap(),
        name: "王芳<b>".to_owned(),
        role,
        merchant: (!role.is_platform()).then(|| MerchantRef {
            number: "898269350000008".to_owned(),
            name: "小满&母婴\"".to_owned(),
        }),
        state,
        created: ago(90_000),
        last_signed_in: (state == UserState::Active).then(|| ago(30)),
    }
}

#[async_trait]
impl Users for Fake {
    async fn list(&self, by: AccountViewer<'_>, query: &UserQuery) -> Result<Page<UserRow>, AppError> {
        let all = vec![
            account("admin", Role::PlatformAdmin, UserState::Active),
            account("clerk/1", Role::MerchantClerk, UserState::Active),
            account("clerk2", Role::MerchantClerk, UserState::Disabled),
            account("owner", Role::MerchantOwner, UserState::Invited),
        ];
        let seen = |row: &UserRow| by.role().is_platform() || row.role == Role::MerchantClerk;
        let asked = |row: &UserRow| query.state.is_none_or(|state| row.state == state);
        Ok(Page {
            rows: all.into_iter().filter(|row| seen(row) && asked(row)).collect(),
            previous: None,
            next: None,
        })
    }

    async fn get(&self, by: AccountViewer<'_>, login: &Login) -> Result<Option<UserRow>, AppError> {
        let all = Users::list(self, by, &UserQuery::default()).await?.rows;
        Ok(all.into_iter().find(|row| row.login == *login))
    }

    async fn create(&self, _: PlatformAdmin<'_>, new: &NewAccount) -> Result<IssuedLink, AppError> {
        if new.login == "taken" {
            return Err(AppError::Invalid(Invalid::LoginTaken));
        }
        Ok(link(&new.name))
    }

    async fn reset(&self, _: AccountManager<'_>, login: &Login) -> Result<IssuedLink, AppError> {
        Ok(link(login.as_str()))
    }

    async fn set_enabled(&self, _: AccountManager<'_>, login: &Login, _: bool) -> Result<(), AppError> {
        match login.as_str() {
            "admin" => Err(AppError::Invalid(Invalid::LastAdministrator)),
            _ => Ok(()),
        }
    }

    async fn set_role(&self, _: PlatformAdmin<'_>, _: &Login, _: Role) -> Result<(), AppError> {
        Ok(())
    }
}

#[async_trait]
impl Invitations for Fake {
    async fn create(&self, _: StaffManager<'_>, name: &str) -> Result<IssuedLink, AppError> {
        Ok(link(name))
    }

    async fn list(&self, _: StaffManager<'_>) -> Result<Vec<Invitation>, AppError> {
        let invitation = |id, expires| Invitation {
            id: InvitationId(Uuid::from_u128(id)),
            name: "韩梅梅<i>".to_owned(),
            created: ago(90),
            expires,
        };
        Ok(vec![
            invitation(1, NOW.plus_ms(Timestamp::DAY_MS)),
            invitation(2, ago(5)),
        ])
    }

    async fn renew(&self, _: StaffManager<'_>, _: InvitationId) -> Result<IssuedLink, AppError> {
        Ok(link("韩梅梅"))
    }

    async fn delete(&self, _: StaffManager<'_>, _: InvitationId) -> Result<(), AppError> {
        Ok(())
    }

    async fn get(&self, token: &InvitationToken) -> Result<Option<OpenedLink>, AppError> {
        let known = match token.bytes()[0] {
            7 => None,
            8 => Some(Login::parse("xiaoman").unwrap()),
            _ => return Ok(None),
        };
        Ok(Some(OpenedLink {
            purpose: if known.is_some() {
                Purpose::Reset
            } else {
                Purpose::Invite
            },
            name: "韩梅梅<i>".to_owned(),
            login: known,
            role: Role::MerchantClerk,
            merchant: None,
            expires: NOW.plus_ms(Timestamp::DAY_MS),
        }))
    }

    async fn accept(&self, _: &RequestInfo, _: &InvitationToken, form: &Accepted) -> Result<Login, AppError> {
        if form.password != form.password_again {
            return Err(AppError::Invalid(Invalid::PasswordsDiffer));
        }
        Ok(Login::parse("hanmeimei").unwrap())
    }
}

#[async_trait]
impl SecondFactor for Fake {
    async fn get(&self, caller: &Caller) -> Result<FactorState, AppError> {
        Ok(match caller.role() {
            Role::PlatformAdmin => FactorState::Begun(Enrolment {
                secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP".to_owned(),
                uri: "otpauth://totp/Tillkeeper:admin?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP".to_owned(),
            }),
            Role::MerchantOwner => FactorState::On {
                since: ago(90),
                recovery_codes: 2,
            },
            _ => FactorState::Off,
        })
    }

    async fn begin(&self, _: &Caller) -> Result<(), AppError> {
        Ok(())
    }

    async fn confirm(&self, _: &Caller, code: Option<&FactorCode>) -> Result<Vec<RecoveryCode>, AppError> {
        code.ok_or(AppError::Invalid(Invalid::CodeWrong))?;
        Ok(vec![RecoveryCode::from_entropy([7; 10])])
    }

    async fn renew(&self, caller: &Caller, code: Option<&FactorCode>) -> Result<Vec<RecoveryCode>, AppError> {
        SecondFactor::confirm(self, caller, code).await
    }

    async fn delete(&self, _: &Caller, _: Option<&FactorCode>) -> Result<(), AppError> {
        Ok(())
    }

    async fn reset(&self, _: PlatformAdmin<'_>, _: &Login) -> Result<(), AppError> {
        Ok(())
    }
}

#[async_trait]
impl Sessions for Fake {
    async fn list(&self, _: &Caller) -> Result<Vec<OpenSession>, AppError> {
        let session = |own, user_agent: Option<&str>| OpenSession {
            name: "0123456789abcdef".to_owned(),
            own,
            user_agent: user_agent.map(str::to_owned),
            address: Some("203.0.113.9".to_owned()),
            since: ago(600),
            last_seen: ago(2),
        };
        Ok(vec![
            session(true, Some("<i>Firefox/145.0 Windows")),
            session(false, None),
        ])
    }

    async fn end(&self, _: &Caller, name: &str) -> Result<(), AppError> {
        if name == "0123456789abcdef" {
            Ok(())
        } else {
            Err(AppError::NotFound)
        }
    }

    async fn end_others(&self, _: &Caller) -> Result<u64, AppError> {
        Ok(1)
    }
}

#[async_trait]
impl Audit for Fake {
    async fn list(&self, _: PlatformViewer<'_>, _: &AuditQuery) -> Result<Page<AuditRow>, AppError> {
        let row = |action, outcome, reason: Option<&str>| AuditRow {
            id: AuditEntryId(Uuid::from_u128(4)),
            occurred: ago(3),
            actor: "admin<b>".to_owned(),
            role: Some(Role::PlatformAdmin).filter(|_| reason.is_none()),
            merchant: None,
            action,
            target: Some((TargetKind::User, "xiaoman".to_owned())),
            outcome,
            reason: reason.map(str::to_owned),
            changes: vec![AuditChange {
                field: "role".to_owned(),
                before: Some("merchant_clerk".to_owned()),
                after: Some("merchant_owner".to_owned()),
            }],
            address: Some("203.0.113.9".to_owned()),
            session: Some("0123456789abcdef".to_owned()),
            request: "0199".to_owned(),
        };
        Ok(Page {
            rows: vec![
                row(AuditAction::UserRoleChanged, Outcome::Success, None),
                row(
                    AuditAction::SessionRefused,
                    Outcome::Failure,
                    Some("login_or_password_wrong"),
                ),
            ],
            previous: None,
            next: None,
        })
    }

    async fn refused(&self, _: &Caller, _: &str) {}
}

#[async_trait]
impl DeviceLog for Fake {
    async fn list(&self, _: &Caller, _: &LogQuery) -> Result<Page<LogRow>, AppError> {
        Ok(Page {
            rows: self.log.clone(),
            previous: None,
            next: None,
        })
    }

    async fn count(&self, _: &Caller, _: &LogQuery) -> Result<LogCount, AppError> {
        Ok(LogCount {
            entries: 12_000,
            exact: false,
        })
    }

    async fn get(&self, _: &Caller, id: LogEntryId) -> Result<Option<LogEntry>, AppError> {
        let found = self.log.iter().find(|row| row.id == id);
        Ok(found.map(|row| LogEntry {
            row: row.clone(),
            told: row.reason,
            related: self.log.clone(),
            more: true,
        }))
    }
}

fn merchant(state: MerchantState) -> Merchant {
    let store = |n: u128, name: &str, terminals| StoreRow {
        id: StoreId(Uuid::from_u128(n)),
        name: name.to_owned(),
        address: Some("西湖区文三路 477 号<b>".to_owned()),
        closed: (terminals == 0).then(|| ago(9)),
        terminals,
    };
    Merchant {
        row: MerchantRow {
            number: MerchantNo::parse("898269350000008").unwrap(),
            name: "小满&母婴\"<b>".to_owned(),
            state,
            state_since: ago(50_000),
            quota: 20,
            used: 20,
        },
        state_reason: (state == MerchantState::Suspended).then(|| "合同到期<b>".to_owned()),
        time_zone: "Asia/Shanghai".to_owned(),
        contact_name: Some("林小满".to_owned()),
        contact_phone: Some("0571-5550 0108".to_owned()),
        contact_email: None,
        created: ago(90_000),
        counts: TerminalCounts {
            awaiting: 2,
            registered: 19,
            suspended: 1,
            ..TerminalCounts::default()
        },
        stores: vec![store(1, "西湖店<b>", 12), store(2, "滨江店", 0)],
        users: 3,
    }
}

#[async_trait]
impl Merchants for Fake {
    async fn list(&self, _: PlatformViewer<'_>, query: &MerchantQuery) -> Result<Page<MerchantRow>, AppError> {
        let all = [MerchantState::Active, MerchantState::Suspended].map(|state| merchant(state).row);
        Ok(Page {
            rows: all.into_iter().filter(|_| query.search.is_none()).collect(),
            previous: None,
            next: None,
        })
    }

    async fn get(&self, _: PlatformViewer<'_>, number: &MerchantNo) -> Result<Option<Merchant>, AppError> {
        let state = match number.as_str() {
            "898269350000008" => MerchantState::Active,
            "898269350000009" => MerchantState::Suspended,
            _ => return Ok(None),
        };
        Ok(Some(merchant(state)))
    }

    async fn own(&self, _: MerchantMember<'_>) -> Result<Merchant, AppError> {
        Ok(merchant(MerchantState::Suspended))
    }

    async fn create(&self, _: PlatformAdmin<'_>, _: &str, _: &MerchantInput) -> Result<MerchantNo, AppError> {
        Err(AppError::Invalid(Invalid::MerchantNoTaken))
    }

    async fn update(&self, _: PlatformAdmin<'_>, _: &MerchantNo, _: &MerchantInput) -> Result<(), AppError> {
        Ok(())
    }

    async fn suspend(&self, _: PlatformAdmin<'_>, _: &MerchantNo, _: &str) -> Result<(), AppError> {
        Ok(())
    }

    async fn resume(&self, _: PlatformAdmin<'_>, _: &MerchantNo) -> Result<(), AppError> {
        Ok(())
    }
}

#[async_trait]
impl Stores for Fake {
    async fn list(&self, _: &Caller, _: Option<&MerchantNo>) -> Result<Vec<StoreRow>, AppError> {
        Ok(merchant(MerchantState::Active).stores)
    }

    async fn create(&self, _: StoreManager<'_>, _: Option<&MerchantNo>, _: &StoreInput) -> Result<StoreId, AppError> {
        Err(AppError::Invalid(Invalid::StoreTaken))
    }

    async fn update(&self, _: StoreManager<'_>, _: StoreId, _: &StoreInput) -> Result<(), AppError> {
        Ok(())
    }

    async fn close(&self, _: StoreManager<'_>, _: StoreId) -> Result<Closing, AppError> {
        Ok(Closing::Closed)
    }

    async fn reopen(&self, _: StoreManager<'_>, _: StoreId) -> Result<(), AppError> {
        Ok(())
    }
}

#[async_trait]
impl Imports for Fake {
    async fn create(&self, _: PlatformAdmin<'_>, _: &str) -> Result<ImportBatchId, AppError> {
        Ok(report().id)
    }

    async fn put(&self, _: PlatformAdmin<'_>, _: ImportBatchId, _: u32, bytes: Vec<u8>) -> Result<(), AppError> {
        match bytes.as_slice() {
            b"large" => Err(AppError::Invalid(Invalid::FileTooLarge)),
            _ => Ok(()),
        }
    }

    async fn close(&self, _: PlatformAdmin<'_>, _: ImportBatchId) -> Result<(), AppError> {
        Ok(())
    }

    async fn map(&self, _: PlatformAdmin<'_>, _: ImportBatchId, mapping: &Mapping) -> Result<(), AppError> {
        match mapping.columns.as_slice() {
            [Some(Field::Sn), None] if mapping.headings => Ok(()),
            _ => Err(AppError::Invalid(Invalid::FileHeadings)),
        }
    }

    async fn confirm(&self, _: PlatformAdmin<'_>, _: ImportBatchId, skip_bad_rows: bool) -> Result<(), AppError> {
        if skip_bad_rows {
            Ok(())
        } else {
            Err(AppError::Invalid(Invalid::BadRows))
        }
    }

    async fn cancel(&self, _: PlatformAdmin<'_>, _: ImportBatchId) -> Result<(), AppError> {
        Ok(())
    }

    async fn undo(&self, _: PlatformAdmin<'_>, _: ImportBatchId) -> Result<(), AppError> {
        Err(AppError::Invalid(Invalid::AlreadyDone))
    }

    async fn get(&self, _: PlatformViewer<'_>, id: ImportBatchId) -> Result<Option<ImportReport>, AppError> {
        let stages = [
            (7, Stage::Done),
            (17, Stage::Mapping),
            (27, Stage::Running),
            (37, Stage::Checked),
        ];
        let stage = stages.iter().find(|(key, _)| id.0 == Uuid::from_u128(*key));
        Ok(stage.map(|(_, stage)| ImportReport {
            id,
            stage: *stage,
            ..report()
        }))
    }

    async fn list(&self, _: PlatformViewer<'_>, _: Option<&Cursor>) -> Result<Page<ImportRow>, AppError> {
        let report = report();
        Ok(Page {
            rows: vec![ImportRow {
                id: report.id,
                file_name: report.file_name,
                created: report.created,
                by: None,
                stage: report.stage,
                rows_read: report.rows_read,
                rows_total: report.rows_total,
                rows_created: report.rows_created,
                rows_updated: report.rows_updated,
                rows_failed: report.rows_failed,
            }],
            previous: None,
            next: None,
        })
    }
}

fn report() -> ImportReport {
    ImportReport {
        id: ImportBatchId(Uuid::from_u128(7)),
        file_name: "inventory<faulty>.csv".to_owned(),
        created: ago(1),
        stage: Stage::Done,
        problem: None,
        rows_read: 617,
        rows_total: 1234,
        rows_created: 1000,
        rows_updated: 200,
        rows_skipped: 32,
        rows_failed: 2,
        rows_touched: 1,
        columns: vec![
            FileColumn {
                heading: "机身<号>".to_owned(),
                samples: vec!["1234".to_owned()],
            },
            FileColumn {
                heading: String::new(),
                samples: vec!["=1+1".to_owned()],
            },
        ],
        mapping: Mapping {
            columns: vec![Some(Field::Sn), None],
            headings: true,
            constants: [(Field::Manufacturer, "PAX".to_owned())].into(),
        },
        has_rejects: true,
        can_undo: true,
        preview: Effect::VARIANTS.iter().map(|effect| foretold(*effect)).collect(),
        errors: vec![
            RowError {
                line: 5,
                column: Some("sn".to_owned()),
                fault: RowFault::SnMissing,
                found: None,
            },
            RowError {
                line: 18,
                column: Some("name".to_owned()),
                fault: RowFault::NameFormula,
                found: Some("=HYPERLINK(\"x\")".to_owned()),
            },
        ],
    }
}

fn foretold(effect: Effect) -> PreviewRow {
    let change = FactChange {
        field: Field::Name,
        before: None,
        after: Some("前台<1>".to_owned()),
    };
    PreviewRow {
        effect,
        line: 4,
        sn: "AB-1403".to_owned(),
        name: "前台<1>".to_owned(),
        merchant: Some(MerchantRef {
            number: "898269350000008".to_owned(),
            name: "小满<母婴>".to_owned(),
        }),
        store: None,
        changes: if effect == Effect::Updated {
            vec![change]
        } else {
            Vec::new()
        },
    }
}

fn code() -> IssuedCode {
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

/// The addresses of the pages. Asking for them also starts what renders them.
pub(crate) fn routes() -> Vec<String> {
    leptos_axum::generate_route_list(app::pages::App)
        .iter()
        .map(|route| route.path().to_owned())
        .collect()
}

/// A request to the fake's server.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) fake: Fake,
    pub(crate) role: Option<Role>,
    pub(crate) locale: Locale,
    pub(crate) flash: Option<Flash>,
}

/// What came back.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) location: Option<String>,
    pub(crate) cookie: Option<String>,
    pub(crate) html: String,
}

impl Ask {
    /// A person of that role who reads Chinese.
    pub(crate) fn by(role: impl Into<Option<Role>>) -> Self {
        Self {
            fake: Fake::full(),
            role: role.into(),
            locale: Locale::zh,
            flash: None,
        }
    }

    fn context(&self, path: &str) -> impl Fn() + Clone + Send + Sync + 'static + use<> {
        let request = RequestInfo {
            id: "0199-test".to_owned(),
            ..RequestInfo::default()
        };
        let caller = self.role.and_then(|role| {
            let merchant = Some(MerchantId(Uuid::from_u128(1)));
            Caller::user(
                UserId(Uuid::from_u128(2)),
                "xiaoman".to_owned(),
                role,
                merchant,
                request.clone(),
            )
        });
        let rendering = Rendering {
            locale: self.locale,
            preferences: Default::default(),
            now: NOW,
            zone: chrono_tz::Tz::Asia__Shanghai,
            request,
            path_and_query: path.to_owned(),
            origin: "https://till.example".to_owned(),
            flash: self.flash.clone(),
            secure_cookies: true,
        };
        let backend = self.fake.clone().backend();
        move || {
            provide_context(rendering.clone());
            provide_context(caller.clone());
            provide_context(backend.clone());
        }
    }

    /// `GET path`.
    pub(crate) async fn get(&self, path: &str) -> Answered {
        routes();
        let options = LeptosOptions::builder().output_name("tillkeeper").build();
        let shell = Arc::new(app::shell::Shell::new(
            options,
            "/pkg/tillkeeper.css".into(),
            Some("/pkg/extras.1".into()),
        ));
        let render = leptos_axum::render_app_async_with_context(self.context(path), move || shell.document());
        let request = Request::get(path).body(Body::empty()).unwrap();
        Answered::of(render(request).await).await
    }

    /// `POST path` with a form, as a browser without scripts does.
    pub(crate) async fn post(&self, path: &str, form: &str, content_type: &str) -> Answered {
        routes();
        app::pages::register_actions();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, content_type)
            .header(header::ACCEPT, "text/html")
            .header(header::REFERER, "https://till.example/elsewhere")
            .body(Body::from(form.to_owned()))
            .unwrap();
        let answer = leptos_axum::handle_server_fns_with_context(self.context(path), request).await;
        Answered::of(answer.into_response()).await
    }
}

impl Answered {
    async fn of(response: axum::response::Response) -> Self {
        let text = |name| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let (status, location, cookie) = (response.status(), text(header::LOCATION), text(header::SET_COOKIE));
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Self {
            status,
            location,
            cookie,
            html: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// The message for the next page.
    pub(crate) fn flash(&self) -> Option<Flash> {
        let cookie = self.cookie.as_deref()?.strip_prefix("__Host-tillkeeper_flash=")?;
        Flash::parse(cookie.split(';').next()?)
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
