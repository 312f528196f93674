//! Saved queries and what stands in their blanks.

use indexmap::IndexMap;

use crate::assets::Assets;
use crate::manifest::{Language, Query};

/// All saved queries: those that ship with mcpmon, with the manifest's laid over.
///
/// # Errors
/// When the shipped file is not what it should be.
pub fn library(
    assets: &Assets,
    own: &IndexMap<String, Query>,
) -> anyhow::Result<IndexMap<String, Query>> {
    let mut all: IndexMap<String, Query> = assets.yaml("queries.yaml")?.unwrap_or_default();
    for (name, query) in own {
        all.insert(name.clone(), query.clone());
    }
    Ok(all)
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// One service; all of them without it.
    pub service: Option<String>,
    /// One group; all of them without it.
    pub group: Option<String>,
    /// How far back.
    pub range: String,
}

impl Asked {
    /// Fills the blanks of an expression.
    ///
    /// # Errors
    /// Something was asked for that the expression has no place for.
    pub fn fill(&self, query: &Query) -> Result<String, String> {
        let mut text = query.expr.clone();
        for (blank, option, value) in
            [("$service", "--service", &self.service), ("$group", "--group", &self.group)]
        {
            if value.is_some() && !text.contains(blank) {
                return Err(format!(
                    "`{option}` has no place in this query; write it where `{blank}` stands: {{{}=~\"{blank}\"}}",
                    blank.trim_start_matches('$')
                ));
            }
            // Where none is named, what has no such label is meant as well.
            text = text.replace(blank, value.as_deref().unwrap_or(".*"));
        }
        if query.language == Language::Logql {
            text = text.replace("$range", &self.range);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_filled_and_what_has_no_place_is_said() {
        let query =
            |expr: &str, language| Query { description: None, language, expr: expr.to_owned() };
        let asked =
            Asked { service: Some("search".to_owned()), group: None, range: "1h".to_owned() };
        let expr = r#"count_over_time({service=~"$service",group=~"$group"}[$range])"#;
        let filled = asked.fill(&query(expr, Language::Logql)).unwrap();
        assert_eq!(filled, r#"count_over_time({service=~"search",group=~".*"}[1h])"#);
        let refused = asked.fill(&query("up", Language::Promql)).unwrap_err();
        assert!(refused.contains("{service=~\"$service\"}"), "{refused}");
    }

    #[test]
    fn every_saved_query_says_what_it_is_for() {
        let all = library(&Assets::shipped(), &IndexMap::new()).unwrap();
        assert!(all.len() >= 15);
        for (name, query) in &all {
            assert!(query.description.as_ref().is_some_and(|d| !d.ends_with('.')), "{name}");
            let asked = Asked { range: "1h".to_owned(), ..Asked::default() };
            assert!(!asked.fill(query).unwrap().contains('$'), "{name}");
        }
    }
}
