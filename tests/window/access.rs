//! What a screen reader gets.

use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::harness::{selected_names, small, window};

#[test]
fn the_canvas_says_what_it_shows() {
    let harness = window(vec![small()]);
    let canvas = harness.get_by_label_contains("Timeline: 4 spans on 1 clock");
    assert_eq!(canvas.accesskit_node().role(), egui::accesskit::Role::Canvas);
}

#[test]
fn spans_and_lanes_are_said_with_what_matters() {
    let harness = window(vec![small()]);
    harness.get_by_label("charge card, 40 ms, at 50 ms, lane shop, failed");
    harness.get_by_label_contains("Lane shop, 4 spans");
}

#[test]
fn a_screen_reader_selects_and_hears_which_span_has_the_focus() {
    let mut harness = window(vec![small()]);
    harness.get_by_label_contains("reserve stock").click_accesskit();
    harness.run_steps(3);
    assert_eq!(selected_names(&harness), ["reserve stock"]);
    assert!(harness.get_by_label_contains("reserve stock, 30 ms").accesskit_node().is_selected().unwrap_or(false));
}
