//! Whether a text is YAML, seen from its events alone: no value is made of it, and what aliases stand for is
//! not read again.

use std::borrow::Cow;
use std::collections::HashSet;
use std::mem;

use serde_yaml::granit_parser::{Event, Options, Parser, ScalarStyle};

/// A number that is longer may not fit.
const DIGITS: usize = 15;

/// As many containers may be open at once. [`super::parse()`] takes 64, and what an alias stands for counts where
/// the alias stands: both together must fit.
const DEPTH: usize = 30;

/// Aliases times events, which is no less than the events that all aliases stand for.
const EXPANDED: usize = 1_000_000;

/// Whether [`super::parse()`] surely takes a text. What would need a closer look gets a no, such as a tag, a merge
/// key, a key that is no word, or an alias within an anchor.
pub(super) fn is_plainly_valid(text: &str) -> bool {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut look = Look::default();
    let mut events = Parser::new_from_str_with_options(text, options);
    events.all(|event| event.is_ok_and(|(event, _)| look.takes(event))) && look.documents == 1
}

/// What was seen so far.
#[derive(Default)]
struct Look<'t> {
    open: Vec<Open<'t>>,
    /// How many containers were open where the one with an anchor began, while it is open.
    anchored: Option<usize>,
    documents: usize,
    events: usize,
    aliases: usize,
}

/// A container whose end was not seen yet.
enum Open<'t> {
    List,
    Map { keys: HashSet<Cow<'t, str>>, is_key_next: bool },
}

impl<'t> Look<'t> {
    fn takes(&mut self, event: Event<'t>) -> bool {
        self.events += 1;
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => true,
            Event::DocumentStart(_, None) => {
                self.documents += 1;
                true
            }
            Event::Scalar(text, style, anchor, None) => {
                if self.anchored.is_some() && anchor != 0 {
                    return false;
                }
                match self.open.last_mut() {
                    Some(Open::Map { keys, is_key_next }) if *is_key_next => {
                        *is_key_next = false;
                        is_word(&text, style) && keys.insert(text)
                    }
                    _ => {
                        self.value();
                        style != ScalarStyle::Plain || !may_not_fit(&text)
                    }
                }
            }
            Event::SequenceStart(_, anchor, None) => self.begin(anchor, Open::List),
            Event::MappingStart(_, anchor, None) => {
                self.begin(anchor, Open::Map { keys: HashSet::new(), is_key_next: true })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
                self.anchored = self.anchored.filter(|above| *above < self.open.len());
                true
            }
            Event::Alias(_) => {
                self.aliases += 1;
                self.value() && self.anchored.is_none() && self.aliases * self.events < EXPANDED
            }
            _ => false,
        }
    }

    /// Notes a value; whether it may stand here, which is not in the place of a key.
    fn value(&mut self) -> bool {
        match self.open.last_mut() {
            Some(Open::Map { is_key_next, .. }) => !mem::replace(is_key_next, true),
            _ => true,
        }
    }

    fn begin(&mut self, anchor: usize, container: Open<'t>) -> bool {
        if anchor != 0 && self.anchored.replace(self.open.len()).is_some() {
            return false;
        }
        let may_stand = self.value();
        self.open.push(container);
        may_stand && self.open.len() <= DEPTH
    }
}

/// Whether a key is text for every reader.
fn is_word(text: &str, style: ScalarStyle) -> bool {
    let is_plain_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !["null", "true", "false"].contains(&text.to_ascii_lowercase().as_str());
    text != "<<" && (style != ScalarStyle::Plain || is_plain_word)
}

/// Whether a value may be a number that is too large, or none at all, such as `.nan`.
fn may_not_fit(text: &str) -> bool {
    let number = text.trim_start_matches(['+', '-']);
    let is_long = number.len() > DIGITS || number.contains(['e', 'E']);
    number.starts_with('.') || number.starts_with(|c: char| c.is_ascii_digit()) && is_long
}
