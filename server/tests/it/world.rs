//! A small world to tell stories in: two merchants, their owners, an administrator, a clock that only the story
//! moves, and the whole router in front.

use crate::client::Client;
use crate::support::TestDb;
use app::caller::Caller;
use app::domain::{Login, MerchantNo, Name, Role, Timestamp};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait};
use server::clock::{Clock, Entropy, Surroundings, SystemEntropy};
use server::config::{Sources, load};
use server::database::Engine;
use server::entities::{merchants, terminals};
use server::router::router;
use server::services::Services;
use server::services::accounts::NewUser;
use server::state::AppState;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The password of everybody.
pub(crate) const PASSWORD: &str = "a long enough password";

/// 2026-03-01T04:00:00Z, noon in Shanghai.
const NOON: i64 = 1_772_337_600_000;

/// A merchant of the samples.
pub(crate) const XIAOMAN: &str = "898269350000008";
/// Another.
pub(crate) const SHENGJING: &str = "898292720000001";

/// A clock that goes on by a millisecond each time it is read, and further when it is moved.
#[derive(Clone)]
pub(crate) struct StoryClock(Arc<AtomicI64>);

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

impl StoryClock {
    /// Moves to an instant.
    pub(crate) fn set(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::SeqCst);
    }

    pub(crate) fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

/// The world.
pub(crate) struct World<'a> {
    pub(crate) db: &'a TestDb,
    pub(crate) clock: StoryClock,
    pub(crate) services: Services,
    pub(crate) state: AppState,
    router: axum::Router,
}

impl<'a> World<'a> {
    /// A world with the users `admin`, `xiaoman` and `shengjing`.
    pub(crate) async fn new(db: &'a TestDb) -> Result<Self> {
        Self::with(db, &[]).await
    }

    /// The same under other settings.
    pub(crate) async fn with(db: &'a TestDb, settings: &[(&str, &str)]) -> Result<Self> {
        Self::made_of(db, settings, SystemEntropy).await
    }

    /// The same with this source of randomness.
    pub(crate) async fn made_of(
        db: &'a TestDb,
        settings: &[(&str, &str)],
        entropy: impl Entropy + 'static,
    ) -> Result<Self> {
        let clock = StoryClock(Arc::new(AtomicI64::new(NOON)));
        let surroundings = Surroundings::new(clock.clone(), entropy);
        let settings = [
            ("TILLKEEPER_SITE_DIR", "there-is-no-build-here"),
            ("TILLKEEPER_REQUIRE_SECOND_FACTOR", "false"),
        ]
        .iter()
        .chain(settings);
        let variables = settings.map(|(name, value)| (name.into(), value.into())).collect();
        let config = load(&Sources {
            variables,
            ..Sources::default()
        })?
        .config;
        let state = AppState::new(&config, Clone::clone(&**db), surroundings.clone())?;
        let world = Self {
            db,
            clock,
            services: state.services.clone(),
            router: router(state.clone()),
            state,
        };
        for (number, name) in [(XIAOMAN, "杭州小满母婴"), (SHENGJING, "深圳盛景餐饮")] {
            world.add_merchant(number, name, &surroundings).await?;
        }
        world.add_user("admin", Role::PlatformAdmin, None).await?;
        world.add_user("xiaoman", Role::MerchantOwner, Some(XIAOMAN)).await?;
        world
            .add_user("shengjing", Role::MerchantOwner, Some(SHENGJING))
            .await?;
        Ok(world)
    }

    async fn add_merchant(&self, number: &str, name: &str, surroundings: &Surroundings) -> Result<()> {
        let now = surroundings.now().0;
        merchants::ActiveModel {
            id: Set(surroundings.new_id()),
            merchant_no: Set(number.to_owned()),
            name: Set(name.to_owned()),
            name_key: Set(None),
            state: Set("active".to_owned()),
            state_since: Set(now),
            time_zone: Set("Asia/Shanghai".to_owned()),
            terminal_quota: Set(100),
            contact_name: Set(None),
            contact_phone: Set(None),
            contact_email: Set(None),
            state_reason: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
        }
        .insert(self.db.writer())
        .await?;
        Ok(())
    }

    pub(crate) async fn add_user(&self, login: &str, role: Role, merchant: Option<&str>) -> Result<()> {
        let system = Caller::system("test");
        let new = NewUser {
            login: Login::parse(login)?,
            display_name: Name::parse(login)?,
            role,
            merchant_no: merchant.map(MerchantNo::parse).transpose()?,
            password: PASSWORD.to_owned(),
        };
        self.services.accounts.create(system.platform_admin()?, new).await?;
        Ok(())
    }

    /// Everything that is answered, to be served to other programs.
    pub(crate) fn router(&self) -> axum::Router {
        self.router.clone()
    }

    /// Somebody with a browser and no session.
    pub(crate) fn visitor(&self) -> Client {
        Client::new(self.router.clone())
    }

    /// Somebody at another server over the same database, with a pool of connections of its own.
    pub(crate) async fn another_server(&self) -> Result<Client> {
        Ok(self.started_again().await?.0)
    }

    /// Another server over the same database, which remembers nothing of this one: somebody at it, and its services.
    pub(crate) async fn started_again(&self) -> Result<(Client, Services)> {
        let database = server::database::Database::connect(self.db.url()).await?;
        self.server_over(database)
    }

    /// Another server with these connections: somebody at it, and its services.
    pub(crate) fn server_over(&self, database: server::database::Database) -> Result<(Client, Services)> {
        let config = load(&Sources::default())?.config;
        let surroundings = Surroundings::new(self.clock.clone(), SystemEntropy);
        let state = AppState::new(&config, database, surroundings)?;
        let services = state.services.clone();
        Ok((Client::new(router(state)), services))
    }

    /// The services of another server over the same database.
    pub(crate) async fn other_services(&self) -> Result<Services> {
        let database = server::database::Database::connect(self.db.url()).await?;
        let surroundings = Surroundings::new(self.clock.clone(), SystemEntropy);
        Ok(Services::new(database, surroundings)?)
    }

    /// Somebody who has signed in.
    pub(crate) async fn signed_in(&self, login: &str) -> Result<Client> {
        let mut client = self.visitor();
        let answer = client
            .post("/sign-in", &[("login", login), ("password", PASSWORD)])
            .await?;
        assert_eq!(answer.location(), Some("/"), "{login} cannot sign in: {answer:?}");
        Ok(client)
    }

    /// Imports rows of `sn,manufacturer,model,name,merchant_no,store` as the command line would.
    pub(crate) async fn import(&self, rows: &str) -> Result<()> {
        bring_in(&self.services, rows).await
    }

    /// The instant so many days after the story began.
    pub(crate) fn later(&self, days: i64) -> Timestamp {
        Timestamp(NOON + days * Timestamp::DAY_MS)
    }

    /// Runs a statement that no user could.
    pub(crate) async fn sql(&self, statement: &str) -> Result<()> {
        self.db.writer().execute_unprepared(statement).await?;
        Ok(())
    }

    /// Lets the database do something more upon an event, in the same transaction.
    pub(crate) async fn upon(&self, event: &str, also: &str) -> Result<()> {
        let trigger = match self.db.engine() {
            Engine::Sqlite => format!("CREATE TRIGGER upon AFTER {event} BEGIN {also}; END"),
            Engine::Postgres => format!(
                "CREATE FUNCTION upon() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {also}; RETURN NULL; END $$; \
                 CREATE TRIGGER upon AFTER {event} FOR EACH ROW EXECUTE FUNCTION upon()"
            ),
        };
        self.sql(&trigger).await
    }

    /// The terminals with a serial number in normal form.
    pub(crate) async fn terminals(&self, sn: &str) -> Result<Vec<terminals::Model>> {
        use sea_orm::{ColumnTrait, QueryFilter};
        Ok(terminals::Entity::find()
            .filter(terminals::Column::Sn.eq(sn))
            .all(self.db.reader())
            .await?)
    }

    /// Kind, true reason and told reason of every log entry, oldest first.
    pub(crate) async fn log(&self) -> Result<Vec<(String, Option<String>, Option<String>)>> {
        use sea_orm::QueryOrder;
        use server::entities::device_log::{Column, Entity};
        let entries = Entity::find().order_by_asc(Column::Id).all(self.db.reader()).await?;
        Ok(entries.into_iter().map(|e| (e.kind, e.reason, e.told_reason)).collect())
    }

    /// Why the newest failed registration failed: in truth, and as told.
    pub(crate) async fn last_refusal(&self) -> Result<(String, String)> {
        let failed = self
            .log()
            .await?
            .into_iter()
            .rev()
            .find(|(kind, ..)| kind == "registration.failed");
        match failed {
            Some((_, Some(reason), Some(told))) => Ok((reason, told)),
            other => Err(format!("no refusal in the log: {other:?}").into()),
        }
    }
}

/// Imports rows of `sn,manufacturer,model,name,merchant_no,store` as the command line would.
pub(crate) async fn bring_in(services: &Services, rows: &str) -> Result<()> {
    use app::backend::imports::{Imports, Sending, Stage};
    let system = Caller::system("test");
    let (by, imports) = (system.platform_admin()?, &*services.imports);
    let mut sending = Sending::begin(imports, by, "test.csv").await?;
    let file = format!("sn,manufacturer,model,name,merchant_no,store\n{rows}");
    sending.write(file.as_bytes()).await?;
    let id = sending.finish().await?;
    imports.work_on(id, &mut |_| {}).await?;
    imports.confirm(by, id, false).await?;
    imports.work_on(id, &mut |_| {}).await?;
    let report = imports.get(system.platform_viewer()?, id).await?.ok_or("no import")?;
    assert_eq!((report.stage, report.errors), (Stage::Done, Vec::new()), "{rows}");
    Ok(())
}
