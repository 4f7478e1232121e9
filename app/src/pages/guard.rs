//! What every page goes through: who asks, the page's own work, and its end as a page, a redirect or a failure.

use crate::backend::Backend;
use crate::caller::Caller;
use crate::components::html::{Html, Rendered};
use crate::components::{failure, format, layout::layout};
use crate::error::AppError;
use crate::flash::{answer, redirect, sign_in_address};
use crate::i18n::Locale;
use crate::request::{Query, Rendering};
use http::{StatusCode, header};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_router::hooks::use_params_map;
use leptos_router::params::ParamsMap;

/// A page that is being asked for.
pub(super) struct Visit {
    /// Who asks.
    pub(super) caller: Caller,
    /// Whom to ask.
    pub(super) backend: Backend,
    /// The request.
    pub(super) rendering: Rendering,
    /// The query parameters.
    pub(super) query: Query,
    params: ParamsMap,
}

impl Visit {
    /// The language to answer in.
    pub(super) fn locale(&self) -> Locale {
        self.rendering.locale
    }

    /// A part of the path, percent-decoded.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.get_str(name).unwrap_or_default()
    }

    /// Whether the caller sees every merchant.
    pub(super) fn is_platform(&self) -> bool {
        self.caller.role().is_platform()
    }
}

/// A page that is being asked for by whoever has its address.
pub(super) struct Welcomed {
    /// Whom to ask.
    pub(super) backend: Backend,
    /// The request.
    pub(super) rendering: Rendering,
    params: ParamsMap,
}

impl Welcomed {
    /// A part of the path, percent-decoded.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.get_str(name).unwrap_or_default()
    }
}

/// How a page ends when nothing is wrong.
pub(super) enum Answer {
    /// It is shown.
    Page(Sheet),
    /// Another address of this site has what was asked for.
    Elsewhere(String),
}

/// What a page shows below its heading.
pub(super) struct Sheet {
    /// Its heading and title: fixed words, or words with a serial number in normal form.
    pub(super) title: String,
    /// The status it goes with.
    pub(super) status: StatusCode,
    /// The rest.
    pub(super) body: Html,
}

impl Answer {
    /// A page with status 200.
    pub(super) fn page(title: impl Into<String>, body: impl IntoView) -> Self {
        Self::Page(Sheet {
            title: title.into(),
            status: StatusCode::OK,
            body: body.rendered(),
        })
    }

    /// A page with status 404 that knows better than the general one what to do next.
    pub(super) fn missing(title: impl Into<String>, body: impl IntoView) -> Self {
        Self::Page(Sheet {
            title: title.into(),
            status: StatusCode::NOT_FOUND,
            body: body.rendered(),
        })
    }
}

/// A page for those who are signed in; everybody else is sent to sign in first, and comes back.
pub(super) fn guarded<Page, Work>(page: Page) -> impl IntoView
where
    Page: FnOnce(Visit) -> Work + Send + 'static,
    Work: Future<Output = Result<Answer, AppError>> + Send + 'static,
{
    let surroundings = Surroundings::of_request();
    let params = use_params_map().get_untracked();
    Suspend::new(async move {
        let Some(Surroundings {
            rendering,
            response,
            caller,
            backend,
        }) = surroundings
        else {
            return ().rendered();
        };
        let outcome = match (caller.clone(), backend) {
            (None, _) => Ok(Answer::Elsewhere(sign_in_address(&rendering.path_and_query))),
            (_, None) => Err(AppError::Internal),
            (Some(caller), Some(backend)) => {
                let query = rendering.query();
                let (by, audit) = (caller.clone(), backend.audit.clone());
                let outcome = page(Visit {
                    caller,
                    backend,
                    rendering: rendering.clone(),
                    query,
                    params,
                })
                .await;
                if let Err(AppError::Forbidden) = outcome {
                    audit.refused(&by, rendering.path()).await;
                }
                outcome
            }
        };
        end(&rendering, &response, caller.as_ref(), outcome)
    })
}

/// A page for everybody. It is told who asks, when that is known.
pub(super) fn open(page: impl FnOnce(&Rendering, Option<&Caller>) -> Result<Answer, AppError>) -> Html {
    let Some(Surroundings {
        rendering,
        response,
        caller,
        ..
    }) = Surroundings::of_request()
    else {
        return ().rendered();
    };
    let outcome = page(&rendering, caller.as_ref());
    end(&rendering, &response, caller.as_ref(), outcome)
}

/// A page for whoever has its address, which says what may be seen. It asks the backend, and has no caller.
pub(super) fn welcoming<Page, Work>(page: Page) -> impl IntoView
where
    Page: FnOnce(Welcomed) -> Work + Send + 'static,
    Work: Future<Output = Result<Answer, AppError>> + Send + 'static,
{
    let surroundings = Surroundings::of_request();
    let params = use_params_map().get_untracked();
    Suspend::new(async move {
        let Some(Surroundings {
            rendering,
            response,
            caller,
            backend,
        }) = surroundings
        else {
            return ().rendered();
        };
        let outcome = match backend {
            None => Err(AppError::Internal),
            Some(backend) => {
                page(Welcomed {
                    backend,
                    rendering: rendering.clone(),
                    params,
                })
                .await
            }
        };
        end(&rendering, &response, caller.as_ref(), outcome)
    })
}

/// What the server has put into the context.
struct Surroundings {
    rendering: Rendering,
    response: ResponseOptions,
    caller: Option<Caller>,
    backend: Option<Backend>,
}

impl Surroundings {
    /// `None`, with status 500, where the server has told nothing of the request.
    fn of_request() -> Option<Self> {
        let response = use_context::<ResponseOptions>()?;
        let Some(rendering) = use_context::<Rendering>() else {
            response.set_status(StatusCode::INTERNAL_SERVER_ERROR);
            return None;
        };
        let caller = use_context::<Option<Caller>>().flatten();
        format::in_zone(rendering.zone);
        Some(Self {
            rendering,
            response,
            caller,
            backend: use_context(),
        })
    }
}

/// In how many seconds somebody may try again whom this page tells that there were too many attempts (RFC 6585, section 4).
fn turned_away(rendering: &Rendering) -> Option<u64> {
    let until = rendering.flash.as_ref()?.retry_at()?.0;
    let ms = u64::try_from(until.checked_sub(rendering.now.0)?).ok()?;
    Some(ms.div_ceil(1000)).filter(|seconds| *seconds > 0)
}

fn end(
    rendering: &Rendering,
    response: &ResponseOptions,
    caller: Option<&Caller>,
    outcome: Result<Answer, AppError>,
) -> Html {
    match outcome {
        Ok(Answer::Page(Sheet { title, status, body })) => {
            response.set_status(status);
            if let Some(seconds) = turned_away(rendering) {
                response.set_status(StatusCode::TOO_MANY_REQUESTS);
                response.insert_header(header::RETRY_AFTER, seconds.into());
            }
            layout(rendering, caller, title, body)
        }
        Ok(Answer::Elsewhere(path)) => {
            answer(response, &redirect(path), rendering.secure_cookies);
            ().rendered()
        }
        Err(AppError::SignInRequired) => {
            let path = sign_in_address(&rendering.path_and_query);
            answer(response, &redirect(path), rendering.secure_cookies);
            ().rendered()
        }
        Err(error) => {
            response.set_status(error.status());
            let (locale, code) = (rendering.locale, error.code());
            let title = failure::said(locale, code).title.to_owned();
            let body = failure::page(rendering, code, true).rendered();
            layout(rendering, caller, title, body)
        }
    }
}

/// The page of an answer that had none; `again` where its address can be asked for again.
pub(super) fn trouble(status: StatusCode, code: &'static str, again: bool) -> Html {
    let Some(Surroundings {
        rendering,
        response,
        caller,
        ..
    }) = Surroundings::of_request()
    else {
        return ().rendered();
    };
    response.set_status(status);
    let title = failure::said(rendering.locale, code).title.to_owned();
    let body = failure::page(&rendering, code, again).rendered();
    layout(&rendering, caller.as_ref(), title, body)
}
