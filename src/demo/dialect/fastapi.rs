//! As prometheus-fastapi-instrumentator names metrics, with its default settings:
//!
//! | metric | labels |
//! |---|---|
//! | `http_requests_total` counter, `http_requests_created` gauge | `handler`, `method`, `status` (`2xx`, `4xx`, `5xx`) |
//! | `http_request_duration_seconds` histogram, three buckets | `handler`, `method` |
//! | `http_request_duration_highr_seconds` histogram | none |
//! | `http_request_size_bytes`, `http_response_size_bytes` summaries | `handler` |
//! | `http_requests_inprogress` gauge | none |
//!
//! A request to no route has the handler `none`.
use std::time::{SystemTime, UNIX_EPOCH};

use super::Dialect;
use crate::demo::exchange::{Arrival, Exchange, ROUTES};
use crate::demo::health::Reading;
use crate::telemetry::{Counter, Family, Gauge, Histogram, Summary};

const COARSE: [f64; 3] = [0.1, 0.5, 1.0];
const FINE: [f64; 21] = [
    0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0,
    7.5, 10.0, 30.0, 60.0,
];

/// The metrics of a `FastAPI` service.
pub struct Fastapi {
    requests: Family<Counter>,
    created: Family<Gauge>,
    duration: Family<Histogram>,
    fine_duration: Family<Histogram>,
    request_size: Family<Summary>,
    response_size: Family<Summary>,
    in_progress: Family<Gauge>,
}

impl Fastapi {
    /// All metrics at zero.
    pub fn new() -> Self {
        let metrics = Self {
            requests: Family::new(
                "http_requests_total",
                "Requests by handler, method and status.",
                Counter::default(),
            ),
            created: Family::new(
                "http_requests_created",
                "When a request counter began.",
                Gauge::default(),
            ),
            duration: Family::new(
                "http_request_duration_seconds",
                "Time to the answer by handler and method, in few buckets.",
                Histogram::new(&COARSE),
            ),
            fine_duration: Family::new(
                "http_request_duration_highr_seconds",
                "Time to the answer of all requests, in many buckets.",
                Histogram::new(&FINE),
            ),
            request_size: Family::new(
                "http_request_size_bytes",
                "Size of requests by handler.",
                Summary::default(),
            ),
            response_size: Family::new(
                "http_response_size_bytes",
                "Size of answers by handler.",
                Summary::default(),
            ),
            in_progress: Family::new(
                "http_requests_inprogress",
                "Requests being served.",
                Gauge::default(),
            ),
        };
        for (handler, method) in ROUTES {
            for status in ["2xx", "4xx", "5xx"] {
                metrics.begin_counter(&[
                    ("handler", handler),
                    ("method", method),
                    ("status", status),
                ]);
            }
            metrics.duration.touch(&[("handler", handler), ("method", method)]);
            metrics.request_size.touch(&[("handler", handler)]);
            metrics.response_size.touch(&[("handler", handler)]);
        }
        metrics.fine_duration.touch(&[]);
        metrics.in_progress.touch(&[]);
        metrics
    }

    fn begin_counter(&self, labels: &[(&'static str, &str); 3]) {
        self.requests.touch(labels);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.created.with(labels, |created| created.set_once(now.as_secs_f64()));
    }
}

impl Dialect for Fastapi {
    fn entered(&self, _arrival: &Arrival) {
        self.in_progress.with(&[], |requests| requests.add(1.0));
    }

    fn left(&self, _arrival: &Arrival) {
        self.in_progress.with(&[], |requests| requests.add(-1.0));
    }

    fn answered(&self, exchange: &Exchange) {
        let handler = ("handler", exchange.arrival.route.unwrap_or("none"));
        let method = ("method", exchange.arrival.http_method);
        let status = format!("{}xx", exchange.status / 100);
        let labels = [handler, method, ("status", status.as_str())];
        self.begin_counter(&labels);
        self.requests.with(&labels, Counter::increase);
        let seconds = exchange.duration.as_secs_f64();
        self.duration.with(&[handler, method], |duration| duration.observe(seconds));
        self.fine_duration.with(&[], |duration| duration.observe(seconds));
        self.request_size.with(&[handler], |size| {
            size.observe_bytes(exchange.request_bytes);
        });
        self.response_size.with(&[handler], |size| {
            size.observe_bytes(exchange.response_bytes);
        });
    }

    fn write(&self, _: &Reading, out: &mut String) {
        self.requests.write(out);
        self.created.write(out);
        self.duration.write(out);
        self.fine_duration.write(out);
        self.request_size.write(out);
        self.response_size.write(out);
        self.in_progress.write(out);
    }
}
