//! The licence value of a secret, and interest.

use super::{NOT_WILFUL, answer, interest_of, law, sheet, total};

#[test]
fn the_licence_value_of_a_secret_is_a_range_and_never_one_point_from_one_input() {
    let head = |licences: &str| {
        format!(
            r#""right":"trade_secret","infringement":{{"from":"2023-01-01","to":"2023-12-31"}},"judged_on":"2024-12-20",
            "licence_value":{{"exclusivity":"ordinary","comparable_licences":[{licences}]}}"#
        )
    };
    let year = r#"{"name":"A","fen":230000000,"term_months":12,"exclusivity":"ordinary","performed":true,"evidence":["contract A"]}"#;
    let two_years = r#"{"name":"B","fen":500000000,"term_months":24,"exclusivity":"ordinary"}"#;
    let sham = r#"{"name":"C","fen":9900000000,"term_months":12,"exclusivity":"ordinary","performed":false}"#;
    let exclusive = r#"{"name":"D","fen":800000000,"term_months":12,"exclusivity":"exclusive"}"#;
    let all = answer(&sheet(
        &head(&[year, two_years, sham, exclusive].join(",")),
        NOT_WILFUL,
    ));
    let value = all.licence_value.as_ref().unwrap();
    let range = value.range.unwrap();
    assert_eq!(
        (range.at_least_fen, range.at_most_fen),
        (230_000_000, Some(250_000_000))
    );
    assert_eq!(
        value.inputs.iter().map(|input| input.counted).collect::<Vec<_>>(),
        [true, true, false, false]
    );
    assert_eq!(
        total(&all),
        (230_000_000, Some(250_000_000)),
        "it stands for the loss"
    );
    let way = &law(&all, "aucl.2019").methods[0].ways;
    let used = way.iter().find(|way| way.used).unwrap();
    assert_eq!(
        (used.id.as_str(), used.evidence.as_slice()),
        ("sv.civil.licence", &["contract A".to_owned()][..])
    );
    let one = answer(&sheet(&head(year), NOT_WILFUL));
    assert_eq!(one.licence_value.unwrap().range, None);
    assert_eq!(
        one.total.unwrap().at_most_fen,
        Some(500_000_000),
        "so the statutory range is left"
    );
}

#[test]
fn research_costs_count_as_value_only_when_the_secret_became_public() {
    let with = |public: bool| {
        let head = r#""right":"trade_secret","infringement":{"from":"2023-01-01","to":"2023-12-31"},"judged_on":"2024-12-20",
            "licence_value":{"income":{"at_least_fen_per_year":100000000,"at_most_fen_per_year":200000000,
            "at_least_share_percent":10,"at_most_share_percent":30}}"#;
        let facts = format!(
            r#"{{"name":"research_cost","fen":90000000}},{{"name":"secret_made_public","value":{public}}},{NOT_WILFUL}"#
        );
        answer(&sheet(head, &facts)).licence_value.unwrap()
    };
    assert_eq!(with(false).range, None, "the income approach stands alone");
    let range = with(true).range.unwrap();
    assert_eq!(
        (range.at_least_fen, range.at_most_fen),
        (10_000_000, Some(90_000_000))
    );
}

// ---- interest ----

#[test]
fn interest_counts_the_days_of_a_leap_year_and_rounds_once() {
    let leap = interest_of(
        r#"{"rate_basis_points_per_year":365,"from":"2024-01-01","to":"2025-01-01","day_count":365}"#,
    );
    assert_eq!(
        (leap.days, leap.amount.at_least_fen),
        (366, 3_660_000),
        "1,000,000 yuan at 3.65 % for 366 days"
    );
    let plain = interest_of(r#"{"rate_basis_points_per_year":365,"from":"2023-01-01","to":"2024-01-01"}"#);
    assert_eq!((plain.days, plain.amount.at_least_fen), (365, 3_650_000));
    let bank = interest_of(
        r#"{"rate_basis_points_per_year":365,"from":"2023-01-01","to":"2024-01-01","day_count":360}"#,
    );
    assert_eq!(bank.amount.at_least_fen, 3_700_694, "3,700,694.44 rounded down");
    let fixed = interest_of(
        r#"{"rate_basis_points_per_year":100,"from":"2023-01-01","to":"2023-01-02","principal":18250}"#,
    );
    assert_eq!(fixed.amount.at_least_fen, 1, "half a fen goes up");
}

#[test]
fn interest_by_a_schedule_changes_its_rate_on_the_day() {
    let found = interest_of(
        r#"{"from":"2024-07-20","to":"2024-07-24","schedule":[{"from":"2023-08-21","rate_basis_points_per_year":345},{"from":"2024-07-22","rate_basis_points_per_year":335}]}"#,
    );
    let days: Vec<_> = found
        .periods
        .iter()
        .map(|period| (period.days, period.rate_basis_points_per_year))
        .collect();
    assert_eq!(
        days,
        [(1, 345), (3, 335)],
        "the 21st at the old rate, the 22nd to 24th at the new"
    );
    assert_eq!(
        found.amount.at_least_fen, 36_986,
        "10^8 × (345 + 3 × 335) / 3,650,000 = 36,986.30"
    );
}
