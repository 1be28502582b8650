//! Stories of a background: what everybody has and what therefore does not count.

use super::*;
use crate::FilterReason;

const TERMS: &str = "The parties agree that any dispute arising out of this contract shall be submitted to arbitration in \
the place named above, that the award shall be final, and that the costs shall be borne by the losing party.";

#[test]
fn a_text_of_the_background_does_not_count_and_is_told() {
    let own = LINES.join(" ");
    let bench = Bench::new(&[("contract.txt", format!("{TERMS} {own}").as_bytes())]);
    bench.build().expect("build");
    let everybody = Bench::new(&[("terms.txt", TERMS.as_bytes())]);
    everybody.build().expect("build");
    let boilerplate = bench.suspect("other.txt", format!("Of something else. {TERMS}").as_bytes());
    let copy = bench.suspect("copy.txt", format!("{TERMS} {own}").as_bytes());

    let mut collection = bench.open();
    let ask = |collection: &Collection, path: &Path| {
        let report = collection.match_file(path, &MatchOptions::default());
        report.expect("a report").matches
    };
    assert_eq!(ask(&collection, &boilerplate).len(), 1);
    let before = ask(&collection, &copy);
    collection.set_background(everybody.open());
    assert!(ask(&collection, &boilerplate).is_empty());
    let after = ask(&collection, &copy);
    assert_eq!(after.len(), 1);
    assert!(after[0].score_bits < before[0].score_bits);
    let told = &after[0].filtered[0];
    assert_eq!((told.reason, &*told.by), (FilterReason::Background, "terms.txt"));
    assert!(told.suspect[1] <= TERMS.len() as u64 + 24, "{told:?}");
}
