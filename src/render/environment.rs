//! The template language as mcpmon speaks it: undefined values are errors, and whatever is put
//! into YAML or JSON is escaped, so that no text from the manifest can become structure.

use anyhow::Context as _;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use serde::Serialize;

use crate::manifest::{Duration, WEEKDAYS};
use crate::version::Version;

/// A template environment that reads nothing by itself.
pub fn environment() -> anyhow::Result<Environment<'static>> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_syntax(
        minijinja::syntax::SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()?,
    );
    // Other formats than these have filters of their own: `quote` and `ini`.
    env.set_auto_escape_callback(|name| {
        let name = name.trim_end_matches(".j2");
        let is_data = [".yml", ".yaml", ".json"].iter().any(|end| name.ends_with(end));
        if is_data { AutoEscape::Json } else { AutoEscape::None }
    });
    env.add_filter("quote", quote);
    env.add_filter("matcher", matcher);
    env.add_filter("untemplated", untemplated);
    env.add_filter("ini", ini);
    env.add_filter("clock", clock);
    env.add_filter("weekday_names", weekday_names);
    env.add_filter("month_numbers", month_numbers);
    env.add_filter("slack_channel", slack_channel);
    env.add_filter("uri", uri);
    env.add_filter("seconds", seconds);
    env.add_filter("unexpanded", unexpanded);
    env.add_filter("alternatives", alternatives);
    env.add_filter("alloy_list", alloy_list);
    env.add_test("at_least", at_least);
    Ok(env)
}

/// Renders a template.
///
/// # Errors
/// With the template's name and line.
pub fn render(
    env: &Environment<'_>,
    name: &str,
    text: &str,
    context: &impl Serialize,
) -> anyhow::Result<String> {
    env.render_named_str(name, text, Serde(context)).map_err(readable)
}

/// A secret as it stands in its file: the template's text with values escaped as in JSON.
///
/// # Errors
/// When the template is wrong. The message does not hold the secret.
pub fn written_secret(
    template: &str,
    settings: &serde_json::Map<String, serde_json::Value>,
    secret: &str,
) -> anyhow::Result<String> {
    let env = environment()?;
    render(
        &env,
        "content.json",
        template,
        &serde_json::json!({"settings": settings, "secret": secret}),
    )
}

/// Answers expressions that know the same names.
pub struct Conditions {
    environment: Environment<'static>,
    names: Value,
}

impl Conditions {
    /// Over these names.
    ///
    /// # Errors
    /// Never, as far as is known.
    pub fn over(names: &impl Serialize) -> anyhow::Result<Self> {
        Ok(Self { environment: environment()?, names: Value::from(Serde(names)) })
    }

    /// Whether an expression is true, which knows these names besides.
    ///
    /// # Errors
    /// When the expression is wrong.
    pub fn hold(&self, expression: &str, own: &impl Serialize) -> anyhow::Result<bool> {
        let compiled = self.environment.compile_expression(expression).map_err(readable)?;
        let context = minijinja::context! { ..Value::from(Serde(own)), ..self.names.clone() };
        Ok(compiled.eval(context).map_err(readable)?.is_true())
    }
}

/// The error with its place, in one line.
#[allow(clippy::needless_pass_by_value)] // `map_err` hands it over.
fn readable(error: Error) -> anyhow::Error {
    let place = match (error.name(), error.line()) {
        (Some(name), Some(line)) => format!("{name}:{line}: "),
        _ => String::new(),
    };
    let detail = error.detail().map(|d| format!(": {d}")).unwrap_or_default();
    anyhow::anyhow!("{place}{}{detail}", error.kind())
}

/// Whether a version is this one or came out later.
fn at_least(version: &str, least: &str) -> Result<bool, Error> {
    let parse = |text: &str| {
        let problem = || Error::new(ErrorKind::InvalidOperation, format!("`{text}` is no version"));
        Version::parse(text).ok_or_else(problem)
    };
    Ok(parse(version)? >= parse(least)?)
}

/// Text in double quotes with escapes that Prometheus matchers and Alloy understand alike.
fn quote(value: &Value) -> Result<Value, Error> {
    let text = text(value)?;
    serde_json::to_string(&text)
        .map(Value::from_safe_string)
        .map_err(|e| Error::new(ErrorKind::InvalidOperation, e.to_string()))
}

/// Text in double quotes for a matcher of Alertmanager, which knows no other escapes than these.
fn matcher(value: &Value) -> Result<Value, Error> {
    let text = text(value)?.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    Ok(Value::from(format!("\"{text}\"")))
}

/// Text for a field that Alertmanager takes as a Go template: braces stay braces.
fn untemplated(value: &Value) -> Result<Value, Error> {
    Ok(Value::from(text(value)?.replace("{{", "{{\"{{\"}}")))
}

/// Minutes after midnight as Alertmanager writes them.
fn clock(value: &Value) -> Result<Value, Error> {
    let minutes = i64::try_from(value.clone())?;
    Ok(Value::from(format!("{:02}:{:02}", minutes / 60, minutes % 60)))
}

/// Days of the week by their names; 0 is Sunday.
fn weekday_names(values: &Value) -> Result<Value, Error> {
    let name = |day: Value| {
        let at = usize::try_from(day)?;
        WEEKDAYS.get(at).copied().ok_or_else(|| {
            Error::new(ErrorKind::InvalidOperation, format!("there is no day {at} of the week"))
        })
    };
    Ok(Value::from(values.try_iter()?.map(name).collect::<Result<Vec<_>, Error>>()?))
}

/// Numbers as text, which is how Alertmanager reads months.
fn month_numbers(values: &Value) -> Result<Value, Error> {
    Ok(Value::from(values.try_iter()?.map(|v| v.to_string()).collect::<Vec<_>>()))
}

/// The channel of a Slack receiver, as a Go template that asks for the severity first.
fn slack_channel(slack: &Value) -> Result<Value, Error> {
    let channel = slack.get_attr("channel")?;
    let mut out = String::new();
    for severity in slack.get_attr("channels")?.try_iter()? {
        let word = if out.is_empty() { "if" } else { "else if" };
        let other = untemplated(&slack.get_attr("channels")?.get_item(&severity)?)?;
        let severity = quote(&severity)?;
        out.extend([
            "{{ ",
            word,
            " eq .CommonLabels.severity ",
            severity.as_str().unwrap_or_default(),
            " }}",
        ]);
        out.push_str(other.as_str().unwrap_or_default());
    }
    let usual = if channel.is_none() { Value::from("") } else { untemplated(&channel)? };
    if out.is_empty() {
        return Ok(usual);
    }
    Ok(Value::from(format!("{out}{{{{ else }}}}{usual}{{{{ end }}}}")))
}

/// A value of Grafana's ini file: quoted, since `#` and `;` begin a comment there, and with `$`
/// kept from being expanded.
fn ini(value: &Value) -> Result<Value, Error> {
    let text = text(value)?;
    if text.contains(['\n', '\r', '`']) {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "a value of an ini file has one line and no backquote",
        ));
    }
    if text.contains("${") || text.contains("$__") || text.contains("%(") {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "Grafana would expand `${`, `$__` and `%(` in a value",
        ));
    }
    Ok(Value::from_safe_string(format!("`{text}`")))
}

/// Text as a part of a URI.
fn uri(value: &Value) -> Result<Value, Error> {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text(value)?.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Ok(Value::from(out))
}

/// A duration in seconds, for programs that know other units than Prometheus does.
fn seconds(value: &Value) -> Result<Value, Error> {
    let duration = Duration::parse(&text(value)?)
        .map_err(|problem| Error::new(ErrorKind::InvalidOperation, problem))?;
    let whole = duration.std();
    Ok(match whole.subsec_millis() {
        0 => Value::from(whole.as_secs()),
        _ => Value::from(duration.seconds()),
    })
}

/// Text for a file in which `${` begins a variable, and no escape ends that.
fn unexpanded(value: &Value) -> Result<Value, Error> {
    let text = text(value)?;
    if text.contains("${") {
        let problem = "a `${` would be taken for a variable there";
        return Err(Error::new(ErrorKind::InvalidOperation, problem));
    }
    Ok(Value::from(text))
}

/// A regular expression that matches exactly one of the texts.
fn alternatives(values: &Value) -> Result<Value, Error> {
    let texts: Result<Vec<String>, Error> =
        values.try_iter()?.map(|v| Ok(escape_regex(&text(&v)?))).collect();
    Ok(Value::from(texts?.join("|")))
}

/// A list in Alloy's syntax.
fn alloy_list(values: &Value) -> Result<Value, Error> {
    let items: Result<Vec<String>, Error> =
        values.try_iter()?.map(|v| Ok(quote(&v)?.to_string())).collect();
    Ok(Value::from_safe_string(format!("[{}]", items?.join(", "))))
}

fn text(value: &Value) -> Result<String, Error> {
    value.as_str().map(str::to_owned).ok_or_else(|| {
        Error::new(ErrorKind::InvalidOperation, format!("expected text, found {}", value.kind()))
    })
}

fn escape_regex(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Reads rendered text back: what a process could not parse is never handed to it.
pub fn parses(path: &str, text: &str) -> anyhow::Result<()> {
    if path.ends_with(".json") {
        serde_json::from_str::<serde_json::Value>(text)
            .map(|_| ())
            .with_context(|| format!("{path} is not JSON"))
    } else if path.ends_with(".yml") || path.ends_with(".yaml") {
        crate::yaml::check(text).map_err(|p| anyhow::anyhow!("{path} is not YAML: {}", p.message))
    } else {
        Ok(())
    }
}
