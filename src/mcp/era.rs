//! What is remembered of servers between two probes.

use serde::Serialize;

/// Generations of the protocol that differ in how a conversation begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Era {
    /// `server/discover`, no session: 2026-07-28 and later.
    Modern,
    /// `initialize`: 2024-11-05 to 2025-11-25.
    Legacy,
}

/// The era (and transport) that each target answered in last, for at most a fixed number of targets.
#[derive(Debug, Default)]
pub struct Eras {}
