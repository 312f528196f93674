//! The template language of the packs: minijinja between `<<` and `>>`, so that the braces of PromQL
//! and Prometheus' own `{{ }}` stand as they are.

use std::cell::RefCell;

use anyhow::Context as _;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::duration;

/// The language itself, with what is the same for all alerts.
pub(super) struct Language {
    environment: Environment<'static>,
    scrape_interval: Value,
}

/// Renders the texts of one alert.
pub(super) struct Texts<'a> {
    language: &'a Language,
    context: Value,
    /// `n`, a text and what came of it: the series of tests mostly repeat each other's values.
    rendered: RefCell<Vec<(Option<u64>, String, String)>>,
}

/// The numbers that texts can use.
pub(super) struct Facts<'a> {
    pub threshold: Option<f64>,
    pub hold: u64,
    pub severity: &'a str,
}

impl Language {
    pub(super) fn new(scrape_interval_seconds: f64) -> anyhow::Result<Self> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .variable_delimiters("<<", ">>")
            .block_delimiters("<%", "%>")
            .comment_delimiters("<#", "#>")
            .build()
            .context("the delimiters of rule packs")?;
        environment.set_syntax(syntax);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // The texts become strings of a JSON document as a whole; that is where escaping is done.
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.add_filter("percent", |share: f64| format!("{} %", tidy(share * 100.0)));
        environment.add_filter("duration", |seconds: u64| duration::format(seconds));
        Ok(Self { environment, scrape_interval: number(scrape_interval_seconds) })
    }
}

impl<'a> Texts<'a> {
    pub(super) fn new(language: &'a Language, facts: &Facts<'_>) -> Self {
        let context = minijinja::context! {
            threshold => facts.threshold.map_or(Value::UNDEFINED, number),
            for => facts.hold,
            severity => facts.severity,
            scrape_interval => language.scrape_interval.clone(),
        };
        Self { language, context, rendered: RefCell::default() }
    }

    pub(super) fn render(&self, text: &str) -> anyhow::Result<String> {
        self.with(text, None)
    }

    /// Renders a text of a test, where `n` stands for the samples that `for` takes at this interval.
    pub(super) fn render_case(&self, text: &str, interval: u64) -> anyhow::Result<String> {
        let hold = self.context.get_attr("for").ok().and_then(|v| u64::try_from(v).ok());
        self.with(text, Some(hold.unwrap_or_default().div_ceil(interval.max(1))))
    }

    fn with(&self, text: &str, n: Option<u64>) -> anyhow::Result<String> {
        if !["<<", "<%", "<#"].iter().any(|sign| text.contains(sign)) {
            return Ok(text.trim().to_owned());
        }
        let known = |known: &&(Option<u64>, String, String)| known.0 == n && known.1 == text;
        if let Some((.., rendered)) = self.rendered.borrow().iter().find(known) {
            return Ok(rendered.clone());
        }
        let more = n.map_or(Value::UNDEFINED, |n| minijinja::context! { n => n });
        let context = minijinja::context! { ..more, ..self.context.clone() };
        let rendered = self.language.environment.render_str(text, context);
        let rendered = rendered.with_context(|| format!("cannot render `{}`", text.trim()))?;
        let rendered = rendered.trim().to_owned();
        self.rendered.borrow_mut().push((n, text.to_owned(), rendered.clone()));
        Ok(rendered)
    }
}

/// A whole number stands without a decimal point.
#[allow(clippy::cast_possible_truncation)] // only where it is exact
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}

/// A number for readers: no noise of binary fractions.
fn tidy(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_know_the_alert_and_leave_foreign_braces_alone() {
        let facts = Facts { threshold: Some(0.07), hold: 300, severity: "high" };
        let language = Language::new(15.0).unwrap();
        let texts = Texts::new(&language, &facts);
        for (text, rendered) in [
            ("up{a=\"b\"} > << threshold >>", "up{a=\"b\"} > 0.07"),
            ("{{ $labels.service }} << threshold | percent >>", "{{ $labels.service }} 7 %"),
            ("<< for | duration >>, << for / 60 + 1 >>", "5m, 6.0"),
            ("<< scrape_interval * 2 >>s << severity >>", "30s high"),
        ] {
            assert_eq!(texts.render(text).unwrap(), rendered);
        }
        assert_eq!(texts.render_case("1x<< n + 2 >>", 90).unwrap(), "1x6");
        assert!(texts.render("<< treshold >>").is_err());
    }

    #[test]
    fn an_alert_without_threshold_cannot_speak_of_one() {
        let facts = Facts { threshold: None, hold: 0, severity: "info" };
        let language = Language::new(15.0).unwrap();
        assert!(Texts::new(&language, &facts).render("<< threshold * 2 >>").is_err());
    }
}
