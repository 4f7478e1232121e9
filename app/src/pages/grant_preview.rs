//! Whom an authorization will touch, before it is confirmed.

use super::app_address;
use super::catalogue::package_in;
use super::catalogue_grants::kind_word;
use super::guard::{Answer, Visit, guarded};
use crate::backend::grants::{LineFault, Preview, PreviewLine, Touched};
use crate::components::app_words::either;
use crate::components::format;
use crate::components::html::{Html, Rendered};
use crate::domain::{GrantDraftId, PackageName};
use crate::error::AppError;
use crate::flash::{Flash, Notice, action, actor, redirect_with};
use crate::i18n::{Locale, t};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// The address of what was prepared.
pub(super) fn draft_address(package: &PackageName, id: GrantDraftId) -> String {
    format!("{}/authorize/{id}", app_address(package.as_str(), true))
}

/// Why nothing can be authorized by a line, and what to do.
fn fault_word(locale: Locale, fault: LineFault) -> &'static str {
    match fault {
        LineFault::Malformed => t!(locale, catalogue.fault.malformed),
        LineFault::Unknown => t!(locale, catalogue.fault.unknown),
        LineFault::Ambiguous => t!(locale, catalogue.fault.ambiguous),
        LineFault::NoMerchant => t!(locale, catalogue.fault.no_merchant),
        LineFault::Retired => t!(locale, catalogue.fault.retired),
        LineFault::MerchantStopped => t!(locale, catalogue.fault.merchant_stopped),
        LineFault::Repeated => t!(locale, catalogue.fault.repeated),
    }
}

/// Authorizes what was prepared; leads to the app's page, or back with the reason.
#[server(prefix = "/actions", endpoint = "app-grant")]
pub async fn confirm_grants(
    #[server(default)] package: String,
    #[server(default)] draft: String,
) -> Result<(), ServerFnError> {
    let id = draft.parse::<GrantDraftId>();
    let parsed = PackageName::parse(&package);
    let back = match (&parsed, &id) {
        (Ok(package), Ok(id)) => draft_address(package, *id),
        _ => "/catalogue".to_owned(),
    };
    action(back, async move {
        let (caller, backend) = actor()?;
        let by = caller.platform_admin()?;
        let package = parsed.map_err(|_| AppError::NotFound)?;
        let id = id.map_err(|_| AppError::NotFound)?;
        backend.grants.grant(by, id).await?;
        let path = app_address(package.as_str(), true);
        Ok(redirect_with(path, Flash::Done(Notice::AppGranted)))
    })
    .await
}

/// What was prepared. The path has the app's package name and the key.
#[component]
pub(super) fn GrantPreviewPage() -> impl IntoView {
    guarded(preview)
}

async fn preview(visit: Visit) -> Result<Answer, AppError> {
    let by = visit.caller.platform_admin()?;
    let package = package_in(visit.param("package"))?;
    let id: GrantDraftId = visit.param("draft").parse().map_err(|_| AppError::NotFound)?;
    let found = visit.backend.grants.preview(by, id).await?;
    let preview = found
        .filter(|preview| preview.package == package)
        .ok_or(AppError::NotFound)?;
    let locale = visit.locale();
    let path = app_address(package.as_str(), true);
    let good: Vec<_> = preview
        .lines
        .iter()
        .filter_map(|line| Some((line, line.touches.as_ref().ok()?)))
        .collect();
    let bad: Vec<_> = preview
        .lines
        .iter()
        .filter_map(|line| Some((line, line.touches.as_ref().err()?)))
        .collect();
    let confirm = match (preview.done, good.is_empty()) {
        (Some(_), _) => view! { <p class="font-medium">{t!(locale, catalogue.preview_done)}</p> }.rendered(),
        (None, true) => view! { <p class="font-medium">{t!(locale, catalogue.preview_nobody)}</p> }.rendered(),
        (None, false) => view! {
            <form method="post" action=ConfirmGrants::PATH>
                <input type="hidden" name="package" value=package.to_string() />
                <input type="hidden" name="draft" value=id.to_string() />
                <button class="btn btn-primary" type="submit">{t!(locale, catalogue.confirm)}</button>
            </form>
        }
        .rendered(),
    };
    let touched = (!good.is_empty()).then(|| table(locale, &good));
    let faults = (!bad.is_empty()).then(|| faults(locale, &bad));
    let body = view! {
        <div class="flex flex-col gap-6 max-w-4xl">
            {summary(&visit, &preview, &good)}
            {faults}
            {touched}
            <div class="flex flex-wrap gap-2">
                {confirm} <a class="btn" href=path>{t!(locale, catalogue.preview_back)}</a>
            </div>
        </div>
    };
    Ok(Answer::page(t!(locale, catalogue.preview_title), body))
}

fn summary(visit: &Visit, preview: &Preview, good: &[(&PreviewLine, &Touched)]) -> impl IntoView + use<> {
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let name = either(locale, &preview.names.0, &preview.names.1).to_owned();
    let sum = |of: fn(&Touched) -> u64| good.iter().map(|(_, touched)| of(touched)).sum::<u64>();
    let (terminals, may) = (sum(|touched| touched.terminals), sum(|touched| touched.may));
    let starts = match preview.starts.filter(|at| *at > now) {
        Some(at) => format::time(locale, now, at).rendered(),
        None => t!(locale, catalogue.at_once).rendered(),
    };
    let expires = match preview.expires {
        Some(at) => format::time(locale, now, at).rendered(),
        None => t!(locale, apps.no_end).rendered(),
    };
    let blocked = (terminals > may).then(|| {
        let count = format::grouped(terminals - may);
        view! { <p class="max-w-prose">{t!(locale, catalogue.blocked, count)}</p> }
    });
    let fact = |word: &'static str, fact: Html| {
        view! {
            <div>
                <dt class="text-sm">{word}</dt>
                <dd class="font-medium break-words">{fact}</dd>
            </div>
        }
    };
    let lines = format::grouped(good.len() as u64);
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-4">
            <p class="text-lg font-semibold">
                {t!(locale, catalogue.preview_text, lines, terminals = format::grouped(terminals))}
            </p>
            {blocked}
            <dl class="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
                {fact(t!(locale, apps.app), view! { {name} " " <span class="font-mono text-sm">{preview.package.to_string()}</span> }.rendered())}
                {fact(t!(locale, catalogue.whom), kind_word(locale, preview.kind).rendered())}
                {fact(t!(locale, catalogue.starts), starts)}
                {fact(t!(locale, catalogue.expires), expires)}
            </dl>
        </section>
    }
}

fn table(locale: Locale, lines: &[(&PreviewLine, &Touched)]) -> impl IntoView + use<> {
    let caption = t!(locale, catalogue.preview_caption);
    let rows = lines
        .iter()
        .map(|(_, touched)| touched_row(locale, touched))
        .collect_view();
    view! {
        <div
            class="overflow-x-auto bg-base-100 border border-base-300 rounded-box"
            tabindex="0"
            role="region"
            aria-label=caption
        >
            <table class="table table-sm [&_td]:align-top">
                <caption class="sr-only">{caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t!(locale, users.merchant)}</th>
                        <th scope="col">{t!(locale, catalogue.for_whom)}</th>
                        <th scope="col">{t!(locale, catalogue.terminals)}</th>
                        <th scope="col">{t!(locale, catalogue.may_now)}</th>
                        <th scope="col">{t!(locale, catalogue.may_then)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn touched_row(locale: Locale, touched: &Touched) -> impl IntoView + use<> {
    let whom = match (&touched.sn, &touched.store) {
        (Some(sn), _) => t!(locale, apps.on_one, sn = sn.clone()),
        (None, Some(store)) => t!(locale, apps.in_store, name = store.clone()),
        (None, None) => t!(locale, apps.everywhere).to_owned(),
    };
    let shown = touched.names.len() as u64;
    let names = touched.names.join(t!(locale, catalogue.between));
    let names = (!names.is_empty()).then(|| {
        let more = (touched.terminals > shown).then(|| t!(locale, catalogue.and_more));
        view! { <p class="text-sm">{names} {more}</p> }
    });
    view! {
        <tr>
            <td>
                <p class="font-medium">{touched.merchant.name.clone()}</p>
                <p class="code">{touched.merchant.number.clone()}</p>
            </td>
            <td class="min-w-48">{whom} {names}</td>
            <td class="tabular-nums">{format::grouped(touched.terminals)}</td>
            <td class="tabular-nums">{format::grouped(touched.may_now)}</td>
            <td class="tabular-nums font-medium">{format::grouped(touched.may)}</td>
        </tr>
    }
}

fn faults(locale: Locale, lines: &[(&PreviewLine, &LineFault)]) -> impl IntoView + use<> {
    let count = format::grouped(lines.len() as u64);
    let rows = lines
        .iter()
        .map(|(line, fault)| {
            view! {
                <li>
                    <span class="font-mono break-all">{line.typed.clone()}</span>
                    " · "
                    {fault_word(locale, **fault)}
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="alert alert-warning alert-outline bg-base-100 items-start" aria-labelledby="faults-title">
            <div class="flex flex-col gap-2 text-base-content">
                <h2 class="font-semibold" id="faults-title">{t!(locale, catalogue.left_out, count)}</h2>
                <ul class="flex flex-col gap-1">{rows}</ul>
            </div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use strum::VariantArray;

    #[test]
    fn every_fault_has_its_own_words() {
        for locale in [Locale::zh, Locale::en] {
            let words: HashSet<_> = LineFault::VARIANTS
                .iter()
                .map(|fault| fault_word(locale, *fault))
                .collect();
            assert_eq!(words.len(), LineFault::VARIANTS.len());
        }
    }
}
