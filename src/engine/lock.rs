//! One writer at a time for each stack.
//!
//! The lock is a container that is created and never started: creating a name is atomic, so the second writer is told that it is taken. Its
//! labels say who holds it. It has the stack's configuration volumes mounted, and so is also what files are uploaded through.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use super::ahead::Ahead;
use super::holder::Liveness;
use super::{
    ContainerSpec, Engine, EngineError, Holder, Mount, MountSource, RestartPolicy, labels,
};

/// The image of a lock: nothing in it, as nothing of it ever runs.
pub const EMPTY_IMAGE: &str = "mcpmon/empty:1";

/// A held lock. It stays until [`release`](Self::release), also when this process dies: the next one takes it over then.
#[derive(Debug)]
#[must_use = "a lock that is dropped stays held until this process ends"]
pub struct Lock {
    id: String,
    taken_over_from: Option<Holder>,
    /// An upload that was begun already.
    ahead: RefCell<Option<Ahead>>,
}

/// A volume that a container which is never started has mounted, for its files to be read or written through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockVolume {
    /// Where it is mounted.
    pub target: String,
    /// Name of the volume.
    pub name: String,
    /// Labels it gets if it does not exist yet.
    pub labels: BTreeMap<String, String>,
}

impl LockVolume {
    /// As a container has it.
    pub fn mount(&self, read_only: bool) -> Mount {
        let source = MountSource::Volume { name: self.name.clone(), labels: self.labels.clone() };
        Mount { source, target: self.target.clone(), read_only }
    }
}

/// Why a lock was not given.
#[derive(Debug)]
pub enum LockError {
    /// Another one holds it.
    Held {
        /// The stack.
        stack: String,
        /// Who holds it.
        holder: Box<Holder>,
        /// Whether that is a process that can be seen from here.
        alive: bool,
    },
    /// The engine failed.
    Engine(EngineError),
}

impl Lock {
    /// Name of the container that is the lock of a stack.
    pub fn container_name(stack: &str) -> String {
        format!("{stack}-mcpmon-lock")
    }

    /// Takes the lock of a stack, with these volumes mounted for upload. The lock of a process that has certainly died is taken over.
    pub async fn acquire(
        engine: &Engine,
        stack: &str,
        holder: &Holder,
        volumes: &[LockVolume],
    ) -> Result<Self, LockError> {
        let spec = spec(stack, holder, volumes);
        let mut taken_over_from = None;
        // Each round ends here unless something changed under our hands: an image imported, a holder gone.
        for _ in 0..10 {
            let taken = match engine.create_container(&spec).await {
                Ok(id) => {
                    return Ok(Self { id, taken_over_from, ahead: RefCell::default() });
                }
                Err(error)
                    if error.is_not_found() && engine.image(EMPTY_IMAGE).await?.is_none() =>
                {
                    ensure_empty_image(engine).await?;
                    continue;
                }
                Err(error) if error.is_conflict() => error,
                Err(error) => return Err(error.into()),
            };
            let Some(current) = engine.container(&spec.name).await? else {
                continue;
            };
            if current.labels.get(labels::LOCK).map(String::as_str) != Some(stack) {
                return Err(taken.into()); // a foreign container has our name
            }
            let their = Holder::from_labels(&current.labels);
            let liveness = their.liveness(holder);
            if liveness != Liveness::Dead {
                return Err(LockError::Held {
                    stack: stack.to_owned(),
                    holder: Box::new(their),
                    alive: liveness == Liveness::Alive,
                });
            }
            // By identifier: should another one have taken it over in the meantime, that one's lock has another.
            engine.remove_container(&current.id, true).await?;
            taken_over_from = Some(their);
        }
        Err(EngineError::io(
            format!("lock stack {stack}"),
            "others keep taking and releasing the lock; try again",
        )
        .into())
    }

    /// Who holds the lock of a stack.
    pub async fn holder(
        reader: &super::Reader,
        stack: &str,
    ) -> Result<Option<Holder>, EngineError> {
        let container = reader.container(&Self::container_name(stack)).await?;
        let lock = container.filter(|container| {
            container.labels.get(labels::LOCK).map(String::as_str) == Some(stack)
        });
        Ok(lock.map(|lock| Holder::from_labels(&lock.labels)))
    }

    /// The container that has the volumes mounted.
    pub fn container(&self) -> &str {
        &self.id
    }

    /// Says that something will be uploaded within a second or so: it takes a tenth of the time then.
    pub fn expect_upload(&self, engine: &Engine) {
        let mut ahead = self.ahead.borrow_mut();
        if ahead.as_ref().is_none_or(Ahead::is_over) {
            *ahead = Some(Ahead::begin(engine, &self.id));
        }
    }

    /// Unpacks an archive for the container's root, in which the volumes are.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn upload(&self, engine: &Engine, mut tar: Vec<u8>) -> Result<(), EngineError> {
        let ahead = self.ahead.take();
        if let Some(ahead) = ahead {
            match ahead.unpack(tar).await? {
                None => return Ok(()),
                Some(given_back) => tar = given_back,
            }
        }
        engine.upload(&self.id, "/", tar).await
    }

    /// The dead process whose lock this was; the user should be told.
    pub fn taken_over_from(&self) -> Option<&Holder> {
        self.taken_over_from.as_ref()
    }

    /// Gives the lock back. A volume that was mounted cannot be removed before.
    pub async fn release(self, engine: &Engine) -> Result<(), EngineError> {
        // The engine removes it once nothing is uploaded to it any more.
        self.ahead.take();
        engine.remove_container(&self.id, true).await
    }
}

fn spec(stack: &str, holder: &Holder, volumes: &[LockVolume]) -> ContainerSpec {
    let mounts = volumes.iter().map(|volume| volume.mount(false)).collect();
    let mut spec = never_started(Lock::container_name(stack), mounts);
    spec.labels = holder.to_labels();
    spec.labels.insert(labels::LOCK.to_owned(), stack.to_owned());
    spec
}

/// A container of [`EMPTY_IMAGE`], for volumes to be read and written through.
pub fn never_started(name: String, mounts: Vec<Mount>) -> ContainerSpec {
    let mut spec = ContainerSpec::new(name, EMPTY_IMAGE);
    spec.command = vec!["never-started".to_owned()]; // the engine wants one
    spec.restart = RestartPolicy::No;
    spec.read_only_rootfs = false; // the mount points are made in it
    spec.mounts = mounts;
    spec
}

/// Makes the image of containers that are never started, unless it is there.
pub async fn ensure_empty_image(engine: &Engine) -> Result<(), EngineError> {
    if engine.image(EMPTY_IMAGE).await?.is_some() {
        return Ok(());
    }
    let tar = super::tar_of([])?;
    engine.import_image(tar, EMPTY_IMAGE, &[]).await
}

impl From<EngineError> for LockError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { stack, holder, alive: true } => {
                write!(f, "stack {stack} is being changed: {holder}; wait until that has ended")
            }
            Self::Held { stack, holder, alive: false } => write!(
                f,
                "stack {stack} is being changed: {holder}; whether that still runs cannot be seen from here. \
                 Once you are sure that it does not: docker rm {}",
                Lock::container_name(stack)
            ),
            Self::Engine(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LockError {}
