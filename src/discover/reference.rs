//! References to what is not in the file: `${VAR}`, `${env:VAR}`, `${VAR:-default}`, `${input:id}`, `${workspaceFolder}`.

use std::fmt;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// An environment variable.
    Variable {
        /// Its name.
        name: String,
        /// What holds where it is not set.
        default: Option<String>,
    },
    /// What the editor asks its user.
    Input(String),
    /// What the editor alone knows.
    Editor(String),
}

/// As it is written in a file.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Variable { name, default: Some(default) } => write!(f, "${{{name}:-{default}}}"),
            Self::Variable { name, .. } | Self::Editor(name) => write!(f, "${{{name}}}"),
            Self::Input(id) => write!(f, "${{input:{id}}}"),
        }
    }
}

/// What editors call their own.
const EDITORS: [&str; 7] = [
    "workspaceFolder",
    "workspaceFolderBasename",
    "workspaceRoot",
    "userHome",
    "pathSeparator",
    "cwd",
    "/",
];

/// A text taken apart.
pub fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        let Some(end) = closing(from) else { break };
        literal.push_str(before);
        let inner = from.get(2..end).unwrap_or_default();
        match part(inner) {
            Some(part) => {
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                }
                parts.push(part);
            }
            None => literal.push_str(from.get(..=end).unwrap_or_default()),
        }
        rest = from.get(end + 1..).unwrap_or_default();
    }
    literal.push_str(rest);
    if let Some(name) = bare(&literal).filter(|_| parts.is_empty()) {
        return vec![Part::Variable { name: name.to_owned(), default: None }];
    }
    if !literal.is_empty() || parts.is_empty() {
        parts.push(Part::Text(literal));
    }
    parts
}

/// Whether a text refers to anything.
pub fn refers(text: &str) -> bool {
    parts(text).iter().any(|part| !matches!(part, Part::Text(_)))
}

/// The one reference that a text consists of.
pub fn only(text: &str) -> Option<Part> {
    match parts(text).as_slice() {
        [part] if !matches!(part, Part::Text(_)) => Some(part.clone()),
        _ => None,
    }
}

/// The text with the defaults of its references, and whether there were any.
///
/// # Errors
/// The reference that has none.
pub fn with_defaults(text: &str) -> Result<(String, bool), String> {
    let mut plain = String::new();
    let mut taken = false;
    for part in parts(text) {
        match &part {
            Part::Text(text) => plain.push_str(text),
            Part::Variable { default: Some(default), .. } if !refers(default) => {
                plain.push_str(default);
                taken = true;
            }
            Part::Variable { name, .. } => return Err(format!("${{{name}}}")),
            Part::Input(_) | Part::Editor(_) => return Err(part.to_string()),
        }
    }
    Ok((plain, taken))
}

/// Where the `}` is that closes the `${` at the start.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.bytes().enumerate().find_map(|(at, byte)| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (byte == b'}' && depth == 0).then_some(at)
    })
}

fn part(inner: &str) -> Option<Part> {
    if let Some(id) = inner.strip_prefix("input:") {
        return Some(Part::Input(id.to_owned()));
    }
    if EDITORS.contains(&inner) || ["config:", "command:"].iter().any(|p| inner.starts_with(p)) {
        return Some(Part::Editor(inner.to_owned()));
    }
    let inner = inner.strip_prefix("env:").unwrap_or(inner);
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    if !is_name(name) {
        return None;
    }
    let default = match rest {
        "" => None,
        _ if rest.starts_with('?') || rest.starts_with(":?") => None,
        _ => Some(rest.strip_prefix(":-").or(rest.strip_prefix('-'))?.to_owned()),
    };
    Some(Part::Variable { name: name.to_owned(), default })
}

/// `$NAME` as a whole text: nobody means that literally.
fn bare(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    (is_name(name) && name.chars().all(upper)).then_some(name)
}

/// Whether a text is the name of an environment variable.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, default: Option<&str>) -> Part {
        Part::Variable { name: name.to_owned(), default: default.map(str::to_owned) }
    }

    #[test]
    fn every_way_to_refer_is_read() {
        for (text, expected) in [
            ("${A_1}", vec![variable("A_1", None)]),
            ("$A_1", vec![variable("A_1", None)]),
            ("${env:A}", vec![variable("A", None)]),
            ("${A:-x}", vec![variable("A", Some("x"))]),
            ("${A:-}", vec![variable("A", Some(""))]),
            ("${A-x}", vec![variable("A", Some("x"))]),
            ("${A:?not set}", vec![variable("A", None)]),
            ("${A:-${B}}", vec![variable("A", Some("${B}"))]),
            ("x${A}y", vec![Part::Text("x".into()), variable("A", None), Part::Text("y".into())]),
            ("${input:key}", vec![Part::Input("key".into())]),
            ("${workspaceFolder}", vec![Part::Editor("workspaceFolder".into())]),
            ("a$B", vec![Part::Text("a$B".into())]),
            ("$a", vec![Part::Text("$a".into())]),
            ("${", vec![Part::Text("${".into())]),
            ("{{a}} ${1}", vec![Part::Text("{{a}} ${1}".into())]),
            ("", vec![Part::Text(String::new())]),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    #[test]
    fn defaults_are_taken_where_there_are_any() {
        assert_eq!(with_defaults("http://${H:-a}:1/"), Ok(("http://a:1/".to_owned(), true)));
        assert_eq!(with_defaults("plain"), Ok(("plain".to_owned(), false)));
        assert_eq!(with_defaults("${A:-${B:-x}}"), Err("${A}".to_owned()));
        assert_eq!(with_defaults("x ${input:k}"), Err("${input:k}".to_owned()));
    }
}
