//! The page `docs/PROCEDURES.md`: its example loads and runs, and its tables name what there is.
//!
//! In:  the page.
//! Out: nothing.

use quanlian_procedure::{ClockState, Engine, FINDING_CODES};

use super::{
    LAW,
    general::load,
    kit::{at, open_with_everything},
};

const PAGE: &str = include_str!("../../../../docs/PROCEDURES.md");

#[test]
fn the_example_of_the_page_loads_and_runs() {
    let text = PAGE
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let procedures = load(&[("lending.v1.toml", text)]).unwrap();
    assert!(procedures.check(&LAW).is_empty(), "{:?}", procedures.check(&LAW));
    let procedure = procedures.get("lending", 1).unwrap();
    let mut story = open_with_everything(Engine::new(&procedures, &LAW), procedure, at("2026-03-02 09:00"));
    story.perform("lend", at("2026-03-02 10:00")).unwrap();
    // Ten working days from Monday 2 March 2026: two weeks.
    assert_eq!(
        story
            .clock("bring_back", "2026-03-02 10:00")
            .due_on
            .unwrap()
            .to_string(),
        "2026-03-16"
    );
    story.perform("bring_back", at("2026-03-16 10:00")).unwrap();
    assert_eq!(
        story.clock("bring_back", "2026-03-20 10:00").state,
        ClockState::Met
    );
    story.close();
}

#[test]
fn the_page_names_every_finding_state_and_file() {
    for (code, _) in FINDING_CODES {
        assert!(PAGE.contains(&format!("`{code}`")), "{code}");
    }
    for state in [
        "running",
        "overdue",
        "expired",
        "suspended",
        "met",
        "met_late",
        "met_unclear",
        "lapsed",
        "undetermined",
    ] {
        assert!(PAGE.contains(&format!("`{state}`")), "{state}");
    }
    for procedure in super::PROCEDURES.iter() {
        let file = format!("procedures/{}.v{}.toml", procedure.id, procedure.version);
        assert!(PAGE.contains(&file), "{file}");
    }
}
