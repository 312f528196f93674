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
    /// The usual packs, every dialect and every component that an alert requires.
    pub fn usual() -> Self {
        let assets = Assets::shipped();
        let catalog = catalog(&assets).unwrap();
        let alerts = catalog.packs.values().flat_map(|pack| pack.alerts.values());
        Self {
            packs: ["services", "mcp", "host", "stack"].map(str::to_owned).to_vec(),
            disable: BTreeSet::new(),
            overrides: BTreeMap::new(),
            dialects: dialects(&assets).unwrap().into_keys().collect(),
            components: alerts.flat_map(|alert| alert.requires.clone()).collect(),
            assets,
        }
    }

    /// Every pack in a stack of its own, for some share the names of alerts; the dialects beside the
    /// first.
    pub fn each() -> Vec<Self> {
        let packs = Self::usual().catalog().packs;
        let mut all: Vec<_> =
            packs.into_keys().map(|pack| Self { packs: vec![pack], ..Self::usual() }).collect();
        all.iter_mut().skip(1).for_each(|setting| setting.dialects.clear());
        all
    }

    pub fn catalog(&self) -> Catalog {
        catalog(&self.assets).unwrap()
    }

    /// What every pack and every dialect comes to.
    pub fn everything() -> Compiled {
        let mut all = Compiled { files: vec![], tests: vec![], runbooks: vec![], alerts: vec![] };
        for setting in Self::each() {
            let one = setting.compile().unwrap();
            all.files.extend(one.files);
            all.tests.extend(one.tests);
            all.runbooks.extend(one.runbooks);
            all.alerts.extend(one.alerts);
        }
        all
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
