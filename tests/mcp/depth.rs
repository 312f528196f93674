//! How far a probe goes, and what it finds there.

use mcpmon::mcp::Reason;
use mcpmon::mcp::report::{StepName, Transport};
use mcpmon::mcp::target::{Depth, Protocol};
use mcpmon::mcp::{Ask, era::Era};
use serde_json::json;

use crate::double::{Double, Reply, legacy, modern, result};
use crate::support::{ask, calling, failure, probe, speaking, succeeded, target, worked};

#[tokio::test]
async fn each_depth_in_each_era() {
    use StepName::{Close, Connect, Discover, Initialize, Initialized, Ping, ToolsList};
    let cases = [
        (Protocol::Legacy, Depth::Handshake, vec![Connect, Initialize, Initialized, Close]),
        (Protocol::Legacy, Depth::Ping, vec![Connect, Initialize, Initialized, Ping, Close]),
        (
            Protocol::Legacy,
            Depth::Tools,
            vec![Connect, Initialize, Initialized, Ping, ToolsList, Close],
        ),
        (Protocol::Modern, Depth::Handshake, vec![Connect, Discover]),
        (Protocol::Modern, Depth::Ping, vec![Connect, Discover]),
        (Protocol::Modern, Depth::Tools, vec![Connect, Discover, ToolsList]),
    ];
    for (protocol, depth, expected) in cases {
        let server = if protocol == Protocol::Legacy { legacy } else { modern };
        let double = Double::start(server).await;
        let report = probe(&speaking(&double.url(), protocol), &Ask { depth, ..ask() }).await;
        succeeded(&report);
        assert_eq!(worked(&report), expected);
        assert_eq!(report.tools.is_some(), depth == Depth::Tools);
        assert_eq!(*double.connections.lock().unwrap(), 1);
    }
}

#[tokio::test]
async fn who_is_there() {
    let double = Double::start(legacy).await;
    let report = probe(&target(&double.url()), &ask()).await;
    succeeded(&report);
    let spoken = report.protocol.unwrap();
    assert_eq!((spoken.era, spoken.version.as_str()), (Era::Legacy, "2025-11-25"));
    assert_eq!(spoken.transport, Transport::StreamableHttp);
    let server = report.server.unwrap();
    assert_eq!((server.name.as_str(), server.version.as_str()), ("double", "1.2"));
    assert_eq!(report.capabilities, ["logging", "tools"]);
    assert!(report.session_issued && !report.sse_response);
    let tools: Vec<_> = report.tools.unwrap().into_iter().map(|tool| tool.name).collect();
    assert_eq!(tools, ["add", "sub"]);
    let step = report.steps.iter().find(|step| step.name == StepName::Ping).unwrap();
    assert_eq!((step.http_status, step.bytes), (Some(200), Some(36)));

    let double = Double::start(modern).await;
    let other = probe(&target(&double.url()), &ask()).await;
    succeeded(&other);
    assert_eq!(other.protocol.unwrap().era, Era::Modern);
    assert!(!other.session_issued);
    assert_eq!(other.tools_fingerprint, report.tools_fingerprint);
}

#[tokio::test]
async fn tools_that_are_expected() {
    let double = Double::start(legacy).await;
    let expect = |names: &[&str], depth| Ask {
        expect_tools: names.iter().map(|&name| name.to_owned()).collect(),
        depth,
        ..ask()
    };
    succeeded(&probe(&target(&double.url()), &expect(&["add"], Depth::Tools)).await);
    // They are looked for even where nothing else is.
    let report =
        probe(&target(&double.url()), &expect(&["add", "mul", "div"], Depth::Handshake)).await;
    assert_eq!(failure(&report), (Reason::ToolsMissing, "missing tools: mul, div"));
    assert_eq!(report.tools_missing, ["mul", "div"]);
    assert_eq!(report.tools.unwrap().len(), 2);
}

#[tokio::test]
async fn a_server_without_tools_is_not_asked_for_them() {
    let double = Double::start(|asked| match asked.method() {
        "initialize" => Reply::json(&result(
            asked,
            &json!({"protocolVersion": "2025-06-18", "capabilities": {"prompts": {}, "tools": null}}),
        )),
        "ping" => Reply::json(&result(asked, &json!({}))),
        "notifications/initialized" => Reply::status(202),
        _ => Reply::status(404),
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    succeeded(&report);
    assert!(report.tools.is_none() && report.server.is_none() && !report.session_issued);
    assert_eq!(report.capabilities, ["prompts"]);
    assert_eq!(double.count("DELETE"), 0, "there is no session to end");
    let versions: Vec<_> =
        double.asked().into_iter().filter(|asked| asked.method() == "ping").collect();
    assert_eq!(versions[0].header("mcp-protocol-version"), Some("2025-06-18"));
}

#[tokio::test]
async fn pages_are_followed() {
    let double =
        Double::start(|asked| match (asked.method(), asked.body["params"]["cursor"].as_str()) {
            ("tools/list", None) => {
                Reply::json(&result(asked, &json!({"tools": [{"name": "a"}], "nextCursor": "2"})))
            }
            ("tools/list", Some("2")) => {
                Reply::json(&result(asked, &json!({"tools": [{"name": "b"}]})))
            }
            _ => legacy(asked),
        })
        .await;
    let report = probe(&target(&double.url()), &ask()).await;
    succeeded(&report);
    assert_eq!(report.tools.unwrap().len(), 2);
    let listed = report.steps.iter().filter(|step| step.name == StepName::ToolsList).count();
    assert_eq!(listed, 1);
}

#[tokio::test]
async fn a_tool_is_called_only_when_asked_for() {
    for server in [legacy, modern] {
        let double = Double::start(server).await;
        succeeded(&probe(&target(&double.url()), &ask()).await);
        assert_eq!(double.count("tools/call"), 0);
        let report = probe(&target(&double.url()), &calling("add")).await;
        succeeded(&report);
        assert_eq!(report.called.unwrap()["content"][0]["text"], "3");
        assert_eq!(double.count("tools/call"), 1);
    }
}

#[tokio::test]
async fn a_tool_that_returns_an_error() {
    let answers = [
        (
            json!({"content": [{"type": "text", "text": "no such\ncity"}], "isError": true}),
            "tools/call: the tool add returned an error: no such city",
        ),
        (
            json!({"resultType": "input_required", "content": []}),
            "tools/call: the tool add returned `input_required`, which a probe cannot serve",
        ),
    ];
    for (answer, words) in answers {
        let double = Double::start(move |asked| match asked.method() {
            "tools/call" => Reply::json(&result(asked, &answer)),
            _ => legacy(asked),
        })
        .await;
        let report = probe(&target(&double.url()), &calling("add")).await;
        assert_eq!(failure(&report), (Reason::ToolError, words));
        assert!(report.called.is_some());
        assert_eq!(double.count("DELETE"), 1);
    }
}
