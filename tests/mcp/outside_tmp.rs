#[tokio::test]
async fn outside_tmp() {
    let Ok(url) = std::env::var("OUT_URL") else { return };
    let eras = mcpmon::mcp::Eras::default();
    let n: usize = std::env::var("OUT_N").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut target = crate::support::target(&url);
    if let Ok(p) = std::env::var("OUT_PROTOCOL") {
        target.protocol = serde_json::from_value(serde_json::Value::String(p)).unwrap();
    }
    let mut times = Vec::new();
    for i in 0..n {
        let report = mcpmon::mcp::probe(&target, &crate::support::ask(), &eras).await;
        times.push(report.duration);
        if i + 1 == n || !report.success {
            println!("{}", serde_json::to_string_pretty(&report).unwrap());
        }
    }
    times.sort();
    println!("median {:?} max {:?}", times[n / 2], times[n - 1]);
}
