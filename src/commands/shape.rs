//! The shapes of output that commands have which report nothing to CI.

/// Shape of the data on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Shape {
    /// For people.
    #[default]
    Text,
    /// One JSON document with a `schema_version`.
    Json,
}
