//! Accounts, and who is signed in.

use super::{Fake, NOW, ago};
use app::backend::accounts::Accounts;
use app::backend::invitations::{Accepted, Invitation, Invitations, IssuedLink, Opened as OpenedLink};
use app::backend::page::Page;
use app::backend::second_factor::{Enrolment, FactorState, SecondFactor};
use app::backend::sessions::{OpenSession, Sessions};
use app::backend::terminals::MerchantRef;
use app::backend::users::{NewAccount, UserQuery, UserRow, Users};
use app::caller::{AccountManager, AccountViewer, Caller, PlatformAdmin, RequestInfo, StaffManager};
use app::domain::{
    FactorCode, InvitationId, InvitationToken, Login, Purpose, RecoveryCode, Role, Timestamp, UserId, UserState,
};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use uuid::Uuid;

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
