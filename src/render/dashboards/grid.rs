//! Places on Grafana's grid of 24 columns.

use crate::render::json::{Json, json};

/// Columns of the grid.
pub(super) const COLUMNS: u32 = 24;

/// Fills the grid left to right, then down.
#[derive(Debug, Default)]
pub(super) struct Grid {
    x: u32,
    y: u32,
    line_height: u32,
}

impl Grid {
    /// The next free place of that size.
    pub(super) fn place(&mut self, width: u32, height: u32) -> Json<'static> {
        let width = width.min(COLUMNS);
        if self.x + width > COLUMNS {
            self.line();
        }
        let place = json!({ "x": self.x, "y": self.y, "w": width, "h": height });
        self.x += width;
        self.line_height = self.line_height.max(height);
        place
    }

    /// Starts a new line below everything so far.
    pub(super) fn line(&mut self) {
        self.y += self.line_height;
        self.x = 0;
        self.line_height = 0;
    }
}
