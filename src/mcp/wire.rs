//! What a conversation needs of a transport.

use serde_json::Value as Json;

use super::era::Era;
use super::fault::Fault;
use super::message::Question;
use super::progress::Progress;
use super::report::Transport;

/// A way to ask a server.
pub(super) trait Wire {
    const TRANSPORT: Transport;

    /// Asks and waits for the answer's result.
    async fn ask(&mut self, question: &Question, progress: &mut Progress) -> Result<Json, Fault>;

    /// Tells, which has no answer.
    async fn tell(&mut self, method: &'static str, progress: &mut Progress) -> Result<(), Fault>;

    /// From now on this version is spoken.
    fn agree(&mut self, era: Era, version: &str);
}
