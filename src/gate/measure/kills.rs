//! How often the kernel ended a process of a container because its memory was used up. The engine tells it when it
//! happens, and keeps no count.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Mutex;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::Method;
use serde_json::Value as Json;
use tokio::time::sleep;

use super::{API, held, now};
use crate::gate::upstream::Upstream;

/// How long the engine is left alone after it broke off.
const PAUSE: Duration = Duration::from_secs(2);
/// Longest event.
const LONGEST: usize = 1 << 20;

/// Kills by container.
#[derive(Debug, Default)]
pub struct Kills(Mutex<HashMap<String, u64>>);

impl Kills {
    /// Kills of one container since the count began.
    pub fn of(&self, id: &str) -> u64 {
        held(&self.0).get(id).copied().unwrap_or_default()
    }

    /// Forgets containers that are no more.
    pub fn forget_all_but<'a>(&self, there: impl Iterator<Item = &'a str>) {
        let mut kills = held(&self.0);
        if !kills.is_empty() {
            let there: HashSet<&str> = there.collect();
            kills.retain(|id, _| there.contains(id.as_str()));
        }
    }

    /// Counts until it is dropped. What happens while the engine cannot be heard is told afterwards, as far as it
    /// remembers.
    pub async fn watch(&self, upstream: &Upstream) -> Infallible {
        let mut since = format!("{:.9}", now());
        loop {
            self.listen(upstream, &mut since).await;
            sleep(PAUSE).await;
        }
    }

    /// Until the engine breaks off.
    async fn listen(&self, upstream: &Upstream, since: &mut String) {
        // {"type":["container"],"event":["oom"]}
        let filters = "%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22oom%22%5D%7D";
        let path = format!("{API}/events?since={since}&filters={filters}");
        let Ok(answer) = upstream.open(Method::GET, &path).await else { return };
        let mut body = answer.into_body();
        let mut buffer = BytesMut::new();
        while let Some(Ok(frame)) = body.frame().await {
            buffer.extend_from_slice(frame.data_ref().map(Bytes::as_ref).unwrap_or_default());
            while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line = buffer.split_to(end);
                buffer.advance(1);
                if let Some(after) = self.count(&line) {
                    *since = after;
                }
            }
            if buffer.len() > LONGEST {
                return;
            }
        }
    }

    /// Counts one; gives the moment after it.
    fn count(&self, line: &[u8]) -> Option<String> {
        let event: Json = serde_json::from_slice(line).ok()?;
        let (id, at) = (event["Actor"]["ID"].as_str()?, event["timeNano"].as_u64()?);
        *held(&self.0).entry(id.to_owned()).or_default() += 1;
        let after = at + 1;
        Some(format!("{}.{:09}", after / 1_000_000_000, after % 1_000_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kill_is_counted_and_the_next_look_begins_after_it() {
        let kills = Kills::default();
        let line = br#"{"Type":"container","Action":"oom","Actor":{"ID":"a"},"timeNano":1700000000999999999}"#;
        assert_eq!(kills.count(line).unwrap(), "1700000001.000000000");
        assert_eq!(kills.count(line).unwrap(), "1700000001.000000000");
        assert!(kills.count(b"x").is_none());
        assert_eq!((kills.of("a"), kills.of("b")), (2, 0));
        kills.forget_all_but(["b"].into_iter());
        assert_eq!(kills.of("a"), 0);
    }
}
