//! Answers as text: columns that line up.

use std::collections::BTreeSet;

use super::ask::{Answer, Labels};

/// Labels that say nothing which the query did not.
const DULL: [&str; 2] = ["__name__", "stack"];

/// An answer as text; nothing when it is empty.
pub fn draw(answer: &Answer) -> Option<String> {
    match answer {
        Answer::Values(values) => {
            let rows = values.iter().map(|(labels, value)| (labels, vec![number(*value)]));
            rows_of(rows.collect(), &["VALUE"])
        }
        Answer::Series(series) => {
            let rows = series.iter().map(|(labels, values)| (labels, summary(values)));
            rows_of(rows.collect(), &["LAST", "MIN", "MEAN", "MAX"])
        }
        Answer::Lines(lines) if lines.is_empty() => None,
        Answer::Lines(lines) => {
            let name = |labels: &Labels| {
                ["service", "component", "container", "filename", "unit", "app"]
                    .iter()
                    .find_map(|label| labels.get(*label).cloned())
                    .unwrap_or_default()
            };
            let width =
                lines.iter().map(|line| name(&line.labels).chars().count()).max().unwrap_or(0);
            let text = |line: &super::ask::Line| {
                let at = jiff::Timestamp::from_nanosecond(line.at)
                    .map(|at| format!("{at:.3}"))
                    .unwrap_or_default();
                format!("{at}  {:width$}  {}", name(&line.labels), line.text)
            };
            Some(lines.iter().map(text).collect::<Vec<_>>().join("\n"))
        }
    }
}

/// Last, least, mean and largest value.
fn summary(values: &[f64]) -> Vec<String> {
    #[allow(clippy::cast_precision_loss)] // There are some hundred of them.
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let last = values.last().copied().unwrap_or(f64::NAN);
    [last, smallest, mean, largest].map(number).to_vec()
}

fn rows_of(rows: Vec<(&Labels, Vec<String>)>, heads: &[&str]) -> Option<String> {
    if rows.is_empty() {
        return None;
    }
    let labels: BTreeSet<&String> = rows.iter().flat_map(|(labels, _)| labels.keys()).collect();
    // A metric's name is worth a column only where it differs.
    let names: BTreeSet<_> = rows.iter().map(|(labels, _)| labels.get("__name__")).collect();
    let dull = |label: &str| DULL.contains(&label) && (label != "__name__" || names.len() < 2);
    let labels: Vec<&String> = labels.into_iter().filter(|label| !dull(label)).collect();
    let head = labels
        .iter()
        .map(|label| label.to_uppercase())
        .chain(heads.iter().map(ToString::to_string));
    let mut table: Vec<Vec<String>> = vec![head.collect()];
    for (own, values) in rows {
        let cells = labels.iter().map(|label| own.get(*label).cloned().unwrap_or_default());
        table.push(cells.chain(values).collect());
    }
    let widths: Vec<usize> = (0..labels.len() + heads.len())
        .map(|at| {
            table
                .iter()
                .filter_map(|row| row.get(at))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| {
            // Names start where the column does, numbers end where it does.
            if at < labels.len() { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    Some(table.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// A number with as many digits as people read.
fn number(value: f64) -> String {
    if value.is_finite() && value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    let digits = if value.abs() >= 100.0 {
        1
    } else if value.abs() >= 1.0 {
        2
    } else {
        4
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn columns_line_up() {
        let values = Answer::Values(vec![
            (labels(&[("service", "search"), ("stack", "acme")]), 12.345),
            (labels(&[("service", "db"), ("tool", "run")]), 1_234_567.0),
        ]);
        let text = "SERVICE  TOOL    VALUE\nsearch           12.35\ndb       run   1234567";
        assert_eq!(draw(&values).as_deref(), Some(text));
        let series = Answer::Series(vec![(Labels::new(), vec![1.0, 0.5, 3.0])]);
        assert_eq!(
            draw(&series).as_deref(),
            Some("LAST     MIN  MEAN  MAX\n   3  0.5000  1.50    3")
        );
        assert_eq!(draw(&Answer::Values(vec![])), None);
        assert_eq!(draw(&Answer::Lines(vec![])), None);
    }
}
