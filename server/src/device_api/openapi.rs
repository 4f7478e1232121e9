//! The document that describes this API.

use super::{heartbeat, install_report, me, my_apps, problem, register_terminal, sign_in, sign_out};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, Response, ResponseBuilder, Type};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tillkeeper device API",
        description = "What terminals say to Tillkeeper and what they are answered."
    ),
    servers((url = "/api/v1")),
    paths(
        register_terminal::register_terminal,
        me::me,
        heartbeat::heartbeat,
        sign_in::sign_in,
        sign_out::sign_out,
        my_apps::my_apps,
        install_report::install_report,
    ),
    components(schemas(problem::Problem)),
    modifiers(&Common),
)]
struct Document;

/// What holds for every operation.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The token that a terminal was handed when it registered."))
            .build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
        for path in document.paths.paths.values_mut() {
            for post in path.post.iter_mut() {
                post.parameters.get_or_insert_default().push(idempotency_key().into());
                add(post, "400", "The body is no JSON, or the Idempotency-Key is none");
                add(
                    post,
                    "409",
                    "The first request with this Idempotency-Key is being worked on: try again",
                );
            }
            let operations = [&mut path.get, &mut path.post, &mut path.put, &mut path.delete];
            for operation in operations.into_iter().flatten() {
                add(operation, "default", "Anything else that goes wrong: see `code`");
            }
        }
    }
}

fn add(operation: &mut Operation, status: &str, description: &str) {
    let responses = &mut operation.responses.responses;
    responses
        .entry(status.to_owned())
        .or_insert_with(|| problem(description).into());
}

fn problem(description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    ResponseBuilder::new()
        .description(description)
        .content(problem::MEDIA_TYPE, ContentBuilder::new().schema(Some(schema)).build())
        .build()
}

fn idempotency_key() -> Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("^[!-~]{1,255}$"));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "A name for this request that no other request of this terminal has, such as a UUID. The same request with the same \
             key within 24 hours is not done again: the answer is the first one, byte for byte.",
        ))
        .schema(Some(text))
        .example(Some("5f0c2b0e-8c0f-4a53-9d3e-0d7f7f2b7c11".into()))
        .build()
}

/// The OpenAPI 3.1 document of this API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
