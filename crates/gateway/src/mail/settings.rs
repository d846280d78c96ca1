//! The variables of mail.

use super::providers::{
    ApiBase, ApiKey, Mailgun, Postmark, Provider, Resend, SendGrid, Webhook, WebhookSecrets,
};
use super::{Links, Sender};
use crate::config::{ConfigError, read, read_optional};
use crate::ports::Variables;

/// How mail leaves, and where its links lead.
#[derive(Debug)]
pub struct Settings {
    /// How it leaves.
    pub delivery: Delivery,
    /// Where its links lead.
    pub links: Links,
}

/// How mail leaves.
#[derive(Debug)]
pub enum Delivery {
    /// Not at all: it is kept.
    Inbox,
    /// By a provider.
    Provider {
        /// Who.
        provider: Provider,
        /// Who it is from.
        from: Sender,
    },
}

/// The values of `mail_provider`.
#[derive(Clone, Copy, Debug)]
enum Name {
    Inbox,
    Resend,
    SendGrid,
    Mailgun,
    Postmark,
    Webhook,
}

/// None of them.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("is none of `inbox`, `resend`, `sendgrid`, `mailgun`, `postmark`, `webhook`")]
struct InvalidName;

impl Name {
    fn parse(text: &str) -> Result<Self, InvalidName> {
        Ok(match text {
            "inbox" => Self::Inbox,
            "resend" => Self::Resend,
            "sendgrid" => Self::SendGrid,
            "mailgun" => Self::Mailgun,
            "postmark" => Self::Postmark,
            "webhook" => Self::Webhook,
            _ => return Err(InvalidName),
        })
    }
}

impl Settings {
    /// Reads the variables: those that the provider does not need are not looked at. Mail that leaves needs a `public_url`, for
    /// links without a host lead nowhere.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        let name = read_optional(variables, "mail_provider", Name::parse).await?;
        let links = Links::read(variables).await?;
        let delivery = match provider(name.unwrap_or(Name::Inbox), variables).await? {
            None => Delivery::Inbox,
            Some(_) if !links.are_absolute() => {
                let reason = "is missing or empty, and mail that leaves needs it for its links";
                return Err(ConfigError::new("public_url", reason));
            }
            Some(provider) => Delivery::Provider {
                provider,
                from: read(variables, "mail_from", Sender::parse).await?,
            },
        };
        Ok(Self { delivery, links })
    }
}

async fn provider(name: Name, variables: &impl Variables) -> Result<Option<Provider>, ConfigError> {
    let account = async |address| {
        let key = read(variables, "mail_api_key", ApiKey::parse).await?;
        let base = read_optional(variables, "mail_api_url", ApiBase::parse).await?;
        Ok::<_, ConfigError>((key, base.unwrap_or_else(|| ApiBase::known(address))))
    };
    Ok(Some(match name {
        Name::Inbox => return Ok(None),
        Name::Resend => {
            let (key, base) = account(Resend::ADDRESS).await?;
            Provider::Resend(Resend { key, base })
        }
        Name::SendGrid => {
            let (key, base) = account(SendGrid::ADDRESS).await?;
            Provider::SendGrid(SendGrid { key, base })
        }
        Name::Mailgun => {
            let (key, base) = account(Mailgun::ADDRESS).await?;
            Provider::Mailgun(Mailgun { key, base })
        }
        Name::Postmark => {
            let (key, base) = account(Postmark::ADDRESS).await?;
            Provider::Postmark(Postmark { key, base })
        }
        Name::Webhook => Provider::Webhook(Webhook {
            target: read(variables, "mail_webhook_url", ApiBase::parse).await?,
            secrets: read(variables, "mail_webhook_secret", WebhookSecrets::parse).await?,
        }),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{TestVariables, block_on};

    const WORKING: &[(&str, &str)] = &[
        ("public_url", "https://jetway.example"),
        ("mail_from", "Jetway <no-reply@jetway.example>"),
        ("mail_api_key", "key"),
        ("mail_webhook_url", "https://hooks.example/mail"),
        ("mail_webhook_secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ];

    fn settings(provider: &str, changed: (&str, &str)) -> Result<Settings, String> {
        let variables = TestVariables::of(WORKING)
            .with("mail_provider", provider)
            .with(changed.0, changed.1);
        block_on(Settings::read(&variables)).map_err(|error| error.to_string())
    }

    #[test]
    fn without_any_variable_mail_is_kept() {
        let settings = block_on(Settings::read(&TestVariables::of(&[]))).unwrap();
        assert!(matches!(settings.delivery, Delivery::Inbox));
    }

    #[test]
    fn every_provider_needs_its_own_variables_and_is_refused_by_their_names() {
        let of_an_account = ["public_url", "mail_from", "mail_api_key"];
        let of_a_webhook = [
            "public_url",
            "mail_from",
            "mail_webhook_url",
            "mail_webhook_secret",
        ];
        for (provider, needed) in [
            ("resend", &of_an_account[..]),
            ("sendgrid", &of_an_account[..]),
            ("mailgun", &of_an_account[..]),
            ("postmark", &of_an_account[..]),
            ("webhook", &of_a_webhook[..]),
        ] {
            assert!(settings(provider, ("x", "")).is_ok(), "{provider}");
            for name in needed {
                let error = settings(provider, (name, "")).unwrap_err();
                assert!(
                    error.starts_with(&format!("the variable `{name}` ")),
                    "{provider}: {error}"
                );
            }
        }
    }

    #[test]
    fn nonsense_is_refused_by_name_and_not_repeated() {
        for (name, value) in [
            ("mail_provider", "pigeon"),
            ("mail_from", "pigeon"),
            ("mail_api_key", "pigeon post"),
            ("mail_api_url", "pigeon"),
            ("public_url", "pigeon"),
        ] {
            let error = settings("resend", (name, value)).unwrap_err();
            assert!(error.starts_with(&format!("the variable `{name}` ")), "{error}");
            assert!(!error.contains("pigeon"), "{error}");
        }
    }
}
