//! Labels that fit matchers: for the series of generated tests.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::selector::{Matcher, Operator};

/// Names and values.
pub type Labels = Vec<(String, String)>;

/// Labels that all matchers take. Those that only say what a label is not are content without it.
pub fn fitting(matchers: &[Matcher]) -> Labels {
    let mut labels = Labels::new();
    for matcher in matchers {
        let value = match matcher.operator {
            Operator::Equal => matcher.value.clone(),
            Operator::Like => one(&matcher.value),
            Operator::NotEqual if matcher.value.is_empty() => "some".to_owned(),
            Operator::NotEqual | Operator::Unlike => continue,
        };
        if !value.is_empty() && labels.iter().all(|(label, _)| *label != matcher.label) {
            labels.push((matcher.label.clone(), value));
        }
    }
    labels
}

/// Labels that all matchers take, but not those of a narrower selector.
pub fn fitting_but_not(matchers: &[Matcher], narrower: &[Matcher]) -> Labels {
    let mut labels = fitting(matchers);
    let mut own: Vec<&Matcher> = narrower.iter().filter(|m| !matchers.contains(m)).collect();
    own.sort_by_key(|m| m.operator.is_negative());
    // A label that must be something is not, when it is missing.
    if let Some(first) = own.first().filter(|first| first.operator.is_negative()) {
        let value = match first.operator {
            Operator::Unlike => one(&first.value),
            _ => first.value.clone(),
        };
        labels.retain(|(label, _)| *label != first.label);
        labels.push((first.label.clone(), value));
    }
    labels
}

/// A text that a regular expression takes; the empty one where it cannot be read.
fn one(expression: &str) -> String {
    let mut out = String::new();
    if let Ok(hir) = regex_syntax::parse(expression) {
        write(&hir, &mut out);
    }
    out
}

fn write(hir: &Hir, out: &mut String) {
    match hir.kind() {
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            // `.` takes nearly everything; a digit is what status codes go on with.
            let fits = |c: char| class.iter().any(|range| range.start() <= c && c <= range.end());
            let first = class.iter().next().map(regex_syntax::hir::ClassUnicodeRange::start);
            out.extend(['0', 'a'].into_iter().find(|c| fits(*c)).or(first));
        }
        HirKind::Class(Class::Bytes(class)) => {
            out.extend(class.iter().next().map(|range| char::from(range.start())));
        }
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min {
                write(&repetition.sub, out);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, out)),
        HirKind::Alternation(choices) => {
            if let Some(first) = choices.first() {
                write(first, out);
            }
        }
        HirKind::Empty | HirKind::Look(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selector::matchers;

    #[allow(clippy::needless_pass_by_value)]
    fn said(labels: Labels) -> String {
        labels.iter().map(|(l, v)| format!("{l}={v}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn labels_fit_what_is_asked() {
        for (text, labels) in [
            ("a=\"b\",c!=\"d\"", "a=b"),
            ("code=~\"5..|5xx\",route!~\"/metrics|/health.*\"", "code=500"),
            ("status=~\"error|failure\"", "status=error"),
            ("tool!=\"\"", "tool=some"),
            ("x=~\"(ab)+[0-9]{2}\"", "x=ab00"),
        ] {
            assert_eq!(said(fitting(&matchers(text).unwrap())), labels);
        }
    }

    #[test]
    fn labels_keep_out_of_a_narrower_selector() {
        let narrow = |wide: &str, narrow: &str| {
            said(fitting_but_not(&matchers(wide).unwrap(), &matchers(narrow).unwrap()))
        };
        assert_eq!(narrow("a=\"b\"", "a=\"b\",code=~\"5..\""), "a=b");
        assert_eq!(narrow("a=\"b\"", "code!~\"5..\""), "a=b code=500");
        assert_eq!(narrow("", "result!=\"ok\""), "result=ok");
    }
}
