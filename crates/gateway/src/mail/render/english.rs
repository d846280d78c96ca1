//! The mails in English: which template tells of what. Another language is a file like this and a folder of templates.

use askama::Template;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::about::{About, Asked, Booking, Code, NewAddress, Role, SignIn};
use super::{Frame, Written, subject_and_text};
use crate::domain::DisplayText;

const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute]");
const OFFSET: &[BorrowedFormatItem<'_>] = format_description!("[offset_hour sign:mandatory]:[offset_minute]");

/// The template of this name, in both its forms, with what it tells of where it tells of something.
macro_rules! mail {
    ($frame:expr, $text:tt, $html:tt) => {
        mail!(@ $frame, $text, $html, {}, {})
    };
    ($frame:expr, $text:tt, $html:tt, $data:expr => $type:ty) => {
        mail!(@ $frame, $text, $html, { mail: &'a $type, }, { mail: $data, })
    };
    (@ $frame:expr, $text:tt, $html:tt, { $($field:tt)* }, { $($value:tt)* }) => {{
        #[derive(Template)]
        #[template(path = $text, escape = "none")]
        struct Text<'a> {
            frame: &'a Frame<'a>,
            $($field)*
        }

        #[derive(Template)]
        #[template(path = $html, escape = "html")]
        struct Html<'a> {
            frame: &'a Frame<'a>,
            subject: &'a str,
            $($field)*
        }

        let frame: &Frame<'_> = $frame;
        let (subject, text) = subject_and_text(&Text { frame, $($value)* })?;
        let html = Html { frame, subject: &subject, $($value)* }.render()?;
        Written { subject, text, html }
    }};
}

/// Writes the mail.
pub(super) fn write(about: &About, frame: &Frame<'_>) -> Result<Written, askama::Error> {
    Ok(match about {
        About::Registered => mail!(frame, "mail/en/registered.txt", "mail/en/registered.html"),
        About::EmailVerification(asked) => {
            mail!(frame, "mail/en/email_verification.txt", "mail/en/email_verification.html", asked => Asked)
        }
        About::EmailChange(asked) => {
            mail!(frame, "mail/en/email_change.txt", "mail/en/email_change.html", asked => NewAddress)
        }
        About::EmailChangePending => mail!(
            frame,
            "mail/en/email_change_pending.txt",
            "mail/en/email_change_pending.html"
        ),
        About::EmailChanged(_) => mail!(frame, "mail/en/email_changed.txt", "mail/en/email_changed.html"),
        About::PasswordReset(asked) => {
            mail!(frame, "mail/en/password_reset.txt", "mail/en/password_reset.html", asked => Asked)
        }
        About::SignInCode(code) => {
            mail!(frame, "mail/en/signin_code.txt", "mail/en/signin_code.html", code => Code)
        }
        About::PasswordChanged => mail!(
            frame,
            "mail/en/password_changed.txt",
            "mail/en/password_changed.html"
        ),
        About::SignUpAttempted => mail!(
            frame,
            "mail/en/sign_up_attempted.txt",
            "mail/en/sign_up_attempted.html"
        ),
        About::NewDevice(sign_in) => {
            mail!(frame, "mail/en/new_device.txt", "mail/en/new_device.html", sign_in => SignIn)
        }
        About::TokenReplayed => mail!(frame, "mail/en/token_replayed.txt", "mail/en/token_replayed.html"),
        About::MfaEnabled => mail!(frame, "mail/en/mfa_enabled.txt", "mail/en/mfa_enabled.html"),
        About::MfaDisabled => mail!(frame, "mail/en/mfa_disabled.txt", "mail/en/mfa_disabled.html"),
        About::RoleGranted(role) => {
            mail!(frame, "mail/en/role_granted.txt", "mail/en/role_granted.html", role => Role)
        }
        About::RoleRevoked(role) => {
            mail!(frame, "mail/en/role_revoked.txt", "mail/en/role_revoked.html", role => Role)
        }
        About::BookingConfirmed(booking) => {
            mail!(frame, "mail/en/booking_confirmed.txt", "mail/en/booking_confirmed.html", booking => Booking)
        }
        About::BookingChanged(booking) => {
            mail!(frame, "mail/en/booking_changed.txt", "mail/en/booking_changed.html", booking => Booking)
        }
        About::BookingCancelled(booking) => {
            mail!(frame, "mail/en/booking_cancelled.txt", "mail/en/booking_cancelled.html", booking => Booking)
        }
        About::Reminder(booking) => {
            mail!(frame, "mail/en/reminder.txt", "mail/en/reminder.html", booking => Booking)
        }
    })
}

/// Such as `2 January 2026, 03:04 (UTC)`, or `(UTC+02:00)` where the time is of another zone.
fn moment(time: &OffsetDateTime) -> String {
    let shown = time.format(MOMENT).unwrap_or_default();
    if time.offset().is_utc() {
        return format!("{shown} (UTC)");
    }
    format!("{shown} (UTC{})", time.format(OFFSET).unwrap_or_default())
}

impl Frame<'_> {
    /// When it happened.
    fn when(&self) -> String {
        // A text that is no time is one of ours that somebody has changed in the database: shown as it is, escaped.
        OffsetDateTime::parse(self.occurred_at, &Rfc3339)
            .map_or_else(|_| DisplayText::of(self.occurred_at).into(), |time| moment(&time))
    }
}

impl Asked {
    fn until(&self) -> String {
        moment(&self.expires_at)
    }
}

impl Code {
    fn until(&self) -> String {
        moment(&self.expires_at)
    }

    fn link_until(&self) -> String {
        moment(&self.link_expires_at)
    }
}

impl NewAddress {
    fn until(&self) -> String {
        moment(&self.expires_at)
    }
}

impl Booking {
    fn departure(&self) -> String {
        moment(&self.departure_at)
    }
}

impl Role {
    fn name(&self) -> &str {
        self.role.as_str()
    }
}

impl SignIn {
    /// Such as `Firefox on Linux`, as far as it is known.
    fn what(&self) -> String {
        match (self.device.browser, self.device.system) {
            (Some(browser), Some(system)) => format!("{browser} on {system}"),
            (Some(only), None) | (None, Some(only)) => only.to_owned(),
            (None, None) => "not known".to_owned(),
        }
    }

    fn where_from(&self) -> String {
        let known = self.client_address.map(|address| address.to_string());
        known.unwrap_or_else(|| "not known".to_owned())
    }
}
