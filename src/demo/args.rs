//! What the command line says.
use std::net::SocketAddr;
use std::time::Duration;

/// The longest mean latency: longer answers would outlive every scrape and every client's patience.
const MAX_LATENCY: Duration = Duration::from_mins(5);
/// The most requests a second that the service makes itself; it is a demonstration, not a load generator.
const MAX_RATE: f64 = 1000.0;

/// Serve a demonstration MCP server that makes its own traffic, metrics and logs
#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// Name of the service, as it stands in its logs and in its MCP server information
    #[arg(long, default_value = "demo", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub name: String,
    /// Address to listen on
    #[arg(long, default_value = "0.0.0.0:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Address to serve metrics on, where they have one of their own
    #[arg(long, value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,
    /// Names of the metrics it serves
    #[arg(long, value_enum, default_value_t = DialectName::Mcp)]
    pub dialect: DialectName,
    /// Requests a second that it sends to itself; 0 for none
    #[arg(long, default_value = "5", value_name = "REQUESTS", value_parser = parse_rate)]
    pub rate: f64,
    /// Mean time that a tool takes
    #[arg(long, default_value = "80ms", value_name = "MEAN", value_parser = parse_latency)]
    pub latency: Duration,
    /// Share of tool calls that fail: 1% or 0.01
    #[arg(long, default_value = "1%", value_name = "SHARE", value_parser = parse_share)]
    pub errors: f64,
    /// Start of the random numbers, to get the same traffic again
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
}

/// The vocabulary of a service's metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DialectName {
    /// As prometheus-fastapi-instrumentator names them
    Fastapi,
    /// As hand-instrumented MCP servers name them
    Mcp,
    /// As the OpenTelemetry conventions name them, through the Prometheus exporter
    OtelHttp,
    /// HTTP, tool and streaming metrics with a counter for each
    TaskHttp,
    /// HTTP metrics by path, with tools, rate limits, health checks and a database pool
    CustomerSuccess,
}

/// Reads a share: `1%` or `0.01`, from nothing to all.
pub fn parse_share(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent).map(|percent| percent / 100.0),
        None => number(text),
    };
    match share {
        None => Err("a share is a percentage such as 1% or a number such as 0.01".to_owned()),
        Some(share) if !(0.0..=1.0).contains(&share) => {
            Err("a share lies between 0% and 100% (0 and 1); write 5% for five in a hundred"
                .to_owned())
        }
        Some(share) => Ok(share),
    }
}

/// Reads a duration with its unit: `80ms`, `1.5s`, `2m`.
pub fn parse_latency(text: &str) -> Result<Duration, String> {
    // "ms" stands before "s" and "m", which it ends and begins with.
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0)];
    let found =
        units.iter().find_map(|(unit, seconds)| Some(number(text.strip_suffix(unit)?)? * seconds));
    let Some(seconds) = found else {
        return Err("a duration is a number with its unit: 80ms, 1.5s or 2m".to_owned());
    };
    match Duration::try_from_secs_f64(seconds) {
        Ok(latency) if latency <= MAX_LATENCY => Ok(latency),
        _ => Err("a mean latency lies between 0ms and 5m".to_owned()),
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match number(text) {
        Some(rate) if (0.0..=MAX_RATE).contains(&rate) => Ok(rate),
        _ => Err(format!("a rate is a number of requests a second from 0 to {MAX_RATE}")),
    }
}

/// A finite number in plain digits; `inf` and `nan`, which Rust would read, are none.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: DemoArgs,
    }

    fn parse(arguments: &[&str]) -> Result<DemoArgs, String> {
        Line::try_parse_from([&["demo"], arguments].concat())
            .map(|line| line.args)
            .map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())
    }

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let args = parse(&[]).unwrap();
        assert_eq!(args.name, "demo");
        assert_eq!(args.listen.to_string(), "0.0.0.0:8080");
        assert_eq!(args.metrics_listen, None);
        assert_eq!(args.dialect, DialectName::Mcp);
        assert!((args.rate - 5.0).abs() < f64::EPSILON);
        assert_eq!(args.latency, Duration::from_millis(80));
        assert!((args.errors - 0.01).abs() < f64::EPSILON);
        assert_eq!(args.seed, None);
    }

    #[test]
    fn shares_and_durations_are_read_in_each_form() {
        for (text, share) in
            [("1%", 0.01), ("0.01", 0.01), ("0", 0.0), ("100%", 1.0), ("2.5%", 0.025)]
        {
            assert!((parse_share(text).unwrap() - share).abs() < 1e-12, "{text}");
        }
        for (text, milliseconds) in
            [("80ms", 80), ("2s", 2000), ("1.5s", 1500), ("2m", 120_000), ("0s", 0)]
        {
            assert_eq!(parse_latency(text).unwrap(), Duration::from_millis(milliseconds), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        let share = "error: invalid value 'many' for '--errors <SHARE>': a share is a percentage such as 1% or a number such as 0.01";
        assert_eq!(parse(&["--errors", "many"]).unwrap_err(), share);
        for text in ["5", "101%", "-1%", "-0.1"] {
            let expected = format!(
                "error: invalid value '{text}' for '--errors <SHARE>': a share lies between 0% and 100% (0 and 1); write 5% for five in a hundred"
            );
            assert_eq!(parse(&[&format!("--errors={text}")]).unwrap_err(), expected);
        }
        for text in ["80", "fast", "ms", "infs", "NaNms"] {
            let expected = format!(
                "error: invalid value '{text}' for '--latency <MEAN>': a duration is a number with its unit: 80ms, 1.5s or 2m"
            );
            assert_eq!(parse(&["--latency", text]).unwrap_err(), expected);
        }
        for text in ["301s", "-1s", "1e300m"] {
            let expected = format!(
                "error: invalid value '{text}' for '--latency <MEAN>': a mean latency lies between 0ms and 5m"
            );
            assert_eq!(parse(&[&format!("--latency={text}")]).unwrap_err(), expected);
        }
        let rate = "error: invalid value '1001' for '--rate <REQUESTS>': a rate is a number of requests a second from 0 to 1000";
        assert_eq!(parse(&["--rate", "1001"]).unwrap_err(), rate);
    }
}
