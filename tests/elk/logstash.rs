//! A parser of Logstash's configuration language, as strict as its grammar: what it refuses, Logstash
//! refuses too.

/// One plug-in with its place: `filter/json`, inside the conditions around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Plugin {
    pub section: String,
    pub name: String,
    pub settings: Vec<(String, Value)>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Word(String),
    Text(String),
    Number(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

pub fn parse(text: &str) -> Result<Vec<Plugin>, String> {
    let mut parser = Parser { text, at: 0 };
    let mut plugins = Vec::new();
    loop {
        parser.space();
        if parser.rest().is_empty() {
            return Ok(plugins);
        }
        let section = parser.name()?;
        if !["input", "filter", "output"].contains(&section.as_str()) {
            return Err(parser.wrong("input, filter or output"));
        }
        parser.block(&section, &mut plugins)?;
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
    fn wrong(&self, expected: &str) -> String {
        let line = self.text[..self.at].lines().count().max(1);
        let found: String = self.rest().chars().take(20).collect();
        format!("line {line}: expected {expected}, found `{found}`")
    }
    fn space(&mut self) -> bool {
        let before = self.at;
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            self.at += rest.len() - trimmed.len();
            match trimmed.strip_prefix('#').and_then(|rest| rest.find('\n')) {
                Some(end) => self.at += end + 2,
                None => return self.at > before,
            }
        }
    }
    fn takes(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }
    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.takes(token) { Ok(()) } else { Err(self.wrong(token)) }
    }
    fn while_in(&mut self, is: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let word = &rest[..rest.find(|c| !is(c)).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }
    fn name(&mut self) -> Result<String, String> {
        if self.rest().starts_with(['"', '\'']) {
            return self.text();
        }
        let word = self.while_in(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if word.is_empty() { Err(self.wrong("a name")) } else { Ok(word.to_owned()) }
    }
    fn text(&mut self) -> Result<String, String> {
        let quote = self.rest().chars().next().filter(|c| "\"'".contains(*c));
        let quote = quote.ok_or_else(|| self.wrong("a text"))?;
        self.quoted(quote)
    }
    /// Up to the same character again; a backslash before it keeps it.
    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut escaped = false;
        let inner = &self.rest()[1..];
        for (index, c) in inner.char_indices() {
            if c == quote && !escaped {
                self.at += index + 2;
                return Ok(inner[..index].to_owned());
            }
            escaped = c == '\\' && !escaped;
        }
        Err(self.wrong("the end of a text"))
    }
    fn block(&mut self, section: &str, plugins: &mut Vec<Plugin>) -> Result<(), String> {
        self.space();
        self.expect("{")?;
        self.space();
        while !self.takes("}") {
            if self.word("if") {
                self.condition()?;
                self.block(section, plugins)?;
                self.space();
                while self.word("else") {
                    self.space();
                    if self.word("if") {
                        self.condition()?;
                        self.block(section, plugins)?;
                        self.space();
                    } else {
                        self.block(section, plugins)?;
                        break;
                    }
                }
            } else {
                let plugin = self.plugin(section)?;
                plugins.push(plugin);
            }
            self.space();
        }
        Ok(())
    }
    fn word(&mut self, word: &str) -> bool {
        let follows = self.rest().strip_prefix(word).and_then(|rest| rest.chars().next());
        let found = follows.is_some_and(|c| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
        self.at += if found { word.len() } else { 0 };
        found
    }
    fn plugin(&mut self, section: &str) -> Result<Plugin, String> {
        let name = self.name()?;
        self.space();
        self.expect("{")?;
        let mut settings = Vec::new();
        self.space();
        while !self.takes("}") {
            let key = self.name()?;
            self.space();
            self.expect("=>")?;
            self.space();
            settings.push((key, self.value()?));
            let spaced = self.space();
            if !spaced && !self.rest().starts_with('}') {
                return Err(self.wrong("a space or }"));
            }
        }
        Ok(Plugin { section: section.to_owned(), name, settings })
    }
    fn value(&mut self) -> Result<Value, String> {
        match self.rest().chars().next() {
            Some('"' | '\'') => self.text().map(Value::Text),
            Some('[') => self.list().map(Value::List),
            Some('{') => {
                self.expect("{")?;
                let mut map = Vec::new();
                self.space();
                while !self.takes("}") {
                    let key = self.name()?;
                    self.space();
                    self.expect("=>")?;
                    self.space();
                    map.push((key, self.value()?));
                    if !self.space() && !self.rest().starts_with('}') {
                        return Err(self.wrong("a space or } (entries have no comma)"));
                    }
                }
                Ok(Value::Map(map))
            }
            Some(c) if c.is_ascii_digit() || c == '-' => {
                let number = self.while_in(|c| c.is_ascii_digit() || "-.".contains(c));
                Ok(Value::Number(number.to_owned()))
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let word = self.while_in(|c| c.is_ascii_alphanumeric() || c == '_');
                if word.len() < 2 {
                    Err(self.wrong("a word"))
                } else {
                    Ok(Value::Word(word.to_owned()))
                }
            }
            _ => Err(self.wrong("a value")),
        }
    }
    fn list(&mut self) -> Result<Vec<Value>, String> {
        self.expect("[")?;
        let mut list = Vec::new();
        self.space();
        if self.takes("]") {
            return Ok(list);
        }
        loop {
            list.push(self.value()?);
            self.space();
            if self.takes("]") {
                return Ok(list);
            }
            self.expect(",")?;
            self.space();
        }
    }
    fn condition(&mut self) -> Result<(), String> {
        loop {
            self.space();
            self.expression()?;
            self.space();
            if !["and", "or", "xor", "nand"].iter().any(|operator| self.word(operator)) {
                return Ok(());
            }
        }
    }
    fn expression(&mut self) -> Result<(), String> {
        if self.takes("!") {
            self.space();
            if !self.rest().starts_with('(') {
                return self.selector();
            }
        }
        if self.takes("(") {
            self.condition()?;
            self.space();
            return self.expect(")");
        }
        self.operand()?;
        self.space();
        if ["=~", "!~"].iter().any(|operator| self.takes(operator)) {
            self.space();
            return match self.rest().chars().next() {
                Some('/') => self.quoted('/').map(drop),
                _ => self.text().map(drop),
            };
        }
        let compared = ["==", "!=", "<=", ">=", "<", ">"].iter().any(|o| self.takes(o));
        let negated = self.word("not");
        self.space();
        if compared || self.word("in") {
            self.space();
            return self.operand();
        }
        if negated { Err(self.wrong("in")) } else { Ok(()) }
    }
    fn operand(&mut self) -> Result<(), String> {
        match self.rest().chars().next() {
            Some('"' | '\'') => self.text().map(drop),
            Some(c) if c.is_ascii_digit() || c == '-' => self.value().map(drop),
            Some('[') => {
                // A list of values looks like a selector until its first element.
                let rest = self.rest()[1..].trim_start();
                if rest.starts_with(['"', '\'']) { self.list().map(drop) } else { self.selector() }
            }
            _ => Err(self.wrong("a field, a text or a number")),
        }
    }
    fn selector(&mut self) -> Result<(), String> {
        let mut found = false;
        while self.takes("[") {
            let name = self.while_in(|c| !"[],".contains(c) && c != '\n');
            if name.is_empty() {
                return Err(self.wrong("the name of a field"));
            }
            self.expect("]")?;
            found = true;
        }
        if found { Ok(()) } else { Err(self.wrong("a field such as [service]")) }
    }
}
