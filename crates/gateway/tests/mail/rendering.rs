//! What people read. Each mail is a file in `golden/`, so that a change of words is seen by whoever reviews it
//! (`UPDATE_GOLDEN=1` writes the files anew).

use std::path::PathBuf;

use jetway_gateway::domain::{EmailAddress, UserId};
use jetway_gateway::events::CloudEvent;
use jetway_gateway::mail::{
    Category, Language, Links, Message, RenderError, Renderer, UnsubscribeKey, UnsubscribeKeyCache,
};
use jetway_gateway::store::outbox::OutboxRow;
use jetway_gateway::test_support::{ConstantEntropy, TestDatabase, TestVariables, block_on};
use serde_json::{Value, json};

const USER: &str = "01893726-efee-7f02-8fbf-9f2b7bc2f911";
const TOKEN: &str = "01893726-efee-7f02-8fbf-9f2b7bc2f912";

/// The events that people are told of, with the data that they come with, and what they are about.
fn events() -> Vec<(&'static str, Value, Category)> {
    let asked = json!({
        "user_id": USER, "email": "ada@example.com", "token_id": TOKEN, "expires_at": "2026-01-03T03:04:05.678Z",
    });
    let code = json!({
        "user_id": USER, "email": "ada@example.com", "token_id": TOKEN, "expires_at": "2026-01-02T03:14:05.678Z",
        "link_expires_at": "2026-01-03T03:04:05.678Z",
    });
    let change = json!({
        "user_id": USER, "email": "ada@example.com", "new_email": "ada@new.example", "token_id": TOKEN,
        "expires_at": "2026-01-03T03:04:05.678Z",
    });
    let changed = json!({"user_id": USER, "email": "ada@new.example", "previous_email": "ada@old.example"});
    let account = json!({"user_id": USER, "email": "ada@example.com"});
    let role = json!({"user_id": USER, "role": "airline"});
    let sign_in = json!({
        "user_id": USER, "session_id": "s", "client_address": "2001:db8::7",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    });
    let booking = json!({
        "booking_id": "b1", "user_id": USER, "flight": {"number": "JW 123", "from": "ZRH", "to": "LIS"},
        "departure_at": "2026-02-03T07:45:00+01:00",
    });
    use Category::{Account, Bookings, Reminders, Security};
    vec![
        ("com.jetway.user.registered.v1", account.clone(), Account),
        (
            "com.jetway.email.verification_requested.v1",
            asked.clone(),
            Security,
        ),
        ("com.jetway.email.change_requested.v1", change, Security),
        ("com.jetway.email.change_pending.v1", account.clone(), Security),
        ("com.jetway.email.changed.v1", changed, Security),
        ("com.jetway.password.reset_requested.v1", asked, Security),
        ("com.jetway.signin.code_requested.v1", code, Security),
        ("com.jetway.password.reset.v1", account.clone(), Security),
        ("com.jetway.password.changed.v1", account.clone(), Security),
        ("com.jetway.signup.attempted.v1", account.clone(), Security),
        ("com.jetway.signin.new_device.v1", sign_in, Security),
        ("com.jetway.refresh_token.replayed.v1", account.clone(), Security),
        ("com.jetway.mfa.enabled.v1", account.clone(), Security),
        ("com.jetway.mfa.disabled.v1", account, Security),
        ("com.jetway.role.granted.v1", role.clone(), Account),
        ("com.jetway.role.revoked.v1", role, Account),
        ("com.jetway.booking.confirmed.v1", booking.clone(), Bookings),
        ("com.jetway.booking.changed.v1", booking.clone(), Bookings),
        ("com.jetway.booking.cancelled.v1", booking.clone(), Bookings),
        ("com.jetway.booking.reminder.v1", booking, Reminders),
    ]
}

fn event(kind: &str, data: &Value) -> CloudEvent {
    let row = OutboxRow {
        id: "01893726-efee-7f02-8fbf-9f2b7bc2f910".to_owned(),
        kind: kind.to_owned(),
        subject: USER.to_owned(),
        time: "2026-01-02T03:04:05.678Z".to_owned(),
        data: data.to_string(),
    };
    CloudEvent::from_row(row).unwrap()
}

/// The same in every run.
fn key() -> UnsubscribeKey {
    let database = TestDatabase::default();
    let store = database.store();
    block_on(UnsubscribeKeyCache::new().get(&store, &ConstantEntropy(7))).unwrap()
}

fn render(kind: &str, data: &Value) -> Result<Option<Message>, RenderError> {
    let variables = TestVariables::of(&[("public_url", "https://jetway.example")]);
    let links = block_on(Links::read(&variables)).unwrap();
    let renderer = Renderer {
        language: Language::English,
        links: &links,
        unsubscribe: &key(),
        tokens: &|id| format!("token-of-{id}"),
        codes: &|id| format!("code-of-{id}"),
    };
    renderer.render(
        &event(kind, data),
        EmailAddress::parse("ada@example.com").unwrap(),
    )
}

#[track_caller]
fn mail(kind: &str, data: &Value) -> Message {
    render(kind, data).unwrap().unwrap()
}

#[test]
fn every_mail_reads_as_it_should() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mail/golden");
    for (kind, data, _) in events() {
        let mail = mail(kind, &data);
        let text = format!(
            "To: {}\nSubject: {}\n\n{}",
            mail.to.as_str(),
            mail.subject,
            mail.text
        );
        let name = kind.trim_start_matches("com.jetway.").trim_end_matches(".v1");
        for (extension, written) in [("txt", text), ("html", mail.html)] {
            let file = folder.join(format!("{name}.{extension}"));
            if update {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&file, &written).unwrap();
            }
            let golden = std::fs::read_to_string(&file).unwrap_or_default();
            assert_eq!(written, golden, "{}", file.display());
        }
    }
}

#[test]
fn every_mail_can_be_turned_off_but_those_that_keep_an_account_safe() {
    for (kind, data, category) in events() {
        assert_eq!(Category::of(&event(kind, &data)), Some(category), "{kind}");
        let mail = mail(kind, &data);
        let way_out = mail.unsubscribe.as_ref().map(|way_out| way_out.link().to_owned());
        assert_eq!(way_out.is_some(), category.is_optional(), "{kind}");
        if let Some(link) = way_out {
            assert!(mail.text.contains(&link) && mail.html.contains(&link), "{kind}");
            let (_, token) = link.split_once("?token=").unwrap();
            assert_eq!(
                key().verify(token),
                Ok((UserId::parse(USER).unwrap(), category)),
                "{kind}"
            );
        }
    }
}

#[test]
fn the_mails_of_a_change_of_address_go_to_the_new_one_and_to_the_old_one() {
    let to = |kind| {
        let (_, data, _) = events().into_iter().find(|(known, ..)| *known == kind).unwrap();
        mail(kind, &data).to.as_str().to_owned()
    };
    assert_eq!(to("com.jetway.email.change_requested.v1"), "ada@new.example");
    assert_eq!(to("com.jetway.email.changed.v1"), "ada@old.example");
    assert_eq!(to("com.jetway.password.reset.v1"), "ada@example.com");
}

#[test]
fn nobody_is_told_of_what_has_no_words() {
    for kind in [
        "com.jetway.email.verified.v1",
        "com.jetway.user.deleted.v1",
        "com.example.other",
        "",
    ] {
        assert!(render(kind, &json!({})).unwrap().is_none(), "{kind}");
        assert_eq!(Category::of(&event(kind, &json!({}))), None);
    }
}

#[test]
fn data_of_another_form_is_refused_and_not_repeated() {
    for data in [
        json!({}),
        json!({"role": "<script>hunter2"}),
        json!({"role": 5}),
        json!([]),
    ] {
        let error = render("com.jetway.role.granted.v1", &data)
            .unwrap_err()
            .to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

/// Names that want to be more than names.
const HOSTILE: &str =
    "</p><script>alert('x')</script>\r\nBcc: eve@example.com\r\n\r\n{{ 7*7 }} \u{202e}&amp;\"";

#[test]
fn a_hostile_name_stays_a_name() {
    let data = json!({
        "user_id": USER, "departure_at": "2026-02-03T07:45:00Z",
        "flight": {"number": HOSTILE, "from": HOSTILE, "to": HOSTILE},
    });
    let mail = mail("com.jetway.booking.confirmed.v1", &data);

    assert!(!mail.subject.contains(['\r', '\n']), "{:?}", mail.subject);
    assert!(
        !mail.html.contains("<script>") && !mail.html.contains("</p><s"),
        "{}",
        mail.html
    );
    assert!(
        mail.html.contains("&#60;script&#62;alert(&#39;x&#39;)"),
        "{}",
        mail.html
    );
    for part in [&mail.subject, &mail.text, &mail.html] {
        assert!(!part.contains('\u{202e}'), "{part:?}");
        assert!(!part.lines().any(|line| line.starts_with("Bcc:")), "{part}");
        assert!(!part.contains("49"), "{part}");
    }
}

#[test]
fn what_a_client_calls_itself_is_in_no_mail() {
    let data = json!({"client_address": HOSTILE, "user_agent": format!("{HOSTILE} Firefox/145.0 https://evil.example")});
    let mail = mail("com.jetway.signin.new_device.v1", &data);
    assert!(
        mail.text.contains("Device: Firefox\nAddress: not known\n"),
        "{}",
        mail.text
    );
    for part in [&mail.text, &mail.html] {
        assert!(
            !part.contains("evil") && !part.contains("eve@") && !part.contains("script"),
            "{part}"
        );
    }
    let nothing = self::mail(
        "com.jetway.signin.new_device.v1",
        &json!({"client_address": null, "user_agent": null}),
    );
    assert!(
        nothing.text.contains("Device: not known\nAddress: not known\n"),
        "{}",
        nothing.text
    );
}

#[test]
fn an_address_with_signs_of_html_stays_an_address_and_one_of_two_lines_is_none() {
    let change = |email: &str, token: &str| json!({"new_email": email, "token_id": token, "expires_at": "2026-01-03T03:04:05Z"});
    let kind = "com.jetway.email.change_requested.v1";
    let mail = mail(kind, &change("a&b'{{x}}@example.com", TOKEN));
    assert_eq!(mail.to.as_str(), "a&b'{{x}}@example.com");
    for data in [
        change("a@example.com\r\nBcc: eve@example.com", TOKEN),
        change("a@example.com", "\"><script>"),
    ] {
        assert!(render(kind, &data).is_err(), "{data}");
    }
}
