//! Filings from outside, attacked: who filed follows that and nothing else; nobody else comes in by that way.
//!
//! In:  a company with two people who complain, each of one matter of two agencies.
//! Out: nothing, or the first probe whose answer is not that of the oracle.

use quanlian_store::matters::{Actions, MatterRow};
use serde_json::json;

use super::{Person, Probes, Truth, World, holdings::Held, tells_nothing};

/// Two people of a company file a matter each.
pub(super) async fn from_outside(world: &mut World) {
    let office = &world.office;
    office.agency(&world.admin, "acme").await;
    for (user, at) in [("wei", "culture"), ("qin", "market")] {
        let key = office.person(&world.admin, "acme", user, &["complainant"]).await;
        let body = json!({
            "at": at, "procedure": "complaint-intake", "version": 2, "title": format!("外来投诉{user}"),
            "given": {"facts": {"subject": {"text": "copyright"}}, "papers": {"complaint_letter": "随附"}},
        });
        let filed = office.post(&key, "/api/v1/filings", body).await.good();
        assert_eq!(filed.body["agency"], at);
        world.people.push(Person {
            agency: "acme",
            user,
            unit: "team-1",
            roles: &["complainant"],
            key,
        });
    }
}

/// Every way of filings to one matter.
pub(super) async fn at_one(
    world: &World,
    truth: &Truth,
    person: &Person,
    row: &MatterRow,
    held: &Held,
    probes: &mut Probes,
) {
    let office = &world.office;
    let follows = truth.may(person, "follow", Actions::FOLLOW, row);
    let who = format!("{} files {}", person.name(), row.number);
    let path = format!("/api/v1/filings/{}", row.id);
    let looked = office.get(Some(&person.key), &path).await;
    let etag = format!("\"{}\"", row.version);
    let headers = [("if-match", etag.as_str())];
    let accept = json!({"command": {"do": "act", "act": "accept", "given": {}}});
    let commands = format!("{path}/commands");
    let acted = office
        .send(Some(&person.key), "POST", &commands, &headers, Some(accept))
        .await;
    let report = json!({"kind": "report", "name": "x", "size_bytes": 1});
    let sent = office.post(&person.key, &format!("{path}/uploads"), report).await;
    let list = office.get(Some(&person.key), "/api/v1/filings").await.good();
    let is_listed = list.body.to_string().contains(&row.id.to_string());
    assert_eq!(is_listed, follows, "{who}");
    if follows {
        assert_eq!(looked.body["number"], row.number.as_str(), "{who}");
        for hidden in [
            "party of",
            "file of",
            "handlers",
            "owner_unit",
            "proposals",
            "zhou",
        ] {
            assert!(
                !looked.body.to_string().contains(hidden),
                "{who} is told {hidden}"
            );
        }
        assert_eq!((acted.status, acted.code()), (422, "filing_not_now"), "{who}");
        assert_eq!((sent.status, sent.code()), (422, "file_kind_reserved"), "{who}");
    } else {
        for answer in [&looked, &acted, &sent] {
            assert_eq!((answer.status, answer.code()), (404, "matter_not_found"), "{who}");
            tells_nothing(answer, row, &who);
        }
    }
    probes.add("filing", follows);
    // What others put on file is not theirs, whoever they are.
    let content = format!("{path}/files/{}/content", held.file);
    let content = office.get(Some(&person.key), &content).await;
    assert_eq!(content.status, 404, "{who}");
    probes.add("content of a filing", false);
}
