//! Images.

use mcpmon::engine::{ContainerSpec, EngineError, TarFile, elf, image_self, labels, tar_of};

use crate::fixture::{Fixture, SECOND, connect};

#[tokio::test]
async fn this_executable_becomes_an_image_once() {
    let fixture = Fixture::new().await;
    let engine = &fixture.engine;
    let dir = tempfile::tempdir().unwrap();
    let mcpmon = dir.path().join("mcpmon");
    // Another identity makes it another build, and so the image that is removed below nobody else's.
    let mut executable = std::fs::read(env!("CARGO_BIN_EXE_mcpmon")).unwrap();
    let id = elf::build_id(&executable).unwrap().to_vec();
    let at = executable.windows(id.len()).position(|bytes| bytes == id).unwrap();
    executable[at..at + id.len()].reverse();
    std::fs::write(&mcpmon, executable).unwrap();
    let reference = image_self::ensure_image_of(engine, &mcpmon).await.unwrap();
    let image = engine.image(&reference).await.unwrap().unwrap();
    assert_eq!(
        (image.user.as_str(), image.entrypoint.as_slice()),
        ("65534:65534", ["/mcpmon".to_owned()].as_slice())
    );
    assert_eq!(
        (image.labels[labels::SELF_IMAGE].as_str(), &image.architecture),
        ("true", &engine.facts().arch)
    );
    assert_eq!(image_self::ensure_image_of(engine, &mcpmon).await.unwrap(), reference);
    assert_eq!(engine.image(&reference).await.unwrap().unwrap().id, image.id, "not imported again");
    let mut spec = ContainerSpec::new(fixture.name("self"), &reference);
    spec.labels = fixture.labels();
    let output = engine.run_once(&spec, 20 * SECOND).await.unwrap();
    assert!(output.exit_code < 126, "{output:?}");
    engine.remove_image(&reference, false).await.unwrap();
    let script = dir.path().join("script");
    std::fs::write(&script, "#!/bin/sh").unwrap();
    let error = image_self::ensure_image_of(engine, &script).await.unwrap_err().to_string();
    assert!(
        error.contains("no Linux executable") && error.contains("components.agent.image"),
        "{error}"
    );
}

#[tokio::test]
async fn an_image_that_cannot_be_had_is_named() {
    let error = connect().await.pull("localhost:1/enginetest/none:1", &|_| ()).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::Pull { image, .. } if image == "localhost:1/enginetest/none:1"),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_image_that_lost_its_reference_is_found_and_removed() {
    let engine = connect().await;
    let label = format!("mcpmon-enginetest-{}", std::process::id());
    let reference = format!("{label}:1");
    for content in ["first", "second"] {
        let file =
            TarFile { path: "file", content: content.as_bytes(), mode: 0o644, uid: 0, gid: 0 };
        let changes = [format!("LABEL {label}=yes")];
        engine.import_image(tar_of([file]).unwrap(), &reference, &changes).await.unwrap();
    }
    let found = engine.images_labelled(&label).await.unwrap();
    let mut names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(names[0], reference);
    assert!(names[1].starts_with("sha256:"), "{names:?}");
    for name in names {
        engine.remove_image(name, false).await.unwrap();
    }
    assert!(engine.images_labelled(&label).await.unwrap().is_empty());
}
