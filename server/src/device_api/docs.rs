//! `GET /api/docs`: the description as a page.

use super::{PREFIX, openapi};
use crate::state::AppState;
use app::api_docs::{ApiBody, ApiDocs, ApiField, ApiOperation, ApiResponse, api_docs};
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use serde_json::{Map, Value, json};

/// No scripts; its own style sheet and picture.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// How deep bodies are described.
const DEPTH: usize = 4;

/// The page.
///
/// **Permissions:** anyone.
pub(super) async fn docs(State(state): State<AppState>) -> impl IntoResponse {
    let document = serde_json::to_value(openapi()).unwrap_or_default();
    let page = api_docs(&Document(&document).docs(), &state.style_sheet);
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page))
}

/// An OpenAPI 3.1 document as JSON.
struct Document<'a>(&'a Value);

impl<'a> Document<'a> {
    fn docs(&self) -> ApiDocs {
        let mut operations = Vec::new();
        for (path, methods) in object(&self.0["paths"]) {
            for (method, operation) in object(methods) {
                operations.push(self.operation(method, path, operation));
            }
        }
        ApiDocs {
            title: text(&self.0["info"]["title"]),
            description: text(&self.0["info"]["description"]),
            base: PREFIX.to_owned(),
            document: format!("{PREFIX}/openapi.json"),
            operations,
        }
    }

    fn operation(&self, method: &str, path: &str, operation: &'a Value) -> ApiOperation {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        ApiOperation {
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(&operation["summary"]),
            description: text(&operation["description"]),
            token: operation["security"]
                .as_array()
                .is_some_and(|schemes| !schemes.is_empty()),
            parameters: parameters.map(|parameter| self.parameter(parameter)).collect(),
            request: self.body(&operation["requestBody"]["content"]["application/json"]["schema"]),
            responses: object(&operation["responses"])
                .map(|(status, response)| ApiResponse {
                    status: status.to_owned(),
                    description: text(&response["description"]),
                    body: self.body(&response["content"]["application/json"]["schema"]),
                })
                .collect(),
        }
    }

    fn parameter(&self, parameter: &'a Value) -> ApiField {
        let place = match parameter["in"].as_str() {
            Some("header") => "header",
            Some("query") => "after the ?",
            _ => "in the path",
        };
        ApiField {
            name: text(&parameter["name"]),
            takes: format!("{place}: {}", self.takes(&parameter["schema"])),
            required: parameter["required"].as_bool().unwrap_or_default(),
            description: text(&parameter["description"]),
        }
    }

    fn body(&self, schema: &'a Value) -> Option<ApiBody> {
        if !schema.is_object() {
            return None;
        }
        let mut fields = Vec::new();
        self.fields(schema, "", DEPTH, &mut fields);
        Some(ApiBody {
            fields,
            example: serde_json::to_string_pretty(&self.example(schema, DEPTH)).unwrap_or_default(),
        })
    }

    /// What a reference points at, and which of several alternatives is not null.
    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let name = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next());
        if let Some(name) = name {
            return &self.0["components"]["schemas"][name];
        }
        let alternatives = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
        let real = alternatives.and_then(|them| them.iter().find(|one| one["type"] != "null"));
        real.map_or(schema, |schema| self.resolved(schema))
    }

    fn fields(&self, schema: &'a Value, before: &str, depth: usize, fields: &mut Vec<ApiField>) {
        if depth == 0 {
            return;
        }
        let schema = self.resolved(schema);
        let required: Vec<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (name, field) in object(&schema["properties"]) {
            let full = format!("{before}{name}");
            let inner = self.resolved(field);
            fields.push(ApiField {
                takes: self.takes(field),
                required: required.contains(&name.as_str()),
                description: text(match &field["description"] {
                    Value::Null => &inner["description"],
                    said => said,
                }),
                name: full.clone(),
            });
            self.fields(inner, &format!("{full}."), depth - 1, fields);
            self.fields(&inner["items"], &format!("{full}[]."), depth - 1, fields);
        }
    }

    /// The type and its limits, in words.
    fn takes(&self, schema: &'a Value) -> String {
        let nullable = schema["oneOf"].is_array()
            || schema["type"]
                .as_array()
                .is_some_and(|types| types.contains(&json!("null")));
        let schema = self.resolved(schema);
        let kind = match &schema["type"] {
            Value::Array(types) => types.iter().find(|one| **one != "null").unwrap_or(&Value::Null),
            kind => kind,
        };
        let mut said = vec![match (kind.as_str(), schema["format"].as_str()) {
            (_, Some("date-time")) => "instant, RFC 3339".to_owned(),
            (_, Some("date")) => "date, YYYY-MM-DD".to_owned(),
            (Some("string"), _) => "text".to_owned(),
            (Some("integer"), _) => "whole number".to_owned(),
            (Some("array"), _) => "list".to_owned(),
            (kind, _) => kind.unwrap_or("any").to_owned(),
        }];
        if let Some(codes) = schema["enum"].as_array() {
            let codes: Vec<&str> = codes.iter().filter_map(Value::as_str).collect();
            said = vec![codes.join(" | ")];
        }
        let limits = [
            ("minimum", "at least ", ""),
            ("maximum", "at most ", ""),
            ("maxLength", "at most ", " characters"),
            ("maxItems", "at most ", " of them"),
        ];
        for (name, before, after) in limits {
            if schema[name].is_number() {
                said.push(format!("{before}{}{after}", schema[name]));
            }
        }
        if nullable {
            said.push("or null".to_owned());
        }
        said.join(", ")
    }

    fn example(&self, schema: &'a Value, depth: usize) -> Value {
        if !schema["example"].is_null() || depth == 0 {
            return schema["example"].clone();
        }
        let schema = self.resolved(schema);
        if !schema["example"].is_null() {
            return schema["example"].clone();
        }
        if let Some(code) = schema["enum"].as_array().and_then(|codes| codes.first()) {
            return code.clone();
        }
        if schema["items"].is_object() {
            return json!([self.example(&schema["items"], depth - 1)]);
        }
        let fields: Map<String, Value> = object(&schema["properties"])
            .map(|(name, field)| (name.clone(), self.example(field, depth - 1)))
            .collect();
        if fields.is_empty() { Value::Null } else { fields.into() }
    }
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A text without the marks of Markdown, which the page does not need.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace("**", "").replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_described_with_its_fields_and_limits() {
        let document = serde_json::to_value(openapi()).unwrap();
        let docs = Document(&document).docs();
        let call = |method: &str, path: &str| {
            docs.operations
                .iter()
                .find(|one| one.method == method && one.path == path)
                .unwrap()
        };
        let heartbeat = call("POST", "/terminals/me/heartbeat");
        assert!(heartbeat.token);
        let sent = heartbeat.request.as_ref().unwrap();
        let takes = |name: &str| &sent.fields.iter().find(|field| field.name == name).unwrap().takes;
        assert_eq!(takes("battery"), "whole number, at least 0, at most 100, or null");
        assert_eq!(takes("network"), "ok | weak | down, or null");
        assert_eq!(takes("firmware"), "text, at most 64 characters, or null");
        assert_eq!(takes("apps"), "list, at most 64 of them, or null");
        assert_eq!(takes("apps[].package"), "text, at most 128 characters");
        let example: Value = serde_json::from_str(&sent.example).unwrap();
        assert_eq!((&example["battery"], &example["network"]), (&json!(87), &json!("ok")));
        assert_eq!(example["apps"][0]["package"], "com.example.pay");
        assert_eq!(heartbeat.parameters[0].name, "Idempotency-Key");
        let record = call("GET", "/terminals/me");
        assert!(record.parameters.is_empty());
        let answered = record.responses[0].body.as_ref().unwrap();
        assert!(answered.fields.iter().any(|field| field.name == "merchant.merchant_no"));
        assert!(!call("POST", "/terminals/register").token);
        for operation in &docs.operations {
            assert!(
                !operation.summary.is_empty() && operation.responses.len() > 2,
                "{operation:?}"
            );
        }
    }
}
