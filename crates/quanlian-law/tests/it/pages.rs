//! Rules, and what nobody has read, as people see them.

use expect_test::{Expect, expect, expect_file};
use quanlian_law::{Language, Vocabulary};

use crate::book;

fn check(id: &str, on: Option<&str>, language: Language, then: Expect) {
    let book = book();
    let on = on.map(|day| day.parse().unwrap());
    then.assert_eq(&book.render_rule(book.show(id).unwrap(), on, language));
}

#[test]
fn a_threshold_on_one_day_in_english() {
    check(
        "cn/criminal/217/2007-06-art-01",
        Some("2020-06-01"),
        Language::En,
        expect![[r"
            cn/criminal/217/2007-06-art-01  Copyright crime: number of copies under the 2007 interpretation
            kind threshold; file cn/criminal/217/2007-06-art-01.toml
            最高人民法院、最高人民检察院关于办理侵犯知识产权刑事案件具体应用法律若干问题的解释（二） · 法释〔2007〕6号 · 第一条
            Halves the lines by number of copies: 500 for the entry tier, 2,500 for the upper tier.
            read · checked on 2026-11-22: LawRefBook/Laws, full texts, commit 2f4c5c2 (2025-04-19)
            Versions
              2007-04-05 to 2025-04-25  read  法释〔2007〕6号, art. 1
                217.o.copies07.1  read  entry tier (serious): copies: 500 copies or more
                217.o.copies07.5  read  upper tier (especially serious): copies: 2,500 copies or more
            2 examples, 2 boundaries of three
        "]],
    );
}

#[test]
fn a_rule_whose_versions_come_from_two_instruments_in_chinese() {
    check(
        "cn/criminal/ip-units",
        None,
        Language::Zh,
        expect![[r"
            cn/criminal/ip-units  单位犯知识产权罪的标准
            类别 unit；文件 cn/criminal/ip-units.toml
            最高人民法院、最高人民检察院关于办理侵犯知识产权刑事案件具体应用法律若干问题的解释 · 法释〔2004〕19号 · 第十五条
            单位实施的，按自然人标准的三倍。
            已核对 · 2026-11-22 核对：LawRefBook/Laws 全文库，提交 2f4c5c2（2025-04-19）
            版本
              2004-12-22 至 2007-04-04　已核对　法释〔2004〕19号第十五条
                单位：各项标准为自然人的 3 倍
              2007-04-05 至 今　已核对　法释〔2007〕6号第六条；刑法第二百二十条
                最高人民法院、最高人民检察院关于办理侵犯知识产权刑事案件具体应用法律若干问题的解释（二） · 法释〔2007〕6号 · 第六条
                单位与自然人适用同一标准，单位判处罚金，并处罚有关责任人员。
                已核对 · 2026-11-22 核对：LawRefBook/Laws 全文库，提交 2f4c5c2（2025-04-19）
                核对说明：2025年解释是否沿用未核对。
                单位：各项标准为自然人的 1 倍
            示例 3 个，边界 0 组
        "]],
    );
}

#[test]
fn a_period_in_english() {
    check(
        "cn/transfer-of-suspected-crimes/art-05-decide",
        None,
        Language::En,
        expect![[r"
            cn/transfer-of-suspected-crimes/art-05-decide  Decision to transfer
            kind deadline; file cn/transfer-of-suspected-crimes/art-05-decide.toml
            行政执法机关移送涉嫌犯罪案件的规定 · 国务院令第310号（2020年8月7日修订） · 第五条第二款
            The head decides within three days of receiving the report; reasons for refusing go on file.
            read · checked on 2026-11-22: LawRefBook/Laws, full texts, commit 2f4c5c2 (2025-04-19)
            Versions
              2020-08-07 to now  read  State Council Order 310, art. 5
                head of the agency: approve the transfer, or refuse it and put the reasons on file; from “report received by the head of the agency”, 3 calendar days, until “approval of the transfer, transfer refused”
            Open questions
              The provision does not say whether these days are working days.
                Counted in working days, the last day moves to the matching working day.
              The provision does not say whether a last day that is not worked moves.
                If it moves, the period ends on the first working day after it.
            6 examples, 0 boundaries of three
        "]],
    );
}

#[test]
fn a_day_without_a_version_says_so() {
    check(
        "cn/criminal/217/2007-06-art-01",
        Some("2026-01-01"),
        Language::En,
        expect![[r"
            cn/criminal/217/2007-06-art-01  Copyright crime: number of copies under the 2007 interpretation
            kind threshold; file cn/criminal/217/2007-06-art-01.toml
            最高人民法院、最高人民检察院关于办理侵犯知识产权刑事案件具体应用法律若干问题的解释（二） · 法释〔2007〕6号 · 第一条
            Halves the lines by number of copies: 500 for the entry tier, 2,500 for the upper tier.
            read · checked on 2026-11-22: LawRefBook/Laws, full texts, commit 2f4c5c2 (2025-04-19)
            No version is in force on 2026-01-01.
            2 examples, 2 boundaries of three
        "]],
    );
}

#[test]
fn an_offence_lists_its_rules_of_the_day_and_the_facts_that_they_ask_for() {
    let book = book();
    let offence = book.show("cn/criminal/217").unwrap();
    let on = |day: &str| book.render_rule(offence, Some(day.parse().unwrap()), Language::En);
    let (old, new) = (on("2020-06-01"), on("2025-06-01"));
    assert!(old.contains("cn/criminal/217/2011-03-art-13") && !new.contains("2011-03-art-13"));
    // Downloads became a line in 2025; nobody asks for them before.
    assert!(!old.contains("downloads (number, downloads)"), "{old}");
    assert!(new.contains("downloads (number, downloads)"), "{new}");
    assert!(new.contains("profit_purpose (true or false)"), "{new}");
}

#[test]
fn every_rule_and_list_can_be_shown_in_both_languages() {
    let book = book();
    for language in [Language::Zh, Language::En] {
        for summary in book.list() {
            let page = book.render_rule(book.show(&summary.id).unwrap(), None, language);
            assert!(page.contains(summary.title.get(language)), "{page}");
            assert!(!page.contains('{') && page.lines().count() > 4, "{page}");
        }
        for list in [Vocabulary::Facts, Vocabulary::Events, Vocabulary::Sources] {
            assert!(book.render_vocabulary(list, language).lines().count() > 5);
        }
        let unread = book.render_unverified(&book.unverified(), language);
        assert!(
            unread.contains("217.n.clicks1") && !unread.contains('{'),
            "{unread}"
        );
    }
}

#[test]
fn the_page_of_facts_and_events_is_current() {
    expect_file!["../../../../docs/FACTS.md"].assert_eq(&book().facts_page());
}
