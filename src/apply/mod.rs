//! Bringing a stack to what is wanted.
use crate::commands::{Context, Project};
use crate::engine::Engine;
use crate::stack::Secrets;

/// Checks every file in the image that will read it.
pub async fn validate_all(
    _: &Context,
    _: &Engine,
    _: &Project,
    _: Option<&Secrets>,
) -> anyhow::Result<()> {
    anyhow::bail!("under construction")
}
