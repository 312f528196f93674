//! Text that a server wrote, made fit to be shown.

use url::{Position, Url};

/// Characters of a server's name, a version, a tool's name.
pub(super) const NAME: usize = 64;
/// Characters of a message or a description.
pub(super) const MESSAGE: usize = 200;

/// One line without characters that move the cursor or hide others, cut to a length.
pub(super) fn clean(text: &str, characters: usize) -> String {
    let mut line = String::new();
    let mut count = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let word = word.chars().filter(|c| !is_invisible(*c));
        for (at, c) in word.enumerate() {
            let gap = at == 0 && !line.is_empty();
            count += 1 + usize::from(gap);
            if count > characters {
                line.push('…');
                return line;
            }
            if gap {
                line.push(' ');
            }
            line.push(c);
        }
    }
    line
}

/// Marks that turn the direction of writing, and characters without width.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// An address without what may be secret in it: user, password and query.
pub(super) fn place(url: &Url) -> String {
    let host = &url[Position::BeforeHost..Position::AfterPath];
    clean(&format!("{}://{host}", url.scheme()), MESSAGE)
}

/// An error's text without the system's number, as it reads in a sentence.
pub(super) fn io_error(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((text, _)) => text.to_lowercase(),
        None => clean(&text, MESSAGE),
    }
}

#[cfg(test)]
mod tests {
    use super::{clean, place};

    #[test]
    fn secrets_in_an_address_are_not_shown() {
        let url = "https://u:p@a.example:8443/mcp?key=k#f".parse().unwrap();
        assert_eq!(place(&url), "https://a.example:8443/mcp");
    }

    #[test]
    fn nothing_in_it_moves_the_cursor_or_hides() {
        assert_eq!(clean("a\u{1b}[31mred\r\n\tline \u{202e}b\u{0}", 64), "a [31mred line b");
        assert_eq!(clean("  ", 64), "");
    }

    #[test]
    fn it_is_cut_at_characters() {
        assert_eq!(clean("äöü", 3), "äöü");
        assert_eq!(clean("äöüß", 3), "äöü…");
        assert_eq!(clean("ab cd", 3), "ab…");
    }
}
