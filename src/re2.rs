//! Regular expressions as Go reads them (RE2), for the collectors are written in Go. The `regex` crate is of the
//! same family: linear time, no look-around, leftmost-first. Where it takes more than RE2 that is refused here;
//! where the two mean different things the expression is rewritten so that it means what Go means by it.
//!
//! What RE2 takes and the crate does not (`\Q…\E`, `\C`, octal escapes) is refused as well. Unicode classes that
//! only one of the two knows are left to the collector's own checker.

use regex::Regex;
use regex_syntax::ast::{
    self, AssertionKind, Ast, ClassPerlKind, ClassSetItem, ClassUnicodeKind, FlagsItemKind,
    HexLiteralKind, LiteralKind, RepetitionKind, RepetitionRange, Span, Visitor,
};

/// The largest number of repetitions that Go takes.
const MOST_REPETITIONS: u32 = 1000;

/// Compiles an expression to what Go would make of it.
///
/// # Errors
/// What is wrong with it, in a few words that follow "is not a regular expression: ".
pub fn compile(expression: &str) -> Result<Regex, String> {
    let ast = ast::parse::Parser::new().parse(expression).map_err(|error| {
        let at =
            expression.get(..error.span().start.offset).map_or(0, |before| before.chars().count());
        format!("{}, at character {}", error.kind(), at + 1)
    })?;
    let rewrites = ast::visit(&ast, Differences::default())?;
    let mut go = String::with_capacity(expression.len());
    let mut done = 0;
    for (span, text) in rewrites {
        go.push_str(expression.get(done..span.start.offset).unwrap_or_default());
        go.push_str(text);
        done = span.end.offset;
    }
    go.push_str(expression.get(done..).unwrap_or_default());
    Regex::new(&go).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        // The text is drawn over several lines; the last one says what is wrong.
        other => other.to_string().lines().last().unwrap_or_default().replace("error: ", ""),
    })
}

/// Names of the groups that have one, in the order in which they stand.
pub fn group_names(regex: &Regex) -> Vec<String> {
    regex.capture_names().flatten().map(str::to_owned).collect()
}

/// Collects what Go reads otherwise, and stops at what Go does not read.
#[derive(Default)]
struct Differences {
    rewrites: Vec<(Span, &'static str)>,
}

impl Visitor for Differences {
    type Output = Vec<(Span, &'static str)>;
    type Err = String;

    fn finish(self) -> Result<Self::Output, String> {
        Ok(self.rewrites)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), String> {
        match ast {
            Ast::Flags(set) => flags(&set.flags),
            Ast::Group(group) => group.flags().map_or(Ok(()), flags),
            Ast::Literal(literal) => literal_kind(&literal.kind),
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::WordBoundary => {
                    self.rewrites.push((assertion.span, r"(?-u:\b)"));
                    Ok(())
                }
                AssertionKind::StartLine
                | AssertionKind::EndLine
                | AssertionKind::StartText
                | AssertionKind::EndText
                | AssertionKind::NotWordBoundary => Ok(()),
                _ => Err("RE2 has no word boundary but `\\b` and `\\B`".to_owned()),
            },
            Ast::ClassPerl(class) => {
                self.perl(class);
                Ok(())
            }
            Ast::ClassUnicode(class) => unicode(&class.kind),
            Ast::Repetition(repetition) => {
                if matches!(*repetition.ast, Ast::Repetition(_)) {
                    return Err(
                        "RE2 takes no repetition of a repetition; put the inner one into `(?:…)`"
                            .to_owned(),
                    );
                }
                let most = match &repetition.op.kind {
                    RepetitionKind::Range(
                        RepetitionRange::Exactly(n) | RepetitionRange::AtLeast(n),
                    ) => *n,
                    RepetitionKind::Range(RepetitionRange::Bounded(from, to)) => *from.max(to),
                    _ => 0,
                };
                if most > MOST_REPETITIONS {
                    return Err(format!("RE2 repeats at most {MOST_REPETITIONS} times"));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), String> {
        match item {
            ClassSetItem::Perl(class) => {
                self.perl(class);
                Ok(())
            }
            ClassSetItem::Unicode(class) => unicode(&class.kind),
            ClassSetItem::Literal(literal) => literal_kind(&literal.kind),
            ClassSetItem::Bracketed(_) => {
                Err("RE2 has no class within a class; write `\\[`".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn visit_class_set_binary_op_pre(&mut self, _: &ast::ClassSetBinaryOp) -> Result<(), String> {
        Err("RE2 has no `&&`, `--` or `~~` in a class; write `\\` before the sign".to_owned())
    }
}

impl Differences {
    /// Go's classes hold ASCII alone.
    fn perl(&mut self, class: &ast::ClassPerl) {
        let text = match (&class.kind, class.negated) {
            (ClassPerlKind::Digit, false) => "[0-9]",
            (ClassPerlKind::Digit, true) => "[^0-9]",
            (ClassPerlKind::Word, false) => "[0-9A-Za-z_]",
            (ClassPerlKind::Word, true) => "[^0-9A-Za-z_]",
            (ClassPerlKind::Space, false) => "[\\t\\n\\f\\r ]",
            (ClassPerlKind::Space, true) => "[^\\t\\n\\f\\r ]",
        };
        self.rewrites.push((class.span, text));
    }
}

fn flags(flags: &ast::Flags) -> Result<(), String> {
    use ast::Flag::{CRLF, IgnoreWhitespace, Unicode};
    let foreign = flags.items.iter().find_map(|item| match item.kind {
        FlagsItemKind::Flag(IgnoreWhitespace) => Some('x'),
        FlagsItemKind::Flag(Unicode) => Some('u'),
        FlagsItemKind::Flag(CRLF) => Some('R'),
        _ => None,
    });
    foreign.map_or(Ok(()), |flag| Err(format!("RE2 has no flag `{flag}`; it has i, m, s and U")))
}

fn literal_kind(kind: &LiteralKind) -> Result<(), String> {
    match kind {
        LiteralKind::HexFixed(HexLiteralKind::UnicodeShort | HexLiteralKind::UnicodeLong)
        | LiteralKind::HexBrace(HexLiteralKind::UnicodeShort | HexLiteralKind::UnicodeLong) => {
            Err("RE2 writes a character by its number as `\\x{1F600}`".to_owned())
        }
        _ => Ok(()),
    }
}

fn unicode(kind: &ClassUnicodeKind) -> Result<(), String> {
    match kind {
        ClassUnicodeKind::NamedValue { .. } => Err("RE2 names a class as `\\p{Greek}`".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_boundaries_are_those_of_go() {
        for (expression, text, matches) in [
            (r"^\d+$", "42", true),
            (r"^\d+$", "٤٢", false),
            (r"^\w+$", "é", false),
            (r"^[\w-]+$", "a-b", true),
            (r"^[^\s]$", "\u{b}", true),
            (r"^[^\s]$", " ", false),
            (r"\bx", "éx", true),
            (r"(?i)^ERROR", "error", true),
            (r"^.$", "é", true),
            (r"^\x{e9}$", "é", true),
            (r"a\%b", "a%b", true),
        ] {
            assert_eq!(
                compile(expression).unwrap().is_match(text),
                matches,
                "{expression} on {text:?}"
            );
        }
        assert_eq!(group_names(&compile(r"(?P<a>\d)(b)(?<c>.)").unwrap()), ["a", "c"]);
    }

    #[test]
    fn what_go_does_not_read_is_refused() {
        for (expression, says) in [
            ("(", "unclosed group, at character 1"),
            ("é(", "unclosed group, at character 2"),
            ("a(?=b)", "look-around"),
            (r"(a)\1", "backreferences"),
            ("(?x) a", "flag `x`"),
            ("(?x: a)", "flag `x`"),
            ("a**", "repetition of a repetition"),
            ("a{1001}", "at most 1000"),
            ("[a-z&&b]", "`&&`"),
            ("[[a]b]", "class within a class"),
            (r"\u{41}", r"\x{1F600}"),
            (r"\p{script=Greek}", r"\p{Greek}"),
            (r"\b{start}x", "word boundary"),
            ("[z-a]", "range"),
            ("a{1000}{1000}", "repetition of a repetition"),
        ] {
            let said = compile(expression).unwrap_err();
            assert!(said.contains(says), "{expression}: {said}");
        }
    }
}
