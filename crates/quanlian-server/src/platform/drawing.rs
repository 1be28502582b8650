//! What a platform draws files with.
//!
//! In:  whoever makes renderings.
//! Out: them again, for the routes.
//!
//! Not here: what renderings are (`rendering`).

use std::sync::Arc;

use super::Platform;
use crate::rendering::{Renderer, Renderings};

impl Platform {
    /// Has files drawn by this from now on; the first one that is named stays.
    pub fn render_with(&self, by: Arc<dyn Renderings>) {
        let _ = self.0.renderer.by.set(by);
    }

    pub(crate) fn renderer(&self) -> &Renderer {
        &self.0.renderer
    }
}
