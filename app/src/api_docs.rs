//! The device API's description as a page: for who programs terminals, in English as the API itself is, without scripts.

use leptos::prelude::*;

/// The description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiDocs {
    /// What it is called.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// What every path begins with.
    pub base: String,
    /// Where the description is that programs read.
    pub document: String,
    /// What can be called.
    pub operations: Vec<ApiOperation>,
}

/// Something that can be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiOperation {
    /// HTTP method, in capitals.
    pub method: String,
    /// Path after the base.
    pub path: String,
    /// What it does, in a sentence.
    pub summary: String,
    /// More of it.
    pub description: String,
    /// Whether it takes a token.
    pub token: bool,
    /// Parameters in the path and in headers.
    pub parameters: Vec<ApiField>,
    /// What is sent.
    pub request: Option<ApiBody>,
    /// What is answered.
    pub responses: Vec<ApiResponse>,
}

/// A JSON body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiBody {
    /// Its fields, those of objects in it with a dot.
    pub fields: Vec<ApiField>,
    /// What it looks like.
    pub example: String,
}

/// A field of a body, or a parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiField {
    /// Its name.
    pub name: String,
    /// What it takes: a type and its limits.
    pub takes: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it means.
    pub description: String,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiResponse {
    /// HTTP status, or `default`.
    pub status: String,
    /// When it is given.
    pub description: String,
    /// What it says; `None` for a problem, which always looks the same.
    pub body: Option<ApiBody>,
}

impl ApiOperation {
    /// Where it stands on the page.
    fn anchor(&self) -> String {
        let path = self.path.trim_start_matches('/').replace(['/', '{', '}'], "-");
        format!("{}-{path}", self.method.to_lowercase())
    }
}

/// The whole document, with the address of its style sheet.
pub fn api_docs(docs: &ApiDocs, style_sheet: &str) -> String {
    let contents = docs.operations.iter().map(entry).collect_view();
    let operations = docs
        .operations
        .iter()
        .map(|one| operation(&docs.base, one))
        .collect_view();
    let document = view! {
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>{docs.title.clone()}</title>
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                <link rel="stylesheet" href=style_sheet.to_owned() />
            </head>
            <body>
                <main class="max-w-4xl mx-auto p-4 pb-24 md:p-6">
                    <h1 class="text-2xl font-bold mb-4">{docs.title.clone()}</h1>
                    <p class="mb-4">{docs.description.clone()}</p>
                    <p class="mb-4">
                        "Every path begins with " <code>{docs.base.clone()}</code>
                        ". For programs, the same description as OpenAPI 3.1: "
                        <a class="link" href=docs.document.clone()>{docs.document.clone()}</a>
                    </p>
                    <nav aria-label="Calls">
                        <ul class="mb-8">{contents}</ul>
                    </nav>
                    {operations}
                </main>
            </body>
        </html>
    };
    format!("<!DOCTYPE html>{}", document.to_html())
}

fn entry(operation: &ApiOperation) -> impl IntoView + use<> {
    view! {
        <li>
            <a class="link tap" href=format!("#{}", operation.anchor())>
                <code>{operation.method.clone()} " " {operation.path.clone()}</code>
            </a>
        </li>
    }
}

fn operation(base: &str, operation: &ApiOperation) -> impl IntoView + use<> {
    let anchor = operation.anchor();
    let call = format!("{} {}", operation.method, operation.path);
    let token = operation.token.then(|| {
        view! { <p class="mb-2">"Needs the terminal's token: " <code>"Authorization: Bearer <token>"</code></p> }
    });
    let description = (!operation.description.is_empty()).then(|| {
        view! { <p class="mb-2">{operation.description.clone()}</p> }
    });
    view! {
        <section class="mb-10" aria-labelledby=anchor.clone()>
            <h2 class="text-xl font-bold mb-2 break-words" id=anchor.clone()>
                <code>{operation.method.clone()} " " {base.to_owned()} {operation.path.clone()}</code>
            </h2>
            <p class="mb-2">{operation.summary.clone()}</p>
            {description}
            {token}
            {fields("Parameters", &operation.parameters)}
            {operation.request.as_ref().map(|sent| body(&call, "Sent", sent))}
            {operation.responses.iter().map(|one| response(&call, one)).collect_view()}
        </section>
    }
}

fn response(call: &str, response: &ApiResponse) -> impl IntoView + use<> {
    let told = match response.status.as_str() {
        "default" => "Otherwise".to_owned(),
        status => status.to_owned(),
    };
    view! {
        <p class="mb-2">
            <strong>{told}</strong>
            " – "
            {response.description.clone()}
        </p>
        {response.body.as_ref().map(|told| body(call, "Answered", told))}
    }
}

fn body(call: &str, title: &'static str, body: &ApiBody) -> impl IntoView + use<> {
    let label = format!("{title}, an example: {call}");
    view! {
        {fields(title, &body.fields)}
        <pre
            class="bg-base-200 rounded-box p-4 mb-4 overflow-x-auto text-sm"
            tabindex="0"
            role="region"
            aria-label=label
        >
            <code>{body.example.clone()}</code>
        </pre>
    }
}

fn fields(title: &'static str, fields: &[ApiField]) -> impl IntoView + use<> {
    (!fields.is_empty()).then(|| {
        view! {
            <h3 class="font-bold mt-4 mb-2">{title}</h3>
            <dl class="mb-4">{fields.iter().map(field).collect_view()}</dl>
        }
    })
}

fn field(field: &ApiField) -> impl IntoView + use<> {
    let required = if field.required { ", required" } else { "" };
    view! {
        <dt class="break-words">
            <code class="font-bold">{field.name.clone()}</code>
            " "
            <span class="text-sm break-words">{field.takes.clone()} {required}</span>
        </dt>
        <dd class="ms-4 mb-2">{field.description.clone()}</dd>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_described_stands_on_the_page_as_text() {
        let docs = ApiDocs {
            title: "An API".to_owned(),
            base: "/api/v1".to_owned(),
            operations: vec![ApiOperation {
                method: "PUT".to_owned(),
                path: "/things/{thing}".to_owned(),
                token: true,
                request: Some(ApiBody {
                    fields: vec![ApiField {
                        name: "colour".to_owned(),
                        takes: "text, at most 5 characters".to_owned(),
                        required: true,
                        description: "<b>Any</b> colour.".to_owned(),
                    }],
                    example: "{ \"colour\": \"red\" }".to_owned(),
                }),
                ..ApiOperation::default()
            }],
            ..ApiDocs::default()
        };
        let page = api_docs(&docs, "/pkg/style.css");
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{page}");
        for said in [
            "href=\"/pkg/style.css\"",
            "id=\"put-things--thing-\"",
            "href=\"#put-things--thing-\"",
            "colour",
            ", required",
            "&lt;b&gt;Any&lt;/b&gt; colour.",
            "Bearer &lt;token&gt;",
        ] {
            assert!(page.contains(said), "{said:?} is not in {page}");
        }
        assert!(!page.contains("<script"), "{page}");
    }
}
