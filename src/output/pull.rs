//! A pull with a bar per layer.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Mutex;

use indicatif::ProgressBar;

use super::{Mark, Printer};
use crate::engine::{Engine, EngineError, LayerProgress};

/// Pulls an image and shows how far each layer is.
pub async fn pull(printer: &Printer, engine: &Engine, reference: &str) -> Result<(), EngineError> {
    let step = printer.step(format!("pulling {reference}"));
    let bars: Mutex<RefCell<HashMap<String, ProgressBar>>> = Mutex::default();
    let show = |layer: &LayerProgress<'_>| {
        let Ok(bars) = bars.lock() else { return };
        let mut bars = bars.borrow_mut();
        if let (Some(current), Some(total)) = (layer.current, layer.total) {
            if !bars.contains_key(layer.layer) {
                let label = format!("{} {}", layer.layer, layer.status);
                bars.extend(printer.bytes(label).map(|bar| (layer.layer.to_owned(), bar)));
            }
            if let Some(bar) = bars.get(layer.layer) {
                bar.set_length(total);
                bar.set_position(current);
                bar.set_message(format!("{} {}", layer.layer, layer.status));
            }
        } else if let Some(bar) = bars.remove(layer.layer) {
            bar.finish_and_clear();
        }
    };
    let pulled = engine.pull(reference, &show).await;
    if let Ok(bars) = bars.lock() {
        bars.borrow_mut().drain().for_each(|(_, bar)| bar.finish_and_clear());
    }
    if pulled.is_ok() {
        step.end(Mark::Good, format!("pulled {reference}"));
    }
    pulled
}
