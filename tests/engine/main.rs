//! `mcpmon::engine` against a real Docker engine. No image is pulled: this test's own executable is static, and serves as the program in
//! the containers. A missing engine is a failure, not a skip.

mod commands;
mod containers;
mod double;
mod figures;
mod files;
mod fixture;
mod images;
mod lock;
mod questions;

use fixture::SECOND;

/// Not a test of its own: what this executable does inside a container.
#[test]
fn program() {
    let Ok(mode) = std::env::var("ENGINETEST_PROGRAM") else {
        return;
    };
    // The engine reads the two streams separately: only what is apart in time comes back in order.
    println!("out one");
    std::thread::sleep(SECOND / 10);
    eprintln!("err two");
    std::thread::sleep(SECOND / 10);
    println!("{}", "x".repeat(40_000));
    match mode.as_str() {
        "fail" => std::process::exit(7),
        "sleep" => std::thread::sleep(300 * SECOND),
        _ => {}
    }
}
