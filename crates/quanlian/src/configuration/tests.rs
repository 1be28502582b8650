//! Tests of the configuration: which layer counts, what is refused, what is told of it.
//!
//! In:  texts of files, variables and flags, none of this machine.
//! Out: nothing, or the first promise that is not kept.

use std::{ffi::OsString, fs, os::unix::fs::PermissionsExt as _};

use tempfile::TempDir;

use super::*;

struct Tried {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
    flags: Vec<Flag>,
}

impl Tried {
    fn file(text: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("c.toml"), text).unwrap();
        Self {
            folder,
            variables: Vec::new(),
            flags: Vec::new(),
        }
    }

    fn beside(&self, name: &str, text: &str, mode: u32) {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn load(&self) -> Loaded {
        let place = PlatformPlace {
            data: None,
            database: None,
            config: Some(self.folder.path().join("c.toml")),
        };
        let all = self.variables.iter();
        let all = all.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Configuration::of(&place, &self.flags, |_| None, all)
    }

    /// Code, key and line of each thing that is wrong.
    fn told(&self) -> Vec<String> {
        let loaded = self.load();
        let line = |finding: &Finding| {
            let origin = finding.origin.as_ref()?;
            origin.rsplit_once(':').map(|(_, line)| format!(" line {line}"))
        };
        let told = loaded.findings.iter().map(|finding| {
            let key = finding.key.as_ref().map(|key| format!(" {key}"));
            format!(
                "{}{}{}",
                finding.code,
                key.unwrap_or_default(),
                line(finding).unwrap_or_default()
            )
        });
        told.collect()
    }

    fn details(&self) -> String {
        let loaded = self.load();
        let all: Vec<&str> = loaded
            .findings
            .iter()
            .map(|finding| finding.detail.as_str())
            .collect();
        all.join("; ")
    }
}

fn told(text: &str) -> Vec<String> {
    Tried::file(text).told()
}

#[test]
fn the_command_line_goes_over_the_environment_and_that_over_the_file() {
    let mut tried = Tried::file("[session]\nidle_s = 600\nlongest_s = 7_200\nfresh_s = 60\n");
    tried.variables = vec![
        ("QUANLIAN_SESSION_LONGEST_S", "3600".into()),
        ("QUANLIAN_SESSION_FRESH_S", "90".into()),
        ("QUANLIAN_SESSION_IDLE_S", String::new()),
    ];
    tried.flags = vec![Flag {
        path: "session.fresh_s",
        name: "--fresh",
        says: "120".into(),
    }];
    let loaded = tried.load();
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let session = &loaded.configuration.sections.session;
    assert_eq!(
        (
            session.idle_s,
            session.longest_s,
            session.fresh_s,
            session.second_factor_s
        ),
        (600, 3600, 120, 300)
    );
    let from = |name: &str| {
        let found = loaded.settled.iter().find(|one| one.key.path() == name).unwrap();
        found.origin.to_string()
    };
    assert!(from("session.idle_s").ends_with("c.toml:2"));
    assert_eq!(from("session.longest_s"), "$QUANLIAN_SESSION_LONGEST_S");
    assert_eq!(from("session.fresh_s"), "--fresh");
    assert_eq!(from("session.second_factor_s"), "default");
}

#[test]
fn a_key_that_nobody_knows_is_refused_with_the_nearest_one() {
    let details = |text: &str| Tried::file(text).details();
    assert_eq!(
        details("[session]\nidle = 5\n"),
        "there is no key `idle` in [session]; the nearest is `idle_s` in [session]"
    );
    assert_eq!(
        details("[sesion]\nidle_s = 5\n"),
        "there is no section [sesion]; the nearest is [session]"
    );
    assert_eq!(
        details("lisen = 5\n"),
        "there is no key `lisen` outside of any section; the nearest is `listen` in [server]"
    );
    assert_eq!(
        details("[server]\nmax_file_mb = 5\n"),
        "there is no key `max_file_mb` in [server]; the nearest is `max_file_mib` in [storage]"
    );
    let long = format!("[server]\n{} = 1\n", "q".repeat(100_000));
    assert!(details(&long).len() < 400);
}

#[test]
fn whatever_is_wrong_is_told_at_once_with_its_line() {
    let text = "[session]\nidle_s = -5\nlongest_s = \"10h\"\nfresh_s = 3.5\nsecond_factor_s = 1e300\n[storage]\nmax_file_mib = 0\n\
        [server]\nplain_http = \"yes\"\nlisten = \"localhost\"\ntrusted_proxies = [\"10.0.0.0/33\"]\n[log]\nfilter = \"loud\"\n";
    assert_eq!(
        told(text),
        [
            "config_value server.listen line 10",
            "config_kind server.plain_http line 9",
            "config_value server.trusted_proxies line 11",
            "config_bounds storage.max_file_mib line 7",
            "config_bounds session.idle_s line 2",
            "config_kind session.longest_s line 3",
            "config_kind session.fresh_s line 4",
            "config_kind session.second_factor_s line 5",
            "config_value log.filter line 13",
        ]
    );
    assert_eq!(
        Tried::file("[session]\nidle_s = -5").details(),
        "-5 is not a whole number of seconds from 60 to 86400"
    );
    assert_eq!(
        told("[session]\nidle_s = 99999999999999999999\n"),
        ["config_kind session.idle_s line 2"]
    );
    assert_eq!(
        told("[session]\nlongest_s = 300\n"),
        ["config_contradiction session.idle_s"]
    );
}

#[test]
fn a_file_that_is_none_is_refused() {
    assert_eq!(told("[session\nidle_s = 600"), ["config_syntax line 1"]);
    assert_eq!(
        told("[log]\nformat = \"json\"\nformat = \"text\"\n"),
        ["config_syntax line 3"]
    );
    assert_eq!(told("[log]\n[log]\n"), ["config_syntax line 2"]);
    assert_eq!(Tried::file([0x5b, 0xff, 0x5d]).told(), ["config_not_utf8"]);
    assert_eq!(told(&" ".repeat(300 << 10)), ["config_file_unreadable"]);
    let deep = format!("[log]\nformat = {}\n", "[".repeat(50_000));
    assert!(!told(&deep).is_empty());
    let many: Vec<String> = (0..10_000).map(|n| format!("k{n} = 1")).collect();
    assert_eq!(told(&many.join("\n")).len(), 50);
    // A folder, a device, nothing at all.
    let at = |path: &str| {
        let place = PlatformPlace {
            data: None,
            database: None,
            config: Some(path.into()),
        };
        let loaded = Configuration::of(&place, &[], |_| None, std::iter::empty());
        loaded
            .findings
            .iter()
            .map(|finding| finding.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(at("/"), ["config_file_unreadable"]);
    assert_eq!(at("/dev/zero"), ["config_file_unreadable"]);
    assert_eq!(at("/nowhere/c.toml"), ["config_file_missing"]);
}

#[test]
fn a_secret_stands_in_a_file_of_its_own_that_not_everybody_reads() {
    let tried = Tried::file("[database]\npassword_file = \"p\"\n");
    assert_eq!(
        tried.told(),
        ["config_secret_unreadable database.password line 2"]
    );
    for (mode, text, code) in [
        (0o600, "hunter2\n", ""),
        (0o640, "hunter2", ""),
        (0o604, "hunter2", "config_secret_open"),
        (0o666, "hunter2", "config_secret_open"),
        (0o600, "", "config_secret_unreadable"),
        (0o600, "two\nlines\n", "config_secret_unreadable"),
    ] {
        tried.beside("p", text, mode);
        let loaded = tried.load();
        let codes: Vec<&str> = loaded.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes.join(""), code, "{mode:o} {text:?}");
        let password = &loaded.configuration.sections.database.password;
        assert_eq!(password.reveal(), code.is_empty().then_some("hunter2"));
        assert!(!format!("{loaded:?}").contains("hunter2"));
        let shown: Vec<&str> = loaded.settled.iter().map(|one| one.value.as_str()).collect();
        assert!(!shown.join(" ").contains("hunter2"));
    }
}

#[test]
fn no_error_repeats_what_stands_in_the_file() {
    for text in [
        "[database]\npassword = \"hunter2\"\n",
        "[database]\nurl = \"postgres://me:hunter2@h/d\"\n",
        "[database]\nmax_connections = \"hunter2\"\n",
        "[database]\npassword_file = \"hunter2\nurl = 5\n",
        "[server]\nlisten = \"hunter2\"\ntrusted_proxies = [\"hunter2\"]\n",
    ] {
        let tried = Tried::file(text);
        let loaded = tried.load();
        assert!(!loaded.is_sound(), "{text}");
        assert!(
            !format!("{:?}", loaded.findings).contains("hunter2"),
            "{:?}",
            loaded.findings
        );
    }
    assert_eq!(
        told("[database]\npassword = \"hunter2\"\n"),
        ["config_secret_inside database.password line 2"]
    );
}

#[test]
fn a_variable_that_looks_like_a_slip_is_told_and_others_are_not() {
    let mut tried = Tried::file("");
    tried.variables = vec![
        ("QUANLIAN_LISTNE", "127.0.0.1:1".into()),
        ("QUANLIAN_SESSION_IDLE", "5".into()),
        ("QUANLIAN_DEPOSITOR", "somebody".into()),
        ("HOME", "/root".into()),
    ];
    let loaded = tried.load();
    assert!(loaded.is_sound());
    assert_eq!(tried.told(), ["config_variable_unknown"; 2]);
    assert!(tried.details().contains("the nearest is QUANLIAN_LISTEN"));
}

#[test]
fn a_file_in_the_folder_is_found_and_names_no_other_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = |data: &Path| PlatformPlace {
        data: Some(data.to_owned()),
        database: None,
        config: None,
    };
    let load = |text: &str| {
        fs::write(folder.path().join("platform.toml"), text).unwrap();
        Configuration::of(&place(folder.path()), &[], |_| None, std::iter::empty())
    };
    let loaded = load("[jobs]\nmax_attempts = 3\n");
    assert_eq!(loaded.configuration.sections.jobs.max_attempts, 3);
    assert_eq!(loaded.configuration.data(), folder.path());
    let place = PlatformPlace {
        data: None,
        database: None,
        config: None,
    };
    fs::write(
        folder.path().join("platform.toml"),
        "[storage]\ndata = \"elsewhere\"\n",
    )
    .unwrap();
    let named = folder.path().as_os_str().to_owned();
    let variable = |name: &str| (name == "QUANLIAN_DATA").then(|| named.clone());
    let loaded = Configuration::of(&place, &[], variable, std::iter::empty());
    let codes: Vec<&str> = loaded.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["config_contradiction"]);
}

#[test]
fn paths_in_a_file_begin_where_the_file_is() {
    let tried = Tried::file("[storage]\ndata = \"here\"\n");
    assert_eq!(
        tried.load().configuration.data(),
        tried.folder.path().join("here")
    );
}

/// What the package installs.
#[test]
fn the_file_of_the_package_is_read() {
    let loaded = Tried::file(include_str!("../../../../packaging/platform.toml")).load();
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    assert_eq!(loaded.configuration.data(), Path::new("/var/lib/quanlian"));
    assert_eq!(loaded.configuration.sections.server.trusted_proxies.0.len(), 2);
}
