//! Tests of the rule book as a whole: all examples, the stories, properties, hostile input.
#[test]
fn every_example_holds() {
    let book = quanlian_law::RuleBook::embedded().unwrap();
    let report = book.check();
    let findings: Vec<String> = report
        .findings
        .iter()
        .map(|f| {
            format!(
                "{}:{} {:?} {} {}",
                f.file,
                f.at_line.unwrap_or(0),
                f.severity,
                f.code,
                f.message
            )
        })
        .collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    assert!(report.examples > 100, "{}", report.examples);
}
