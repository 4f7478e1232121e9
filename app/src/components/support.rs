//! What somebody tells the platform's support: what was refused or broke, when, where, and the id under which the server's
//! log has more.

use super::{format, icon};
use crate::components::html::{Html, Rendered};
use crate::domain::SerialNumber;
use crate::i18n::t;
use crate::request::Rendering;
use leptos::prelude::*;

/// Whose address is a secret.
const SECRET: &str = "/welcome/";

/// What is told of a failure.
pub(crate) struct Report<'a> {
    /// The code.
    pub(crate) code: &'a str,
    /// The code in words.
    pub(crate) title: &'a str,
    /// The id of the request that failed.
    pub(crate) request: &'a str,
}

impl Report<'_> {
    /// The text: a line for each thing that is known.
    fn text(&self, rendering: &Rendering) -> String {
        let locale = rendering.locale;
        let mut lines = vec![
            t!(
                locale,
                failure.report.what,
                title = self.title.to_owned(),
                code = self.code.to_owned()
            ),
            t!(locale, failure.report.time, time = format::exact(rendering.now)),
            t!(locale, failure.request_id, id = self.request.to_owned()),
        ];
        if !rendering.path().starts_with(SECRET) {
            lines.push(t!(locale, failure.report.page, path = rendering.path().to_owned()));
        }
        if let Some(sn) = serial_number(rendering) {
            lines.push(t!(locale, failure.report.sn, sn = sn.to_string()));
        }
        lines.join("\n")
    }

    /// The text to mark, and a button that copies it where a script runs.
    pub(crate) fn view(&self, rendering: &Rendering) -> Html {
        let locale = rendering.locale;
        let text = self.text(rendering);
        view! {
            <details class="support w-full max-w-prose">
                <summary class="cursor-pointer font-medium tap">{t!(locale, failure.report.title)}</summary>
                <div class="flex flex-col items-start gap-2 pt-2">
                    <p class="text-sm">{t!(locale, failure.report.intro)}</p>
                    <pre class="w-full bg-base-200 rounded-field p-3 text-sm whitespace-pre-wrap break-all select-all" data-testid="support">
                        {text.clone()}
                    </pre>
                    <button type="button" class="btn btn-sm copy" data-copy=text>
                        {icon::icon(icon::COPY)}
                        {t!(locale, failure.report.copy)}
                    </button>
                </div>
            </details>
        }
        .rendered()
    }
}

/// The serial number that a request was about: in its path, or typed.
fn serial_number(rendering: &Rendering) -> Option<SerialNumber> {
    let in_path = rendering.path().strip_prefix("/devices/");
    let in_path = in_path.filter(|rest| !matches!(*rest, "find" | "register"));
    let in_path = in_path.and_then(|rest| urlencoding::decode(rest).ok().map(String::from));
    let typed = in_path.or_else(|| rendering.query().text("sn"))?;
    SerialNumber::parse(&typed).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::{PLATFORM_ZONE, RequestInfo};
    use crate::domain::Timestamp;
    use crate::i18n::Locale;

    fn told(locale: Locale, path: &str) -> String {
        let rendering = Rendering {
            locale,
            preferences: Default::default(),
            now: Timestamp(1_795_278_600_000),
            zone: PLATFORM_ZONE,
            request: RequestInfo::default(),
            path_and_query: path.to_owned(),
            origin: String::new(),
            flash: None,
            secure_cookies: true,
        };
        let report = Report {
            code: "not_found",
            title: "T",
            request: "r1",
        };
        report.text(&rendering)
    }

    #[test]
    fn a_report_has_what_support_asks_for() {
        assert_eq!(
            told(Locale::en, "/devices/a-1%2Fb?x=1"),
            "Tillkeeper: T (not_found)\nTime 2026-11-22 00:30:00.000 +08:00\nRequest r1\nPage /devices/a-1%2Fb\nSerial number A1/B"
        );
        assert!(told(Locale::zh, "/devices/register?sn=1234").ends_with("序列号 1234"));
    }

    #[test]
    fn a_report_tells_no_secret() {
        assert!(!told(Locale::zh, "/welcome/0707").contains("0707"));
    }
}
