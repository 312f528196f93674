//! Images: pulled from a registry, or made from files.

use bollard::query_parameters::{CreateImageOptions, CreateImageOptionsBuilder};
use futures_util::TryStreamExt as _;

use super::writer::gone;
use super::{Engine, EngineError};

/// How far a layer of an image has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerProgress<'a> {
    /// Short identifier of the layer; the tag for messages about the whole image.
    pub layer: &'a str,
    /// What happens to it (`Downloading`, `Extracting`, `Pull complete` …).
    pub status: &'a str,
    /// Bytes done.
    pub current: Option<u64>,
    /// Bytes in all.
    pub total: Option<u64>,
}

impl Engine {
    /// Pulls an image, reporting each layer. No credentials are sent: an image of a private registry must be pulled with `docker pull`.
    pub async fn pull(
        &self,
        reference: &str,
        progress: &(dyn Fn(&LayerProgress<'_>) + Sync),
    ) -> Result<(), EngineError> {
        let (repository, tag) = split_reference(reference);
        let options = CreateImageOptionsBuilder::new().from_image(repository).tag(tag).build();
        let mut layers = self.client().create_image(Some(options), None, None);
        let failed = |error: EngineError| {
            let message = match error {
                EngineError::Api { message, .. } | EngineError::NotFound { message, .. } => message,
                other => other.to_string(),
            };
            let help = if message.contains("denied")
                || message.contains("unauthorized")
                || message.contains("authentication")
            {
                "; if it needs a login, `docker pull` it first: mcpmon uses images that are there"
            } else {
                ""
            };
            EngineError::Pull { image: reference.to_owned(), message: format!("{message}{help}") }
        };
        while let Some(layer) = layers
            .try_next()
            .await
            .map_err(|error| failed(EngineError::from_client(error, "pull")))?
        {
            let bytes = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok());
            let detail = layer.progress_detail.unwrap_or_default();
            progress(&LayerProgress {
                layer: layer.id.as_deref().unwrap_or_default(),
                status: layer.status.as_deref().unwrap_or_default(),
                current: bytes(detail.current),
                total: bytes(detail.total),
            });
        }
        Ok(())
    }

    /// Makes an image of one layer from a tar archive of its root file system, with changes in the words of a Dockerfile
    /// (`ENTRYPOINT ["/x"]`, `LABEL a=b`). An image that had this reference loses it.
    pub async fn import_image(
        &self,
        tar: Vec<u8>,
        reference: &str,
        changes: &[String],
    ) -> Result<(), EngineError> {
        let during = || format!("import image {reference}");
        let (repository, tag) = split_reference(reference);
        let options = CreateImageOptions {
            from_src: Some("-".to_owned()),
            repo: Some(repository.to_owned()),
            tag: Some(tag.to_owned()),
            changes: changes.to_vec(),
            ..CreateImageOptions::default()
        };
        let answers =
            self.client().create_image(Some(options), Some(bollard::body_full(tar.into())), None);
        let answers: Result<Vec<_>, _> = answers.try_collect().await;
        answers.map(drop).map_err(|error| EngineError::from_client(error, during()))
    }

    /// Removes a reference to an image, and the image with the last of them; with `force` also when stopped containers use it.
    pub async fn remove_image(&self, reference: &str, force: bool) -> Result<(), EngineError> {
        let options =
            bollard::query_parameters::RemoveImageOptionsBuilder::new().force(force).build();
        let removed = self.client().remove_image(reference, Some(options), None).await;
        gone(removed.map(drop), || format!("remove image {reference}"))
    }
}

/// `repository` and `tag` or digest, in the two parts the engine takes; a reference without a tag means `latest` and not all tags.
fn split_reference(reference: &str) -> (&str, &str) {
    if let Some((repository, digest)) = reference.split_once('@') {
        return (repository, digest);
    }
    match reference.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (reference, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_a_repository_and_a_tag_or_digest() {
        assert_eq!(split_reference("prom/prometheus:v3"), ("prom/prometheus", "v3"));
        assert_eq!(split_reference("localhost:5000/a/b"), ("localhost:5000/a/b", "latest"));
        assert_eq!(split_reference("localhost:5000/a:1"), ("localhost:5000/a", "1"));
        assert_eq!(split_reference("a/b@sha256:00"), ("a/b", "sha256:00"));
    }
}
