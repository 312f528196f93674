//! What the tests share: a stack of their own, and an image.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mcpmon::engine::{
    ContainerSpec, Endpoint, Engine, Lock, Mount, MountSource, RestartPolicy, TarFile, labels,
    tar_of,
};
use tokio::sync::OnceCell;

pub const SECOND: Duration = Duration::from_secs(1);

/// A stack of its own for each test, removed with all that carries its label when the test ends, also when it fails.
pub struct Fixture {
    pub engine: Engine,
    pub stack: String,
}

pub async fn connect() -> Engine {
    let home = std::env::var("HOME").ok().map(PathBuf::from);
    let endpoint = Endpoint::choose(&|name| std::env::var(name).ok(), home.as_deref()).unwrap();
    Engine::connect(&endpoint).await.expect("these tests need a Docker engine")
}

impl Fixture {
    pub async fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            engine: connect().await,
            stack: format!("enginetest-{}-{number}", std::process::id()),
        }
    }

    pub fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(labels::STACK.to_owned(), self.stack.clone())])
    }

    pub fn name(&self, part: &str) -> String {
        format!("{}-{part}", self.stack)
    }

    pub fn volume(&self, name: &str, target: &str, read_only: bool) -> Mount {
        let source = MountSource::Volume { name: self.name(name), labels: self.labels() };
        Mount { source, target: target.to_owned(), read_only }
    }

    /// A container that does what `program` below does in this mode.
    pub async fn spec(&self, part: &str, mode: &str) -> ContainerSpec {
        let mut spec = ContainerSpec::new(self.name(part), program_image(&self.engine).await);
        spec.labels = self.labels();
        spec.command = ["program", "--exact", "--nocapture"].map(str::to_owned).to_vec();
        spec.env.insert("ENGINETEST_PROGRAM".to_owned(), mode.to_owned());
        spec.user = Some("65534:65534".to_owned());
        spec.stop_timeout_seconds = Some(0);
        spec.restart = RestartPolicy::No;
        spec
    }

    pub async fn started(&self, spec: &ContainerSpec) -> String {
        let id = self.engine.create_container(spec).await.unwrap();
        self.engine.start(&id).await.unwrap();
        id
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let stack = self.stack.clone();
        // A destructor cannot await, and a runtime cannot be started inside another: hence the thread.
        let cleanup = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let engine = connect().await;
                engine.remove_container(&Lock::container_name(&stack), true).await.unwrap();
                for container in engine.containers(&stack).await.unwrap() {
                    engine.remove_container(&container.id, true).await.unwrap();
                }
                for volume in engine.volumes(&stack).await.unwrap() {
                    engine.remove_volume(&volume.name).await.unwrap();
                }
                for network in engine.networks(&stack).await.unwrap() {
                    engine.remove_network(&network.id).await.unwrap();
                }
            });
        });
        let cleaned = cleanup.join();
        assert!(cleaned.is_ok() || std::thread::panicking(), "could not clean up");
    }
}

/// The image with this executable. Always the same name, so that at most one stays behind.
async fn program_image(engine: &Engine) -> String {
    static IMAGE: OnceCell<String> = OnceCell::const_new();
    let made = IMAGE.get_or_init(|| async {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let reference = "mcpmon-enginetest/program:1".to_owned();
        let previous = engine.image(&reference).await.unwrap();
        let tar =
            tar_of([TarFile { path: "mcpmon", content: &bytes, mode: 0o755, uid: 0, gid: 0 }])
                .unwrap();
        let changes = [r#"ENTRYPOINT ["/mcpmon"]"#.to_owned()];
        engine.import_image(tar, &reference, &changes).await.unwrap();
        if let Some(previous) = previous {
            // Another run of these tests may be using it; then it stays.
            engine.remove_image(&previous.id, false).await.ok();
        }
        engine.image(&reference).await.unwrap().unwrap().id
    });
    made.await.clone()
}
