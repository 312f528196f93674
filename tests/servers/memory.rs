//! What a thousand probes leave behind in a server.

use std::time::Duration;

use mcpmon::mcp::target::{Ask, At, Depth, Http, Protocol, Target, Tls};
use mcpmon::mcp::{Eras, probe};

use super::lab::{Server, python};

/// A server that keeps what probes begin grows by 40 to 62 kB for each, which is as much as it had after
/// this many.
const PROBES: usize = 1000;
/// Probes before the first look: interpreters fill their caches.
const WARM_UP: usize = 300;

fn target(server: &Server, protocol: Protocol) -> Target {
    let http = Http {
        url: server.url("/mcp").parse().unwrap(),
        host_header: None,
        credentials: None,
        tls: Tls::default(),
        accept_auth_challenge: false,
    };
    Target { name: "memory".to_owned(), at: At::Http(Box::new(http)), protocol }
}

/// The server's memory before and after, and the median time of a probe.
fn grown(environment: &str, protocol: Protocol) -> (u64, u64, Duration) {
    let server = Server::start(&python(environment, "mcp http PORT"));
    let target = target(&server, protocol);
    let ask = Ask {
        depth: Depth::Tools,
        deadline: Duration::from_secs(10),
        expect_tools: vec!["echo".to_owned()],
        call: None,
    };
    let eras = Eras::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut times = Vec::new();
    let mut round = |count: usize| {
        for _ in 0..count {
            let report = runtime.block_on(probe(&target, &ask, &eras));
            assert!(report.success, "{report:?}");
            times.push(report.duration);
        }
    };
    round(WARM_UP);
    let before = server.memory();
    round(PROBES);
    let after = server.memory();
    times.sort_unstable();
    (before, after, times[times.len() / 2])
}

#[test]
fn a_thousand_probes_leave_a_server_as_large_as_it_was() {
    for (environment, protocol) in
        [("mcp-1", Protocol::Auto), ("mcp-2", Protocol::Auto), ("mcp-2", Protocol::Legacy)]
    {
        let (before, after, median) = grown(environment, protocol);
        println!(
            "{environment} {protocol:?}: {} kB before, {} kB after {PROBES} probes; median {median:?}",
            before / 1024,
            after / 1024
        );
        assert!(after * 10 <= before * 11, "{environment} {protocol:?}: {before} → {after} bytes");
    }
}
