//! Requests to a server that renders pages from the fake.

use super::{Fake, NOW};
use app::caller::{Caller, RequestInfo};
use app::domain::{MerchantId, Role, UserId};
use app::flash::Flash;
use app::i18n::Locale;
use app::request::Rendering;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::IntoResponse;
use leptos::prelude::*;
use std::sync::Arc;
use uuid::Uuid;

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
