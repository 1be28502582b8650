//! An answer in both languages, and what is refused.

use expect_test::{Expect, expect};
use quanlian_law::Language;

use crate::book;

use super::{WILFUL, answer, fine, refuse, sheet};

#[test]
fn an_answer_reads_in_both_languages_with_every_placeholder_filled() {
    let head = r#""right":"trade_secret","infringement":{"from":"2024-03-01","to":"2026-06-30"},"filed_on":"2026-07-01","judged_on":"2026-10-20",
        "claim":{"total_fen":600000000,"punitive_multiple":"2.5","reasons":["a","b"]},
        "fines_paid":[{"kind":"criminal","fen":5000000,"paid_on":"2026-07-02","same_act":true}],
        "interest":{"rate_basis_points_per_year":345,"from":"2026-07-01","to":"2026-10-01"},
        "licence_value":{"comparable_licences":[{"name":"A","fen":100,"term_months":3},{"name":"B","fen":100}]}"#;
    let facts = format!(
        r#"{{"name":"infringer_profit","at_least_fen":100000000,"evidence":["e1"]}},{{"name":"reasonable_costs","fen":700000}},{WILFUL}"#
    );
    let answer = answer(&sheet(head, &facts));
    for language in [Language::Zh, Language::En] {
        let text = book().render_damages(&answer, language);
        assert!(text.lines().count() > 40 && !text.contains('{'), "{text}");
    }
    let chinese = book().render_damages(&answer, Language::Zh);
    assert!(
        chinese.contains("惩罚性赔偿") && chinese.contains("反不正当竞争法（2025）第二十二条"),
        "{chinese}"
    );
    let json = serde_json::to_value(&answer).unwrap();
    assert_eq!(json["rule_book_version"], book().rule_book_version());
    let answer = fine(r#"{"act":"trade_secret","conduct":{"to":"2025-10-01"},"decided_on":"2025-12-01"}"#);
    let text = book().render_administrative_fine(&answer, Language::Zh);
    assert!(text.contains("罚款") && !text.contains('{'), "{text}");
}

// ---- bad input ----

#[test]
fn sheets_that_cannot_be_are_refused_with_field_and_way_out() {
    refuse(
        r#"{"right":"patents"}"#,
        "law_damages_unknown",
        expect![
            "right: `patents` is not known (did you mean `patent`?); known are copyright, patent, trademark, trade_secret, unfair_competition, plant_variety"
        ],
    );
    refuse(
        r#"{"right":"patent","place":"pudon"}"#,
        "law_damages_unknown",
        expect!["place: `pudon` is not known (did you mean `pudong`?); known are pudong"],
    );
    refuse(
        r#"{"right":"patent","facts":[{"name":"actual_loss","fen":-1}]}"#,
        "law_sheet_absurd",
        expect!["facts[0].fen: -1 is not possible; write an amount from 0 to 1000000000000000"],
    );
    refuse(
        r#"{"right":"patent","facts":[{"name":"actual_los","fen":1}]}"#,
        "law_sheet_unknown_fact",
        expect![
            "facts[0].name: `actual_los` is not a known fact (did you mean `actual_loss`?); known are accessory, act_type, actual_clicks, actual_loss, actual_loss_undeterminable, ads_around_user_uploads, aged_75, aged_75_at_judgment, attempt, authorisation_forged, benefit_from_secret, books_refused, bought_secret, breach_of_confidentiality, bundled_with_paid_service, circumstances_found_serious, clearly_low_price, commercial_value, compensation, confession, confession_avoids_grave_result, confession_unknown_heavier_same_kind, confusion, continues_after_notice, contribution_percent, copies, copies_unsold, copying, counterfeit_goods, court_guilty_plea, criminal_judgment_gain, criminal_judgment_loss, criminal_reconciliation, deaf_mute_or_blind, direct_loss_to_patentee, disaster_or_epidemic_period, downloads, endangers_security_interest_or_health, especially_serious_circumstances, evidence_destroyed_or_hidden, evidence_hidden, fakes_relief_goods_in_disaster, fine_serious_circumstances, for_foreign_body, forgiveness, good_conduct_in_custody, goods, goods_and_services_combined, goods_value_unsold, great_merit, holder_bankrupt_or_closed, huge_profit_or_loss, illegal_business_volume, illegal_business_volume_undeterminable, illegal_gain, illegal_gain_none, illegal_gain_undeterminable, infringement_as_business, infringer_profit, infringer_profit_undeterminable, infringing_copies, infringing_unit_profit, infringing_units, infringing_uses, intent, ip_crime_as_main_trade, is_trade_secret, knowing, knowing_third_party, label_pieces, labels_of_registered_mark, licence_fee, licence_fee_multiple, licence_fee_multiple_undeterminable, licence_multiple_percent, loss_to_holder, lost_sales_profit, lost_units, mark_altered, meets_219_serious, member_fees, merit, minor, minor_circumstances, negotiation_with_access, no_major_effect_on_community, no_risk_of_reoffending, online, online_membership, operating_profit, other_grave_circumstance_of_fine, other_serious_circumstance, other_sign_of_intent, own_unit_profit, own_units_sold, paid_advertising, patent_passed_off, penalised_before, piracy_or_counterfeiting, plaintiff_figure, plea_leniency, pregnant, preservation_order_disobeyed, previous_conviction, price_cut_per_unit, probation_otherwise_unsuitable, profit_purpose, provided_secret_illegally, public_interest_harmed, reasonable_costs, reasonable_licence_fee, recidivist, refuses_to_hand_over_gain, registered_members, relationship_with_access, remedial_cost, remorse, reoffends_after_administrative_penalty, reoffends_after_ip_penalty, repeat_within_2y, repeated_after_penalty_or_judgment, research_cost, resumed_after_settlement, return_of_proceeds, ringleader, royalty, royalty_per_thousand_uses, royalty_per_use, royalty_undeterminable, sales_amount, sales_plus_unsold_value, sales_profit, same_kind, same_manager_or_controller, same_mark, secret_disclosed_or_used, secret_improperly_acquired, secret_made_public, secret_not_yet_used, secret_public_or_destroyed, serious_circumstances, services, sold_plus_unsold, spied_out_secret, stole_secret, two_or_more_marks, two_or_more_patents, two_trademark_infringements_in_5y, unsold_goods, voluntary_surrender, without_permission, works_disseminated"
        ],
    );
    refuse(
        r#"{"right":"patent","claim":{"total_fen":-5}}"#,
        "law_sheet_absurd",
        expect!["claim.total_fen: -5 is not possible; write an amount from 0 to 1000000000000000"],
    );
    refuse(
        r#"{"right":"patent","claim":{"punitive_multiple":-3}}"#,
        "law_damages_number",
        expect!["claim.punitive_multiple: -3 is not a multiple; write a number above 0 and up to 1000"],
    );
    refuse(
        r#"{"right":"patent","claim":{"punitive_multiple":"2.505"}}"#,
        "law_damages_shape",
        expect![
            "line 1: invalid value: string \"2.505\", expected a multiple with up to two decimals (3 or \"2.5\")"
        ],
    );
    refuse(
        r#"{"right":"patent","clam":{}}"#,
        "law_damages_shape",
        expect!["line 1: unknown field `clam`"],
    );
    refuse(
        r#"{"right":"patent","licence_value":{}}"#,
        "law_damages_number",
        expect![
            "licence_value: it is for trade_secret, the right is patent; state `licence_fee` or `royalty` instead"
        ],
    );
    refuse(
        r#"{"right":"patent","facts":[{"name":"operating_profit","fen":1},{"name":"contribution_percent","count":101}]}"#,
        "law_damages_number",
        expect!["contribution_percent: 101 percent is not possible; write 0 to 100"],
    );
    refuse(
        r#"{"right":"patent","infringement":{"from":"2023-02-30"}}"#,
        "law_damages_shape",
        expect!["line 1: `2023-02-30` is not a date (write 2024-12-20)"],
    );
}

#[test]
fn days_that_cannot_all_be_right_are_refused() {
    let dates = |head: &str, then: Expect| {
        refuse(
            &format!(r#"{{"right":"patent",{head}}}"#),
            "law_sheet_dates",
            then,
        );
    };
    dates(
        r#""infringement":{"from":"2024-01-01","to":"2024-12-31"},"judged_on":"2024-06-01""#,
        expect!["infringement.to: 2024-12-31 is after judged_on on 2024-06-01; correct one of them"],
    );
    dates(
        r#""infringement":{"from":"2024-01-01"},"filed_on":"2023-12-31","judged_on":"2024-06-01""#,
        expect!["filed_on: 2023-12-31 is before infringement.from on 2024-01-01; correct one of them"],
    );
    dates(
        r#""infringement":{"from":"2024-03-01","to":"2024-01-01"},"judged_on":"2024-06-01""#,
        expect!["infringement.to: 2024-01-01 is before infringement.from on 2024-03-01; correct one of them"],
    );
    dates(
        r#""filed_on":"2024-05-01","first_instance_debate_ended_on":"2024-04-01","judged_on":"2024-06-01""#,
        expect![
            "first_instance_debate_ended_on: 2024-04-01 is before filed_on on 2024-05-01; correct one of them"
        ],
    );
    dates(
        r#""judged_on":"2024-06-01","fines_paid":[{"kind":"criminal","fen":1,"paid_on":"2024-07-01"}]"#,
        expect!["judged_on: 2024-06-01 is before fines_paid.paid_on on 2024-07-01; correct one of them"],
    );
}

#[test]
fn interest_that_cannot_be_computed_is_refused() {
    let interest = |interest: &str, then: Expect| {
        refuse(
            &format!(r#"{{"right":"patent","interest":{interest}}}"#),
            "law_damages_interest",
            then,
        );
    };
    interest(
        r#"{"rate_basis_points_per_year":345}"#,
        expect![
            "interest: `from` and `to` are both needed; write the day it runs from and the last day counted"
        ],
    );
    interest(
        r#"{"from":"2024-01-01","to":"2024-02-01"}"#,
        expect!["interest: write either `rate_basis_points_per_year` or `schedule`"],
    );
    interest(
        r#"{"rate_basis_points_per_year":345,"from":"2024-03-01","to":"2024-02-01"}"#,
        expect!["interest: it ends on 2024-02-01 before it begins on 2024-03-01; swap them or correct one"],
    );
    interest(
        r#"{"rate_basis_points_per_year":-1,"from":"2024-01-01","to":"2024-02-01"}"#,
        expect!["interest: a rate of -1 is not possible; write 0 to 10000 basis points a year"],
    );
    interest(
        r#"{"rate_basis_points_per_year":1,"from":"2024-01-01","to":"2024-02-01","day_count":366}"#,
        expect!["interest: day_count is 366; write 365 or 360"],
    );
    interest(
        r#"{"from":"2024-01-01","to":"2024-02-01","schedule":[{"from":"2024-01-15","rate_basis_points_per_year":1}]}"#,
        expect!["interest: no rate for the days from 2024-01-01 to 2024-01-15; begin the schedule earlier"],
    );
}

#[test]
fn amounts_that_no_account_can_hold_are_errors_and_never_wrap() {
    let many =
        r#"{"name":"lost_units","count":1000000000000000},{"name":"own_unit_profit","fen":1000000000000000}"#;
    refuse(
        &sheet(r#""right":"patent""#, many),
        "law_damages_overflow",
        expect![
            "patent.loss.lost_units is beyond 1000000000000000 fen; check the amounts and numbers that it is computed from"
        ],
    );
    let head = r#""right":"patent","interest":{"rate_basis_points_per_year":10000,"from":"0001-01-01","to":"9999-12-31"}"#;
    let loss = r#"{"name":"actual_loss","fen":1000000000000000}"#;
    refuse(
        &sheet(head, loss),
        "law_damages_overflow",
        expect![
            "interest is beyond 9223372036854775807 fen; check the amounts and numbers that it is computed from"
        ],
    );
}
