//! Mail: what an account wanted to be told, in its language, without content.
//!
//! In:  the server that takes mail, as the operator names it; lines about notices.
//! Out: one mail, and what the server said to it.
//!
//! Invariants: a mail names a matter by its number and a clock by its name, and holds nothing else of a matter; plain SMTP goes to this
//! machine alone; addresses and headers are written by types that cannot hold a line break.
//!
//! Not here: who is told (`spread`), when it is tried again (`telling`).

pub(crate) mod words;

use std::{path::PathBuf, time::Duration};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, SinglePart,
        header::{Header, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};
use quanlian_record::{
    id::{DeliveryId, MatterId},
    time::Timestamp,
};
use quanlian_store::telling::MAX_MAIL_BYTES;
use serde::Deserialize;
use zeroize::Zeroizing;

use words::{Language, Words};

/// How the way to the server of mail is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// TLS from the first byte (port 465).
    Tls,
    /// TLS before anything is said (port 587); without it nothing is sent.
    #[default]
    Starttls,
    /// None: for a server on this machine.
    None,
}

/// A password that is not printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Password(Zeroizing<String>);

impl Password {
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// The server that takes mail.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Its name or address.
    pub host: String,
    /// Its port, unless it is that of the way.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the way is guarded.
    #[serde(default)]
    pub security: MailSecurity,
    /// Who writes: `quanlian@example.cn`, or with a name.
    pub from: String,
    /// Who we are to the server.
    #[serde(default)]
    pub user: Option<String>,
    /// With which password; better given by a file or the environment.
    #[serde(default)]
    pub password: Option<Password>,
    /// A PEM file with certificates to trust besides those of the system.
    #[serde(default)]
    pub root_certificates: Option<PathBuf>,
    /// So long one mail may take, in seconds.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: u32,
    /// After so many days a mail is given up.
    #[serde(default = "default_days")]
    pub give_up_after_days: u32,
}

fn default_timeout_s() -> u32 {
    20
}

fn default_days() -> u32 {
    3
}

/// Why mail cannot be sent with these settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum MailError {
    /// No address.
    #[error("`{0}` is no mail address")]
    Address(String),
    /// Plain SMTP over a network.
    #[error("mail without TLS goes to 127.0.0.1, ::1 or localhost alone; `security` is starttls or tls")]
    Plain,
    /// A user without a password, or the other way round.
    #[error("a user has a password, and a password a user")]
    Credentials,
    /// The certificates cannot be read.
    #[error("certificates cannot be read from {path}: {why}")]
    Roots { path: String, why: String },
    /// The name of the server is none.
    #[error("TLS cannot be used with this server: {0}")]
    Tls(String),
    /// The words are missing.
    #[error("the words of mail cannot be read: {0}")]
    Words(String),
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What the server answered.
    pub(crate) status: Option<u16>,
    /// Whether it will never take it.
    pub(crate) is_permanent: bool,
    /// In words.
    pub(crate) text: String,
}

/// What a mail says of one notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The key of its words.
    pub(crate) words: String,
    /// The matter and its number.
    pub(crate) matter: Option<(MatterId, String)>,
    /// About what, in Chinese and in English.
    pub(crate) about: Option<(String, String)>,
    /// How that stands.
    pub(crate) light: Option<String>,
    /// When.
    pub(crate) made_at: Timestamp,
}

/// Sends mail.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    words: Words,
    public_url: Option<String>,
    within: Duration,
    give_up_after_days: u32,
}

/// An address of somebody.
pub(crate) fn address(text: &str) -> Option<Address> {
    let is_bounded =
        text.len() <= MAX_MAIL_BYTES && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    text.parse().ok().filter(|_| is_bounded)
}

/// The languages of mail.
pub(crate) fn is_language(word: &str) -> bool {
    Language::of(word).is_some()
}

impl Mailer {
    pub(super) fn of(settings: &MailSettings, public_url: Option<&str>) -> Result<Self, MailError> {
        let from: Mailbox = settings
            .from
            .parse()
            .map_err(|_| MailError::Address(settings.from.clone()))?;
        let is_here = settings.host == "localhost"
            || settings
                .host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        let (tls, port) = match settings.security {
            MailSecurity::None if is_here => (Tls::None, 25),
            MailSecurity::None => return Err(MailError::Plain),
            MailSecurity::Starttls => (Tls::Required(parameters(settings)?), 587),
            MailSecurity::Tls => (Tls::Wrapper(parameters(settings)?), 465),
        };
        let within = Duration::from_secs(u64::from(settings.timeout_s.clamp(1, 120)));
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port.unwrap_or(port))
            .tls(tls)
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .timeout(Some(within));
        builder = match (&settings.user, &settings.password) {
            (Some(user), Some(password)) => {
                builder.credentials(Credentials::new(user.clone(), password.0.to_string()))
            }
            (None, None) => builder,
            _ => return Err(MailError::Credentials),
        };
        Ok(Self {
            transport: builder.build(),
            from,
            words: Words::embedded().map_err(MailError::Words)?,
            public_url: public_url.map(|url| url.trim_end_matches('/').to_owned()),
            within,
            give_up_after_days: settings.give_up_after_days,
        })
    }

    pub(super) fn within(&self) -> Duration {
        // Connecting, TLS and each line of the talk have the time once.
        self.within * 3
    }

    pub(super) fn give_up_after_days(&self) -> u32 {
        self.give_up_after_days
    }

    /// Sends one mail with all lines; what the server said.
    pub(super) async fn send(
        &self,
        to: &str,
        language: &str,
        lines: &[Line],
        id: DeliveryId,
    ) -> Result<u16, Failure> {
        let language = Language::of(language).unwrap_or(Language::Zh);
        let subject = self.words.subject(language, lines);
        let text = self.words.text(language, lines, self.public_url.as_deref());
        self.post(to, &subject, text, &id.to_string()).await
    }

    /// Sends the code that shows that an address is somebody's.
    pub(crate) async fn send_code(
        &self,
        to: &str,
        language: &str,
        code: &str,
        id: &str,
    ) -> Result<u16, Failure> {
        let language = Language::of(language).unwrap_or(Language::Zh);
        let (subject, text) = self.words.code(language, code);
        self.post(to, &subject, text, id).await
    }

    async fn post(&self, to: &str, subject: &str, text: String, id: &str) -> Result<u16, Failure> {
        let never = |text: &str| Failure {
            status: None,
            is_permanent: true,
            text: text.to_owned(),
        };
        let to = address(to).ok_or_else(|| never("the address is none"))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            // The same when it is sent again, so that a reader that has it keeps one.
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .header(AutoSubmitted)
            .singlepart(SinglePart::plain(text))
            .map_err(|error| never(&error.to_string()))?;
        let sent = tokio::time::timeout(self.within(), self.transport.send(message)).await;
        match sent {
            Ok(Ok(response)) => Ok(u16::from(response.code())),
            Ok(Err(error)) => Err(Failure {
                status: error.status().map(u16::from),
                is_permanent: error.is_permanent(),
                text: with_sources(&error),
            }),
            Err(_) => Err(Failure {
                status: None,
                is_permanent: false,
                text: "the server of mail did not answer in time".to_owned(),
            }),
        }
    }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}

fn parameters(settings: &MailSettings) -> Result<TlsParameters, MailError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.root_certificates {
        let failed = |why: String| MailError::Roots {
            path: path.display().to_string(),
            why,
        };
        let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| failed(error.to_string()))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| MailError::Tls(error.to_string()))
}

/// Says that a program wrote it, so that other programs do not answer (RFC 3834).
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_and_nothing_else() {
        for text in ["li@example.cn", "a.b+c@sub.example.org"] {
            assert!(address(text).is_some(), "{text}");
        }
        for text in [
            "",
            "li",
            "li@",
            "@example.cn",
            "li@example.cn\r\nBcc: evil@example.org",
            "li@example.cn, evil@example.org",
            "li@example.cn evil@example.org",
            "Li <li@example.cn>",
            "li@exa mple.cn",
            "li\n@example.cn",
            &format!("{}@example.cn", "x".repeat(300)),
        ] {
            assert!(address(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn plain_mail_stays_on_this_machine() {
        let settings = |host: &str, security| MailSettings {
            host: host.to_owned(),
            port: None,
            security,
            from: "q@example.cn".to_owned(),
            user: None,
            password: None,
            root_certificates: None,
            timeout_s: 5,
            give_up_after_days: 3,
        };
        for host in ["127.0.0.1", "::1", "localhost"] {
            assert!(
                Mailer::of(&settings(host, MailSecurity::None), None).is_ok(),
                "{host}"
            );
        }
        for host in ["mail.example.cn", "192.0.2.1", "localhost.example.cn"] {
            assert!(
                matches!(
                    Mailer::of(&settings(host, MailSecurity::None), None),
                    Err(MailError::Plain)
                ),
                "{host}"
            );
        }
    }
}
