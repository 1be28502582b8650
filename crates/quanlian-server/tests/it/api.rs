//! The API as programs and browsers use it, over an SQLite file and a clock that the tests turn.
//!
//! In:  requests.
//! Out: nothing, or the first answer that is not as promised.

mod attack;
mod files;
mod filings;
mod first_password;
mod indicators;
mod kit;
mod law;
mod ledger;
mod limits;
mod matches;
mod matters;
mod named;
mod notices;
mod pages;
mod provider;
mod rights;
mod search;
mod servers;
mod sign_in;
mod smtp;
mod telling;
mod trail;
mod words;
mod world;

use kit::Office;
use serde_json::json;

#[tokio::test]
async fn every_route_stands_in_the_description_and_asks_who_it_is() {
    let office = Office::new().await;
    let description = office.get(None, "/openapi.json").await;
    assert_eq!(description.body["openapi"], "3.1.0");
    let paths = description.body["paths"].as_object().unwrap();
    let (mut routes, mut names) = (0, std::collections::BTreeSet::new());
    for (path, methods) in paths {
        for (method, about) in methods.as_object().unwrap() {
            routes += 1;
            let name = about["operationId"].as_str().unwrap();
            assert!(
                names.insert(name.to_owned()),
                "{method} {path}: another one is called {name}"
            );
            assert!(about["responses"]["default"]["content"]["application/problem+json"].is_object());
            let open = [
                "/healthz",
                "/readyz",
                "/api/v1/first-start",
                "/api/v1/session/oidc",
                "/api/v1/session/oidc/{provider}/callback",
            ]
            .contains(&path.as_str())
                || (["/api/v1/session", "/api/v1/session/oidc/{provider}"].contains(&path.as_str())
                    && method == "post");
            let path = path
                .replace("{id}", "01900000-0000-7000-8000-000000000000")
                .replace("{grant}", "01900000-0000-7000-8000-000000000001")
                .replace("{file}", "01900000-0000-7000-8000-000000000002")
                .replace("{upload}", "01900000-0000-7000-8000-000000000003")
                .replace("{job}", "01900000-0000-7000-8000-000000000004")
                .replace("{webhook}", "01900000-0000-7000-8000-000000000005")
                .replace("{rule}", "cn%2Fcriminal%2F217")
                .replace("{provider}", "sso")
                .replace("{agency}", "culture")
                .replace("{unit}", "team-1");
            let answer = office
                .send(None, &method.to_uppercase(), &path, &[], Some(json!({})))
                .await;
            assert_eq!(open, about["security"] == json!([{}]), "{method} {path}");
            if open {
                assert_ne!(answer.status, 401, "{method} {path}");
            } else {
                assert_eq!(answer.status, 401, "{method} {path}: {}", answer.body);
                assert_eq!(answer.code(), "sign_in_needed");
                assert!(
                    about["responses"]["401"].is_object(),
                    "{method} {path} does not say so"
                );
            }
        }
    }
    assert!(routes > 25, "{routes}");
}

#[tokio::test]
async fn what_is_no_request_is_a_problem_with_a_code() {
    let office = Office::new().await;
    let admin = office.admin().await;
    let long = format!("{{\"x\":\"{}\"}}", "y".repeat(1 << 20));
    for (method, path, body, status, code) in [
        ("GET", "/api/v1/nothing", "", 404, "route_not_found"),
        ("PATCH", "/api/v1/session", "", 405, "method_not_allowed"),
        ("POST", "/api/v1/session", "{", 400, "body_invalid"),
        ("POST", "/api/v1/session", r#"{"login":"a"}"#, 422, "body_invalid"),
        (
            "POST",
            "/api/v1/session",
            r#"{"login":"a","password":"b","more":1}"#,
            422,
            "body_invalid",
        ),
        ("POST", "/api/v1/session", &long, 413, "body_too_large"),
        (
            "GET",
            "/api/v1/matters/../../etc/passwd",
            "",
            404,
            "route_not_found",
        ),
        ("GET", "/api/v1/matters/no-id", "", 400, "path_invalid"),
        ("GET", "/api/v1/matters?nonsense=1", "", 400, "query_invalid"),
        ("GET", "/api/v1/matters?sort=%27;drop", "", 400, "query_invalid"),
        ("GET", "/api/v1/matters?after=zz", "", 400, "matter_cursor"),
    ] {
        let answer = office
            .raw(
                Some(&admin),
                method,
                path,
                &[("content-type", "application/json")],
                body,
            )
            .await;
        assert_eq!(
            (answer.status, answer.code()),
            (status, code),
            "{method} {path} {}",
            answer.body
        );
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    let plain = office
        .raw(
            Some(&admin),
            "POST",
            "/api/v1/session",
            &[("content-type", "text/plain")],
            "{}",
        )
        .await;
    assert_eq!((plain.status, plain.code()), (415, "body_not_json"));
}
