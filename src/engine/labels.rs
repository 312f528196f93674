//! The labels that say what is ours. A name match is never ownership.

/// Name of the stack that a container, network or volume belongs to.
pub const STACK: &str = "dev.mcpmon.stack";
/// Component of the stack (`prometheus`, `loki` …).
pub const COMPONENT: &str = "dev.mcpmon.component";
/// [`ContainerSpec::spec_hash`](super::ContainerSpec::spec_hash) of the container as it was created.
pub const SPEC_HASH: &str = "dev.mcpmon.spec-hash";
/// Hash of the configuration files that the container started with.
pub const CONFIG_HASH: &str = "dev.mcpmon.config-hash";
/// Number of the generation that created the container.
pub const GENERATION: &str = "dev.mcpmon.generation";
/// Marks a container that runs one command and is removed; one that still exists was left behind by a dead mcpmon.
pub const ONCE: &str = "dev.mcpmon.once";
/// Stack whose lock this container is. It carries no [`STACK`] label, so it never shows up among the stack's own containers.
pub const LOCK: &str = "dev.mcpmon.lock";
/// Stack whose generations are read through this container. It is no part of the stack, as [`LOCK`] is none.
pub const STATE: &str = "dev.mcpmon.state";
/// Marks an image that mcpmon packed from its own executable.
pub const SELF_IMAGE: &str = "dev.mcpmon.self";
/// Position of the container in the start order: those with a higher one go down first.
pub const STAGE: &str = "dev.mcpmon.stage";
/// Service that the container is.
pub const SERVICE: &str = "dev.mcpmon.service";
/// Group of that service.
pub const GROUP: &str = "dev.mcpmon.group";
