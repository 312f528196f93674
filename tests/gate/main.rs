//! `mcpmon::gate` before a real Docker engine, asked by clients that mean well and by others. No image is pulled: this test's own
//! executable is static, and serves as the program in the containers.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::float_cmp, clippy::similar_names)]

mod fixture;
mod hostile;
mod logs;
mod metrics;
mod paths;
mod secrets;

/// Not a test of its own: what this executable does inside a container.
#[test]
fn program() {
    let Ok(mode) = std::env::var("GATETEST_PROGRAM") else {
        return;
    };
    match mode.as_str() {
        "talk" => {
            for number in 0.. {
                println!("line {number}");
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        }
        "flood" => {
            for number in 0.. {
                println!("{number} {}", "x".repeat(4000));
            }
        }
        "hog" => {
            // Time for whoever counts to begin.
            std::thread::sleep(std::time::Duration::from_secs(3));
            let mut hoard = Vec::new();
            loop {
                hoard.push(vec![1_u8; 1 << 20]);
                std::hint::black_box(&hoard);
            }
        }
        _ => std::thread::sleep(std::time::Duration::from_mins(5)),
    }
}
