//! Seeds of the law: our rule files, fact sheets, timelines, the tables beside suspects, plain values.

use crate::{Corpora, root};

pub fn make(corpora: &Corpora) {
    corpora.put_tree("law_rules", &root().join("law/cn"), &[".toml"]);
    for (name, text) in [
        (
            "assess",
            r#"{"offence":"cn/criminal/217","person":"natural","conduct":{"from":"2022-05-01","to":"2023-04-30"},"judged_on":"2024-12-20","facts":[{"name":"illegal_gain","fen":7200000,"evidence":["e"]},{"name":"actual_clicks","at_least_count":30000}]}"#,
        ),
        (
            "secret",
            r#"{"offence":"cn/criminal/219","person":"unit","conduct":{"from":"2022-06-01","to":"2022-06-20"},"judged_on":"2026-01-20","facts":[{"name":"reasonable_licence_fee","at_most_fen":230000000},{"name":"secret_disclosed_or_used","value":false}]}"#,
        ),
        (
            "assess-toml",
            "offence = \"cn/criminal/217\"\njudged_on = 2024-12-20\n[conduct]\nfrom = 2022-05-01\nto = 2023-04-30\n[[facts]]\nname = \"illegal_business_volume\"\nfen = 12_000_000\n",
        ),
        (
            "damages",
            r#"{"right":"copyright","acts":{"from":"2021-06-01","to":"2022-01-01"},"judged_on":"2024-01-01","facts":[{"name":"actual_loss","fen":1000000}]}"#,
        ),
        ("timeline", "[events]\nreport_received_on = 2024-09-29\n"),
        (
            "timeline-json",
            r#"{"events":{"report_received_on":"2024-09-29"}}"#,
        ),
    ] {
        corpora.put("law_sheets", name, text);
    }
    for (name, text) in [
        (
            "table",
            "file,uploader,upload_date,view_count,url,illegal_gain_yuan\nsong.mp3,u,2024-01-02,\"1,234\",https://example.com,12.5\n",
        ),
        (
            "table-zh",
            "文件,上传者,播放量,违法所得\nsong.mp3,甲,1.2万,￥3000\n",
        ),
        ("pairs", "fact,value\nillegal_business_volume,120000\n"),
        (
            "side",
            r#"{"id":"a","title":"t","uploader":"u","upload_date":"20240102","view_count":123,"webpage_url":"https://example.com/","duration":12.5}"#,
        ),
        (
            "case",
            "offence = \"cn/criminal/217\"\njudged_on = 2024-12-20\n[conduct]\nfrom = 2022-05-01\nto = 2023-04-30\n[case]\nnumber = \"1\"\n[events]\nreport_received_on = 2023-05-10\n",
        ),
    ] {
        corpora.put("case_side_files", name, text);
    }
    let gbk: &[u8] = b"\xce\xc4\xbc\xfe,\xb2\xa5\xb7\xc5\xc1\xbf\nsong.mp3,12\n";
    corpora.put("case_side_files", "table-gbk", gbk);
    for (name, text) in [
        ("day", "2024-02-29"),
        ("yuan", "12,345.67"),
        ("json", r#"{"b":[1e21,-0.0,"\u20ac\u0001"],"a":null,"😀":1.5e-7}"#),
        (
            "record",
            r#"{"id":"01890a5d-ac96-774b-bcce-b302099a8057","kind":"k","at":"2026-01-01T00:00:00Z","actor":"a","body":{}}"#,
        ),
    ] {
        corpora.put("record_values", name, text);
    }
}
