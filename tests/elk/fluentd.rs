//! A parser of Fluentd's configuration language: directives in angle brackets, parameters one a line.

/// A directive such as `<source>`, with its argument, parameters and what is nested in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Directive {
    pub name: String,
    pub argument: String,
    pub parameters: Vec<(String, String)>,
    pub inner: Vec<Directive>,
}

impl Directive {
    pub fn get(&self, key: &str) -> Option<&str> {
        self.parameters.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
    pub fn all(&self) -> Vec<&Self> {
        let inner = self.inner.iter().flat_map(Self::all);
        std::iter::once(self).chain(inner).collect()
    }
}

pub fn parse(text: &str) -> Result<Directive, String> {
    let mut open = vec![Directive::default()];
    for (index, line) in text.lines().enumerate() {
        let wrong = |problem: &str| format!("line {}: {problem}: `{}`", index + 1, line.trim());
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix("</") {
            let name = name.strip_suffix('>').ok_or_else(|| wrong("no `>` at the end"))?;
            let done = open.pop().filter(|_| !open.is_empty());
            let done = done.ok_or_else(|| wrong("nothing is open"))?;
            if done.name != name {
                return Err(wrong(&format!("`<{}>` is open", done.name)));
            }
            open.last_mut().unwrap().inner.push(done);
        } else if let Some(head) = line.strip_prefix('<') {
            let head = head.strip_suffix('>').ok_or_else(|| wrong("no `>` at the end"))?;
            let (name, argument) = head.split_once(' ').unwrap_or((head, ""));
            if name.is_empty() || !name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
                return Err(wrong("no name of a directive"));
            }
            let (name, argument) = (name.to_owned(), argument.trim().to_owned());
            open.push(Directive { name, argument, ..Directive::default() });
        } else {
            let (key, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let is_word = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'@';
            if !key.bytes().all(is_word) {
                return Err(wrong("no name of a parameter"));
            }
            if open.len() == 1 {
                return Err(wrong("a parameter outside of a directive"));
            }
            let value = value.trim();
            for quote in ['"', '\''] {
                if value.starts_with(quote) && !(value.len() > 1 && value.ends_with(quote)) {
                    return Err(wrong("a text without its end"));
                }
            }
            open.last_mut().unwrap().parameters.push((key.to_owned(), value.to_owned()));
        }
    }
    match (open.pop(), open.last()) {
        (Some(root), None) => Ok(root),
        (Some(left), _) => Err(format!("`<{}>` is never closed", left.name)),
        (None, _) => unreachable!("the root stays"),
    }
}
