//! Whole directories as tar archives that stand in files: out of a container, and back.

use std::time::Duration;

use bollard::query_parameters::{
    DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use bytes::BytesMut;
use futures_util::{TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::error::REQUEST_TIMEOUT;
use super::{Engine, EngineError, Reader};
use crate::hex::hex;

/// What a tar ends with: two blocks of nothing.
const TAR_END: usize = 1024;
/// How much of a file is sent at once.
const CHUNK: usize = 1 << 20;

/// An archive that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Reader {
    /// Copies an absolute directory of a container, running or not, to a writer as the tar that the engine makes of it: links, owners
    /// and modes included, under the directory's own name.
    pub async fn save(
        &self,
        container: &str,
        directory: &str,
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Result<Saved, EngineError> {
        let during = format!("copy {directory} of container {container}");
        let options = DownloadFromContainerOptionsBuilder::new().path(directory).build();
        let mut stream = self.client().download_from_container(container, Some(options));
        let (mut bytes, mut zeros, mut sha256) = (0, 0, Sha256::new());
        while let Some(chunk) =
            stream.try_next().await.map_err(|error| EngineError::from_client(error, &during))?
        {
            to.write_all(&chunk).await.map_err(|error| EngineError::io(&during, error))?;
            sha256.update(&chunk);
            bytes += chunk.len() as u64;
            let tail = chunk.iter().rev().take_while(|byte| **byte == 0).count();
            zeros = if tail == chunk.len() { zeros + tail } else { tail };
        }
        // An engine that fails half-way just ends.
        if zeros < TAR_END {
            return Err(EngineError::io(during, "it ended before the archive did"));
        }
        to.flush().await.map_err(|error| EngineError::io(&during, error))?;
        Ok(Saved { bytes, sha256: hex(&sha256.finalize()) })
    }
}

impl Engine {
    /// Unpacks what [`save`](Reader::save) wrote of a directory, where that directory is: owners and modes are those of the archive.
    pub async fn unpack(
        &self,
        container: &str,
        directory: &str,
        (tar, bytes): (File, u64),
    ) -> Result<(), EngineError> {
        let chunks = stream::try_unfold(tar, |mut tar| async move {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            let read = tar.read_buf(&mut chunk).await?;
            Ok((read > 0).then(|| (chunk.freeze(), tar)))
        });
        let parent = directory.rsplit_once('/').map_or("", |(parent, _)| parent);
        let parent = if parent.is_empty() { "/" } else { parent };
        let options = UploadToContainerOptionsBuilder::new().path(parent).build();
        // The engine answers when all of it is on the disk; one that writes less than 1 MiB in a second hangs.
        let client =
            self.client().clone().with_timeout(REQUEST_TIMEOUT + Duration::from_secs(bytes >> 20));
        let unpacked = client
            .upload_to_container(container, Some(options), bollard::body_try_stream(chunks))
            .await;
        unpacked.map_err(|error| {
            EngineError::from_client(error, format!("unpack {directory} of container {container}"))
        })
    }
}
