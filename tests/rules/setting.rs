//! A stack as the rules see it.

use std::collections::{BTreeMap, BTreeSet};

use mcpmon::assets::Assets;
use mcpmon::render::rules::{Catalog, Compiled, Input, Override, catalog, compile, dialects};

/// What a test may change.
pub struct Setting {
    pub assets: Assets,
    pub packs: Vec<String>,
    pub disable: BTreeSet<String>,
    pub overrides: BTreeMap<String, Override>,
    pub dialects: BTreeSet<String>,
    pub components: BTreeSet<String>,
}

impl Setting {
    /// Every pack, every dialect and every component that an alert requires.
    pub fn all() -> Self {
        let assets = Assets::shipped();
        let catalog = catalog(&assets).unwrap();
        let alerts = catalog.packs.values().flat_map(|pack| pack.alerts.values());
        Self {
            packs: catalog.packs.keys().cloned().collect(),
            disable: BTreeSet::new(),
            overrides: BTreeMap::new(),
            dialects: dialects(&assets).unwrap().into_keys().collect(),
            components: alerts.flat_map(|alert| alert.requires.clone()).collect(),
            assets,
        }
    }

    pub fn catalog(&self) -> Catalog {
        catalog(&self.assets).unwrap()
    }

    pub fn compile(&self) -> anyhow::Result<Compiled> {
        compile(
            &self.assets,
            &Input {
                packs: &self.packs,
                disable: &self.disable,
                overrides: &self.overrides,
                dialects: &self.dialects,
                components: &self.components,
                scrape_interval_seconds: 15.0,
                runbook_url: &|alert| {
                    Some(format!("https://runbooks.example/{}", alert.to_lowercase()))
                },
            },
        )
    }
}
