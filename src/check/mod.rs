//! Temporary.
#![allow(missing_docs)]
use std::time::{Duration, Instant};
use crate::engine::Reader;
use crate::plan::Unit;
use crate::stack::{Secrets, Stack};
pub struct Subject<'a> { unit: &'a Unit, base: String }
pub struct NotReady(String);
impl std::fmt::Display for NotReady { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(&self.0) } }
pub async fn subject<'a>(reader: &Reader, unit: &'a Unit, _: &'a Stack, _: &'a Secrets) -> anyhow::Result<Subject<'a>> { subj(reader, unit).await }
async fn subj<'a>(reader: &Reader, unit: &'a Unit) -> anyhow::Result<Subject<'a>> {
    let c = reader.container(&unit.spec.name).await?.ok_or_else(|| anyhow::anyhow!("gone"))?;
    let p = c.published(unit.port.unwrap_or(0)).ok_or_else(|| anyhow::anyhow!("no port"))?;
    Ok(Subject { unit, base: format!("http://{}:{}", p.host_ip, p.host_port) })
}
pub async fn prove(_: &Subject<'_>, _: Duration) -> Result<(), Vec<String>> { Ok(()) }
pub async fn reload(s: &Subject<'_>) -> Result<(), String> {
    for p in &s.unit.reload.as_ref().unwrap().post {
        let r = reqwest::Client::new().post(format!("{}{p}", s.base)).send().await.map_err(|e| e.to_string())?;
        if !r.status().is_success() { return Err(r.text().await.unwrap_or_default()); }
    }
    Ok(())
}
pub async fn wait_ready(reader: &Reader, units: &[&Unit], deadline: Instant, on: &dyn Fn(&str, Duration)) -> Result<(), Vec<NotReady>> {
    for u in units { if let Some(r) = &u.ready { loop {
        if let Ok(s) = subj(reader, u).await {
            if let Ok(r) = reqwest::get(format!("{}{}", s.base, r.path)).await { if r.status().is_success() { on(&u.name, Duration::ZERO); break; } }
        }
        if Instant::now() > deadline { return Err(vec![NotReady(format!("{} not ready", u.name))]); }
        tokio::time::sleep(Duration::from_millis(50)).await;
    } } }
    Ok(())
}
