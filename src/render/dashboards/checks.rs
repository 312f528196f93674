//! What the types of the language cannot say, and the replacement of terms.

use anyhow::{Result, bail, ensure};

use super::spec::{Bound, Dashboard, Kind, Panel, Source, Variable};
use super::{Context, kinds};
use crate::diagnostic::suggest;
use crate::manifest::Duration;

/// A file's name becomes part of a uid: Grafana takes 40 of these characters, `mcpmon-` among them.
pub(super) fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    ensure!(
        name.len() <= 33 && !name.is_empty() && name.chars().all(plain),
        "a dashboard's name has 1 to 33 letters, digits, `-` and `_`: rename `{name}`"
    );
    Ok(())
}

pub(super) fn check(spec: &Dashboard, ctx: &Context<'_>) -> Result<()> {
    ensure!(!spec.title.trim().is_empty(), "`title` is empty");
    ensure!(!spec.description.trim().is_empty(), "`description` is empty");
    check_place(spec)?;
    check_refresh(&spec.refresh)?;
    known(&spec.requires, ctx)?;
    for (name, variable) in &spec.variables {
        check_variable(name, variable)?;
    }
    for row in &spec.rows {
        known(&row.requires, ctx).map_err(|e| e.context(format!("row \"{}\"", row.title)))?;
        for panel in &row.panels {
            check_panel(panel, spec.source, ctx)
                .map_err(|e| e.context(format!("panel \"{}\"", panel.title)))?;
        }
    }
    Ok(())
}

/// Grafana's own limits; a folder's name is also that of a folder of files.
fn check_place(spec: &Dashboard) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if let Some(uid) = &spec.uid {
        ensure!(
            !uid.is_empty() && uid.len() <= 40 && uid.chars().all(plain),
            "`uid` has 1 to 40 letters, digits, `-` and `_`: `{uid}` has not"
        );
    }
    let folder = &spec.folder;
    ensure!(
        !folder.is_empty()
            && folder.len() <= 64
            && folder.trim() == folder
            && folder.chars().all(|c| plain(c) || c == ' '),
        "`folder` has 1 to 64 letters, digits, spaces, `-` and `_`: `{folder}` has not"
    );
    ensure!(
        !folder.eq_ignore_ascii_case("general"),
        "`folder` cannot be `{folder}`: Grafana keeps that name for itself"
    );
    Ok(())
}

/// Everybody who looks makes the stack answer every panel anew.
fn check_refresh(refresh: &str) -> Result<()> {
    if refresh.is_empty() {
        return Ok(());
    }
    let every = Duration::parse(refresh).map_err(|_| {
        anyhow::anyhow!("`refresh` is `{refresh}`: write a number and a unit, as in `30s`")
    })?;
    ensure!(
        every.millis() >= 10_000,
        "`refresh` is `{refresh}`: every look costs Prometheus all queries; write `10s` or more"
    );
    Ok(())
}

fn known(requires: &[String], ctx: &Context<'_>) -> Result<()> {
    for component in requires {
        if !ctx.components.contains_key(component) {
            let advice = suggest(component, ctx.components.keys().map(String::as_str));
            bail!("`requires` names the unknown component `{component}` ({advice})");
        }
    }
    Ok(())
}

fn check_variable(name: &str, variable: &Variable) -> Result<()> {
    let ways = [variable.query.is_some(), variable.text.is_some(), !variable.choices.is_empty()];
    ensure!(
        ways.iter().filter(|way| **way).count() == 1,
        "variable `{name}`: write exactly one of `query`, `text` and `choices`"
    );
    ensure!(
        variable.text.is_none() || !variable.many,
        "variable `{name}`: `many` does not go with `text`"
    );
    Ok(())
}

fn check_panel(panel: &Panel, source: Source, ctx: &Context<'_>) -> Result<()> {
    known(&panel.requires, ctx)?;
    ensure!(!panel.description.trim().is_empty(), "`description` is empty");
    let asks = panel.query.is_some() || !panel.queries.is_empty();
    if !panel.kind.asks() {
        ensure!(!asks, "a `{}` panel asks nothing: remove its queries", panel.kind.id());
        ensure!(
            panel.text.is_some() == (panel.kind == Kind::Text),
            "`text` belongs to a `text` panel and to no other"
        );
        return Ok(());
    }
    ensure!(asks, "`query` is missing");
    ensure!(panel.text.is_none(), "`text` belongs to a `text` panel and to no other");
    ensure!(panel.query.is_none() || panel.queries.is_empty(), "write either `query` or `queries`");
    ensure!(
        panel.legend.is_none() || panel.query.is_some(),
        "`legend` belongs to `query`; each of `queries` has its own"
    );
    let unit_of_each = !panel.queries.is_empty() && panel.queries.iter().all(|q| q.unit.is_some());
    let column_without_value = panel.kind == Kind::Table && panel.legend.is_none();
    ensure!(
        panel.unit.is_some()
            || !panel.kind.is_numeric()
            || unit_of_each
            || (panel.query.is_some() && column_without_value),
        "`unit` is missing (`none` if the number has none)"
    );
    ensure!(
        !panel.kind.has_columns() || !panel.labels.is_empty(),
        "`labels` is missing: rows are told apart by labels"
    );
    ensure!(
        !panel.kind.has_columns() || kinds::source(panel, source) == Source::Prometheus,
        "a `{}` panel can only ask Prometheus: Loki gives no columns",
        panel.kind.id()
    );
    ensure!(panel.width.is_none_or(|w| (1..=24).contains(&w)), "`width` must be 1 to 24");
    ensure!(panel.height.is_none_or(|h| (2..=60).contains(&h)), "`height` must be 2 to 60");
    let looks = panel.queries.iter().map(|q| &q.thresholds).chain([&panel.thresholds]);
    for thresholds in looks.flatten() {
        ensure!(
            thresholds.above.is_empty() || thresholds.below.is_empty(),
            "`thresholds` has either `above` or `below`"
        );
    }
    Ok(())
}

/// Puts the text of each term where `<name>` stands, `<stack>` included. A term may use those
/// that were defined before it.
pub(super) fn expand_terms(spec: &mut Dashboard, stack: &str) {
    let mut terms = vec![("<stack>".to_owned(), stack.to_owned())];
    for (name, text) in &spec.terms {
        let text = replace(text, &terms);
        terms.push((format!("<{name}>"), text));
    }
    for annotation in spec.annotations.values_mut() {
        annotation.query = replace(&annotation.query, &terms);
    }
    for panel in spec.rows.iter_mut().flat_map(|row| &mut row.panels) {
        for query in panel.query.iter_mut().chain(panel.queries.iter_mut().map(|q| &mut q.expr)) {
            *query = replace(query, &terms);
        }
    }
}

fn replace(text: &str, terms: &[(String, String)]) -> String {
    // YAML's folded blocks end in a newline.
    terms.iter().fold(text.trim().to_owned(), |text, (name, value)| text.replace(name, value))
}

/// Puts the threshold of each alert where its name stands, and nothing where the alert is off.
pub(super) fn resolve_bounds(spec: &mut Dashboard, ctx: &Context<'_>) {
    for panel in spec.rows.iter_mut().flat_map(|row| &mut row.panels) {
        let of_queries = panel.queries.iter_mut().filter_map(|query| query.thresholds.as_mut());
        for thresholds in of_queries.chain(panel.thresholds.as_mut()) {
            for bounds in [&mut thresholds.above, &mut thresholds.below] {
                bounds.retain(|_, bound| match bound {
                    Bound::Number(_) => true,
                    Bound::Alert(alert) => {
                        let value = ctx.thresholds.get(alert).copied();
                        *bound = Bound::Number(value.unwrap_or_default());
                        value.is_some()
                    }
                });
            }
        }
    }
}
