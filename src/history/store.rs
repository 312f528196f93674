//! Where generations stand in the state volume, and which of them are kept.
//!
//! The engine's upload can replace a file and not remove one. So there is a fixed set of places: a
//! new generation takes the place of one that is no longer kept.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::generation::{Generation, Outcome, SCHEMA_VERSION};
use super::snapshot::Snapshot;
use crate::engine::{Engine, EngineError, Lock, Packing, Reader, TarFile};

/// Where the state volume is mounted in the containers that it is read and written through.
pub const STATE: &str = "/state";

/// How many generations are kept, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// At most so many.
    pub count: usize,
    /// None that is older.
    pub age: std::time::Duration,
}

/// The generations of a stack, by number.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Number → its place in the volume, and itself.
    kept: BTreeMap<u64, (u32, Generation)>,
}

impl History {
    /// Reads the generations through a container that has the state volume mounted.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub async fn read(reader: &Reader, container: &str) -> Result<Self, EngineError> {
        let tree = reader.read_tree(container, &format!("{STATE}/generations")).await?;
        let mut history = Self::default();
        for (name, file) in tree.unwrap_or_default() {
            let place = name.strip_suffix(".json").and_then(|place| place.parse().ok());
            // What an mcpmon of another shape wrote is not ours to understand.
            let generation = serde_json::from_slice::<Generation>(&file.content)
                .ok()
                .filter(|generation| generation.schema_version == SCHEMA_VERSION);
            if let (Some(place), Some(generation)) = (place, generation) {
                history.insert(place, generation);
            }
        }
        Ok(history)
    }

    fn insert(&mut self, place: u32, generation: Generation) {
        self.kept.insert(generation.number, (place, generation));
    }

    /// All of them, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Generation> {
        self.kept.values().map(|(_, generation)| generation)
    }

    /// One of them.
    pub fn get(&self, number: u64) -> Option<&Generation> {
        self.kept.get(&number).map(|(_, generation)| generation)
    }

    /// The number of the next one.
    pub fn next_number(&self) -> u64 {
        self.kept.keys().next_back().map_or(1, |last| last + 1)
    }

    /// The one that runs, or that was last about to.
    pub fn current(&self) -> Option<&Generation> {
        self.all().rev().find(|generation| generation.outcome != Outcome::Undone)
    }

    /// The newest proven one before the one that runs.
    pub fn proven_before(&self) -> Option<&Generation> {
        let current = self.current()?.number;
        self.all().rev().find(|g| g.number < current && g.outcome == Outcome::Proven)
    }

    /// The newest one, if nobody has said yet what became of it. Under the lock: it was interrupted.
    pub fn open(&self) -> Option<&Generation> {
        self.all().next_back().filter(|generation| generation.outcome == Outcome::Applying)
    }

    /// A place for one more: that of one which is no longer kept, else a new one.
    fn free_place(&self, keep: Keep, now: Timestamp) -> u32 {
        let is_old = |generation: &Generation| {
            let began: Option<Timestamp> = generation.began.parse().ok();
            let age = SignedDuration::try_from(keep.age).unwrap_or(SignedDuration::MAX);
            began.is_some_and(|began| now.duration_since(began) > age)
        };
        // What runs, and what would be gone back to, stays however old it is.
        let needed: Vec<u64> =
            [self.current(), self.proven_before()].iter().flatten().map(|g| g.number).collect();
        let spare = self.kept.len().saturating_sub(keep.count.max(3) - 1);
        let candidates = self.kept.values().filter(|(_, g)| !needed.contains(&g.number));
        let oldest = candidates
            .enumerate()
            .find(|(index, (_, generation))| *index < spare || is_old(generation));
        oldest.map_or_else(
            || {
                let taken: Vec<u32> = self.kept.values().map(|(place, _)| *place).collect();
                (0..u32::MAX).find(|place| !taken.contains(place)).unwrap_or_default()
            },
            |(_, (place, _))| *place,
        )
    }

    /// Everything that it takes to bring a generation back.
    ///
    /// # Errors
    /// When it is not there, or the engine cannot be asked.
    pub async fn snapshot(
        &self,
        reader: &Reader,
        container: &str,
        number: u64,
    ) -> anyhow::Result<Snapshot> {
        let place = self.kept.get(&number).map(|(place, _)| *place);
        let place = place.ok_or_else(|| anyhow::anyhow!(self.unknown(number)))?;
        let path = format!("{STATE}/snapshots/{place:03}.json");
        let tree = reader.read_tree(container, &path).await?.unwrap_or_default();
        let file = tree.into_values().next();
        let snapshot: Option<Snapshot> = file.and_then(|file| parsed(&file.content));
        snapshot
            .filter(|snapshot| snapshot.number == number)
            .ok_or_else(|| anyhow::anyhow!("what generation {number} was made of is not kept"))
    }

    /// What is said about a number that is none of them.
    pub fn unknown(&self, number: u64) -> String {
        let (first, last) = (self.kept.keys().next(), self.kept.keys().next_back());
        match (first, last) {
            (Some(first), Some(last)) => {
                format!(
                    "there is no generation {number}; kept are {first} to {last} (`mcpmon history`)"
                )
            }
            _ => format!("there is no generation {number}: nothing has been applied yet"),
        }
    }

    /// A free place, and what is to be written there before the generation is begun: what it is made of.
    ///
    /// # Errors
    /// When it cannot be told as JSON.
    pub fn prepare(
        &self,
        snapshot: &Snapshot,
        keep: Keep,
    ) -> anyhow::Result<(u32, (String, Vec<u8>))> {
        let place = self.free_place(keep, Timestamp::now());
        Ok((place, (format!("snapshots/{place:03}.json"), serde_json::to_vec(snapshot)?)))
    }

    /// What is to be written to bring a generation to the place that was prepared or that it has already.
    ///
    /// # Errors
    /// When it cannot be told as JSON.
    pub fn note(
        &mut self,
        place: u32,
        generation: &Generation,
    ) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let mut files = vec![document(place, generation)?];
        // What stood at this place is gone now, and whoever left one open has died.
        self.kept.retain(|number, (other, _)| *other != place || *number == generation.number);
        for (at, other) in self.kept.values_mut() {
            if other.outcome == Outcome::Applying && other.number != generation.number {
                other.outcome = Outcome::Interrupted;
                files.push(document(*at, other)?);
            }
        }
        self.insert(place, generation.clone());
        Ok(files)
    }

    /// Writes a generation down, at the place that was prepared or that it has already.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub async fn write(
        &mut self,
        engine: &Engine,
        lock: &Lock,
        place: u32,
        generation: &Generation,
    ) -> anyhow::Result<()> {
        let mut packing = Packing::new([STATE.trim_start_matches('/')]);
        put(&mut packing, &self.note(place, generation)?);
        lock.upload(engine, packing.done()?).await?;
        Ok(())
    }

    /// Says what became of a generation that is there already.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub async fn close(
        &mut self,
        engine: &Engine,
        lock: &Lock,
        number: u64,
        outcome: Outcome,
        detail: Option<String>,
    ) -> anyhow::Result<()> {
        let Some((place, mut generation)) = self.kept.get(&number).cloned() else { return Ok(()) };
        generation.outcome = outcome;
        generation.detail = detail;
        generation.ended = Some(now());
        self.write(engine, lock, place, &generation).await
    }
}

/// This moment, to the second.
pub fn now() -> String {
    let now = Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now).to_string()
}

fn parsed<T: DeserializeOwned>(content: &[u8]) -> Option<T> {
    serde_json::from_slice(content).ok()
}

fn document(place: u32, value: &impl Serialize) -> anyhow::Result<(String, Vec<u8>)> {
    Ok((format!("generations/{place:03}.json"), serde_json::to_vec(value)?))
}

/// Adds files of the state volume to an archive for the root of a container that has it mounted.
pub fn put(packing: &mut Packing, files: &[(String, Vec<u8>)]) {
    let root = STATE.trim_start_matches('/');
    let files: Vec<(String, &Vec<u8>)> =
        files.iter().map(|(path, content)| (format!("{root}/{path}"), content)).collect();
    for (path, content) in &files {
        packing.put([TarFile { path, content, mode: 0o600, uid: 0, gid: 0 }]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Author, Generation};

    const DAY: std::time::Duration = std::time::Duration::from_hours(24);

    fn generation(number: u64, outcome: Outcome, began: &str) -> Generation {
        Generation {
            schema_version: SCHEMA_VERSION,
            number,
            outcome,
            detail: None,
            began: began.to_owned(),
            ended: None,
            command: "mcpmon up".to_owned(),
            by: Author::default(),
            message: None,
            restores: None,
            mcpmon: String::new(),
            bundle: String::new(),
            images: BTreeMap::new(),
            actions: BTreeMap::new(),
        }
    }

    fn history(outcomes: &[Outcome]) -> History {
        let mut history = History::default();
        for (index, outcome) in (0_u32..).zip(outcomes) {
            let began = format!("2027-01-{:02}T00:00:00Z", index + 1);
            history.insert(index, generation(u64::from(index) + 1, *outcome, &began));
        }
        history
    }

    #[test]
    fn what_was_undone_does_not_run_and_is_not_gone_back_to() {
        use Outcome::{Applying, Failed, Proven, Undone};
        let number = |g: Option<&Generation>| g.map(|g| g.number);
        let past = history(&[Proven, Proven, Undone]);
        assert_eq!((number(past.current()), number(past.proven_before())), (Some(2), Some(1)));
        let past = history(&[Proven, Undone, Failed]);
        assert_eq!((number(past.current()), number(past.proven_before())), (Some(3), Some(1)));
        let past = history(&[Proven, Applying]);
        assert_eq!(number(past.open()), Some(2));
        assert_eq!(number(history(&[Applying, Proven]).open()), None);
        assert_eq!(number(history(&[]).current()), None);
    }

    #[test]
    fn a_place_is_taken_again_when_its_generation_is_kept_no_more() {
        use Outcome::Proven;
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let keep = Keep { count: 4, age: 90 * DAY };
        let soon = at("2027-01-05T00:00:00Z");
        assert_eq!(history(&[]).free_place(keep, soon), 0);
        assert_eq!(history(&[Proven; 3]).free_place(keep, soon), 3);
        assert_eq!(history(&[Proven; 4]).free_place(keep, soon), 0);
        // Old ones go, but for what runs and the one before it.
        let late = at("2027-06-01T00:00:00Z");
        assert_eq!(history(&[Proven; 2]).free_place(keep, late), 2);
        assert_eq!(history(&[Proven; 3]).free_place(keep, late), 0);
        // A smaller number than before: places beyond it empty one after the other.
        assert_eq!(history(&[Proven; 9]).free_place(keep, soon), 0);
    }
}
