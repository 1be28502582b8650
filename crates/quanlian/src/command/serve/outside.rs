//! What the configuration says of the outside: webhooks, mail, a provider of sign-in, and the keys that seal secrets.
//!
//! In:  the sections of the configuration; the folder of the platform.
//! Out: what the server takes, or what is wrong with it.
//!
//! Not here: sending and signing in (`quanlian-server`).

use std::path::Path;

use anyhow::Context;
use quanlian_server::{
    sign_in::{
        provider::{NewAccounts, OidcSettings, Providers},
        seal::Seal,
    },
    telling::{
        Telling, TellingSettings,
        hooks::WebhookSettings,
        mail::{MailSecurity, MailSettings, Password},
    },
};

use crate::{configuration::Sections, files};

/// Everything that goes outside.
pub(in crate::command) struct Outside {
    pub(super) telling: Telling,
    pub(super) providers: Providers,
}

/// From the configuration.
pub(in crate::command) fn outside(sections: &Sections) -> anyhow::Result<Outside> {
    let plain = sections.server.plain_http;
    let hooks = &sections.webhooks;
    let settings = TellingSettings {
        webhooks: WebhookSettings {
            allow_private: hooks.allow_private,
            allow_loopback: hooks.allow_loopback,
            root_certificates: hooks.root_certificates.clone(),
            timeout_s: hooks.timeout_s,
            give_up_after_days: hooks.give_up_after_days,
            dead_after_days: hooks.dead_after_days,
        },
        mail: mail(sections)?,
        public_url: sections.server.public_url.clone(),
    };
    let provider = provider(sections)?;
    Ok(Outside {
        telling: Telling::of(&settings, plain)?,
        providers: Providers::of(provider.as_slice(), plain)?,
    })
}

fn mail(sections: &Sections) -> anyhow::Result<Option<MailSettings>> {
    let mail = &sections.mail;
    let Some(host) = &mail.host else { return Ok(None) };
    let security = match mail.security.as_deref() {
        Some("starttls") | None => MailSecurity::Starttls,
        Some("tls") => MailSecurity::Tls,
        Some("none") => MailSecurity::None,
        Some(_) => anyhow::bail!("mail.security is starttls, tls or none"),
    };
    Ok(Some(MailSettings {
        host: host.clone(),
        port: u16::try_from(mail.port).ok().filter(|port| *port > 0),
        security,
        from: mail.from.clone().context("mail.from is missing: who writes?")?,
        user: mail.user.clone(),
        password: mail.password.reveal().map(|text| Password::from(text.to_owned())),
        root_certificates: mail.root_certificates.clone(),
        timeout_s: mail.timeout_s,
        give_up_after_days: mail.give_up_after_days,
    }))
}

fn provider(sections: &Sections) -> anyhow::Result<Option<OidcSettings>> {
    let oidc = &sections.oidc;
    let Some(issuer) = &oidc.issuer else {
        return Ok(None);
    };
    let words = |text: &Option<String>| -> Vec<String> {
        let words = text.iter().flat_map(|text| text.split([' ', ',']));
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let name = oidc.name.clone().unwrap_or_default();
    let public = sections.server.public_url.as_deref();
    let public = public.context("server.public_url is missing: where does the provider send people back?")?;
    Ok(Some(OidcSettings {
        issuer: issuer.clone(),
        client_id: oidc
            .client_id
            .clone()
            .context("oidc.client_id is missing: who are we to the provider?")?,
        client_secret: oidc
            .client_secret
            .reveal()
            .map(|text| Password::from(text.to_owned())),
        redirect_url: format!(
            "{}/api/v1/session/oidc/{name}/callback",
            public.trim_end_matches('/')
        ),
        after_path: "/".to_owned(),
        name,
        scopes: words(&oidc.scopes),
        new_accounts: oidc.new_agency.as_ref().map(|agency| NewAccounts {
            agency: agency.clone(),
            roles: words(&oidc.new_roles),
        }),
        allow_private: oidc.allow_private,
        allow_loopback: oidc.allow_loopback,
        root_certificates: oidc.root_certificates.clone(),
    }))
}

/// The keys that seal secrets; one is made when there is none.
pub(super) fn seal(path: &Path) -> anyhow::Result<Seal> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut key = [0; 32];
            getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
            let text = format!("{}\n", hex::encode(key));
            files::write_secret(path, &text)?;
            text
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    Seal::parse(&text).with_context(|| {
        format!(
            "{} is no file of keys; restore it from the backup",
            path.display()
        )
    })
}
