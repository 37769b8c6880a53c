//! The plots of the drawer: clock offsets, separations, health, token cadence.

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, PointerButton, Rect, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use skewline::app::App;
use skewline::app::command::Command;
use skewline::app::drawer::DrawerTab;
use skewline::app::plots::PlotCommand;
use skewline::app::plots::health::StripOf;
use skewline::load::Source;
use skewline::model::SpanIx;
use skewline::simulate::{self, Scenario};

use super::clocks::example;
use super::harness::{assert_accessible, assert_shown, click_label, press, selected_names, settle, small, window};

fn sample(name: &str) -> Source {
    let path = format!("{}/sample-traces/{name}.otlp.json", env!("CARGO_MANIFEST_DIR"));
    Source::Path(path.into())
}

fn open(source: Source, tab: DrawerTab) -> Harness<'static, App> {
    let mut harness = window(vec![source]);
    harness.state_mut().apply(tab.toggle());
    settle(&mut harness);
    harness
}

/// What a screen reader hears of the plot whose name begins so.
fn heard(harness: &Harness<'_, App>, start: &str) -> String {
    plot(harness, start).0
}

fn plot(harness: &Harness<'_, App>, start: &str) -> (String, Rect) {
    let node = harness
        .get_by(|node| node.role() == Role::Canvas && node.label().is_some_and(|label| label.starts_with(start)));
    (node.accesskit_node().label().unwrap_or_default(), node.rect())
}

fn time(harness: &Harness<'_, App>) -> (i64, i64) {
    let time = harness.state().state.session.view.time;
    (time.from_ns, time.to_ns)
}

#[test]
fn the_band_says_what_the_messages_allow() {
    let mut harness = window(vec![example()]);
    press(&mut harness, Modifiers::NONE, Key::O);
    settle(&mut harness);
    let heard = heard(&harness, "Clock offsets:");
    // The worked example: between 400 and 670 ms, drift over the call forgiven in words.
    assert!(heard.contains("400–670 ms"), "{heard}");
    assert!(heard.contains("raw times"), "every plot says which time it shows: {heard}");
    assert_shown(&harness, "estimate, no bound: assumes equal latency both ways");
    press(&mut harness, Modifiers::NONE, Key::C);
    settle(&mut harness);
    let heard = self::heard(&harness, "Clock offsets:");
    assert!(heard.contains("time of ") && heard.contains("400–670 ms"), "{heard}");
}

/// A gateway in the middle, whose clock the others are compared with: it calls agents and, far worse, a store.
fn three() -> Source {
    let service = |name: &str, spans: &str| {
        format!(
            r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{name}"}}}},
 {{"key":"host.id","value":{{"stringValue":"h-{name}"}}}}]}},"scopeSpans":[{{"spans":[{spans}]}}]}}"#
        )
    };
    let span = |id: u8, parent: u8, name: &str, kind: u8, ms: [u16; 2]| {
        let parent = if parent > 0 { format!(r#""parentSpanId":"{parent:016}","#) } else { String::new() };
        format!(
            r#"{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"{id:016}",{parent}"name":"{name}","kind":{kind},
 "startTimeUnixNano":"1700000000{:03}000001","endTimeUnixNano":"1700000000{:03}000001"}}"#,
            ms[0], ms[1]
        )
    };
    let gateway = [
        span(1, 0, "serve", 2, [100, 900]),
        span(2, 1, "call agents", 3, [110, 400]),
        span(4, 1, "call store", 3, [450, 800]),
    ];
    let services = [
        service("gateway", &gateway.join(",")),
        service("agents", &span(3, 2, "plan", 2, [112, 396])),
        service("store", &span(5, 4, "query", 2, [200, 500])),
    ];
    let text = format!(r#"{{"resourceSpans":[{}]}}"#, services.join(","));
    Source::memory("three.json", text.into_bytes())
}

#[test]
fn a_span_of_the_reference_clock_asks_about_the_clock_that_it_speaks_to() {
    let mut harness = window(vec![three()]);
    press(&mut harness, Modifiers::NONE, Key::O);
    settle(&mut harness);
    let select = |harness: &mut Harness<'_, App>, name: &str| {
        let store = &harness.state().state.data.as_ref().unwrap().store;
        let span = store.span_ixs().find(|span| store.span(*span).name() == name).unwrap();
        harness.state_mut().apply(Command::Select { span, extend: false });
        settle(harness);
        heard(harness, "Clock offsets:")
    };
    let reason = |harness: &Harness<'_, App>| harness.state().state.offset_clocks_reason();
    assert!(select(&mut harness, "call agents").contains("agents against gateway"));
    assert_shown(
        &harness,
        "gateway is what clocks are compared with: shown is agents, what the selected span speaks to",
    );
    assert!(select(&mut harness, "call store").contains("store against gateway"));
    assert!(select(&mut harness, "plan").contains("agents against gateway"));
    assert_eq!(reason(&harness), None, "that is its own clock");
    assert!(select(&mut harness, "query").contains("store against gateway"));
}

#[test]
fn arrow_keys_go_from_message_to_message_and_enter_selects_its_spans() {
    let mut harness = open(example(), DrawerTab::Offsets);
    let start = heard(&harness, "Clock offsets:");
    harness.get_by_label(&start).focus();
    harness.run_steps(2);
    press(&mut harness, Modifiers::NONE, Key::ArrowRight);
    let first = heard(&harness, "Message ");
    assert!(first.contains("POST /chat") && first.contains("serve") && first.contains("raw"), "{first}");
    press(&mut harness, Modifiers::NONE, Key::ArrowRight);
    assert_ne!(heard(&harness, "Message "), first);
    press(&mut harness, Modifiers::NONE, Key::Enter);
    let mut names = selected_names(&harness);
    names.sort();
    assert_eq!(names, ["POST /chat", "serve"]);
    harness.event(Event::Copy);
    harness.run_steps(2);
    assert_accessible(&harness);
}

#[test]
fn a_plot_and_the_timeline_move_each_other() {
    let mut harness = open(sample("skewed-browser"), DrawerTab::Offsets);
    let whole = time(&harness);
    let place = plot(&harness, "Clock offsets:").1;
    // Ctrl and the wheel, or two fingers, zoom the timeline at the pointer.
    harness.event(Event::PointerMoved(place.center()));
    harness.step();
    harness.event(Event::Zoom(1.6));
    harness.run_steps(20);
    let near = time(&harness);
    assert!(near.1 - near.0 < whole.1 - whole.0, "{whole:?} {near:?}");
    // Dragging moves it by what the points stand for.
    for (pos, pressed) in [(place.center(), Some(true)), (place.center() + vec2(40.0, 0.0), None)] {
        harness.event(Event::PointerMoved(pos));
        if let Some(pressed) = pressed {
            let button = PointerButton::Primary;
            harness.event(Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE });
        }
        harness.step();
    }
    harness.step();
    let moved = time(&harness);
    assert!(moved.0 < near.0 && (moved.1 - moved.0) == (near.1 - near.0), "{near:?} {moved:?}");
    let (pos, button) = (place.center(), PointerButton::Primary);
    harness.event(Event::PointerButton { pos, button, pressed: false, modifiers: Modifiers::NONE });
    harness.run_steps(2);
    // And the plot follows the timeline: it is drawn at the same scale.
    let before = heard(&harness, "Clock offsets:");
    harness.state_mut().apply(Command::ZoomInFar);
    harness.state_mut().apply(Command::ZoomInFar);
    settle(&mut harness);
    assert!(time(&harness).1 - time(&harness).0 < near.1 - near.0);
    assert!(!heard(&harness, "Clock offsets:").is_empty() && !before.is_empty());
}

#[test]
fn what_cannot_be_plotted_is_said_in_words() {
    for (source, tab, words) in [
        (small(), DrawerTab::Offsets, "All spans were stamped by one clock"),
        (small(), DrawerTab::Separations, "No causal edge joins two clocks"),
        (small(), DrawerTab::Health, "No message goes from one clock to another"),
        (small(), DrawerTab::Cadence, "No model call here records when the pieces of its answer came."),
    ] {
        let harness = open(source, tab);
        assert_shown(&harness, words);
    }
    let mut harness = open(small(), DrawerTab::Cadence);
    harness.state_mut().apply(Command::Select { span: SpanIx(0), extend: false });
    settle(&mut harness);
    assert_shown(&harness, "No pieces of the answer of checkout are recorded");
}

#[test]
fn clocks_are_chosen_and_two_must_differ() {
    let mut harness = open(sample("skewed-browser"), DrawerTab::Offsets);
    let (of, against) = harness.state().state.offset_clocks().unwrap();
    let swapped = PlotCommand::Clocks { of: Some(against), against: Some(of) };
    harness.state_mut().apply(Command::Plots(swapped));
    settle(&mut harness);
    assert_eq!(harness.state().state.offset_clocks(), Some((against, of)));
    assert!(heard(&harness, "Clock offsets:").contains(" against "));
    harness.state_mut().apply(Command::Plots(PlotCommand::Clocks { of: Some(of), against: Some(of) }));
    settle(&mut harness);
    assert_shown(&harness, "Choose two different clocks.");
    harness.state_mut().apply(Command::Plots(PlotCommand::Clocks { of: None, against: None }));
    settle(&mut harness);
    assert_eq!(harness.state().state.offset_clocks(), Some((of, against)));
}

#[test]
fn separations_are_listed_found_and_spread() {
    let mut harness = open(sample("skewed-browser"), DrawerTab::Separations);
    let whole = heard(&harness, "Separations:");
    assert!(whole.contains("messages in view"), "{whole}");
    assert!(heard(&harness, "Separations over time:").contains("raw times"));
    let edges = harness.state().state.session.plots.gathered.answer().unwrap().edges.len();
    let listed = |harness: &Harness<'_, App>| harness.get_all_by_role(Role::ListBoxOption).count();
    assert!(edges > 1 && listed(&harness) >= 1);
    harness.state_mut().apply(Command::Plots(PlotCommand::Filter("nothing is called so".to_owned())));
    settle(&mut harness);
    assert_shown(&harness, "No causal edge is called so.");
    harness.state_mut().apply(Command::Plots(PlotCommand::Filter("the server started before".to_owned())));
    settle(&mut harness);
    let option = harness.get_all_by_role(Role::ListBoxOption).next().unwrap();
    option.click();
    settle(&mut harness);
    let chosen = heard(&harness, "Separations:");
    assert!(chosen.contains("the server started before") && chosen.contains("δ-min"), "{chosen}");
    // The distribution is of what is in view.
    let all = harness.state().state.session.plots.distribution.answer().unwrap().shown.len();
    harness.state_mut().apply(Command::ZoomInFar);
    settle(&mut harness);
    let shown = harness.state().state.session.plots.distribution.answer().unwrap().shown.len();
    assert!(shown < all, "{shown} of {all}");
    click_label(&mut harness, "Copy TSV");
    assert_accessible(&harness);
}

#[test]
fn health_says_how_often_and_between_which_clocks() {
    let mut harness = open(sample("one-way-pipeline"), DrawerTab::Health);
    let rate = heard(&harness, "Causality health, violation rate:");
    assert!(rate.contains("messages backwards"), "{rate}");
    let strips = heard(&harness, "Causality health in view");
    assert!(strips.contains("counts for 30 s") && strips.contains("what no offset explains"), "{strips}");
    click_label(&mut harness, "A violation counts for 1 s");
    settle(&mut harness);
    assert!(heard(&harness, "Causality health in view").contains("counts for 1 s"));
    let pair = harness.get_all_by_role(Role::ListBoxOption).nth(2).unwrap();
    let name = pair.accesskit_node().label().unwrap();
    pair.click();
    settle(&mut harness);
    let clocks = name.split(" · ").find(|part| part.contains(" → ")).unwrap();
    assert!(heard(&harness, "Causality health, violation rate:").contains(clocks), "{name}");
}

#[test]
fn health_says_which_messages_are_safe_broken_or_unknown() {
    for (name, expected) in [
        // The inference stage is 5 ms ahead: what it sends is broken, what it gets nobody bounds.
        ("one-way-pipeline", vec!["broken", "unknown"]),
        // Round trips: one way is broken, the other one safe.
        ("skewed-browser", vec!["broken", "safe"]),
    ] {
        let mut harness = open(sample(name), DrawerTab::Health);
        let strips = heard(&harness, "Causality health in view");
        for word in expected {
            assert!(strips.contains(&format!(" {word}, ")), "{name} {word}: {strips}");
        }
        let rate = heard(&harness, "Causality health, violation rate:");
        assert!(rate.contains("raw order of pairs: "), "{rate}");
        let option = |word: &'static str| {
            move |node: &egui_kittest::kittest::AccessKitNode<'_>| {
                node.role() == Role::ListBoxOption && node.label().is_some_and(|label| label.trim().starts_with(word))
            }
        };
        let first = harness.get_all_by(option("broken")).next().unwrap();
        first.click();
        settle(&mut harness);
        assert_shown(&harness, "ran backwards");
        assert_shown(&harness, "broken: ");
    }
    // Kinds of messages of one pair stand below it, and each is a series of its own.
    let mut harness = open(sample("skewed-browser"), DrawerTab::Health);
    let strips = &harness.state().state.session.plots.health.answer().unwrap().strips;
    let kind = strips.iter().map(|strip| strip.of).find(|of| of.is_kind()).unwrap();
    let all = strips.iter().filter(|strip| strip.of.pair() == kind.pair()).count();
    assert!(all > 2, "the pair and its kinds: {all}");
    let StripOf::Edge(name) = kind else { panic!("{kind:?}") };
    harness.state_mut().apply(Command::Plots(PlotCommand::HealthOf(kind)));
    settle(&mut harness);
    let rate = heard(&harness, "Causality health, violation rate:");
    assert!(rate.contains(name.rule.words()), "{rate}");
    assert!(
        heard(&harness, "Causality health in view").contains(name.rule.words()),
        "its kinds are shown with the pair"
    );
    assert_accessible(&harness);
}

#[test]
fn a_stream_is_plotted_piece_by_piece() {
    let mut harness = open(sample("slow-conversation"), DrawerTab::Cadence);
    assert_shown(&harness, "Select a model call");
    let option = harness.get_all_by_role(Role::ListBoxOption).next().unwrap();
    option.click();
    settle(&mut harness);
    let heard = heard(&harness, "Token cadence of");
    assert!(heard.contains("gap usually") && heard.contains("longest"), "{heard}");
    assert!(heard.contains("stall"), "{heard}");
    let name = harness.get_by_role_and_label(Role::Canvas, &heard);
    name.focus();
    harness.run_steps(2);
    press(&mut harness, Modifiers::NONE, Key::End);
    let last = self::heard(&harness, "gap of ");
    assert!(last.contains(" before piece "), "{last}");
}

#[test]
fn every_plot_lives_with_every_size_theme_and_text() {
    let mut harness = window(vec![sample("slow-conversation")]);
    for tab in [DrawerTab::Offsets, DrawerTab::Separations, DrawerTab::Health, DrawerTab::Cadence] {
        harness.state_mut().apply(tab.toggle());
        for (width, height) in [(640.0, 400.0), (1366.0, 768.0), (3840.0, 2160.0)] {
            harness.set_size(vec2(width, height));
            for command in [Command::ThemeLight, Command::TextLarger, Command::ZoomInFar, Command::ThemeDark] {
                harness.state_mut().apply(command);
                settle(&mut harness);
            }
        }
        harness.state_mut().apply(Command::TextNormal);
        harness.state_mut().apply(Command::WholeTrace);
        settle(&mut harness);
    }
}

/// Corners of the triangles that a frame hands to the graphics card.
fn corners(harness: &mut Harness<'_, App>) -> usize {
    harness.step();
    let shapes = harness.output().shapes.clone();
    let meshes = harness.ctx.tessellate(shapes, 1.0);
    let of = |mesh: &egui::ClippedPrimitive| match &mesh.primitive {
        egui::epaint::Primitive::Mesh(mesh) => mesh.vertices.len(),
        egui::epaint::Primitive::Callback(_) => 0,
    };
    meshes.iter().map(of).sum()
}

#[test]
fn what_a_plot_draws_follows_its_width_and_not_the_messages() {
    let simulated = |spans| {
        let mut bytes = Vec::new();
        simulate::write(Scenario::Scale { spans }, 7, &mut bytes).unwrap();
        window(vec![Source::memory("scale.jsonl", bytes)])
    };
    let [mut few, mut many] = [simulated(2_000), simulated(30_000)];
    for tab in [DrawerTab::Offsets, DrawerTab::Separations, DrawerTab::Health, DrawerTab::Cadence] {
        let drawn = [&mut few, &mut many].map(|harness| {
            harness.state_mut().apply(Command::WholeTrace);
            let before = corners(harness);
            harness.state_mut().apply(tab.toggle());
            settle(harness);
            let with_plot = corners(harness);
            harness.state_mut().apply(tab.toggle());
            settle(harness);
            with_plot.saturating_sub(before / 2)
        });
        let columns = harness_width(&many) / 1.5;
        // A point is a disc of some corners; a column has at most four of each look.
        assert!((drawn[1] as f32) < columns * 4.0 * 40.0 + 60_000.0, "{tab}: {drawn:?}");
        assert!(drawn[1] < 4 * drawn[0] + 40_000, "{tab}: {drawn:?}");
    }
}

fn harness_width(harness: &Harness<'_, App>) -> f32 {
    harness.ctx.content_rect().width()
}

#[test]
fn nothing_is_claimed_about_clocks_before_they_are_compared() {
    let mut harness = window(vec![sample("skewed-browser")]);
    harness.state_mut().apply(DrawerTab::Offsets.toggle());
    let mut waited = 0;
    while harness.query_by_label_contains("Clock offsets:").is_none() {
        assert!(harness.query_by_label_contains("No causal edge joins").is_none(), "nobody knows that yet");
        harness.step();
        waited += 1;
        assert!(waited < 10_000);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    // The question of other clocks is another one.
    let (of, against) = harness.state().state.offset_clocks().unwrap();
    let swapped = PlotCommand::Clocks { of: Some(against), against: Some(of) };
    harness.state_mut().apply(Command::Plots(swapped));
    for _ in 0..5 {
        harness.step();
        assert!(harness.query_by_label_contains("No causal edge joins").is_none());
    }
}
