//! Waiting until Alertmanager has told everybody, or says why not.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::alertmanager::Alertmanager;
use super::counts::{All, Counts, integration};
use super::outcome::{Delivery, Outcome, Way};

/// Time between two looks.
const STEP: Duration = Duration::from_millis(300);
/// Alertmanager tries again what failed; a receiver that only hiccups has taken it by then.
const RETRIES: Duration = Duration::from_secs(10);

/// One test alert on its way.
pub struct Watch<'a> {
    alertmanager: &'a Alertmanager,
    mark: (&'a str, &'a str),
    before: All,
    /// Those of whom nothing is known yet.
    waiting: Vec<Waiting>,
    told: Vec<Delivery>,
    /// Why Alertmanager could not be asked the last time.
    trouble: Option<String>,
}

struct Waiting {
    way: Way,
    /// When the first attempt was seen to have failed.
    failing: Option<Instant>,
    /// Whether the look before found it delivered.
    arrived: bool,
    since: Counts,
}

impl<'a> Watch<'a> {
    /// Nothing has arrived yet.
    pub fn new(
        alertmanager: &'a Alertmanager,
        ways: Vec<Way>,
        before: All,
        mark: (&'a str, &'a str),
    ) -> Self {
        let fresh = |way| Waiting { way, failing: None, arrived: false, since: Counts::default() };
        let waiting = ways.into_iter().map(fresh).collect();
        Self { alertmanager, mark, before, waiting, told: Vec::new(), trouble: None }
    }

    /// What became of each way, and whether `stop` came first.
    pub async fn until_told(
        mut self,
        timeout: Duration,
        stop: impl Future<Output = ()>,
    ) -> (Vec<Delivery>, bool) {
        tokio::pin!(stop);
        let deadline = Instant::now() + timeout;
        let mut interrupted = false;
        while !self.waiting.is_empty() && Instant::now() < deadline && !interrupted {
            let look = async {
                sleep(STEP).await;
                let looked = self.look().await;
                self.trouble = looked.err();
            };
            tokio::select! {
                biased;
                () = &mut stop => interrupted = true,
                () = look => {}
            }
        }
        let left = if interrupted {
            "interrupted before it was known to have gone out".to_owned()
        } else {
            format!(
                "nothing within {timeout:?}; `mcpmon logs alertmanager`, or wait longer with `--timeout`"
            )
        };
        let left = self.trouble.take().unwrap_or(left);
        for one in std::mem::take(&mut self.waiting) {
            let (outcome, detail) = if one.since.failed > 0.0 {
                (Outcome::Failed, refused(one.since))
            } else {
                (Outcome::Unsent, left.clone())
            };
            self.told.push(Delivery { way: one.way, outcome, detail });
        }
        (self.told, interrupted)
    }

    async fn look(&mut self) -> Result<(), String> {
        let counts = self.alertmanager.counts().await?;
        for mut one in std::mem::take(&mut self.waiting) {
            let key = (one.way.receiver.clone(), integration(&one.way.way).to_owned());
            let of = |all: &All| all.get(&key).copied().unwrap_or_default();
            one.since = of(&counts).since(of(&self.before));
            match one.verdict(Instant::now()) {
                Some((outcome, detail)) => {
                    self.told.push(Delivery { way: one.way, outcome, detail });
                }
                None => self.waiting.push(one),
            }
        }
        if self.waiting.is_empty() {
            return Ok(());
        }
        let Some(alert) = self.alertmanager.held(self.mark).await? else { return Ok(()) };
        let mutes = self.alertmanager.mutes(&alert).await?;
        for one in std::mem::take(&mut self.waiting) {
            let named = alert.receivers.iter().any(|r| r.name == one.way.receiver);
            let why = if !mutes.is_empty() {
                Some((Outcome::Muted, mutes.join("; ")))
            } else if named {
                None
            } else {
                Some((Outcome::Unsent, "the routes of the running Alertmanager do not lead there: it runs another manifest; `mcpmon plan` shows what differs".to_owned()))
            };
            match why {
                // What was tried already is not muted.
                Some((outcome, detail)) if one.since == Counts::default() => {
                    self.told.push(Delivery { way: one.way, outcome, detail });
                }
                _ => self.waiting.push(one),
            }
        }
        Ok(())
    }
}

impl Waiting {
    /// What the counts say; nothing as long as that may change.
    fn verdict(&mut self, now: Instant) -> Option<(Outcome, String)> {
        let Counts { attempts, failed, given_up } = self.since;
        if attempts > failed {
            // An attempt is counted before its failure is; the next look sees both.
            return std::mem::replace(&mut self.arrived, true)
                .then(|| (Outcome::Delivered, String::new()));
        }
        self.arrived = false;
        if failed > 0.0 {
            let first = *self.failing.get_or_insert(now);
            if given_up > 0.0 || now.duration_since(first) >= RETRIES {
                return Some((Outcome::Failed, refused(self.since)));
            }
        }
        None
    }
}

fn refused(since: Counts) -> String {
    let times = if since.failed > 1.0 {
        format!("{} attempts, none of which was taken", since.failed)
    } else {
        "it was not taken".to_owned()
    };
    format!("{times}; look at `mcpmon logs alertmanager`")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is counted at which second, and what that comes to.
    type Case<'a> = (&'a [(Counts, u64)], Option<Outcome>);

    fn waiting() -> Waiting {
        let way = Way { receiver: "chat".to_owned(), way: "slack".to_owned() };
        Waiting { way, failing: None, arrived: false, since: Counts::default() }
    }

    #[test]
    fn what_is_counted_decides() {
        let counts = |attempts, failed, given_up| Counts { attempts, failed, given_up };
        let start = Instant::now();
        let cases: [Case<'_>; 7] = [
            (&[(counts(0.0, 0.0, 0.0), 60)], None),
            // Seen once it may be an attempt whose failure is not counted yet.
            (&[(counts(1.0, 0.0, 0.0), 0)], None),
            (&[(counts(1.0, 0.0, 0.0), 0), (counts(1.0, 0.0, 0.0), 1)], Some(Outcome::Delivered)),
            (&[(counts(1.0, 0.0, 0.0), 0), (counts(1.0, 1.0, 0.0), 1)], None),
            // A hiccup is none of people's business, and a failure is one for good or for long.
            (
                &[
                    (counts(2.0, 2.0, 0.0), 0),
                    (counts(3.0, 2.0, 0.0), 2),
                    (counts(3.0, 2.0, 0.0), 3),
                ],
                Some(Outcome::Delivered),
            ),
            (&[(counts(1.0, 1.0, 1.0), 0)], Some(Outcome::Failed)),
            (&[(counts(1.0, 1.0, 0.0), 0), (counts(9.0, 9.0, 0.0), 10)], Some(Outcome::Failed)),
        ];
        for (index, (looks, expected)) in cases.into_iter().enumerate() {
            let mut one = waiting();
            let mut last = None;
            for (since, seconds) in looks {
                one.since = *since;
                last = one.verdict(start + Duration::from_secs(*seconds));
            }
            assert_eq!(last.map(|(outcome, _)| outcome), expected, "case {index}");
        }
    }
}
