//! Provider codes: who made or spread AI content, as a code.
//!
//! In:  `ContentProducer` or `ContentPropagator` of a label, 27 characters where it is a code.
//! Out: [`ProviderCode`], taken apart.
//!
//! The code (服务提供者编码, TC260-PG-20252A) is `00`, kind of subject, kind of binding, 18 characters of subject,
//! kind of service, four characters of the provider's own. A subject bound by its unified social credit code carries
//! the check digit of GB 32100-2015, which is tested; that the subject exists, or that it wrote the file, is not.

use quanlian_record::identifier::is_credit_code;
use serde::Serialize;

/// Characters of a code.
const CODE_CHARS: usize = 27;
/// A provider code taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderCode {
    /// Who it is.
    pub subject: Subject,
    /// What it does.
    pub service: Service,
    /// The provider's own sign for model or application; empty when none is given.
    pub model: String,
}

/// Whom a code names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An organisation by its unified social credit code (统一社会信用代码), check digit right.
    SocialCreditCode(String),
    /// Another subject, or bound in another way: 20 characters as they stand.
    Other(String),
}

/// What the named provider does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Generates or synthesises (生成合成服务).
    Generation,
    /// Spreads (内容传播服务).
    Propagation,
    /// The code does not say.
    NotStated,
    /// A sign that the rules do not know.
    Unknown,
}

/// Why a text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProviderCodeError {
    /// Not of the shape: a name, most likely.
    Shape,
    /// Of the shape, with a unified social credit code whose check digit is wrong.
    CheckDigit,
}

impl ProviderCode {
    pub(crate) fn parse(text: &str) -> Result<Self, ProviderCodeError> {
        let is_code = text.len() == CODE_CHARS
            && text.starts_with("00")
            && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if !is_code {
            return Err(ProviderCodeError::Shape);
        }
        let subject = if &text[2..4] == "11" {
            if !is_credit_code(&text[4..22]) {
                return Err(ProviderCodeError::CheckDigit);
            }
            Subject::SocialCreditCode(text[4..22].to_owned())
        } else {
            Subject::Other(text[2..22].to_owned())
        };
        let service = match &text[22..23] {
            "1" => Service::Generation,
            "2" => Service::Propagation,
            "0" => Service::NotStated,
            _ => Service::Unknown,
        };
        let model = &text[23..];
        Ok(Self {
            subject,
            service,
            model: if model == "0000" {
                String::new()
            } else {
                model.to_owned()
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_companies_are_taken_apart() {
        let code = ProviderCode::parse("001191440300708461136T1XGW3").unwrap();
        assert_eq!(
            code.subject,
            Subject::SocialCreditCode("91440300708461136T".into())
        );
        assert_eq!((code.service, code.model.as_str()), (Service::Generation, "XGW3"));
        let code = ProviderCode::parse("001191110000802100433B00000").unwrap();
        assert_eq!((code.service, code.model.as_str()), (Service::NotStated, ""));
        let code = ProviderCode::parse("0021ABCDEFGHIJKLMNOPQR29999").unwrap();
        assert_eq!(code.subject, Subject::Other("21ABCDEFGHIJKLMNOPQR".into()));
        assert_eq!(code.service, Service::Propagation);
    }

    #[test]
    fn a_name_is_no_code_and_a_wrong_digit_is_found() {
        for name in [
            "",
            "某公司",
            "001191440300708461136t1XGW3",
            "链".repeat(9).as_str(),
        ] {
            assert_eq!(ProviderCode::parse(name), Err(ProviderCodeError::Shape), "{name}");
        }
        assert_eq!(
            ProviderCode::parse("001191440300708461137T1XGW3"),
            Err(ProviderCodeError::CheckDigit)
        );
    }
}
