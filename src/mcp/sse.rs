//! Server-sent events, line by line.

use std::collections::VecDeque;

/// One event that carries data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// Its kind; `message` where it says none.
    pub name: String,
    pub data: String,
}

/// Takes a stream in pieces of any size. Bounded by what it is given: who feeds it counts.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    /// A CR may be followed by the LF that belongs to it.
    after_cr: bool,
    begun: bool,
    name: String,
    data: Vec<u8>,
    has_data: bool,
    ready: VecDeque<Event>,
    /// Events that ended, with or without data.
    pub count: usize,
}

impl Parser {
    pub fn push(&mut self, mut bytes: &[u8]) {
        while let Some(first) = bytes.first() {
            if std::mem::take(&mut self.after_cr) && *first == b'\n' {
                bytes = bytes.get(1..).unwrap_or_default();
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
                self.line.extend_from_slice(bytes);
                return;
            };
            let (line, rest) = bytes.split_at(end);
            self.line.extend_from_slice(line);
            self.after_cr = rest.first() == Some(&b'\r');
            bytes = rest.get(1..).unwrap_or_default();
            let line = std::mem::take(&mut self.line);
            self.end_of_line(&line);
        }
    }

    /// The next whole event with data. Events without only keep a connection open or number it.
    pub fn next(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }

    /// Bytes that wait for the rest of their event.
    pub fn held(&self) -> usize {
        self.line.len() + self.data.len()
    }

    fn end_of_line(&mut self, line: &[u8]) {
        let is_first = !std::mem::replace(&mut self.begun, true);
        let mark: &[u8] = if is_first { b"\xef\xbb\xbf" } else { b"" };
        let line = line.strip_prefix(mark).unwrap_or(line);
        if line.is_empty() {
            self.end_of_event();
            return;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
            }
            // A comment, a number, a time to wait, or a field of another century.
            _ => {}
        }
    }

    fn end_of_event(&mut self) {
        let name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        let had_data = std::mem::take(&mut self.has_data);
        if had_data || !name.is_empty() {
            self.count += 1;
        }
        if !data.is_empty() {
            let name = if name.is_empty() { "message".to_owned() } else { name };
            let data = String::from_utf8_lossy(&data).into_owned();
            self.ready.push_back(Event { name, data });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut parser = Parser::default();
        let mut found = Vec::new();
        for piece in pieces {
            parser.push(piece);
            while let Some(event) = parser.next() {
                found.push((event.name, event.data));
            }
        }
        found
    }

    fn message(data: &str) -> (String, String) {
        ("message".to_owned(), data.to_owned())
    }

    #[test]
    fn each_end_of_line_is_one() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["event: endpoint", "data: /m", "", "data:a", "data: b", "", ""].join(end);
            let expected = [("endpoint".to_owned(), "/m".to_owned()), message("a\nb")];
            assert_eq!(events(&[text.as_bytes()]), expected, "{end:?}");
        }
    }

    #[test]
    fn comments_numbers_and_empty_data_are_passed_over() {
        let text =
            b"\xef\xbb\xbfid: 1\ndata:\n\n: keep-alive\n\nretry: 5\n\nevent\ndata\ndata: x\n\n";
        assert_eq!(events(&[text]), [message("\nx")]);
    }

    #[test]
    fn an_event_without_its_empty_line_is_none() {
        assert_eq!(events(&[b"data: x\n"]), []);
    }

    #[test]
    fn events_without_data_are_counted() {
        let mut parser = Parser::default();
        parser.push(b"data:\n\nevent: ping\n\n: comment\n\ndata: 1\n\n");
        assert_eq!(parser.count, 3);
        parser.push(b"data: abc");
        assert_eq!(parser.held(), 9);
    }

    proptest! {
        /// Where the network cuts a stream makes no difference.
        #[test]
        fn pieces_make_no_difference(
            text in "(data: ?[a-zé]{0,4}|event: x|:c|id: 1|)(\r\n|\n|\r){1,2}".prop_flat_map(|one| proptest::collection::vec(Just(one), 1..6)),
            cuts in proptest::collection::vec(0usize..80, 0..6),
        ) {
            let bytes = text.concat().into_bytes();
            let whole = events(&[&bytes]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut pieces: Vec<&[u8]> = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&bytes[from..cut]);
                from = cut;
            }
            pieces.push(&bytes[from..]);
            prop_assert_eq!(events(&pieces), whole);
        }
    }
}
