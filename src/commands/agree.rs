//! What is asked before something is done that cannot be taken back.

use std::io::{BufRead as _, IsTerminal as _};

use crate::exit::{Exit, Stop};
use crate::output::Printer;

/// Asks whoever is there to type a word.
///
/// # Errors
/// `alone` where nobody can be asked; `otherwise` where the answer is another one.
pub fn agree(
    printer: &Printer,
    (word, question): (&str, &str),
    alone: &str,
    otherwise: &str,
) -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        return Err(Stop::new(Exit::Usage, alone).into());
    }
    printer.line(question);
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == word {
        return Ok(());
    }
    Err(Stop::new(Exit::Failed, otherwise).into())
}
