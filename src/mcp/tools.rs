//! A server's tools: listed page by page, and known again by a fingerprint.

use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};

use super::fault::Fault;
use super::report::{Reason, Tool};
use super::text::{MESSAGE, NAME, clean};

/// Pages of one list.
const MAX_PAGES: usize = 20;
/// Tools of one list.
const MAX_TOOLS: usize = 2000;
/// What of a tool a client and its model act on.
const SEEN_BY_CLIENTS: [&str; 6] =
    ["name", "title", "description", "inputSchema", "outputSchema", "annotations"];
/// As many bits as a number in a metric holds exactly.
const FINGERPRINT_BITS: u32 = 52;

/// Tools as they are listed. Of each only what is told of it is kept, for its schema may be large.
#[derive(Default)]
pub(super) struct Tools {
    found: Vec<Found>,
    pages: usize,
    last_cursor: Option<String>,
}

struct Found {
    name: String,
    description: String,
    digest: [u8; 32],
}

impl Tools {
    /// Adds a page and returns where the next one begins.
    pub fn add(&mut self, page: &Json) -> Result<Option<String>, Fault> {
        let Some(tools) = page.get("tools").and_then(Json::as_array) else {
            return Err(Fault::new(Reason::BadJson, "a list of tools without `tools`"));
        };
        self.pages += 1;
        if self.found.len() + tools.len() > MAX_TOOLS {
            return Err(Fault::new(Reason::TooLarge, format!("more than {MAX_TOOLS} tools")));
        }
        for tool in tools {
            let Some(name) = tool.get("name").and_then(Json::as_str) else {
                return Err(Fault::new(Reason::BadJson, "a tool without a name"));
            };
            let description = tool.get("description").and_then(Json::as_str).unwrap_or_default();
            self.found.push(Found {
                name: name.to_owned(),
                description: clean(description, MESSAGE),
                digest: digest(tool),
            });
        }
        let cursor = page.get("nextCursor").and_then(Json::as_str).map(ToOwned::to_owned);
        if cursor.is_some() && cursor == self.last_cursor {
            return Err(Fault::new(Reason::TooLarge, "a list of tools whose pages repeat"));
        }
        if cursor.is_some() && self.pages >= MAX_PAGES {
            let message = format!("a list of tools of more than {MAX_PAGES} pages");
            return Err(Fault::new(Reason::TooLarge, message));
        }
        self.last_cursor.clone_from(&cursor);
        Ok(cursor)
    }

    /// Those of the expected ones that are not there.
    pub fn missing(&self, expected: &[String]) -> Vec<String> {
        let is_there = |name: &String| self.found.iter().any(|tool| tool.name == *name);
        expected.iter().filter(|name| !is_there(name)).cloned().collect()
    }

    /// The tools by name.
    pub fn listed(&self) -> Vec<Tool> {
        let tool = |found: &Found| Tool {
            name: clean(&found.name, 2 * NAME),
            description: found.description.clone(),
        };
        let mut tools: Vec<Tool> = self.found.iter().map(tool).collect();
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        tools
    }

    /// A number that is the same as long as a client would see no difference.
    pub fn fingerprint(&self) -> u64 {
        let mut digests: Vec<[u8; 32]> = self.found.iter().map(|tool| tool.digest).collect();
        digests.sort_unstable();
        let all = Sha256::digest(digests.concat());
        let first = all.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        first >> (u64::BITS - FINGERPRINT_BITS)
    }
}

fn digest(tool: &Json) -> [u8; 32] {
    let seen = SEEN_BY_CLIENTS.iter().filter_map(|name| {
        let value = tool.get(*name).filter(|value| !value.is_null())?;
        Some(((*name).to_owned(), canonical(value)))
    });
    Sha256::digest(Json::Object(seen.collect()).to_string()).into()
}

/// A value whose order says nothing: keys sorted, and the required names, which servers keep as a set.
fn canonical(value: &Json) -> Json {
    match value {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let entry = |(key, value): (&String, &Json)| {
                let mut value = canonical(value);
                if key == "required"
                    && let Json::Array(names) = &mut value
                    && names.iter().all(Json::is_string)
                {
                    names.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
                }
                (key.clone(), value)
            };
            Json::Object(entries.into_iter().map(entry).collect::<Map<_, _>>())
        }
        Json::Array(items) => Json::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(tools: &Json) -> u64 {
        let mut list = Tools::default();
        list.add(&json!({"tools": tools})).unwrap();
        list.fingerprint()
    }

    #[test]
    fn order_makes_no_difference_but_a_word_does() {
        let add = json!({"name": "add", "description": "Adds", "inputSchema": {"type": "object", "required": ["a", "b"]}});
        let same = json!({"inputSchema": {"required": ["b", "a"], "type": "object"}, "description": "Adds", "name": "add", "_meta": {"t": 1}, "title": null});
        let sub = json!({"name": "sub"});
        let base = of(&json!([add, sub]));
        assert_eq!(base, of(&json!([sub, same])));
        assert!(base < 1 << FINGERPRINT_BITS && base > 0);
        for (at, value) in [
            ("description", json!("Adds and sends")),
            ("inputSchema", json!({"type": "object"})),
            ("annotations", json!({"readOnlyHint": true})),
            ("name", json!("add2")),
        ] {
            let mut other = add.clone();
            other[at] = value;
            assert_ne!(base, of(&json!([other, sub])), "{at}");
        }
        assert_ne!(base, of(&json!([add, sub, sub])));
    }

    #[test]
    fn lists_end() {
        let mut list = Tools::default();
        for page in 1..MAX_PAGES {
            let next = list.add(&json!({"tools": [], "nextCursor": page.to_string()})).unwrap();
            assert_eq!(next, Some(page.to_string()));
        }
        let fault = list.add(&json!({"tools": [], "nextCursor": "end"})).unwrap_err();
        assert_eq!(fault.message, "a list of tools of more than 20 pages");

        let mut list = Tools::default();
        list.add(&json!({"tools": [], "nextCursor": "a"})).unwrap();
        let fault = list.add(&json!({"tools": [], "nextCursor": "a"})).unwrap_err();
        assert_eq!(fault.message, "a list of tools whose pages repeat");

        let many = vec![json!({"name": "x"}); MAX_TOOLS + 1];
        let fault = Tools::default().add(&json!({"tools": many})).unwrap_err();
        assert_eq!(fault.message, "more than 2000 tools");
    }

    #[test]
    fn what_is_no_list_is_said() {
        for (page, message) in [
            (json!({}), "a list of tools without `tools`"),
            (json!({"tools": [{}]}), "a tool without a name"),
        ] {
            let fault = Tools::default().add(&page).unwrap_err();
            assert_eq!((fault.reason, fault.message.as_str()), (Reason::BadJson, message));
        }
    }

    #[test]
    fn missing_tools_are_named_and_others_sorted() {
        let mut list = Tools::default();
        list.add(&json!({"tools": [{"name": "b", "description": "B\nb"}, {"name": "a"}]})).unwrap();
        assert_eq!(list.missing(&["a".to_owned(), "c".to_owned()]), ["c"]);
        let listed = list.listed();
        assert_eq!((listed[0].name.as_str(), listed[1].description.as_str()), ("a", "B b"));
    }
}
