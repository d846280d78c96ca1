//! What an instance of the proxy keeps: its settings, and what it knows of the services.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, join4, select};
use jetway_gateway::config::ConfigError;
use jetway_gateway::http::RequestId;
use jetway_gateway::log;
use jetway_gateway::ports::{Clock as _, Variables};
use jetway_gateway::proxy::{Attempts, News, Service};
use jetway_gateway::spin::http::{RequestOptions, UploadLimits, options_of, wait};
use jetway_gateway::spin::sdk::wasip3::spawn;
use jetway_gateway::spin::{SpinKeyValue, SystemClock, SystemEntropy};

use crate::assertion;
use crate::guard::TOKENS;
use crate::handler::Destination;
use crate::settings::Settings;

/// How long the first requests of an instance wait for what it has to learn. They wait at all because otherwise every new instance
/// would call a service that is known to be dead.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long to wait before each further try to tell the others.
const PAUSES_BEFORE_TELLING_AGAIN: [Duration; 3] = [
    Duration::from_millis(20),
    Duration::from_millis(100),
    Duration::from_millis(500),
];

/// The settings, and the services.
pub(crate) struct Gate {
    pub(crate) settings: Settings,
    options: RequestOptions,
    upload_options: RequestOptions,
    flights: Service,
    bookings: Service,
}

impl Gate {
    /// Reads the settings, and what is known of the services.
    pub(crate) async fn open(
        variables: &impl Variables,
        request_id: &RequestId,
    ) -> Result<Self, ConfigError> {
        let settings = Settings::read(variables).await?;
        let service = |name, upstreams: &[_]| Service::new(name, upstreams.to_vec(), &SystemEntropy);
        let gate = Self {
            flights: service("flight", &settings.flights),
            bookings: service("booking", &settings.bookings),
            options: options_of(&settings.timeouts),
            upload_options: options_of(&settings.timeouts.with_upload()),
            settings,
        };
        gate.warm_up(request_id).await;
        Ok(gate)
    }

    /// Learns at once what the first requests would otherwise each ask for, one thing after the other.
    async fn warm_up(&self, request_id: &RequestId) {
        let known = pin!(join4(
            refresh(&self.flights, request_id),
            refresh(&self.bookings, request_id),
            TOKENS.warm(SystemClock.now(), &SpinKeyValue),
            assertion::warm(&self.settings, request_id),
        ));
        if let Either::Right(_) = select(known, pin!(wait(PATIENCE))).await {
            log::warn(request_id, "warm_up_slow", &[]);
        }
    }

    /// The time limits of a request to a service. A copy is one call to the host; to make them anew would be four.
    pub(crate) fn options(&self) -> RequestOptions {
        self.options.clone()
    }

    /// The same for a request with a body, whose first byte the host must not wait for: it would count the upload.
    pub(crate) fn upload_options(&self) -> RequestOptions {
        self.upload_options.clone()
    }

    /// How long the two sides of an upload may take.
    pub(crate) fn upload_limits(&self) -> UploadLimits {
        UploadLimits {
            client: self.settings.client_body_timeout,
            service: self.settings.timeouts.first_byte,
        }
    }

    pub(crate) fn service(&self, destination: Destination) -> &Service {
        match destination {
            Destination::Flights => &self.flights,
            Destination::Bookings => &self.bookings,
        }
    }

    /// Asks twice a second what the other instances know. The request does not wait for it.
    pub(crate) fn keep_up_to_date(
        self: &Rc<Self>,
        destination: Destination,
        attempts: &Attempts,
        request_id: &RequestId,
    ) {
        if self.service(destination).is_out_of_date(attempts.began()) {
            let (gate, request_id) = (Rc::clone(self), request_id.clone());
            spawn(async move { refresh(gate.service(destination), &request_id).await });
        }
    }

    /// Tells the other instances. The request does not wait for it.
    pub(crate) fn tell(self: &Rc<Self>, destination: Destination, news: News, request_id: &RequestId) {
        let (gate, request_id) = (Rc::clone(self), request_id.clone());
        spawn(async move {
            let service = gate.service(destination);
            let address = service.address_of(&news);
            match news {
                News::Ejected(..) => log::warn(&request_id, "upstream_ejected", &[("address", &address)]),
                News::Returned(..) => log::warn(&request_id, "upstream_returned", &[("address", &address)]),
                News::Probed(..) => {}
            }
            // Another process may have the store's file for a moment.
            let mut told = service.tell(news, &SpinKeyValue).await;
            for pause in PAUSES_BEFORE_TELLING_AGAIN {
                if told.is_ok() {
                    return;
                }
                wait(pause).await;
                told = service.tell(news, &SpinKeyValue).await;
            }
            if let Err(error) = told {
                log::warn(
                    &request_id,
                    "breaker_store_failed",
                    &[("cause", &error.to_string())],
                );
            }
        });
    }
}

async fn refresh(service: &Service, request_id: &RequestId) {
    if let Err(error) = service.refresh(&SpinKeyValue, &SystemClock).await {
        log::warn(
            request_id,
            "breaker_store_failed",
            &[("cause", &error.to_string())],
        );
    }
}
