//! The music channel before the police: five papers, receipt, filing, passing on, refusal, reconsideration.
//!
//! In:  the transfer that the story of the music channel opens, days of May and June 2024 (all weekdays worked but
//! Monday 10 June).
//! Out: clocks against days counted by hand, as the comments say.

use quanlian_procedure::{Command, Context, Supplied};

use super::{
    kit::{Story, codes, given, who},
    music::{POLICE, approver, both, handler, transfer},
};

fn police_head(now: &str) -> Context {
    who("p9", POLICE, &["police_head"], now)
}

fn receiver(now: &str) -> Context {
    who("p1", POLICE, &["police_receiver"], now)
}

/// The transfer until the police have it.
fn transferred() -> Story<'static> {
    let mut story = transfer();
    story
        .act(
            "report",
            &both("2024-05-21 10:00"),
            &["+investigation_report", "+transfer_report"],
        )
        .unwrap();
    story
        .act("approve", &approver("2024-05-24 15:00"), &["+transfer_letter"])
        .unwrap();
    let papers = ["+goods_list", "+expert_report", &format!("@police={POLICE}")];
    story
        .act("hand_over", &both("2024-05-25 14:59"), &papers)
        .unwrap();
    story
}

#[test]
fn the_transfer_keeps_its_clocks_and_needs_its_papers() {
    let mut story = transfer();
    // At once: no day is computed, and the light says so.
    assert_eq!(
        story.stands("team", "2024-05-21 09:00"),
        "running due - left - over 0 yellow"
    );
    story
        .act(
            "report",
            &both("2024-05-21 10:00"),
            &["+investigation_report", "+transfer_report"],
        )
        .unwrap();
    // Three calendar days from 21 May; 24 May is a Friday.
    assert_eq!(
        story.stands("decide", "2024-05-21 10:00"),
        "running due 2024-05-24 left 3 over 0 green"
    );
    assert_eq!(
        codes(story.act("approve", &handler("2024-05-22 09:00"), &[])),
        ["role_missing (head)"]
    );
    story.act("approve", &approver("2024-05-24 15:00"), &[]).unwrap();
    assert_eq!(
        story.stands("decide", "2024-06-01 09:00"),
        "met due 2024-05-24 left - over 0 off"
    );
    assert_eq!(
        story.stands("hand_over", "2024-05-24 16:00"),
        "running due 2024-05-25 15:00:00 (UTC+8) left 1 over 0 yellow"
    );
    let refused = codes(story.act("hand_over", &both("2024-05-25 09:00"), &[]));
    assert_eq!(
        refused,
        [
            "paper_missing (expert_report)",
            "paper_missing (goods_list)",
            // The approval makes the letter; somebody has to write, sign and file it.
            "paper_not_filed (transfer_letter)",
            "counterpart_missing (police)"
        ]
    );
    let letter = [("transfer_letter".to_owned(), "苏文移〔2024〕7号".to_owned())];
    let filed = Command::Supply(Supplied {
        papers: letter.into(),
        ..Supplied::default()
    });
    story.tell(&filed, &handler("2024-05-25 10:00")).unwrap();
    let papers = ["+goods_list", "+expert_report", &format!("@police={POLICE}")];
    let late = {
        let mut late = story.clone();
        late.act("hand_over", &both("2024-05-25 15:01"), &papers).unwrap();
        late
    };
    // A minute after the 24 hours, on the same day.
    assert_eq!(
        late.stands("hand_over", "2024-06-01 09:00"),
        "met_late due 2024-05-25 15:00:00 (UTC+8) left - over 0 red"
    );
    story
        .act("hand_over", &both("2024-05-25 14:59"), &papers)
        .unwrap();
    assert_eq!(
        story.stands("hand_over", "2024-06-01 09:00"),
        "met due 2024-05-25 15:00:00 (UTC+8) left - over 0 off"
    );
    story
        .act(
            "copy",
            &handler("2024-05-25 15:30"),
            &["@procuratorate=sz-procuratorate"],
        )
        .unwrap();
    assert!(
        !story.clock("copy", "2024-06-01 09:00").verified,
        "nobody read the opinion of 2006"
    );
    // Another police bureau cannot receive it.
    let other = who("x1", "wz-police", &["police_receiver"], "2024-05-27 09:00");
    assert_eq!(
        codes(story.act("accept", &other, &[])),
        ["wrong_agency (wz-police)"]
    );
    story.act("accept", &receiver("2024-05-27 09:00"), &[]).unwrap();
    // Three calendar days from Monday 27 May.
    assert_eq!(
        story.stands("police_decide", "2024-05-27 09:00"),
        "running due 2024-05-30 left 3 over 0 green"
    );
    // 24 hours from ten o'clock: the hour in which it begins is not counted. A window: nobody is late when it closes.
    assert_eq!(
        story.stands("ask_papers", "2024-05-29 09:00"),
        "expired due 2024-05-28 10:00:00 (UTC+8) left - over 0 off"
    );
    story
        .act(
            "file",
            &receiver("2024-05-29 09:00"),
            &["police_case_number=2024-77", "+filing_notice"],
        )
        .unwrap();
    assert_eq!(
        codes(story.endorse(&approver("2024-05-30 09:00"))),
        ["role_missing (police_head)"]
    );
    story.endorse(&police_head("2024-05-30 17:00")).unwrap();
    assert_eq!(
        story.stands("police_decide", "2024-06-01 09:00"),
        "met due 2024-05-30 left - over 0 off"
    );
    story
        .act(
            "receive_filing",
            &handler("2024-06-01 09:00"),
            &["filing_notice_received_on=2024-05-31"],
        )
        .unwrap();
    // Three calendar days from the notice on 31 May, not from the day on which its arrival was recorded.
    assert_eq!(
        story.stands("goods", "2024-06-01 09:00"),
        "running due 2024-06-03 left 2 over 0 green"
    );
    let goods = story.clock("goods", "2024-06-01 09:00");
    // By working days it would be Monday 3, Tuesday 4, Wednesday 5 June; both are shown, the strict one counts.
    assert_eq!(goods.readings[0].due_on.unwrap().to_string(), "2024-06-05");
    story
        .act("hand_over_goods", &both("2024-06-04 10:00"), &[])
        .unwrap();
    assert_eq!(
        story.stands("goods", "2024-06-10 09:00"),
        "met_late due 2024-06-03 left - over 1 red"
    );
    story.close();
}

#[test]
fn the_police_without_jurisdiction_pass_on_and_the_new_ones_begin_anew() {
    let mut story = transferred();
    story.act("accept", &receiver("2024-05-27 09:00"), &[]).unwrap();
    let mut onward = given(story.procedure, &["reason=belongs to Wuzhong"]);
    onward.agency = Some("wz-police".to_owned());
    story
        .give("forward", &receiver("2024-05-27 15:00"), onward)
        .unwrap();
    assert_eq!(story.matter.counterparts["police"], "wz-police");
    assert_eq!(
        story.stands("forward", "2024-05-30 09:00"),
        "met due 2024-05-28 09:00:00 (UTC+8) left - over 0 off"
    );
    assert_eq!(
        codes(story.act("accept", &receiver("2024-05-28 10:00"), &[])),
        ["wrong_agency (sz-police)"]
    );
    story
        .act(
            "accept",
            &who("w1", "wz-police", &["police_receiver"], "2024-05-28 10:00"),
            &[],
        )
        .unwrap();
    // Three calendar days from Tuesday 28 May.
    assert_eq!(
        story.stands("police_decide", "2024-05-28 10:00"),
        "running due 2024-05-31 left 3 over 0 green"
    );
    story.close();
}

#[test]
fn a_refusal_goes_through_reconsideration_to_the_procuratorate() {
    let mut story = transferred();
    story.act("accept", &receiver("2024-05-27 09:00"), &[]).unwrap();
    assert_eq!(
        codes(story.act("do_not_file", &receiver("2024-05-28 09:00"), &[])),
        ["reason_missing"]
    );
    story
        .act(
            "do_not_file",
            &receiver("2024-05-28 09:00"),
            &["reason=below the line", "+no_filing_notice"],
        )
        .unwrap();
    story.endorse(&police_head("2024-05-29 09:00")).unwrap();
    let received = ["no_filing_notice_received_on=2024-05-30"];
    story
        .act("receive_no_filing", &handler("2024-05-30 11:00"), &received)
        .unwrap();
    // Three calendar days from Thursday 30 May: Sunday 2 June; moved it would be 3 June.
    assert_eq!(
        story.stands("ask_reconsideration", "2024-05-31 09:00"),
        "running due 2024-06-02 left 2 over 0 green"
    );
    story
        .act(
            "ask_reconsideration",
            &handler("2024-06-01 10:00"),
            &["reason=the gain is above it"],
        )
        .unwrap();
    // Three days from Saturday 1 June: Tuesday 4 June.
    assert_eq!(
        story.stands("decide_reconsideration", "2024-06-01 10:00"),
        "running due 2024-06-04 left 3 over 0 green"
    );
    story
        .act("reconsider_uphold", &receiver("2024-06-03 09:00"), &["reason=no"])
        .unwrap();
    story.endorse(&police_head("2024-06-04 09:00")).unwrap();
    // Three days from Tuesday 4 June: Friday 7 June.
    assert_eq!(
        story.stands("ask_supervision", "2024-06-04 09:00"),
        "running due 2024-06-07 left 3 over 0 green"
    );
    let asked = ["reason=please look", "@procuratorate=sz-procuratorate"];
    story
        .act("ask_supervision", &handler("2024-06-06 09:00"), &asked)
        .unwrap();
    assert_eq!(story.matter.stage, "under_supervision");
    story.close();
}
