//! What there is: for checks of the manifest and for the documentation.

use indexmap::IndexMap;

use super::pack::{Severity, Unit};
use super::{Dialect, alert, dialect, pack};
use crate::assets::Assets;
use crate::parallel;

/// Every rule pack there is, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalog {
    /// The packs.
    pub packs: IndexMap<String, PackFacts>,
}

/// A rule pack.
#[derive(Clone, Debug, PartialEq)]
pub struct PackFacts {
    /// What it watches, in one line.
    pub description: String,
    /// Its alerts, by name, in the order of the file.
    pub alerts: IndexMap<String, AlertFacts>,
}

/// An alert as it is without overrides.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertFacts {
    /// How urgent it is.
    pub severity: Severity,
    /// What it is about.
    pub category: String,
    /// What it says, with `SERVICE` for a service's name.
    pub summary: String,
    /// How long its condition must hold.
    pub r#for: String,
    /// The value beyond which it fires, if it has one that can be changed.
    pub threshold: Option<f64>,
    /// What that value means.
    pub unit: Option<Unit>,
    /// Its further severities, each from a value of its own.
    pub tiers: Vec<(Severity, f64)>,
    /// Components without which it is left out.
    pub requires: Vec<String>,
}

impl AlertFacts {
    /// Whether other thresholds rise or fall with the severities as its own do.
    pub fn in_order(&self, levels: impl Iterator<Item = (Severity, f64)>) -> bool {
        let own = self.threshold.map(|threshold| (self.severity, threshold));
        let own = own.into_iter().chain(self.tiers.iter().copied());
        self.tiers.is_empty() || pack::ranked(levels) == pack::ranked(own)
    }
}

impl Catalog {
    /// Each alert that `<alert>` or `<pack>/<alert>` stands for, with its pack.
    pub fn alerts<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a AlertFacts)> + 'a {
        let (of, name) = name.split_once('/').map_or((None, name), |(p, n)| (Some(p), n));
        let packs = self.packs.iter().filter(move |(pack, _)| of.is_none_or(|of| of == *pack));
        packs.filter_map(move |(pack, facts)| Some((pack.as_str(), facts.alerts.get(name)?)))
    }

    /// The names of all alerts.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.packs.values().flat_map(|pack| pack.alerts.keys().map(String::as_str))
    }
}

/// Reads every rule pack.
///
/// # Errors
/// When one of them is not whole.
pub fn catalog(assets: &Assets) -> anyhow::Result<Catalog> {
    catalog_of(assets, &|_| true)
}

/// Reads some of the rule packs.
///
/// # Errors
/// When one of them is not whole.
pub fn catalog_of(assets: &Assets, wanted: &dyn Fn(&str) -> bool) -> anyhow::Result<Catalog> {
    let names: Vec<String> = pack::names(assets).into_iter().filter(|name| wanted(name)).collect();
    let packs = parallel::each(&names, |name| {
        let pack = pack::load(assets, name)?;
        let facts = |source: &pack::Alert| AlertFacts {
            severity: source.severity,
            category: source.category.clone(),
            summary: alert::plain(&source.summary),
            r#for: source.hold.clone().unwrap_or_else(|| "0s".to_owned()),
            threshold: source.threshold,
            unit: source.unit,
            tiers: source
                .tiers
                .iter()
                .map(|(severity, tier)| (*severity, tier.threshold))
                .collect(),
            requires: source.requires.clone(),
        };
        let alerts =
            pack.alerts.iter().map(|(name, source)| (name.clone(), facts(source))).collect();
        Ok(PackFacts { description: pack.description.clone(), alerts })
    })?;
    Ok(Catalog { packs: names.into_iter().zip(packs).collect() })
}

/// Reads packs that ship with mcpmon before someone needs them, who is then told what is wrong with one.
pub fn read_ahead(packs: &[String]) {
    let _ = parallel::each(packs, |name| pack::load(&Assets::shipped(), name));
}

/// Reads every dialect, by name.
///
/// # Errors
/// When one of them is not whole.
pub fn dialects(assets: &Assets) -> anyhow::Result<IndexMap<String, Dialect>> {
    dialect::names(assets)
        .into_iter()
        .map(|name| Ok((name.clone(), dialect::load(assets, &name)?)))
        .collect()
}
