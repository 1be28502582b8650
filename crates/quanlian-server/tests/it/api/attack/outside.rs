//! Where agencies have notices sent, and whose mail goes where: everybody asks for that of every agency by every route.
//!
//! In:  the world of the attack, with an administrator and a webhook for each agency.
//! Out: nothing, or the first answer that tells of another agency.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Probes, World};
use crate::api::{kit::Key, world::AGENCIES};

const NOWHERE: &str = "0190ffff-0000-7000-8000-000000000000";

pub(super) async fn nobody_sees_where_others_are_told(world: &World, probes: &mut Probes) {
    let office = &world.office;
    let mut keepers: BTreeMap<&str, (Key, String)> = BTreeMap::new();
    for agency in AGENCIES {
        let key = office
            .person(&world.admin, agency, "keeper", &["administrator"])
            .await;
        let body = json!({"url": format!("https://relay.example.cn/{agency}/place"), "kinds": ["red"]});
        let path = format!("/api/v1/agencies/{agency}/webhooks");
        let added = office.post(&key, &path, body).await.good();
        keepers.insert(agency, (key, added.body["id"].as_str().unwrap().to_owned()));
    }
    let people = world
        .people
        .iter()
        .map(|person| (person.name(), person.agency, false, &person.key));
    let kept = keepers
        .iter()
        .map(|(agency, (key, _))| (format!("keeper of {agency}"), *agency, true, key));
    for (name, home, is_keeper, key) in people.chain(kept) {
        for agency in AGENCIES {
            let of_theirs = &keepers[agency].1;
            for id in [of_theirs.as_str(), NOWHERE] {
                let is_theirs = is_keeper && home == agency;
                for (method, end) in [
                    ("GET", ""),
                    ("GET", "/deliveries"),
                    ("GET", "list"),
                    ("PUT", ""),
                    ("POST", "/nothing"),
                ] {
                    let path = match end {
                        "list" => format!("/api/v1/agencies/{agency}/webhooks"),
                        "/nothing" => format!("/api/v1/agencies/{agency}/webhooks/{id}/ping"),
                        end => format!("/api/v1/agencies/{agency}/webhooks/{id}{end}"),
                    };
                    let body = (method == "PUT").then(|| json!({"url": "x", "kinds": [], "state": "active"}));
                    let headers = [("if-match", "\"1\"")];
                    let answer = office.send(Some(key), method, &path, &headers, body).await;
                    let what = format!("{name}: {method} {path}");
                    if is_theirs {
                        assert_ne!(answer.status, 403, "{what}");
                    } else {
                        assert_eq!(
                            (answer.status, answer.code()),
                            (403, "permission_denied"),
                            "{what}"
                        );
                        let text = answer.body.to_string();
                        assert!(
                            !text.contains("relay.example.cn") && !text.contains(id),
                            "{what}: {text}"
                        );
                    }
                    probes.add("webhooks", is_theirs);
                }
                // One's own agency in the path, and what is another's.
                if is_keeper && home != agency {
                    let path = format!("/api/v1/agencies/{home}/webhooks/{id}");
                    let answer = office.get(Some(key), &path).await;
                    assert_eq!(
                        (answer.status, answer.code()),
                        (404, "webhook_not_found"),
                        "{name}: {path}"
                    );
                    assert_eq!(
                        answer.body["detail"],
                        Value::from("your agency has no such webhook")
                    );
                    probes.add("webhooks", false);
                }
            }
        }
        if !is_keeper {
            for path in ["mail", "subjects"] {
                let path = format!("/api/v1/accounts/{NOWHERE}/{path}");
                let answer = office.get(Some(key), &path).await;
                assert_eq!(answer.code(), "permission_denied", "{name}: {path}");
                probes.add("webhooks", false);
            }
        }
    }
}
