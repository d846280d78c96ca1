//! What the manifest does not grant, the runtime denies, and nobody gets past a lock because another one is missing.

use jetway_tests::app::unique;
use jetway_tests::{Setup, TestApp};

const SQLITE: &str = "sqlite_databases = [\"default\"]\n";

#[tokio::test]
async fn without_its_outbound_hosts_the_proxy_reaches_nobody() {
    let hosts = "allowed_outbound_hosts = [\"{{ flight_service_hosts }}\", \"{{ booking_service_hosts }}\", \"http://signin.spin.internal\"]\n";
    let app = Setup::usual().with_manifest_edit(hosts, "").start();
    let path = format!("/api/v1/flights/{}", unique());

    let answer = app.get(&path).await;

    assert!(answer.status.is_server_error(), "{}", answer.describe());
    let code = answer.json()["code"].as_str().unwrap().to_owned();
    answer.expect_problem(answer.status.as_u16(), &code);
    assert!(!app.flights().saw(&path));
}

#[tokio::test]
async fn without_its_database_sign_up_is_a_problem() {
    let app = Setup::usual().with_manifest_edit(SQLITE, "").start();

    let answer = app.sign_up("ada@example.com").await;

    assert!(answer.status.is_server_error(), "{}", answer.describe());
    let code = answer.json()["code"].as_str().unwrap().to_owned();
    answer.expect_problem(answer.status.as_u16(), &code);
    app.get("/readyz").await.expect_problem(503, "not_ready");
}

/// The middleware is one lock of two: a route that lost its line in the manifest stays shut.
#[tokio::test]
async fn without_the_middleware_the_administration_stays_shut() {
    let app = without_auth_check();
    let user = app.new_user().await;

    for path in ["/api/v1/roles", "/api/v1/users"] {
        app.get(path).await.expect_problem(401, "unauthenticated");
        app.get(path)
            .token("x.y.z")
            .await
            .expect_problem(401, "invalid_token");
        app.get(path).by(&user).await.expect_problem(403, "forbidden");
        let claimed = app
            .get(path)
            .header("x-user-id", &user.id)
            .header("x-user-roles", "admin")
            .await;
        claimed.expect_problem(401, "unauthenticated");
        app.get(path).by(app.admin().await).await.expect_json(200);
    }
    app.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
}

/// The proxy has no middleware to lose: what guards it are two variables that it does not work without.
#[tokio::test]
async fn without_its_policy_or_its_limits_the_proxy_answers_nobody() {
    for variable in ["access_policy", "rate_limits"] {
        let app = Setup::usual()
            .with_manifest_edit(&format!("\n{variable} = "), &format!("\nno_{variable} = "))
            .start();
        for path in ["/api/v1/flights", "/api/v1/bookings"] {
            let problem = app.get(path).await.expect_problem(503, "misconfigured");
            let detail = problem["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains(variable), "{detail}");
        }
    }
}

/// A gateway whose manifest forgot `auth-check` everywhere.
fn without_auth_check() -> TestApp {
    Setup::usual().without_middleware("auth-check").start()
}
