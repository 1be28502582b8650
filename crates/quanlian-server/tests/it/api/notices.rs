//! The inbox over HTTP: acts that tell somebody, clocks before and after they run out.
//!
//! In:  a complaint whose clocks run, and time that passes.
//! Out: nothing, or the first notice that is missing, told twice or told to somebody else.

use serde_json::{Value, json};

use super::{
    kit::{Key, Office},
    matters::{opened, people},
};

async fn inbox(office: &Office, key: &Key) -> Vec<Value> {
    let answer = office.get(Some(key), "/api/v1/notices").await.good();
    answer.body["notices"].as_array().unwrap().clone()
}

fn lights(inbox: &[Value]) -> Vec<String> {
    let light = |notice: &Value| format!("{} {}", notice["about"], notice["light"]).replace('"', "");
    let mut lights: Vec<String> = inbox.iter().map(light).collect();
    lights.sort();
    lights
}

#[tokio::test]
async fn a_clock_is_told_before_and_after_it_runs_out_and_once() {
    let office = Office::new().await;
    people(&office).await;
    office.set("2024-04-01T10:00:00+08:00");
    let clerk = office.sign_in("culture.zhou").await;
    let matter = opened(&office, &clerk).await;
    let clocks = matter.body["clocks"].as_array().unwrap();
    let accept = clocks.iter().find(|clock| clock["clock"] == "accept").unwrap();
    let due_on = accept["due_on"].as_str().unwrap().to_owned();
    assert_eq!(office.platform.look_at_clocks().await.unwrap(), 0, "time enough");

    // On the last day it is red; the day after it has run out.
    office.set(&format!("{due_on}T09:00:00+08:00"));
    assert!(office.platform.look_at_clocks().await.unwrap() > 0);
    assert_eq!(office.platform.look_at_clocks().await.unwrap(), 0, "once");
    let clerk = office.sign_in("culture.zhou").await;
    let head = office.sign_in("culture.head").await;
    let red = lights(&inbox(&office, &clerk).await);
    assert!(red.contains(&"accept red".to_owned()), "{red:?}");
    assert_eq!(
        inbox(&office, &head).await,
        Vec::<Value>::new(),
        "not yet for the head"
    );

    office.wait_s(86_400);
    assert!(office.platform.look_at_clocks().await.unwrap() > 0);
    assert_eq!(office.platform.look_at_clocks().await.unwrap(), 0, "once");
    let clerk = office.sign_in("culture.zhou").await;
    let head = office.sign_in("culture.head").await;
    let of_head = inbox(&office, &head).await;
    assert!(
        lights(&of_head).contains(&"accept overdue".to_owned()),
        "{of_head:?}"
    );
    assert!(lights(&inbox(&office, &clerk).await).contains(&"accept overdue".to_owned()));
    let police = office.sign_in("police.p1").await;
    let none = office.get(Some(&police), "/api/v1/notices").await.good();
    assert_eq!(none.body, json!({"notices": [], "next": null, "unread": 0}));
    // Number and stage, and nothing of the content.
    let first = &of_head[0];
    assert_eq!(first["matter"]["number"], matter.body["number"]);
    assert!(!first.to_string().contains("频道"));

    // Read by one is not read by the other.
    let unread = async |key: &Key| {
        let answer = office.get(Some(key), "/api/v1/notices?unread=true").await.good();
        (
            answer.body["unread"].as_u64().unwrap(),
            answer.body["notices"].as_array().unwrap().len(),
        )
    };
    let before = unread(&clerk).await;
    let path = format!("/api/v1/notices/{}/read", first["id"].as_str().unwrap());
    assert_eq!(
        office.send(Some(&head), "POST", &path, &[], None).await.status,
        204
    );
    assert_eq!(unread(&head).await.0, of_head.len() as u64 - 1);
    assert_eq!(unread(&clerk).await, before);
    for key in [&police, &clerk] {
        let answer = office.send(Some(key), "POST", &path, &[], None).await;
        assert_eq!(
            (answer.status, answer.code()),
            (404, "notice_not_found"),
            "not theirs"
        );
    }
    // What is done in time is told no more.
    let restarted = office.restarted().await;
    assert_eq!(
        restarted.platform.look_at_clocks().await.unwrap(),
        0,
        "nor after a restart"
    );
}

#[tokio::test]
async fn a_duty_that_stays_undone_is_told_further_up_after_working_days_once_each() {
    let office = Office::new().await;
    let people = people(&office).await;
    office
        .person(&people.admin, "culture", "rev", &["reviewer"])
        .await;
    // A Monday in March 2024: the month has no holidays.
    office.set("2024-03-04T10:00:00+08:00");
    let clerk = office.sign_in("culture.zhou").await;
    let matter = opened(&office, &clerk).await;
    let clocks = matter.body["clocks"].as_array().unwrap();
    let accept = clocks.iter().find(|clock| clock["clock"] == "accept").unwrap();
    let due_on: quanlian_record::time::Day = accept["due_on"].as_str().unwrap().parse().unwrap();
    let weekday = due_on.weekday().to_monday_one_offset();
    let told = async |login: &str| {
        let key = office.sign_in(login).await;
        let mut lights = lights(&inbox(&office, &key).await);
        lights.retain(|light| light.starts_with("accept overdue"));
        // Who holds two of the roles is told in both.
        lights.dedup();
        lights
    };
    // Day by day: the light of `n` comes on the day with which `n` working days have begun.
    let (mut day, mut passed) = (due_on, 0);
    let mut seen = Vec::new();
    while passed < 8 {
        day = day.tomorrow().unwrap();
        passed += i64::from(day.weekday().to_monday_one_offset() <= 5);
        office.set(&format!("{day}T09:00:00+08:00"));
        office.platform.look_at_clocks().await.unwrap();
        assert_eq!(office.platform.look_at_clocks().await.unwrap(), 0, "once: {day}");
        let of_head = told("culture.head").await;
        let wanted: Vec<String> = [
            (1, "accept overdue_1"),
            (3, "accept overdue_3"),
            (7, "accept overdue_7"),
        ]
        .iter()
        .filter(|(after, _)| passed >= *after)
        .map(|(_, light)| (*light).to_owned())
        .collect();
        assert_eq!(
            of_head
                .iter()
                .filter(|light| *light != "accept overdue")
                .cloned()
                .collect::<Vec<_>>(),
            wanted,
            "{day}"
        );
        seen.push(of_head.len());
    }
    assert_eq!(seen.last(), Some(&4), "{weekday} {seen:?}");
    // A reviewer is told after a working day, and not at once.
    assert_eq!(told("culture.rev").await, ["accept overdue_1"]);
    // Nothing is looked at any more, also after a restart.
    let office = office.restarted().await;
    assert_eq!(office.platform.look_at_clocks().await.unwrap(), 0);
}

#[tokio::test]
async fn what_ran_out_while_the_program_was_away_is_told_once_when_it_is_back() {
    let office = Office::new().await;
    people(&office).await;
    office.set("2024-03-04T10:00:00+08:00");
    let clerk = office.sign_in("culture.zhou").await;
    opened(&office, &clerk).await;
    office.set("2024-04-29T10:00:00+08:00");
    let office = office.restarted().await;
    assert!(office.platform.look_at_clocks().await.unwrap() > 0);
    assert_eq!(office.platform.look_at_clocks().await.unwrap(), 0);
    let head = office.sign_in("culture.head").await;
    let mut told = lights(&inbox(&office, &head).await);
    told.retain(|light| light.starts_with("accept "));
    let wanted = [
        "accept overdue",
        "accept overdue_1",
        "accept overdue_3",
        "accept overdue_7",
    ];
    let mut several = told.clone();
    several.dedup();
    assert_eq!(several, wanted);
}

#[tokio::test]
async fn an_act_tells_whom_the_procedure_names() {
    let office = Office::new().await;
    let people = people(&office).await;
    office.agency(&people.admin, "market").await;
    let chief = office
        .person(&people.admin, "market", "chen", &["approver"])
        .await;
    let clerk = office
        .person(&people.admin, "market", "zhu", &["intake_clerk"])
        .await;
    let matter = opened(&office, &people.clerk).await;
    let path = format!("/api/v1/matters/{}", matter.body["id"].as_str().unwrap());
    let reassign = json!({"command": {"do": "act", "act": "reassign", "given": {"reason": "商标案件", "agency": "market"}}});
    let headers = [("if-match", matter.header("etag"))];
    let commands = format!("{path}/commands");
    let given = office
        .send(
            Some(&people.approver),
            "POST",
            &commands,
            &headers,
            Some(reassign),
        )
        .await
        .good();
    // The clerk of the other agency is told as soon as they see the matter.
    assert_eq!(inbox(&office, &clerk).await, Vec::<Value>::new());
    let seen = office.get(Some(&chief), &path).await.good();
    assert_eq!(seen.body["number"], given.body["number"]);
    let headers = [("if-match", seen.header("etag"))];
    let assign = json!({"title": "商标", "unit": "team-1", "handlers": ["zhu"]});
    office
        .send(
            Some(&chief),
            "PUT",
            &format!("{path}/assignment"),
            &headers,
            Some(assign),
        )
        .await
        .good();
    let told = inbox(&office, &clerk).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["template"], "notice.reassigned");
    assert_eq!(
        inbox(&office, &people.clerk).await,
        Vec::<Value>::new(),
        "it is theirs no longer"
    );
}
