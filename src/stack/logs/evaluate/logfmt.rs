//! Fields of a line in logfmt, read as Go's library reads it: what stands before a mistake is taken.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::fields::Read;

/// Fields of a line.
pub fn fields(line: &str, wanted: &IndexMap<String, String>) -> Read {
    let mut found = Map::new();
    for record in line.split('\n') {
        let mut rest = record;
        loop {
            match pair(rest) {
                Ok(None) => break,
                Ok(Some((key, value, next))) => {
                    rest = next;
                    if let Some((name, _)) = wanted.iter().find(|(_, field)| field.as_str() == key)
                    {
                        found.insert(name.clone(), Json::from(value));
                    }
                }
                Err(problem) => {
                    let problem =
                        format!("the line is not logfmt ({problem}); it goes on as it is");
                    return Read { fields: found, problem: Some(problem) };
                }
            }
        }
    }
    Read { fields: found, problem: None }
}

/// The next pair and what follows it.
type Pair<'a> = (&'a str, String, &'a str);

fn pair(text: &str) -> Result<Option<Pair<'_>>, String> {
    // Every control character is a space here.
    let text = text.trim_start_matches(|c: char| c <= ' ');
    if text.is_empty() {
        return Ok(None);
    }
    let (key, rest) =
        text.split_at(text.find(|c: char| c == '=' || c == '"' || c <= ' ').unwrap_or(text.len()));
    let Some(rest) = rest.strip_prefix('=') else {
        return if rest.starts_with('"') {
            Err(unexpected('"'))
        } else {
            Ok(Some((key, String::new(), rest)))
        };
    };
    if key.is_empty() {
        return Err(unexpected('='));
    }
    if let Some(quoted) = rest.strip_prefix('"') {
        let end = end_of_quote(quoted).ok_or("a quote is not closed")?;
        let (value, rest) =
            (quoted.get(..end).unwrap_or_default(), quoted.get(end + 1..).unwrap_or_default());
        if !value.contains('\\') {
            return Ok(Some((key, value.to_owned(), rest)));
        }
        let value = serde_json::from_str(&format!("\"{value}\""))
            .map_err(|_| "a quoted value has a wrong escape")?;
        return Ok(Some((key, value, rest)));
    }
    let (value, rest) =
        rest.split_at(rest.find(|c: char| c == '=' || c == '"' || c <= ' ').unwrap_or(rest.len()));
    match rest.chars().next() {
        Some(c @ ('=' | '"')) => Err(unexpected(c)),
        _ => Ok(Some((key, value.to_owned(), rest))),
    }
}

fn unexpected(c: char) -> String {
    format!("unexpected `{c}`")
}

fn end_of_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let end = !escaped && c == '"';
        escaped = !escaped && c == '\\';
        end.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(line: &str) -> (Vec<(String, String)>, bool) {
        let keys = ["a", "b", "level"].map(|key| (key.to_owned(), key.to_owned()));
        let read = fields(line, &IndexMap::from(keys));
        let value = |(name, value): (String, Json)| (name, value.as_str().unwrap().to_owned());
        (read.fields.into_iter().map(value).collect(), read.problem.is_some())
    }

    #[test]
    fn pairs_are_read_as_go_reads_them() {
        for (line, pairs, wrong) in [
            ("level=info a=1", vec![("level", "info"), ("a", "1")], false),
            (r#"a="x \"y\" z" b=2"#, vec![("a", r#"x "y" z"#), ("b", "2")], false),
            ("a b=", vec![("a", ""), ("b", "")], false),
            ("a=1 =2 b=3", vec![("a", "1")], true),
            ("a=1 b=2=3", vec![("a", "1")], true),
            (r#"a=1 b="open"#, vec![("a", "1")], true),
            (r#"a="1"b=2"#, vec![("a", "1"), ("b", "2")], false),
            ("a=1\tb=2\nlevel=warn", vec![("a", "1"), ("b", "2"), ("level", "warn")], false),
            ("a=1 a=2", vec![("a", "2")], false),
            ("", vec![], false),
        ] {
            let pairs: Vec<_> =
                pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
            assert_eq!(all(line), (pairs, wrong), "{line}");
        }
    }
}
