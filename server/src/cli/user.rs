//! `tillkeeper user`

use super::context::Context;
use super::failure::Failure;
use super::password;
use crate::config::Config;
use crate::services::accounts::{AccountError, NewUser, PASSWORD_CHARS};
use app::backend::users::Users;
use app::caller::Caller;
use app::domain::{Login, MerchantNo, Name, Role};
use app::error::{AppError, Invalid};
use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::io::{self, Write};
use std::path::PathBuf;

/// Add people who sign in, set their passwords, disable and enable them, list them
#[derive(Debug, clap::Args)]
pub(super) struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a user; the password comes from the standard input, a prompt or a file
    ///
    /// Example: tillkeeper user add admin --role platform_admin
    Add {
        /// What the person signs in with: 3 to 64 characters, no spaces
        login: String,
        /// What the person may do
        #[arg(long, value_parser = role())]
        role: Role,
        /// Number of the merchant that the person belongs to; merchant roles need one, platform roles have none
        #[arg(long, value_name = "NUMBER")]
        merchant: Option<String>,
        /// The name that pages show [default: the login]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Read the password from the first line of this file
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Set a user's password; it comes from the standard input, a prompt or a file
    SetPassword {
        /// Whose
        login: String,
        /// Read the password from the first line of this file
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Let a user sign in no longer, and end the user's sessions
    Disable {
        /// Whom
        login: String,
    },
    /// Let a user that was disabled sign in again
    Enable {
        /// Whom
        login: String,
    },
    /// List the users: login, role, merchant, state, name
    List,
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(["platform_admin", "platform_support", "merchant_owner", "merchant_clerk"])
        .try_map(|code| code.parse::<Role>())
}

impl User {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.config()?;
        match self.action {
            Action::Add {
                login,
                role,
                merchant,
                name,
                password_file,
            } => {
                let login = read_login(&login)?;
                let merchant_no = match merchant {
                    Some(number) if role.is_platform() => {
                        return Err(Failure::wrong_use(format!(
                            "{} is a role of the platform and has no merchant; leave out --merchant {number}.",
                            role.code()
                        )));
                    }
                    Some(number) => Some(read_merchant_no(&number)?),
                    None if role.is_platform() => None,
                    None => {
                        return Err(Failure::wrong_use(format!(
                            "{} is a role at a merchant; say which with --merchant NUMBER.",
                            role.code()
                        )));
                    }
                };
                let display_name = name.unwrap_or_else(|| login.as_str().to_owned());
                let display_name = Name::parse(&display_name)
                    .map_err(|error| Failure::wrong_use(format!("{display_name:?} cannot be a name: {error}.")))?;
                let password = password::read(password_file.as_deref())?;
                let database = context.open_or_create(&config).await?;
                let services = context.services(&database)?;
                let new = NewUser {
                    login: login.clone(),
                    display_name,
                    role,
                    merchant_no: merchant_no.clone(),
                    password,
                };
                let caller = Caller::system("user add");
                let added = services.accounts.create(admin(&caller)?, new).await;
                database.close().await?;
                added.map_err(|error| refusal(&error, &login, merchant_no.as_ref()))?;
                writeln!(io::stdout(), "{login} was added.")?;
            }
            Action::SetPassword { login, password_file } => {
                let login = read_login(&login)?;
                let password = password::read(password_file.as_deref())?;
                let database = context.open(&config).await?;
                let services = context.services(&database)?;
                let caller = Caller::system("user set-password");
                let set = services.accounts.set_password(admin(&caller)?, &login, password).await;
                database.close().await?;
                set.map_err(|error| refusal(&error, &login, None))?;
                writeln!(io::stdout(), "The password of {login} was set.")?;
            }
            Action::Disable { login } => {
                let login = set_enabled(context, &config, &login, false).await?;
                writeln!(io::stdout(), "{login} was disabled and is signed out everywhere.")?;
            }
            Action::Enable { login } => {
                let login = set_enabled(context, &config, &login, true).await?;
                writeln!(io::stdout(), "{login} was enabled.")?;
            }
            Action::List => {
                let database = context.open(&config).await?;
                let services = context.services(&database)?;
                let caller = Caller::system("user list");
                let viewer = caller
                    .platform_viewer()
                    .map_err(|error| Failure::failed(format!("{error}.")))?;
                let users = services.accounts.list(viewer).await;
                database.close().await?;
                let users = users.map_err(|error| Failure::failed(format!("the users cannot be read: {error}.")))?;
                let mut out = io::stdout().lock();
                for user in users {
                    let merchant = user.merchant_no.as_deref().unwrap_or("-");
                    let state = if user.enabled { "active" } else { "disabled" };
                    writeln!(
                        out,
                        "{}\t{}\t{merchant}\t{state}\t{}",
                        user.login,
                        user.role.code(),
                        user.display_name
                    )?;
                }
            }
        }
        Ok(())
    }
}

async fn set_enabled(context: &Context, config: &Config, login: &str, enabled: bool) -> Result<Login, Failure> {
    let login = read_login(login)?;
    let database = context.open(config).await?;
    let services = context.services(&database)?;
    let caller = Caller::system(if enabled { "user enable" } else { "user disable" });
    let manager = caller
        .account_manager()
        .map_err(|error| Failure::failed(format!("{error}.")))?;
    let set = services.users.set_enabled(manager, &login, enabled).await;
    database.close().await?;
    match set {
        Ok(()) => Ok(login),
        Err(AppError::NotFound) => Err(Failure::failed(format!("there is no user {login}."))),
        Err(AppError::Invalid(Invalid::LastAdministrator)) => Err(Failure::failed(format!(
            "{login} is the last platform administrator who can sign in; add another before disabling this one."
        ))),
        Err(error) => Err(Failure::failed(format!("{login} was not changed: {error}."))),
    }
}

fn admin(caller: &Caller) -> Result<app::caller::PlatformAdmin<'_>, Failure> {
    caller
        .platform_admin()
        .map_err(|error| Failure::failed(format!("{error}.")))
}

fn read_login(text: &str) -> Result<Login, Failure> {
    Login::parse(text).map_err(|error| Failure::wrong_use(format!("{text:?} is no login: {error}.")))
}

fn read_merchant_no(text: &str) -> Result<MerchantNo, Failure> {
    MerchantNo::parse(text).map_err(|error| Failure::wrong_use(format!("{text:?} is no merchant number: {error}.")))
}

/// The sentence for what the service refused.
fn refusal(error: &AccountError, login: &Login, merchant_no: Option<&MerchantNo>) -> Failure {
    match error {
        AccountError::LoginUnknown => Failure::failed(format!("there is no user {login}.")),
        AccountError::LoginTaken => Failure::failed(format!("there is a user {login} already.")),
        AccountError::PasswordLength(found) => Failure::wrong_use(format!(
            "a password has {} to {} characters, not {found}.",
            PASSWORD_CHARS.start(),
            PASSWORD_CHARS.end()
        )),
        AccountError::Password(fault) => Failure::wrong_use(format!("{fault}; choose another.")),
        AccountError::MerchantUnknown => {
            let number = merchant_no.map(ToString::to_string).unwrap_or_default();
            Failure::failed(format!("no merchant has the number {number}."))
        }
        AccountError::MerchantMismatch | AccountError::App(_) => {
            Failure::failed(format!("{login} was not changed: {error}."))
        }
    }
}
