//! mcpmon's own demonstration service, a real MCP server: recognised, and asked at little cost.

use std::time::{Duration, Instant};

use clap::Parser;
use mcpmon::demo::{self, DemoArgs};
use mcpmon::mcp::era::Era;
use mcpmon::mcp::target::Protocol;
use mcpmon::mcp::{self, Ask, Eras};

use crate::double::{Double, modern};
use crate::support::{ask, calling, probe, speaking, succeeded, target};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: DemoArgs,
}

async fn service() -> String {
    let words =
        ["demo", "--listen=127.0.0.1:0", "--rate=0", "--errors=0", "--latency=1ms", "--name=notes"];
    let line = Line::parse_from(words);
    let server = demo::bind(&line.args, Box::new(std::io::sink())).await.unwrap();
    let url = format!("http://{}/mcp", server.address());
    tokio::spawn(async move { server.serve(std::future::pending()).await.unwrap() });
    url
}

#[tokio::test]
async fn it_is_recognised_in_both_eras() {
    let url = service().await;
    for (protocol, era, version) in [
        (Protocol::Auto, Era::Modern, "2026-07-28"),
        (Protocol::Modern, Era::Modern, "2026-07-28"),
        (Protocol::Legacy, Era::Legacy, "2025-11-25"),
    ] {
        let report = probe(&speaking(&url, protocol), &ask()).await;
        succeeded(&report);
        let spoken = report.protocol.unwrap();
        assert_eq!((spoken.era, spoken.version.as_str()), (era, version));
        assert_eq!(report.server.unwrap().name, "notes");
        let tools: Vec<_> = report.tools.unwrap().into_iter().map(|tool| tool.name).collect();
        assert_eq!(tools, ["get_forecast", "search_documents", "slow_report", "translate"]);
    }
}

#[tokio::test]
async fn its_tools_can_be_called() {
    let url = service().await;
    let mut ask = calling("translate");
    if let Some(call) = &mut ask.call {
        call.arguments.insert("text".to_owned(), "hi".into());
        call.arguments.insert("language".to_owned(), "fr".into());
    }
    let report = probe(&target(&url), &ask).await;
    succeeded(&report);
    assert_eq!(report.called.unwrap()["content"][0]["text"], "[fr] hi");
}

/// What a probe takes beyond a server that answers at once, over a whole handshake with its tools.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_costs_little_beyond_the_server() {
    let double = Double::start(modern).await;
    let (target, eras) = (target(&double.url()), Eras::default());
    let ask = Ask { deadline: Duration::from_secs(2), ..ask() };
    let mut times = Vec::new();
    for _ in 0..200 {
        let started = Instant::now();
        succeeded(&mcp::probe(&target, &ask, &eras).await);
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let median = times[times.len() / 2];
    println!("median {median:?}, 95 % {:?}", times[times.len() * 95 / 100]);
    // Ten times what it takes on a machine with nothing else to do.
    assert!(median < Duration::from_millis(20), "{median:?}");
}
