//! Tab reaches everything that can be focused, in every panel, and the ring around it is seen.

use std::collections::{BTreeMap, BTreeSet};

use egui::accesskit::{Action, NodeId, Role};
use egui::{Event, Key, Modifiers, Rect, Shape, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT as _;
use skewline::app::command::Command;
use skewline::app::drawer::DrawerTab;
use skewline::app::{App, theme};
use skewline::load::Source;
use skewline::scene::TimeRange;
use strum::IntoEnumIterator as _;

use super::harness::{settle, small, window};

/// Everything that can be focused: its node, and how to find it in a message.
fn focusable(harness: &Harness<'_, App>) -> BTreeMap<NodeId, String> {
    let nodes = harness.root().children_recursive();
    let nodes = nodes.map(|node| node.accesskit_node());
    let found = nodes.filter(|node| {
        let place = node.raw_bounds();
        // The handles between columns of a table are for the mouse: columns fit their contents by themselves.
        let is_handle = node.role() == Role::Unknown && place.is_some_and(|place| place.width() <= 8.0);
        node.data().supports_action(Action::Focus) && !node.is_disabled() && !node.is_hidden() && !is_handle
    });
    found
        .map(|node| {
            let name = node.label().or(node.value()).or(node.data().placeholder().map(str::to_owned));
            let place = node.raw_bounds();
            (node.locate().0, format!("{:?} {:?} at {place:?}", node.role(), name.unwrap_or_default()))
        })
        .collect()
}

/// What has the focus, and where.
fn focused(harness: &Harness<'_, App>) -> Option<(NodeId, Rect)> {
    let id = harness.ctx.memory(egui::Memory::focused)?.accesskit_id();
    let mut nodes = harness.root().children_recursive().map(|node| node.accesskit_node());
    let bounds = nodes.find(|node| node.locate().0 == id)?.raw_bounds()?;
    let [x0, y0, x1, y1] = [bounds.x0, bounds.y0, bounds.x1, bounds.y1].map(|at| at as f32);
    Some((id, Rect::from_min_max(pos2(x0, y0), pos2(x1, y1))))
}

/// Whether a ring of the focus is painted around, or in, `place`.
fn has_ring(harness: &Harness<'_, App>, place: Rect) -> bool {
    let color = theme::link_color(harness.state().state.theme().theme());
    let screen = harness.ctx.content_rect();
    harness.output().shapes.iter().any(|clipped| match &clipped.shape {
        Shape::Rect(ring) => {
            ring.stroke.color == color && ring.rect.expand(3.0).intersects(place) && screen.contains_rect(ring.rect)
        }
        _ => false,
    })
}

/// Goes round with Tab. Returns what was reached.
fn tab_round(harness: &mut Harness<'_, App>, what: &str) -> BTreeSet<NodeId> {
    let mut reached = BTreeSet::new();
    let mut repeated = 0;
    for _ in 0..900 {
        let (key, modifiers) = (Key::Tab, Modifiers::NONE);
        harness.event(Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers });
        harness.step();
        let Some((id, place)) = focused(harness) else { continue };
        if !reached.insert(id) {
            repeated += 1;
            if repeated > 3 {
                return reached;
            }
            continue;
        }
        repeated = 0;
        if !has_ring(harness, place) {
            // What lay outside of its list is scrolled into view first.
            harness.run_steps(4);
            let place = focused(harness).map_or(place, |(_, place)| place);
            let name = focusable(harness).remove(&id).unwrap_or_default();
            assert!(has_ring(harness, place), "{what}: no ring around {name}");
        }
    }
    panic!("{what}: Tab never comes round");
}

type Panel = (&'static str, fn(&mut Harness<'_, App>), bool);

fn run(harness: &mut Harness<'_, App>, command: Command) {
    harness.state_mut().apply(command);
    settle(harness);
}

const PANELS: &[Panel] = &[
    ("nothing selected", |_| {}, false),
    ("a span", |harness| run(harness, Command::NextFlagged), false),
    ("findings off", |harness| run(harness, Command::ToggleFindings), false),
    (
        "notes",
        |harness| {
            run(
                harness,
                Command::Measure(Some(TimeRange {
                    from_ns: 1_700_000_000_000_000_000,
                    to_ns: 1_700_000_000_050_000_000,
                })),
            );
            run(harness, Command::KeepNote);
        },
        false,
    ),
    (
        "a failed load",
        |harness| {
            run(harness, Command::Load { sources: vec![Source::memory("no.json", *b"nonsense")], add: true });
        },
        false,
    ),
    ("a question", |harness| run(harness, Command::OpenSources(vec![small()])), false),
    ("help", |harness| run(harness, Command::ToggleHelp), true),
    ("export", |harness| run(harness, Command::ExportPanel), true),
    ("keys", |harness| run(harness, Command::KeysPanel), true),
    ("rename", |harness| run(harness, Command::RenameLane), true),
    ("search help", |harness| run(harness, Command::SearchHelp), false),
];

#[test]
fn tab_reaches_everything_in_every_panel_and_its_ring_is_seen() {
    for (what, open, is_modal) in PANELS {
        let mut harness = window(vec![small()]);
        let before = focusable(&harness);
        open(&mut harness);
        let reached = tab_round(&mut harness, what);
        let mut wanted = focusable(&harness);
        // Behind what lies over the window, nothing can be reached.
        wanted.retain(|id, _| !is_modal || !before.contains_key(id));
        assert!(!wanted.is_empty(), "{what}");
        wanted.retain(|id, _| !reached.contains(id));
        assert!(wanted.is_empty(), "{what}: Tab never reaches {wanted:#?}");
    }
}

#[test]
fn tab_reaches_everything_in_every_tab_of_the_drawer() {
    for tab in DrawerTab::iter() {
        let mut harness = window(vec![small()]);
        run(&mut harness, tab.toggle());
        let what = format!("{tab:?}");
        let reached = tab_round(&mut harness, &what);
        let mut wanted = focusable(&harness);
        wanted.retain(|id, _| !reached.contains(id));
        assert!(wanted.is_empty(), "{what}: Tab never reaches {wanted:#?}");
    }
}
