//! Value → YAML text.

use serde_json::Value as Json;

/// Writes a value as block-style YAML which YAML 1.1 and 1.2 readers understand alike.
///
/// # Errors
/// When the value cannot be written, which no JSON value causes.
pub fn emit(value: &Json) -> anyhow::Result<String> {
    // Folding would break PromQL over lines; a width this large keeps every expression whole.
    let options = serde_yaml::ser_options! { folded_wrap_chars: 1_000_000, empty_as_braces: true };
    let mut text = String::new();
    serde_yaml::to_fmt_writer_with_options(&mut text, value, options)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}
