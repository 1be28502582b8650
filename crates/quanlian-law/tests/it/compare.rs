//! The law of two days compared: what changed, and for whom.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use quanlian_law::{Change, Language, LawDiff, Outcome, Point, Tier};

use crate::{assess, book, count, files::load, law_files, sheet};

fn diff(before: &str, after: &str, offence: Option<&str>) -> LawDiff {
    book()
        .diff(before.parse().unwrap(), after.parse().unwrap(), offence)
        .unwrap()
}

fn check(before: &str, after: &str, language: Language, then: Expect) {
    let book = book();
    let found = diff(before, after, Some("cn/criminal/217"));
    let text = book.render_diff(&found, language);
    let shown: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains(book.rule_book_version()))
        .collect();
    then.assert_eq(&shown.join("\n"));
}

#[test]
fn the_amendment_of_2025_for_copyright_in_english() {
    check(
        "2025-04-25",
        "2025-04-26",
        Language::En,
        expect![[r"
            The law of 2025-04-25 and of 2025-04-26
            cn/criminal/217  Copyright crime
              raised  illegal gain, 150,000.00 yuan → 300,000.00 yuan: from 150,000.00 yuan to 299,999.99 yuan, acts are no longer over this line for: upper tier (especially serious)
                before: illegal gain: 150,000.00 yuan or more · 法释〔2004〕19号, art. 5
                after: illegal gain: 300,000.00 yuan or more · 法释〔2025〕5号, art. 13 (source not read)
              raised  illegal business volume, 250,000.00 yuan → 500,000.00 yuan: from 250,000.00 yuan to 499,999.99 yuan, acts are no longer over this line for: upper tier (especially serious)
                before: illegal business volume: 250,000.00 yuan or more · 法释〔2004〕19号, art. 5
                after: illegal business volume: 500,000.00 yuan or more · 法释〔2025〕5号, art. 13 (source not read)
              raised  where “dissemination online” holds: actual clicks, 50,000 clicks → 100,000 clicks: from 50,000 clicks to 99,999 clicks, acts are no longer over this line for: entry tier (serious)
                before: where “dissemination online” holds: actual clicks: 50,000 clicks or more · 法发〔2011〕3号, art. 13
                after: where “dissemination online” holds: actual clicks: 100,000 clicks or more · 法释〔2025〕5号, art. 13 (source not read)
              raised  where “dissemination online” holds: works disseminated, 2,500 works → 5,000 works: from 2,500 works to 4,999 works, acts are no longer over this line for: upper tier (especially serious)
                before: where “dissemination online” holds: works disseminated: 2,500 works or more · 法发〔2011〕3号, art. 13
                after: where “dissemination online” holds: works disseminated: 5,000 works or more · 法释〔2025〕5号, art. 13 (source not read)
              raised  where “dissemination online” holds: actual clicks, 250,000 clicks → 1,000,000 clicks: from 250,000 clicks to 999,999 clicks, acts are no longer over this line for: upper tier (especially serious)
                before: where “dissemination online” holds: actual clicks: 250,000 clicks or more · 法发〔2011〕3号, art. 13
                after: where “dissemination online” holds: actual clicks: 1,000,000 clicks or more · 法释〔2025〕5号, art. 13 (source not read)
              raised  where “dissemination to members” holds: registered members, 5,000 members → 10,000 members: from 5,000 members to 9,999 members, acts are no longer over this line for: upper tier (especially serious)
                before: where “dissemination to members” holds: registered members: 5,000 members or more · 法发〔2011〕3号, art. 13
                after: where “dissemination to members” holds: registered members: 10,000 members or more · 法释〔2025〕5号, art. 13 (source not read)
              changed  this line applied where: in all circumstances; it applies where: copying; entry tier (serious)
                before: copies: 500 copies or more · 法释〔2007〕6号, art. 1
                after: where “copying” holds: copies: 500 copies or more · 法释〔2025〕5号, art. 13 (source not read)
              changed  this line applied where: in all circumstances; it applies where: copying; upper tier (especially serious); where “copying” holds: copies, 2,500 copies → 5,000 copies: from 2,500 copies to 4,999 copies, acts are no longer over this line for: upper tier (especially serious)
                before: copies: 2,500 copies or more · 法释〔2007〕6号, art. 1
                after: where “copying” holds: copies: 5,000 copies or more · 法释〔2025〕5号, art. 13 (source not read)
              changed  this line applied where: dissemination online; it applies where: in all circumstances; entry tier (serious); the combined line for this has another content; it matters for acts near the lines that it counts: entry tier (serious)
                before: where “dissemination online” holds: at least 2 of these, each to 50 %: illegal business volume: 50,000.00 yuan or more, works disseminated: 500 works or more, actual clicks: 50,000 clicks or more, registered members: 1,000 members or more · 法发〔2011〕3号, art. 13
                after: at least 2 of these, each to 50 %: illegal business volume: 50,000.00 yuan or more, copies: 500 copies or more, works disseminated: 500 works or more, downloads: 10,000 downloads or more, actual clicks: 100,000 clicks or more, registered members: 1,000 members or more · 法释〔2025〕5号, art. 13 (source not read)
              removed  where “dissemination online” holds: no effect: the line by illegal business volume for this stays where it was: entry tier (serious)
                before: where “dissemination online” holds: illegal business volume: 50,000.00 yuan or more · 法发〔2011〕3号, art. 13
              removed  where “dissemination online” holds: illegal business volume, 250,000.00 yuan → 500,000.00 yuan: from 250,000.00 yuan to 499,999.99 yuan, acts are no longer over this line for: upper tier (especially serious)
                before: where “dissemination online” holds: illegal business volume: 250,000.00 yuan or more · 法发〔2011〕3号, art. 13
              removed  where “dissemination online” holds: the line is gone; meeting it alone no longer reaches: upper tier (especially serious)
                before: where “dissemination online” holds: at least 2 of these, each to 50 %: illegal business volume: 250,000.00 yuan or more, works disseminated: 2,500 works or more, actual clicks: 250,000 clicks or more, registered members: 5,000 members or more · 法发〔2011〕3号, art. 13
              added  where “repetition within two years” holds: illegal gain, 30,000.00 yuan → 20,000.00 yuan: from 20,000.00 yuan to 29,999.99 yuan, acts are now over this line for: entry tier (serious)
                after: where “repetition within two years” holds: illegal gain: 20,000.00 yuan or more · 法释〔2025〕5号, art. 13 (source not read)
              added  where “repetition within two years” holds: illegal business volume, 50,000.00 yuan → 30,000.00 yuan: from 30,000.00 yuan to 49,999.99 yuan, acts are now over this line for: entry tier (serious)
                after: where “repetition within two years” holds: illegal business volume: 30,000.00 yuan or more · 法释〔2025〕5号, art. 13 (source not read)
              added  where “dissemination online” holds: a new line by downloads: acts of 10,000 downloads or more are now over a line for: entry tier (serious); there was none before
                after: where “dissemination online” holds: downloads: 10,000 downloads or more · 法释〔2025〕5号, art. 13 (source not read)
              added  where “repetition within two years” holds: illegal gain, 150,000.00 yuan → 200,000.00 yuan: from 150,000.00 yuan to 199,999.99 yuan, acts are no longer over this line for: upper tier (especially serious)
                after: where “repetition within two years” holds: illegal gain: 200,000.00 yuan or more · 法释〔2025〕5号, art. 13 (source not read)
              added  where “repetition within two years” holds: illegal business volume, 250,000.00 yuan → 300,000.00 yuan: from 250,000.00 yuan to 299,999.99 yuan, acts are no longer over this line for: upper tier (especially serious)
                after: where “repetition within two years” holds: illegal business volume: 300,000.00 yuan or more · 法释〔2025〕5号, art. 13 (source not read)
              added  where “dissemination online” holds: a new line by downloads: acts of 100,000 downloads or more are now over a line for: upper tier (especially serious); there was none before
                after: where “dissemination online” holds: downloads: 100,000 downloads or more · 法释〔2025〕5号, art. 13 (source not read)
              changed  whoever is fined: the general range differs
                before: basis 1, if none before it is known: 100 to 500 % of the illegal gain; basis 2, if none before it is known: 50 to 100 % of the illegal business volume; basis 3, if none before it is known: entry tier (serious): 30,000.00 yuan to 1,000,000.00 yuan, upper tier (especially serious): 150,000.00 yuan to 5,000,000.00 yuan · 法释〔2020〕10号, art. 10
                after: basis 1, if none before it is known: 100 to 1000 % of the illegal gain; basis 2, if none before it is known: 50 to 100 % of the illegal business volume; basis 3, if none before it is known: entry tier (serious): 30,000.00 yuan to 1,000,000.00 yuan, upper tier (especially serious): 150,000.00 yuan to 5,000,000.00 yuan · 法释〔2025〕5号 (fines; article number not checked) (source not read)
            Rules that began, ended or changed version
              removed  cn/criminal/217/2004-19-art-05  Copyright crime: the lines of the 2004 interpretation
                before: Reaching one of the numbers for gain, business volume or copies is the entry tier; reaching one of the higher numbers is the upper tier. · 法释〔2004〕19号, art. 5
              removed  cn/criminal/217/2007-06-art-01  Copyright crime: number of copies under the 2007 interpretation
                before: Halves the lines by number of copies: 500 for the entry tier, 2,500 for the upper tier. · 法释〔2007〕6号, art. 1
              removed  cn/criminal/217/2011-03-art-13  Copyright crime online: the lines of the 2011 opinions
                before: For dissemination online: lines by business volume, number of works, actual clicks and registered members; two of them at half are enough; five times is the upper tier. · 法发〔2011〕3号, art. 13
              added  cn/criminal/217/2025-05-art-13  Copyright crime: the lines of the 2025 interpretation
                after: Lines by gain, business volume, repetition within two years, copies, and online by works, downloads, clicks and members; two at half are enough; ten times is the upper tier. · 法释〔2025〕5号, art. 13 (source not read)
              changed  cn/criminal/ip-fines  General range of fines
                before: By the gain first; if it cannot be found, by the business volume; failing both, fixed ranges by tier. All are general ranges. · 法释〔2020〕10号, art. 10
                after: The ceiling by gain rises to ten times; the rest is unchanged as far as remembered. · 法释〔2025〕5号 (fines; article number not checked) (source not read)
              removed  cn/criminal/sentencing/2020-10-art-08-09  Heavier, probation normally refused, and lighter (2020)
                before: Infringement as main trade, re-offending after an administrative penalty, fake relief goods in a disaster, keeping the gain: may be heavier, probation normally refused. Plea, forgiveness, remorse, a secret not yet disclosed or used: may be lighter. · 法释〔2020〕10号, arts. 8-9
                bar[probation.2020.gain].fact: refuses_to_hand_over_gain → nothing
                bar[probation.2020.gain].general: true → nothing
                bar[probation.2020.gain].heavier: true → nothing
                bar[probation.2020.gain].id: probation.2020.gain → nothing
                bar[probation.2020.gain].title: refuses to hand over the gain → nothing
                bar[probation.2020.gain].value: true → nothing
                bar[probation.2020.relief].fact: fakes_relief_goods_in_disaster → nothing
                bar[probation.2020.relief].general: true → nothing
                bar[probation.2020.relief].heavier: true → nothing
                bar[probation.2020.relief].id: probation.2020.relief → nothing
                bar[probation.2020.relief].title: fake marks on relief or epidemic goods during a disaster → nothing
                bar[probation.2020.relief].value: true → nothing
                bar[probation.2020.repeat].fact: reoffends_after_administrative_penalty → nothing
                bar[probation.2020.repeat].general: true → nothing
                bar[probation.2020.repeat].heavier: true → nothing
                bar[probation.2020.repeat].id: probation.2020.repeat → nothing
                bar[probation.2020.repeat].title: re-offends after an administrative penalty for infringement → nothing
                bar[probation.2020.repeat].value: true → nothing
                bar[probation.2020.trade].fact: ip_crime_as_main_trade → nothing
                bar[probation.2020.trade].general: true → nothing
                bar[probation.2020.trade].heavier: true → nothing
                bar[probation.2020.trade].id: probation.2020.trade → nothing
                bar[probation.2020.trade].title: infringement is the main trade → nothing
                bar[probation.2020.trade].value: true → nothing
                lighter[lighter.2020.forgiven].fact: forgiveness → nothing
                lighter[lighter.2020.forgiven].general: false → nothing
                lighter[lighter.2020.forgiven].heavier: false → nothing
                lighter[lighter.2020.forgiven].id: lighter.2020.forgiven → nothing
                lighter[lighter.2020.forgiven].title: the right holder forgives → nothing
                lighter[lighter.2020.forgiven].value: true → nothing
                lighter[lighter.2020.plea].fact: plea_leniency → nothing
                lighter[lighter.2020.plea].general: false → nothing
                lighter[lighter.2020.plea].heavier: false → nothing
                lighter[lighter.2020.plea].id: lighter.2020.plea → nothing
                lighter[lighter.2020.plea].title: plea and acceptance of punishment → nothing
                lighter[lighter.2020.plea].value: true → nothing
                lighter[lighter.2020.remorse].fact: remorse → nothing
                lighter[lighter.2020.remorse].general: false → nothing
                lighter[lighter.2020.remorse].heavier: false → nothing
                lighter[lighter.2020.remorse].id: lighter.2020.remorse → nothing
                lighter[lighter.2020.remorse].title: remorse is shown → nothing
                lighter[lighter.2020.remorse].value: true → nothing
                lighter[lighter.2020.secret].fact: secret_not_yet_used → nothing
                lighter[lighter.2020.secret].general: false → nothing
                lighter[lighter.2020.secret].heavier: false → nothing
                lighter[lighter.2020.secret].id: lighter.2020.secret → nothing
                lighter[lighter.2020.secret].title: the secret is not yet disclosed or used → nothing
                lighter[lighter.2020.secret].value: true → nothing"]],
    );
}

#[test]
fn the_amendment_of_2025_for_copyright_in_chinese() {
    check(
        "2025-04-25",
        "2025-04-26",
        Language::Zh,
        expect![[r"
            2025-04-25 与 2025-04-26 的规则相比
            cn/criminal/217  侵犯著作权罪
              提高  违法所得标准由 150,000.00 元 提高到 300,000.00 元：150,000.00 元 至 299,999.99 元 的，不再达到“第二档（情节特别严重/数额巨大）”的这一标准
                此前：违法所得 150,000.00 元以上 · 法释〔2004〕19号第五条
                此后：违法所得 300,000.00 元以上 · 法释〔2025〕5号第十三条（未经核对原文）
              提高  非法经营数额标准由 250,000.00 元 提高到 500,000.00 元：250,000.00 元 至 499,999.99 元 的，不再达到“第二档（情节特别严重/数额巨大）”的这一标准
                此前：非法经营数额 250,000.00 元以上 · 法释〔2004〕19号第五条
                此后：非法经营数额 500,000.00 元以上 · 法释〔2025〕5号第十三条（未经核对原文）
              提高  限于“通过信息网络传播”的情形：实际被点击数标准由 50,000 次 提高到 100,000 次：50,000 次 至 99,999 次 的，不再达到“第一档（情节严重/数额较大）”的这一标准
                此前：限于“通过信息网络传播”的情形：实际被点击数 50,000 次以上 · 法发〔2011〕3号第十三条
                此后：限于“通过信息网络传播”的情形：实际被点击数 100,000 次以上 · 法释〔2025〕5号第十三条（未经核对原文）
              提高  限于“通过信息网络传播”的情形：传播他人作品数量标准由 2,500 件 提高到 5,000 件：2,500 件 至 4,999 件 的，不再达到“第二档（情节特别严重/数额巨大）”的这一标准
                此前：限于“通过信息网络传播”的情形：传播他人作品数量 2,500 件以上 · 法发〔2011〕3号第十三条
                此后：限于“通过信息网络传播”的情形：传播他人作品数量 5,000 件以上 · 法释〔2025〕5号第十三条（未经核对原文）
              提高  限于“通过信息网络传播”的情形：实际被点击数标准由 250,000 次 提高到 1,000,000 次：250,000 次 至 999,999 次 的，不再达到“第二档（情节特别严重/数额巨大）”的这一标准
                此前：限于“通过信息网络传播”的情形：实际被点击数 250,000 次以上 · 法发〔2011〕3号第十三条
                此后：限于“通过信息网络传播”的情形：实际被点击数 1,000,000 次以上 · 法释〔2025〕5号第十三条（未经核对原文）
              提高  限于“以会员制方式传播”的情形：注册会员人数标准由 5,000 人 提高到 10,000 人：5,000 人 至 9,999 人 的，不再达到“第二档（情节特别严重/数额巨大）”的这一标准
                此前：限于“以会员制方式传播”的情形：注册会员人数 5,000 人以上 · 法发〔2011〕3号第十三条
                此后：限于“以会员制方式传播”的情形：注册会员人数 10,000 人以上 · 法释〔2025〕5号第十三条（未经核对原文）
              变更  “第一档（情节严重/数额较大）”的这一标准，适用情形由“不限情形”变为“复制发行”
                此前：复制品数量 500 张（份）以上 · 法释〔2007〕6号第一条
                此后：限于“复制发行”的情形：复制品数量 500 张（份）以上 · 法释〔2025〕5号第十三条（未经核对原文）
              变更  “第二档（情节特别严重/数额巨大）”的这一标准，适用情形由“不限情形”变为“复制发行”；限于“复制发行”的情形：复制品数量标准由 2,500 张（份） 提高到 5,000 张（份）：2,500 张（份） 至 4,999 张（份） 的，不再达到“第二档（情节特别严重/数额巨大）”的这一标准
                此前：复制品数量 2,500 张（份）以上 · 法释〔2007〕6号第一条
                此后：限于“复制发行”的情形：复制品数量 5,000 张（份）以上 · 法释〔2025〕5号第十三条（未经核对原文）
              变更  “第一档（情节严重/数额较大）”的这一标准，适用情形由“通过信息网络传播”变为“不限情形”；“第一档（情节严重/数额较大）”的组合标准内容有变，涉及接近各项标准的行为
                此前：限于“通过信息网络传播”的情形：下列标准中至少 2 项各达到 50%：非法经营数额 50,000.00 元以上、传播他人作品数量 500 件以上、实际被点击数 50,000 次以上、注册会员人数 1,000 人以上 · 法发〔2011〕3号第十三条
                此后：下列标准中至少 2 项各达到 50%：非法经营数额 50,000.00 元以上、复制品数量 500 张（份）以上、传播他人作品数量 500 件以上、下载次数 10,000 次以上、实际被点击数 100,000 次以上、注册会员人数 1,000 人以上 · 法释〔2025〕5号第十三条（未经核对原文）
              取消  限于“通过信息网络传播”的情形：没有影响：“第一档（情节严重/数额较大）”的非法经营数额标准在这些情形下不变
                此前：限于“通过信息网络传播”的情形：非法经营数额 50,000.00 元以上 · 法发〔2011〕3号第十三条
              取消  限于“通过信息网络传播”的情形：非法经营数额标准由 250,000.00 元 提高到 500,000.00 元：250,000.00 元 至 499,999.99 元 的，不再达到“第二档（情节特别严重/数额巨大）”的这一标准
                此前：限于“通过信息网络传播”的情形：非法经营数额 250,000.00 元以上 · 法发〔2011〕3号第十三条
              取消  限于“通过信息网络传播”的情形：该标准取消，仅凭此项不再达到“第二档（情节特别严重/数额巨大）”
                此前：限于“通过信息网络传播”的情形：下列标准中至少 2 项各达到 50%：非法经营数额 250,000.00 元以上、传播他人作品数量 2,500 件以上、实际被点击数 250,000 次以上、注册会员人数 5,000 人以上 · 法发〔2011〕3号第十三条
              新增  限于“二年内受过刑事或者行政处罚后再犯同类行为”的情形：违法所得标准由 30,000.00 元 降低到 20,000.00 元：20,000.00 元 至 29,999.99 元 的，现在达到“第一档（情节严重/数额较大）”的这一标准
                此后：限于“二年内受过刑事或者行政处罚后再犯同类行为”的情形：违法所得 20,000.00 元以上 · 法释〔2025〕5号第十三条（未经核对原文）
              新增  限于“二年内受过刑事或者行政处罚后再犯同类行为”的情形：非法经营数额标准由 50,000.00 元 降低到 30,000.00 元：30,000.00 元 至 49,999.99 元 的，现在达到“第一档（情节严重/数额较大）”的这一标准
                此后：限于“二年内受过刑事或者行政处罚后再犯同类行为”的情形：非法经营数额 30,000.00 元以上 · 法释〔2025〕5号第十三条（未经核对原文）
              新增  限于“通过信息网络传播”的情形：新设标准：下载次数 10,000 次以上的，现在可达到“第一档（情节严重/数额较大）”；此前没有这一标准
                此后：限于“通过信息网络传播”的情形：下载次数 10,000 次以上 · 法释〔2025〕5号第十三条（未经核对原文）
              新增  限于“二年内受过刑事或者行政处罚后再犯同类行为”的情形：违法所得标准由 150,000.00 元 提高到 200,000.00 元：150,000.00 元 至 199,999.99 元 的，不再达到“第二档（情节特别严重/数额巨大）”的这一标准
                此后：限于“二年内受过刑事或者行政处罚后再犯同类行为”的情形：违法所得 200,000.00 元以上 · 法释〔2025〕5号第十三条（未经核对原文）
              新增  限于“二年内受过刑事或者行政处罚后再犯同类行为”的情形：非法经营数额标准由 250,000.00 元 提高到 300,000.00 元：250,000.00 元 至 299,999.99 元 的，不再达到“第二档（情节特别严重/数额巨大）”的这一标准
                此后：限于“二年内受过刑事或者行政处罚后再犯同类行为”的情形：非法经营数额 300,000.00 元以上 · 法释〔2025〕5号第十三条（未经核对原文）
              新增  限于“通过信息网络传播”的情形：新设标准：下载次数 100,000 次以上的，现在可达到“第二档（情节特别严重/数额巨大）”；此前没有这一标准
                此后：限于“通过信息网络传播”的情形：下载次数 100,000 次以上 · 法释〔2025〕5号第十三条（未经核对原文）
              变更  判处罚金的，一般幅度不同
                此前：第 1 顺位：违法所得的 100% 至 500%；第 2 顺位：非法经营数额的 50% 至 100%；第 3 顺位：第一档（情节严重/数额较大） 30,000.00 元 至 1,000,000.00 元、第二档（情节特别严重/数额巨大） 150,000.00 元 至 5,000,000.00 元 · 法释〔2020〕10号第十条
                此后：第 1 顺位：违法所得的 100% 至 1000%；第 2 顺位：非法经营数额的 50% 至 100%；第 3 顺位：第一档（情节严重/数额较大） 30,000.00 元 至 1,000,000.00 元、第二档（情节特别严重/数额巨大） 150,000.00 元 至 5,000,000.00 元 · 法释〔2025〕5号（罚金条，条号未核对）（未经核对原文）
            起止或换版的规则
              取消　cn/criminal/217/2004-19-art-05　侵犯著作权罪：2004年解释的标准
                此前：违法所得、非法经营数额或者复制品数量达到规定数字之一的，为第一档；达到规定的更高数字之一的，为第二档。 · 法释〔2004〕19号第五条
              取消　cn/criminal/217/2007-06-art-01　侵犯著作权罪：2007年解释（二）的复制品数量标准
                此前：复制品数量标准降低一半：五百以上为第一档，二千五百以上为第二档。 · 法释〔2007〕6号第一条
              取消　cn/criminal/217/2011-03-art-13　侵犯著作权罪：2011年意见的网络传播标准
                此前：通过信息网络传播的，按非法经营数额、作品数量、实际被点击数、注册会员人数分别定标准；两项以上各达一半亦可；五倍为第二档。 · 法发〔2011〕3号第十三条
              新增　cn/criminal/217/2025-05-art-13　侵犯著作权罪：2025年解释的标准
                此后：按违法所得、非法经营数额、二年内再犯、复制品数量、网络传播的作品数、下载次数、点击数、会员数分别定标准；两项以上各达一半亦可；十倍为第二档。 · 法释〔2025〕5号第十三条（未经核对原文）
              变更　cn/criminal/ip-fines　侵犯知识产权犯罪的罚金幅度
                此前：先按违法所得，查不清的按非法经营数额，都查不清的按刑档给定幅度；均为一般幅度。 · 法释〔2020〕10号第十条
                此后：违法所得倍数上限提高到十倍，其余据记忆不变。 · 法释〔2025〕5号（罚金条，条号未核对）（未经核对原文）
              取消　cn/criminal/sentencing/2020-10-art-08-09　侵犯知识产权犯罪从重、一般不适用缓刑和从轻的情形（2020年）
                此前：以侵权为业、行政处罚后再犯、灾害疫情期间假冒救灾防疫商品、拒交违法所得的，可以从重且一般不适用缓刑；认罪认罚、取得谅解、悔罪、商业秘密尚未披露使用的，可以从轻。 · 法释〔2020〕10号第八条、第九条
                bar[probation.2020.gain].fact：refuses_to_hand_over_gain → 无
                bar[probation.2020.gain].general：true → 无
                bar[probation.2020.gain].heavier：true → 无
                bar[probation.2020.gain].id：probation.2020.gain → 无
                bar[probation.2020.gain].title：拒不交出违法所得 → 无
                bar[probation.2020.gain].value：true → 无
                bar[probation.2020.relief].fact：fakes_relief_goods_in_disaster → 无
                bar[probation.2020.relief].general：true → 无
                bar[probation.2020.relief].heavier：true → 无
                bar[probation.2020.relief].id：probation.2020.relief → 无
                bar[probation.2020.relief].title：灾害疫情期间假冒抢险救灾、防疫物资 → 无
                bar[probation.2020.relief].value：true → 无
                bar[probation.2020.repeat].fact：reoffends_after_administrative_penalty → 无
                bar[probation.2020.repeat].general：true → 无
                bar[probation.2020.repeat].heavier：true → 无
                bar[probation.2020.repeat].id：probation.2020.repeat → 无
                bar[probation.2020.repeat].title：因侵犯知识产权受过行政处罚后再犯 → 无
                bar[probation.2020.repeat].value：true → 无
                bar[probation.2020.trade].fact：ip_crime_as_main_trade → 无
                bar[probation.2020.trade].general：true → 无
                bar[probation.2020.trade].heavier：true → 无
                bar[probation.2020.trade].id：probation.2020.trade → 无
                bar[probation.2020.trade].title：主要以侵犯知识产权为业 → 无
                bar[probation.2020.trade].value：true → 无
                lighter[lighter.2020.forgiven].fact：forgiveness → 无
                lighter[lighter.2020.forgiven].general：false → 无
                lighter[lighter.2020.forgiven].heavier：false → 无
                lighter[lighter.2020.forgiven].id：lighter.2020.forgiven → 无
                lighter[lighter.2020.forgiven].title：取得权利人谅解 → 无
                lighter[lighter.2020.forgiven].value：true → 无
                lighter[lighter.2020.plea].fact：plea_leniency → 无
                lighter[lighter.2020.plea].general：false → 无
                lighter[lighter.2020.plea].heavier：false → 无
                lighter[lighter.2020.plea].id：lighter.2020.plea → 无
                lighter[lighter.2020.plea].title：认罪认罚 → 无
                lighter[lighter.2020.plea].value：true → 无
                lighter[lighter.2020.remorse].fact：remorse → 无
                lighter[lighter.2020.remorse].general：false → 无
                lighter[lighter.2020.remorse].heavier：false → 无
                lighter[lighter.2020.remorse].id：lighter.2020.remorse → 无
                lighter[lighter.2020.remorse].title：具有悔罪表现 → 无
                lighter[lighter.2020.remorse].value：true → 无
                lighter[lighter.2020.secret].fact：secret_not_yet_used → 无
                lighter[lighter.2020.secret].general：false → 无
                lighter[lighter.2020.secret].heavier：false → 无
                lighter[lighter.2020.secret].id：lighter.2020.secret → 无
                lighter[lighter.2020.secret].title：商业秘密尚未披露、使用或者允许他人使用 → 无
                lighter[lighter.2020.secret].value：true → 无"]],
    );
}

#[test]
fn the_amendment_of_the_criminal_law_in_2021() {
    check(
        "2021-02-28",
        "2021-03-01",
        Language::En,
        expect![[r"
            The law of 2021-02-28 and of 2021-03-01
            cn/criminal/217  Copyright crime
              changed  statutory element “one of the acts that the article lists”: added performance_copied_or_made_available, protection_measure_circumvented; removed nothing
                before: one of the acts that the article lists (fact act_type); one of work_copied_and_distributed, work_made_available_online, exclusive_book_published, recording_copied_and_distributed, recording_made_available_online, forged_signature_art · Criminal Law art. 217 (before 2021-03-01) (source not read)
                after: one of the acts that the article lists (fact act_type); one of work_copied_and_distributed, work_made_available_online, exclusive_book_published, recording_copied_and_distributed, recording_made_available_online, forged_signature_art, performance_copied_or_made_available, protection_measure_circumvented · Criminal Law art. 217
              changed  another band for acts that reach: entry tier (serious)
                before: criminal detention or imprisonment, 1 month to 3 years; with a fine, or a fine alone · Criminal Law art. 217 (before 2021-03-01)
                after: imprisonment of 6 months to 3 years; with a fine, or a fine alone · Criminal Law art. 217 (Amendment XI art. 20)
              changed  another band for acts that reach: upper tier (especially serious)
                before: imprisonment of 3 years to 7 years; always with a fine · Criminal Law art. 217 (before 2021-03-01)
                after: imprisonment of 3 years to 10 years; always with a fine · Criminal Law art. 217 (Amendment XI art. 20)
            Rules that began, ended or changed version
              changed  cn/criminal/217  Copyright crime
                before: For profit and without permission, copying and distributing works or recordings, publishing a book under another’s exclusive right, or art under a forged name, reaching a line. · Criminal Law art. 217 (before 2021-03-01) (source not read)
                after: For profit and without permission, one of the listed acts, reaching a line of amount or gravity. · Criminal Law art. 217
              changed  cn/criminal/217/bands  Penalty bands of copyright crime
                before: Entry tier up to three years or detention; upper tier three to seven years. · Criminal Law art. 217 (before 2021-03-01)
                after: Entry tier up to three years, with or only a fine; upper tier three to ten years with a fine. · Criminal Law art. 217 (Amendment XI art. 20)"]],
    );
}

#[test]
fn the_interpretation_of_2007_for_units_and_copies() {
    check(
        "2007-04-04",
        "2007-04-05",
        Language::En,
        expect![[r"
            The law of 2007-04-04 and of 2007-04-05
            cn/criminal/217  Copyright crime
              lowered  copies, 1,000 copies → 500 copies: from 500 copies to 999 copies, acts are now over this line for: entry tier (serious)
                before: copies: 1,000 copies or more · 法释〔2004〕19号, art. 5
                after: copies: 500 copies or more · 法释〔2007〕6号, art. 1
              lowered  copies, 5,000 copies → 2,500 copies: from 2,500 copies to 4,999 copies, acts are now over this line for: upper tier (especially serious)
                before: copies: 5,000 copies or more · 法释〔2004〕19号, art. 5
                after: copies: 2,500 copies or more · 法释〔2007〕6号, art. 1
              added  whoever is fined: the general range differs
                after: either basis 1: 100 to 500 % of the illegal gain; either basis 2: 50 to 100 % of the illegal business volume · 法释〔2007〕6号, art. 4
              changed  units: their lines go from 3 to 1 times those of a natural person
                before: units: each line is 3 times that of a natural person · 法释〔2004〕19号, art. 15
                after: units: each line is 1 times that of a natural person · 法释〔2007〕6号, art. 6; Criminal Law art. 220
            Rules that began, ended or changed version
              changed  cn/criminal/217/2004-19-art-05  Copyright crime: the lines of the 2004 interpretation
                before: Reaching one of the numbers for gain, business volume or copies is the entry tier; reaching one of the higher numbers is the upper tier. · 法释〔2004〕19号, art. 5
                after: Reaching one of the numbers for gain, business volume or copies is the entry tier; reaching one of the higher numbers is the upper tier. · 法释〔2004〕19号, art. 5
              added  cn/criminal/217/2007-06-art-01  Copyright crime: number of copies under the 2007 interpretation
                after: Halves the lines by number of copies: 500 for the entry tier, 2,500 for the upper tier. · 法释〔2007〕6号, art. 1
              added  cn/criminal/ip-fines  General range of fines
                after: In general one to five times the gain, or 50 to 100 % of the business volume. · 法释〔2007〕6号, art. 4
              changed  cn/criminal/ip-units  Lines for units
                before: A unit is judged by three times the lines of a natural person. · 法释〔2004〕19号, art. 15
                after: Units and persons have the same lines; the unit is fined and the people responsible are punished. · 法释〔2007〕6号, art. 6; Criminal Law art. 220
              added  cn/criminal/sentencing/2007-06-art-03  When probation is normally refused (2007)
                after: Normally refused after an earlier penalty, without remorse, where the gain is kept, or where otherwise unsuitable. · 法释〔2007〕6号, art. 3
                bar[probation.2007.gain].fact: nothing → refuses_to_hand_over_gain
                bar[probation.2007.gain].general: nothing → true
                bar[probation.2007.gain].heavier: nothing → false
                bar[probation.2007.gain].id: nothing → probation.2007.gain
                bar[probation.2007.gain].title: nothing → refuses to hand over the gain
                bar[probation.2007.gain].value: nothing → true
                bar[probation.2007.other].fact: nothing → probation_otherwise_unsuitable
                bar[probation.2007.other].general: nothing → true
                bar[probation.2007.other].heavier: nothing → false
                bar[probation.2007.other].id: nothing → probation.2007.other
                bar[probation.2007.other].title: nothing → otherwise unsuitable
                bar[probation.2007.other].value: nothing → true
                bar[probation.2007.remorse].fact: nothing → remorse
                bar[probation.2007.remorse].general: nothing → true
                bar[probation.2007.remorse].heavier: nothing → false
                bar[probation.2007.remorse].id: nothing → probation.2007.remorse
                bar[probation.2007.remorse].title: nothing → no remorse
                bar[probation.2007.remorse].value: nothing → false
                bar[probation.2007.repeat].fact: nothing → reoffends_after_ip_penalty
                bar[probation.2007.repeat].general: nothing → true
                bar[probation.2007.repeat].heavier: nothing → false
                bar[probation.2007.repeat].id: nothing → probation.2007.repeat
                bar[probation.2007.repeat].title: nothing → re-offends after a criminal or administrative penalty for infringement
                bar[probation.2007.repeat].value: nothing → true"]],
    );
}

#[test]
fn the_same_law_has_no_difference() {
    let same = diff("2023-01-01", "2023-12-31", None);
    assert!(same.offences.is_empty() && same.rules.is_empty(), "{same:#?}");
    assert!(!same.rests_on_unverified);
}

/// Whom a difference names is who it really moves: an act on either end of the span is assessed on both days.
#[test]
fn an_act_inside_the_span_changes_its_tier_and_one_beside_it_does_not() {
    let found = diff("2025-04-25", "2025-04-26", Some("cn/criminal/217"));
    let clicks = found.offences[0]
        .changes
        .iter()
        .find(|change| change.fact.as_deref() == Some("actual_clicks") && change.tier == Some(Tier::Serious))
        .unwrap();
    assert_eq!((clicks.about, clicks.change), (Point::Line, Change::Raised));
    let amount = |side: &Option<quanlian_law::PointSide>| side.as_ref().unwrap().amount.unwrap().number();
    let (old, new) = (amount(&clicks.before), amount(&clicks.after));
    let outcome = |day: &str, clicks: i64| {
        let mut sheet = sheet(day, day, day, "");
        sheet.facts.push(count("actual_clicks", clicks));
        assess(&sheet).outcome
    };
    for (clicks, before, after) in [
        (old - 1, Outcome::Undetermined, Outcome::Undetermined),
        (old, Outcome::Serious, Outcome::Undetermined),
        (new - 1, Outcome::Serious, Outcome::Undetermined),
        (new, Outcome::Serious, Outcome::Serious),
    ] {
        assert_eq!(outcome("2025-04-25", clicks), before, "{clicks}");
        assert_eq!(outcome("2025-04-26", clicks), after, "{clicks}");
    }
}

#[test]
fn days_the_wrong_way_round_and_unknown_offences_are_refused() {
    let day = |text: &str| text.parse().unwrap();
    let order = book()
        .diff(day("2025-01-01"), day("2024-01-01"), None)
        .unwrap_err();
    assert_eq!(order.code(), "law_diff_order");
    let unknown = book()
        .diff(day("2024-01-01"), day("2025-01-01"), Some("cn/criminal/219-2"))
        .unwrap_err();
    assert_eq!(unknown.code(), "law_diff_unknown_offence");
    assert!(
        unknown.to_string().contains("did you mean `cn/criminal/219-1`?"),
        "{unknown}"
    );
}

fn changed(file: &str, from: &str, to: &str) -> BTreeMap<String, String> {
    let mut files = law_files();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{from} is not in {file}");
    *text = text.replacen(from, to, 1);
    files
}

#[test]
fn a_period_with_another_length_says_who_has_how_long() {
    let file = "cn/transfer-of-suspected-crimes/art-05-decide.toml";
    let text = &law_files()[file];
    let version = &text[text.find("[[version]]").unwrap()..text.find("[[example]]").unwrap()];
    let later = version
        .replace("2020-08-07", "2030-01-01")
        .replace("days   = 3", "days   = 7");
    let earlier = version.replace("from   = 2020-08-07", "from   = 2020-08-07\nto = 2029-12-31");
    let files = changed(file, version, &format!("{earlier}{later}"));
    let book = load(&files).unwrap();
    let day = |text: &str| text.parse().unwrap();
    let found = book.diff(day("2029-12-31"), day("2030-01-01"), None).unwrap();
    assert_eq!(found.rules.len(), 1);
    assert_eq!(found.rules[0].change, Change::Changed);
    let fields: Vec<&str> = found.rules[0]
        .fields
        .iter()
        .map(|field| field.field.as_str())
        .collect();
    assert_eq!(fields, ["period.days.days"]);
    expect!["head of the agency: approve the transfer, or refuse it and put the reasons on file: 3 calendar days → 7 calendar days"].assert_eq(&found.rules[0].for_whom.as_ref().unwrap().en);
}
