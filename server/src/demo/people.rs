//! The people of the demo: an administrator of the platform and the owner of each named merchant.

use super::catalogue::MERCHANTS;
use super::world::World;
use crate::clock::Surroundings;
use crate::entities::users;
use crate::services::passwords::{self, PasswordError};
use app::domain::{Login, Role};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel};

/// The administrator, by whom demo data are known again.
pub(super) const ADMIN_LOGIN: &str = "admin";
pub(super) const ADMIN_NAME: &str = "演示平台管理员";

/// Digits and small letters that nobody takes for one another.
const LETTERS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";

/// Groups of a password and letters of a group: 75 random bits.
const GROUPS: usize = 3;
const GROUP: usize = 5;

/// Who can sign in, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The name to sign in with.
    pub login: &'static str,
    /// What the person may do.
    pub role: Role,
    /// The person's merchant.
    pub merchant: Option<&'static str>,
    /// The password, which is told now and kept only as a hash.
    pub password: String,
    name: &'static str,
}

/// The sign-ins, the administrator first; `password` for all of them, or another random one for each.
pub(super) fn sign_ins(surroundings: &Surroundings, password: Option<&str>) -> Vec<SignIn> {
    let word = || password.map_or_else(|| random_password(surroundings), str::to_owned);
    let admin = SignIn {
        login: ADMIN_LOGIN,
        role: Role::PlatformAdmin,
        merchant: None,
        password: word(),
        name: ADMIN_NAME,
    };
    let owners = MERCHANTS.iter().map(|merchant| SignIn {
        login: merchant.login,
        role: Role::MerchantOwner,
        merchant: Some(merchant.name),
        password: word(),
        name: merchant.owner,
    });
    std::iter::once(admin).chain(owners).collect()
}

fn random_password(surroundings: &Surroundings) -> String {
    let bytes: [u8; GROUPS * GROUP] = surroundings.bytes();
    let letters: Vec<char> = bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect();
    let groups: Vec<String> = letters.chunks(GROUP).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

/// What is kept of the passwords, in the same order.
pub(super) async fn hashes(surroundings: &Surroundings, sign_ins: &[SignIn]) -> Result<Vec<String>, PasswordError> {
    let salted: Vec<(String, [u8; 16])> = sign_ins
        .iter()
        .map(|sign_in| (sign_in.password.clone(), surroundings.bytes()))
        .collect();
    tokio::task::spawn_blocking(move || {
        salted
            .iter()
            .map(|(password, salt)| passwords::hash(password, *salt))
            .collect()
    })
    .await
    .map_err(|_| PasswordError::Worker)?
}

/// Writes the people and answers their rows, the administrator first, then the owners in the order of [`MERCHANTS`].
pub(super) async fn insert(
    txn: &DatabaseTransaction,
    world: &mut World,
    sign_ins: &[SignIn],
    hashes: &[String],
) -> Result<Vec<users::Model>, DbErr> {
    let since = world.calendar.ago(90, 9, 0);
    let rows: Vec<users::Model> = sign_ins
        .iter()
        .zip(hashes)
        .map(|(sign_in, hash)| {
            let merchant = world
                .merchants
                .iter()
                .find(|merchant| Some(merchant.row.name.as_str()) == sign_in.merchant);
            users::Model {
                id: world.dice.id(since),
                login: sign_in.login.to_owned(),
                login_skeleton: Login::parse(sign_in.login).ok().map(|login| login.skeleton()),
                display_name: sign_in.name.to_owned(),
                role: sign_in.role.code().to_owned(),
                merchant_id: merchant.map(|merchant| merchant.id()),
                password_hash: Some(hash.clone()),
                locale: None,
                disabled_at: None,
                password_changed_at: Some(world.calendar.now().0),
                last_signed_in_at: None,
                created_at: since.0,
                updated_at: since.0,
            }
        })
        .collect();
    let active = rows.iter().map(|row| row.clone().into_active_model().reset_all());
    users::Entity::insert_many(active).exec_without_returning(txn).await?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::accounts::PASSWORD_CHARS;

    #[test]
    fn random_passwords_are_long_enough_and_differ() {
        let surroundings = Surroundings::system();
        let sign_ins = sign_ins(&surroundings, None);
        for sign_in in &sign_ins {
            assert!(
                PASSWORD_CHARS.contains(&sign_in.password.chars().count()),
                "{}",
                sign_in.password
            );
        }
        let mut passwords: Vec<_> = sign_ins.iter().map(|sign_in| &sign_in.password).collect();
        passwords.sort();
        passwords.dedup();
        assert_eq!(passwords.len(), sign_ins.len());
    }
}
