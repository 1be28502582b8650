//! The sections of the configuration: everything that an installation sets, with what holds otherwise.
//!
//! In:  nothing.
//! Out: one struct a section, made by [`section!`], and [`Sections`] of all.
//!
//! A new section is a struct here, a line in [`Sections`], and a message `setting.SECTION.NAME` for each key in both languages.
//!
//! Not here: settings of single commands, which are arguments.

use std::{net::SocketAddr, path::PathBuf};

use super::{
    key::{Key, Section, section},
    layers::Values,
    setting::{Bucket, Filter, HttpAddress, LogFormat, Networks, Secret, Server as DatabaseServer},
};

section! {
    /// Where it listens, and who stands in front.
    struct Server in "server" {
        listen: SocketAddr = "\"127.0.0.1:7380\"", variable "QUANLIAN_LISTEN";
        plain_http: bool = "false";
        trusted_proxies: Networks = "[]";
        public_url: Option<String> = "", such_as "\"https://quanlian.example.cn/\"";
    }
}

section! {
    /// What lies where.
    struct Storage in "storage" {
        data: PathBuf = "\"quanlian-data\"", variable "QUANLIAN_DATA";
        objects: Option<Bucket> = "", variable "QUANLIAN_OBJECTS",
            such_as "\"s3://quanlian/files?endpoint=https://s3.example.org\"";
        objects_key_id: Option<String> = "", variable "AWS_ACCESS_KEY_ID", such_as "\"quanlian\"";
        objects_secret: Secret = "", variable "AWS_SECRET_ACCESS_KEY", such_as "\"objects.secret\"";
        max_file_mib: u64 = "65536", within 1..=1 << 20;
    }
}

section! {
    /// The database, where it is no file in the folder.
    struct Database in "database" {
        url: Option<DatabaseServer> = "", variable "QUANLIAN_DATABASE", such_as "\"postgres://quanlian@db.example.org/quanlian\"";
        password: Secret = "", variable "QUANLIAN_DATABASE_PASSWORD", such_as "\"database.secret\"";
        max_connections: u32 = "32", within 2..=1_000;
        acquire_timeout_s: u64 = "10", within 1..=300;
        statement_timeout_s: u64 = "30", within 1..=3_600;
        lock_timeout_s: u64 = "10", within 1..=600;
    }
}

section! {
    /// What passwords must withstand.
    struct Password in "password" {
        min_chars: usize = "12", within 8..=128;
        min_guesses_log10: u8 = "10", within 6..=20;
        hash_memory_kib: u32 = "19456", within 19_456..=1 << 20;
        hash_passes: u32 = "2", within 2..=16;
    }
}

section! {
    /// How long sessions hold.
    struct Session in "session" {
        idle_s: u32 = "1800", within 60..=86_400;
        longest_s: u32 = "36000", within 300..=604_800;
        fresh_s: u32 = "300", within 30..=3_600;
        second_factor_s: u32 = "300", within 30..=3_600;
    }
}

section! {
    /// Wrong passwords of one address.
    struct SignIn in "sign_in" {
        address_free_tries: u32 = "50", within 1..=10_000;
        address_first_wait_s: u32 = "10", within 1..=3_600;
        address_longest_wait_s: u32 = "900", within 1..=86_400;
        address_forget_after_s: u32 = "3600", within 60..=604_800;
    }
}

section! {
    /// How much one address, one account and everybody together may take.
    struct Limits in "limits" {
        address_per_s: u32 = "100", within 0..=100_000;
        address_burst: u32 = "1000", within 1..=1_000_000;
        sign_in_per_s: u32 = "2", within 0..=10_000;
        sign_in_burst: u32 = "60", within 1..=100_000;
        account_per_s: u32 = "50", within 0..=100_000;
        account_burst: u32 = "500", within 1..=1_000_000;
        requests_in_flight: usize = "512", within 8..=100_000;
        pieces_in_flight: usize = "128", within 4..=100_000;
        connections: usize = "4096", within 16..=1_000_000;
        head_time_s: u64 = "15", within 1..=300;
        stop_time_s: u64 = "45", within 1..=3_600;
        piece_bytes_per_s: u64 = "1024", within 0..=1 << 30;
        open_uploads: u64 = "20", within 1..=100;
        open_uploads_mib: u64 = "131072", within 1..=1 << 30;
    }
}

section! {
    /// Work that is done later.
    struct Jobs in "jobs" {
        max_attempts: u32 = "20", within 1..=100;
        lease_s: u64 = "30", within 10..=3_600;
    }
}

section! {
    /// Notices that go to addresses of agencies.
    struct Webhooks in "webhooks" {
        allow_private: bool = "false";
        allow_loopback: bool = "false";
        root_certificates: Option<PathBuf> = "", such_as "\"roots.pem\"";
        timeout_s: u32 = "10", within 1..=60;
        give_up_after_days: u32 = "3", within 1..=30;
        dead_after_days: u32 = "5", within 1..=90;
    }
}

section! {
    /// The server that takes mail.
    struct Mail in "mail" {
        host: Option<String> = "", such_as "\"mail.example.cn\"";
        port: u32 = "0", within 0..=65_535;
        security: Option<String> = "\"starttls\"";
        from: Option<String> = "", such_as "\"quanlian@example.cn\"";
        user: Option<String> = "", such_as "\"quanlian\"";
        password: Secret = "", such_as "\"mail.secret\"";
        root_certificates: Option<PathBuf> = "", such_as "\"roots.pem\"";
        timeout_s: u32 = "20", within 1..=120;
        give_up_after_days: u32 = "3", within 1..=30;
    }
}

section! {
    /// A provider that signs people in (OpenID Connect).
    struct Oidc in "oidc" {
        issuer: Option<String> = "", such_as "\"https://id.example.cn\"";
        name: Option<String> = "\"sso\"";
        client_id: Option<String> = "", such_as "\"quanlian\"";
        client_secret: Secret = "", such_as "\"oidc.secret\"";
        scopes: Option<String> = "", such_as "\"profile\"";
        new_agency: Option<String> = "", such_as "\"culture\"";
        new_roles: Option<String> = "", such_as "\"handler\"";
        allow_private: bool = "false";
        allow_loopback: bool = "false";
        root_certificates: Option<PathBuf> = "", such_as "\"roots.pem\"";
    }
}

section! {
    /// What is told on stderr.
    struct Log in "log" {
        filter: Filter = "\"warn\"", variable "QUANLIAN_LOG";
        format: LogFormat = "\"text\"";
    }
}

section! {
    /// Figures about the program.
    struct Metrics in "metrics" {
        listen: Option<SocketAddr> = "", such_as "\"127.0.0.1:7381\"";
    }
}

section! {
    /// Traces of requests.
    struct Traces in "traces" {
        endpoint: Option<HttpAddress> = "", variable "OTEL_EXPORTER_OTLP_ENDPOINT", such_as "\"http://127.0.0.1:4318\"";
    }
}

macro_rules! sections {
    ($($field:ident: $section:ident,)*) => {
        /// All sections.
        #[derive(Debug, Clone)]
        pub(crate) struct Sections {
            $(pub(crate) $field: $section,)*
        }

        impl Sections {
            /// Everything that can be set, in the order of the example.
            pub(crate) fn keys() -> impl Iterator<Item = &'static Key> {
                [$(<$section as Section>::KEYS),*].into_iter().flatten()
            }

            pub(super) fn read(values: &mut Values) -> Self {
                Self { $($field: $section::read(values)),* }
            }
        }
    };
}

sections! {
    server: Server,
    storage: Storage,
    database: Database,
    password: Password,
    session: Session,
    sign_in: SignIn,
    limits: Limits,
    jobs: Jobs,
    webhooks: Webhooks,
    mail: Mail,
    oidc: Oidc,
    log: Log,
    metrics: Metrics,
    traces: Traces,
}
