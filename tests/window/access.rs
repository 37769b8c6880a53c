//! What a screen reader gets.

use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::harness::{small, window};

#[test]
fn the_canvas_says_what_it_shows() {
    let harness = window(vec![small()]);
    let canvas = harness.get_by_label_contains("Timeline: 4 spans on 1 clock");
    assert_eq!(canvas.accesskit_node().role(), egui::accesskit::Role::Canvas);
}
