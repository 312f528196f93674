//! What became of a test alert, for each way to each receiver.

use serde::Serialize;

use crate::route::explain::Report;
use crate::stack::Notifications;

/// What became of a test alert.
#[derive(Debug, Default, Serialize)]
pub struct Sent {
    /// Each way to each receiver.
    pub deliveries: Vec<Delivery>,
    /// Whether the wait was cut short.
    pub interrupted: bool,
    /// Why the alert is still there; nothing when it was resolved.
    pub left: Option<String>,
}

/// One way to one receiver: `chat (slack)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// The receiver's name.
    pub receiver: String,
    /// The way as the manifest names it: `slack`.
    pub way: String,
}

/// What became of one way.
#[derive(Debug, Serialize)]
pub struct Delivery {
    /// Which way.
    #[serde(flatten)]
    pub way: Way,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, and what to do; empty when it was delivered.
    pub detail: String,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The receiver's server took it.
    Delivered,
    /// The receiver's server did not take it.
    Failed,
    /// A silence or another alert mutes it.
    Muted,
    /// The manifest has nobody told at this time.
    Later,
    /// Nothing was sent.
    Unsent,
}

impl Sent {
    /// Whether everybody was told who is told at this time, and that is somebody.
    pub fn is_delivered(&self) -> bool {
        let mut now = self.deliveries.iter().filter(|one| one.outcome != Outcome::Later).peekable();
        now.peek().is_some() && now.all(|one| one.outcome == Outcome::Delivered)
    }
}

impl Delivery {
    /// What people read.
    pub fn line(&self) -> String {
        let Way { receiver, way } = &self.way;
        match self.outcome {
            Outcome::Delivered => format!("delivered to {receiver} ({way})"),
            Outcome::Failed => format!("failed: {receiver} ({way}): {}", self.detail),
            Outcome::Muted | Outcome::Unsent => {
                format!("not sent to {receiver} ({way}): {}", self.detail)
            }
            Outcome::Later => format!("not now to {receiver} ({way}): {}", self.detail),
        }
    }
}

/// The ways that a message will go, and those that it will not go at this time.
pub fn expected(report: &Report, notifications: &Notifications) -> (Vec<Way>, Vec<Delivery>) {
    let mut ways: Vec<Way> = Vec::new();
    let mut later: Vec<Delivery> = Vec::new();
    for person in &report.told {
        let receiver = notifications.receiver(&person.receiver);
        let kinds = receiver.into_iter().flat_map(|r| &r.kinds).filter(|(_, how)| !how.is_null());
        for (kind, _) in kinds {
            let way = Way { receiver: person.receiver.clone(), way: kind.clone() };
            match &person.muted {
                None if !ways.contains(&way) => ways.push(way),
                None => {}
                Some(why) => later.push(Delivery {
                    way,
                    outcome: Outcome::Later,
                    detail: format!("{why} ({})", person.route),
                }),
            }
        }
    }
    // Whoever is told by another route is told.
    later.retain(|one| !ways.contains(&one.way));
    (ways, later)
}
