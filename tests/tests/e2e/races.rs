//! Many at once.

use jetway_tests::app::new_email;
use jetway_tests::{Setup, TestApp, state};
use tokio::task::JoinSet;

#[tokio::test]
async fn of_two_hundred_sign_ups_of_one_address_one_is_made() {
    let app = TestApp::start();
    let email = new_email();

    let mut calls: JoinSet<_> = (0..200).map(|_| app.sign_up(&email).into_future()).collect();
    let (mut made, mut taken) = (0, 0);
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap();
        match answer.status.as_u16() {
            201 => made += 1,
            _ => {
                answer.expect_problem(409, "email_taken");
                taken += 1;
            }
        }
    }

    assert_eq!((made, taken), (1, 199));
    assert_eq!(
        state::number(
            &app.state(),
            "SELECT count(*) FROM users WHERE email = ?1",
            &email
        ),
        1
    );
    for (table, expected) in [
        ("users", 1),
        ("user_roles", 1),
        ("outbox", 2),
        ("one_time_tokens", 1),
    ] {
        assert_eq!(app.rows_in(table), expected, "{table}");
    }
}

#[tokio::test]
async fn sign_ups_of_many_addresses_at_once_are_all_made() {
    let app = TestApp::start();

    let mut calls: JoinSet<_> = (0..60).map(|_| app.sign_up(&new_email()).into_future()).collect();
    while let Some(answer) = calls.join_next().await {
        answer.unwrap().expect_json(201);
    }

    assert_eq!(app.rows_in("users"), 60);
}

#[tokio::test]
async fn the_first_requests_of_two_new_gateways_share_one_schema() {
    let apps = Setup::usual().start_several(2);

    let mut calls: JoinSet<_> = (0..40)
        .map(|each| apps[each % 2].sign_up(&new_email()).into_future())
        .collect();
    while let Some(answer) = calls.join_next().await {
        answer.unwrap().expect_json(201);
    }

    assert_eq!(apps[0].rows_in("users"), 40);
    assert_eq!(
        state::text(
            &apps[0].state(),
            "SELECT ?1 || journal_mode FROM pragma_journal_mode",
            ""
        ),
        "wal"
    );
}

#[tokio::test]
async fn two_admins_who_remove_each_other_do_not_both_succeed() {
    for _ in 0..5 {
        let app = TestApp::start();
        let first = app.admin().await.clone();
        let second = app.new_user_with_role("admin").await;
        let path = |user: &str| format!("/api/v1/users/{user}/roles/admin");

        let (one, other) = tokio::join!(
            app.delete(&path(&second.id)).by(&first),
            app.delete(&path(&first.id)).by(&second),
        );

        let statuses = [one.status.as_u16(), other.status.as_u16()];
        assert!(statuses.contains(&204), "{} {}", one.describe(), other.describe());
        // The loser's token was from before (401), or they were an admin no longer (403), or the last to go (409).
        let refused = [401, 403, 409].iter().any(|status| statuses.contains(status));
        assert!(refused, "{statuses:?}");
        let admins = "SELECT count(*) FROM user_roles WHERE role = ?1";
        assert_eq!(state::number(&app.state(), admins, "admin"), 1);
    }
}

#[tokio::test]
async fn a_role_granted_many_times_at_once_is_granted_once() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let admin = app.admin().await;
    let path = format!("/api/v1/users/{}/roles/airline", user.id);

    let mut calls: JoinSet<_> = (0..20).map(|_| app.put(&path).by(admin).into_future()).collect();
    while let Some(answer) = calls.join_next().await {
        answer.unwrap().expect_empty(204);
    }

    let roles = app
        .get(&format!("/api/v1/users/{}/roles", user.id))
        .by(admin)
        .await
        .expect_json(200);
    assert_eq!(roles["roles"].as_array().unwrap().len(), 2);
}
