//! Liveness, readiness, and the 404 of everything that no route matches.
//!
//! This file is wiring; the routes are in [`handler`], and what a component's own readiness says is read in [`finding`].

pub mod finding;
pub mod handler;
pub mod memory;

#[cfg(target_arch = "wasm32")]
mod component {
    use std::rc::Rc;
    use std::time::Duration;

    use http::Uri;
    use jetway_gateway::http::{RequestId, read_limited};
    use jetway_gateway::spin::http::{Request, Response, Timeouts, get, serve_outermost};
    use jetway_gateway::spin::{SpinWay, SystemClock};

    use crate::finding::{Finding, MAX_ANSWER, understand};
    use crate::handler::{self, Probe};
    use crate::memory::Memory;

    /// The first request of an instance may migrate the database and make a key.
    const TIMEOUTS: Timeouts = Timeouts {
        connect: Duration::from_secs(2),
        first_byte: Duration::from_secs(10),
        between_bytes: Duration::from_secs(2),
    };

    // Shared, because it is held across awaits, and a reference into a thread's own storage cannot be.
    thread_local! { static MEMORY: Rc<Memory> = Rc::default(); }

    jetway_gateway::http_component!(handle);

    async fn handle(request: Request) -> Response {
        serve_outermost(request, async |request, request_id| {
            let ask = async || handler::ask_all(&Chained { request_id }).await;
            handler::handle(&request, async || {
                MEMORY.with(Rc::clone).get(&SystemClock, &SpinWay, ask).await
            })
            .await
        })
        .await
    }

    /// Asks components within the application, on their private routes.
    struct Chained<'a> {
        request_id: &'a RequestId,
    }

    impl Probe for Chained<'_> {
        async fn probe(&self, component: &str) -> Result<(), Finding> {
            let target: Uri = format!("http://{component}.spin.internal/internal/ready")
                .parse()
                .map_err(Finding::unreachable)?;
            let (status, mut body) = get(&target, self.request_id, TIMEOUTS)
                .await
                .map_err(|error| Finding::unreachable(format!("{error:?}")))?;
            let body = read_limited(&mut body, MAX_ANSWER)
                .await
                .map_err(|_| Finding::unreachable("its answer broke off"))?;
            understand(status, &body)
        }
    }
}
