//! Images and component folders of a test's own.

use std::path::Path;

use crate::harness::{TestStack, docker};

/// A tag of a test's own; gone when the test ends.
pub struct OwnImage(String);

impl OwnImage {
    /// Another name for an image.
    pub fn tag(image: &str, tag: &str) -> Self {
        docker(&["tag", image, tag]);
        Self(tag.to_owned())
    }
}

impl Drop for OwnImage {
    fn drop(&mut self) {
        // A test may have removed it: that is then what it is about.
        let _ = std::process::Command::new("docker").args(["rmi", "-f", &self.0]).output();
    }
}

impl TestStack {
    /// Writes a changed file of a shipped component into the folder `own`, for `components_dir: own`.
    pub fn own_file(&self, component: &str, file: &str, edit: impl Fn(&str) -> String) {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(component);
        let text = std::fs::read_to_string(shipped.join(file)).unwrap();
        let edited = edit(&text);
        assert_ne!(text, edited, "{component}/{file} was not edited");
        let folder = self.path("own").join(component);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(file), edited).unwrap();
    }
}
