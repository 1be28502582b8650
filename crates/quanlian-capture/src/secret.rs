//! Words of the login script that must not enter the record: passwords.
//!
//! In:  the values of `secret` steps.
//! Out: whether bytes that are about to be recorded hold one of them, in a form that browsers send.
//!
//! Invariant: a request that holds one is sent, and recorded without anything but its method and address.
//!
//! Not here: cookies and tokens that a site gives back. They are part of what was sent, and stand in the record.

use std::fmt::Write as _;

/// The shortest secret, in bytes: a shorter one is found everywhere.
pub const MIN_SECRET_BYTES: usize = 4;

/// The secrets of one capture, in every form that is looked for.
#[derive(Default, Clone)]
pub struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// Looks for these from now on.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forms = Vec::new();
        for value in values {
            let json = serde_json::Value::from(value).to_string();
            forms.extend([
                value.as_bytes().to_vec(),
                url::form_urlencoded::byte_serialize(value.as_bytes())
                    .collect::<String>()
                    .into_bytes(),
                percent_encoded(value).into_bytes(),
                json.as_bytes()[1..json.len() - 1].to_vec(),
            ]);
        }
        forms.sort();
        forms.dedup();
        forms.retain(|form| form.len() >= MIN_SECRET_BYTES);
        Self(forms)
    }

    /// Whether `bytes` hold one.
    pub fn are_in(&self, bytes: &[u8]) -> bool {
        self.0
            .iter()
            .any(|form| bytes.windows(form.len()).any(|window| window == form))
    }
}

/// As `encodeURIComponent` does it.
fn percent_encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_form_that_browsers_send() {
        let secrets = Secrets::new(["p w\"密&"]);
        for sent in [
            "pw=p+w%22%E5%AF%86%26&x=1",
            "/a?pw=p%20w%22%E5%AF%86%26",
            "{\"pw\":\"p w\\\"密&\"}",
            "form-data\r\n\r\np w\"密&\r\n",
        ] {
            assert!(secrets.are_in(sent.as_bytes()), "{sent}");
        }
        assert!(!secrets.are_in(b"pw=p+w"));
        assert!(!Secrets::default().are_in(b"anything"));
    }
}
