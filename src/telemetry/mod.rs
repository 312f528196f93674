//! What mcpmon's own servers tell about themselves and others: a small metrics registry in the Prometheus text format
//! 0.0.4. A family is a name with a help text and one sample for each set of labels.
mod family;
mod process;
mod sample;

pub use family::Family;
pub use process::{Process, Vitals};
pub use sample::{Counter, Gauge, Histogram, Sample, Summary};

/// The content type of the text format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A label and its value. An empty value is the same as no label.
pub type Label<'a> = (&'static str, &'a str);
