//! The Docker engine, in our own words.
//!
//! ```text
//! Endpoint ─connect→ Reader (GET only: plan and checks hold this) ─Engine::from→ Engine (may change things)
//! ```
//!
//! * [`endpoint`] which engine, and why that one
//! * [`reader`] what can be asked: [`facts`], [`container`], [`hardening`], [`resources`], [`archive`] and [`logs`] hold the answers
//! * [`writer`] what can be done; [`exec`] and [`once`] run a command, [`images`] gets images
//! * [`spec`] the container we want (`convert` says it in the engine's words)
//! * [`files`] tar archives that fill or replace a directory of a volume
//! * `ahead` an upload that the engine gets ready for before there is anything to upload
//! * [`tarball`] whole directories as tars in files, out of a container and back
//! * [`lock`] one writer at a time for each stack, and the container that files are uploaded through
//! * [`image_self`] this executable as an image
//!
//! Nothing here prints: progress goes to a callback that the caller hands in.

mod ahead;
pub mod archive;
pub mod container;
mod convert;
pub mod elf;
pub mod endpoint;
pub mod error;
pub mod exec;
pub mod facts;
pub mod files;
pub mod hardening;
pub mod holder;
pub mod image_self;
pub mod images;
pub mod labels;
pub mod lock;
pub mod logs;
pub mod once;
pub mod reader;
pub mod resources;
pub mod spec;
pub mod tarball;
pub mod writer;

pub use archive::{FileEntry, Owner, Tree};
pub use container::{Container, Joined, MountPoint, PublishedPort, State, Status};
pub use endpoint::Endpoint;
pub use error::EngineError;
pub use exec::Output;
pub use facts::Facts;
pub use files::{Packing, TarFile, tar_of};
pub use hardening::Hardening;
pub use holder::Holder;
pub use images::LayerProgress;
pub use lock::{Lock, LockError, LockVolume};
pub use logs::LogLine;
pub use reader::{Publishing, Reader};
pub use resources::{Image, Network, Volume};
pub use spec::{
    ContainerSpec, LogRotation, LogTo, Mount, MountSource, NetworkMode, Publish, RestartPolicy,
};
pub use tarball::Saved;
pub use writer::Engine;
