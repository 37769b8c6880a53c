//! The span table, the statistics and the diagnostics of the drawer.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Modifiers, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{AccessKitNode, NodeT as _, Queryable as _};
use skewline::analysis::search::Field;
use skewline::analysis::table::Column;
use skewline::app::command::Command;
use skewline::app::drawer::DrawerTab;
use skewline::app::host::Saved;
use skewline::app::tables::{Only, Pick, StatCommand, TableCommand, Which};
use skewline::app::{App, cells_id};
use skewline::load::Source;
use skewline::model::SpanIx;
use skewline::simulate::{self, Scenario};

use super::harness::{
    FakeDialogs, Pasted, SMALL, click_label, pointer, press, selected_names, settle, small, window, window_with,
};
use super::worked_example::worked_example;

fn table(harness: &mut Harness<'_, App>, command: TableCommand) {
    harness.state_mut().apply(Command::Table(command));
    settle(harness);
}

fn open_tab(harness: &mut Harness<'_, App>, tab: DrawerTab) {
    harness.state_mut().apply(tab.toggle());
    settle(harness);
}

/// The names of the rows in view, top to bottom.
fn row_names(harness: &Harness<'_, App>) -> Vec<String> {
    let mut rows: Vec<(i64, String)> = harness
        .get_all_by(|node| node.role() == Role::Row)
        .map(|node| (node.rect().top() as i64, node.accesskit_node().label().unwrap_or_default()))
        .collect();
    rows.sort();
    rows.into_iter().map(|(_, name)| name).collect()
}

/// Only the span's name out of the name of a row.
fn listed(harness: &Harness<'_, App>) -> Vec<String> {
    let name = |row: String| row.split_once(": ").unwrap().1.rsplit_once(", ").unwrap().0.to_owned();
    row_names(harness).into_iter().map(name).collect()
}

fn sort_by(harness: &mut Harness<'_, App>, heading: &str) {
    harness.get_by_role_and_label(Role::ColumnHeader, heading).click();
    settle(harness);
}

fn click_row(harness: &mut Harness<'_, App>, name: &str, held: Modifiers) {
    let is_row =
        |node: &AccessKitNode<'_>| node.role() == Role::Row && node.label().is_some_and(|label| label.contains(name));
    harness.get_by(is_row).click_modifiers(held);
    settle(harness);
}

#[test]
fn every_heading_sorts_both_ways() {
    let mut harness = window(vec![small()]);
    press(&mut harness, Modifiers::NONE, Key::T);
    settle(&mut harness);
    assert_eq!(listed(&harness), ["checkout", "reserve stock", "charge card", "audit"], "by start");
    for (heading, expected) in [
        ("duration", ["checkout", "charge card", "reserve stock", "audit"]),
        ("duration", ["audit", "reserve stock", "charge card", "checkout"]),
        ("name", ["audit", "charge card", "checkout", "reserve stock"]),
        // error, then unset thrice in input order.
        ("status", ["charge card", "checkout", "reserve stock", "audit"]),
        // 100 - 30 - 40 ms of its own.
        ("self", ["charge card", "checkout", "reserve stock", "audit"]),
    ] {
        sort_by(&mut harness, heading);
        assert_eq!(listed(&harness), expected, "{heading}");
    }
    assert_eq!(row_names(&harness)[0], "Row 1: charge card, 40 ms");
}

#[test]
fn rows_and_canvas_share_one_selection() {
    let mut harness = window(vec![small()]);
    press(&mut harness, Modifiers::NONE, Key::T);
    settle(&mut harness);
    click_row(&mut harness, "charge card", Modifiers::NONE);
    assert_eq!(selected_names(&harness), ["charge card"]);
    click_row(&mut harness, "checkout", Modifiers::COMMAND);
    assert_eq!(selected_names(&harness), ["charge card", "checkout"]);
    click_row(&mut harness, "charge card", Modifiers::COMMAND);
    assert_eq!(selected_names(&harness), ["checkout"]);
    click_row(&mut harness, "reserve stock", Modifiers::NONE);
    click_row(&mut harness, "audit", Modifiers::SHIFT);
    assert_eq!(selected_names(&harness), ["reserve stock", "charge card", "audit"]);
    click_row(&mut harness, "checkout", Modifiers::SHIFT);
    assert_eq!(selected_names(&harness), ["reserve stock", "checkout"]);
    // The table has the keyboard now: keys move through its rows and not the canvas.
    let scroll = harness.state().state.session.view.scroll_y;
    for (key, held, expected) in [
        (Key::ArrowDown, Modifiers::NONE, vec!["reserve stock"]),
        (Key::End, Modifiers::NONE, vec!["audit"]),
        (Key::ArrowUp, Modifiers::SHIFT, vec!["audit", "charge card"]),
        (Key::Home, Modifiers::NONE, vec!["checkout"]),
        (Key::PageDown, Modifiers::NONE, vec!["audit"]),
        (Key::A, Modifiers::COMMAND, vec!["checkout", "reserve stock", "charge card", "audit"]),
    ] {
        press(&mut harness, held, key);
        assert_eq!(selected_names(&harness), expected, "{key:?}");
    }
    assert_eq!(harness.state().state.session.view.scroll_y, scroll);
    let whole = harness.state().state.session.view.time;
    click_row(&mut harness, "charge card", Modifiers::NONE);
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.state().state.session.view.time.length_ns() < whole.length_ns(), "Enter zooms to the row");
}

#[test]
fn switches_narrow_the_table_and_its_own_clicks_do_not() {
    let mut harness = window(vec![small()]);
    harness.state_mut().apply(Command::Select { span: SpanIx(1), extend: false });
    harness.state_mut().apply(Command::Select { span: SpanIx(3), extend: true });
    open_tab(&mut harness, DrawerTab::Spans);
    harness.get_by_role_and_label(Role::Button, "Selected").click();
    settle(&mut harness);
    assert_eq!(listed(&harness), ["reserve stock", "audit"]);
    harness.get_by_label_contains("2 of 4 spans");
    click_row(&mut harness, "audit", Modifiers::NONE);
    assert_eq!(listed(&harness), ["reserve stock", "audit"], "a click in the table does not shorten it");
    harness.state_mut().apply(Command::Select { span: SpanIx(2), extend: false });
    settle(&mut harness);
    assert_eq!(listed(&harness), ["charge card"], "a click on the canvas does");
    harness.state_mut().apply(Command::SelectNothing);
    settle(&mut harness);
    harness.get_by_label_contains("No span is selected");
    click_label(&mut harness, "Show all spans");
    settle(&mut harness);
    assert_eq!(listed(&harness).len(), 4);
    // Time in view: from 92 ms to the end.
    let from_ns = 1_700_000_000_092_000_000;
    let range = skewline::scene::TimeRange { from_ns, to_ns: from_ns + 8_000_000 };
    harness.state_mut().apply(Command::ShowRange(range));
    table(&mut harness, TableCommand::Only(Only { in_view: true, ..Only::default() }));
    assert_eq!(listed(&harness), ["checkout", "audit"]);
    harness.state_mut().apply(Command::WholeTrace);
    settle(&mut harness);
    assert_eq!(listed(&harness).len(), 4, "the table follows the canvas");
}

#[test]
fn columns_are_found_by_typing_and_kept() {
    let mut harness = window(vec![small()]);
    open_tab(&mut harness, DrawerTab::Spans);
    assert!(harness.query_by_role_and_label(Role::ColumnHeader, "gen_ai.request.model").is_none());
    click_label(&mut harness, "Columns…");
    settle(&mut harness);
    harness.get_by_label("host.id");
    harness.get_by_role_and_label(Role::TextInput, "Find a column").type_text("MODEL");
    settle(&mut harness);
    assert!(harness.query_by_label("host.id").is_none(), "typing narrows the list");
    harness.get_by_role_and_label(Role::CheckBox, "gen_ai.request.model").click();
    settle(&mut harness);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    harness.get_by_role_and_label(Role::ColumnHeader, "gen_ai.request.model");
    harness.get_by_label("gpt-5.2");
    let columns = &harness.state().state.settings.tables.columns;
    assert_eq!(columns.last(), Some(&Column::Field(Field::Attr("gen_ai.request.model".to_owned()))));
    sort_by(&mut harness, "gen_ai.request.model");
    assert_eq!(listed(&harness)[0], "checkout", "rows without the attribute come last");
    table(&mut harness, TableCommand::Columns(vec![]));
    assert_eq!(harness.state().state.settings.tables.columns, Column::usual());
}

#[test]
fn rows_say_when_clocks_leave_their_order_open() {
    let mut harness = window(vec![worked_example()]);
    open_tab(&mut harness, DrawerTab::Spans);
    let unknown = "order against the row above unknown";
    let rows = row_names(&harness);
    // The warm-up is stamped 500 ms later, by a clock that is 400 to 670 ms ahead.
    assert_eq!(rows[0], "Row 1: POST /chat, 910 ms");
    assert_eq!(rows[1], format!("Row 2: warm up, 60 ms; {unknown}"));
    assert_eq!(rows[2], "Row 3: serve, 640 ms", "one clock stamped both");
    // The mark stands at the left of the time, and says why.
    let cell = harness
        .get_all_by(|node| node.label().or_else(|| node.value()).is_some_and(|text| text.contains("22:13:20.500")))
        .next()
        .unwrap()
        .rect();
    let row = harness.get_by_label_contains("Row 2:").rect();
    let heading = harness.get_by_role_and_label(Role::ColumnHeader, "start (raw, UTC)").rect();
    assert!(cell.right() <= heading.right());
    harness.hover_at(egui::pos2(heading.left() + 9.0, row.center().y));
    harness.run_steps(8);
    harness.get_by_label_contains("it may have begun up to 170 ms before it or up to 100 ms after it");
    sort_by(&mut harness, "start (raw, UTC)");
    let rows = row_names(&harness);
    assert_eq!(rows[2], format!("Row 3: POST /chat, 910 ms; {unknown}"), "the other way round too");
    // Sorted by something else, rows do not stand in any order of time.
    sort_by(&mut harness, "name");
    assert!(row_names(&harness).iter().all(|row| !row.contains(unknown)));
    // On the reference clock's axis, too, neighbours may be unknown.
    table(&mut harness, TableCommand::Columns(vec![Column::Field(Field::Name), Column::Reference]));
    sort_by(&mut harness, "start (reference)");
    let doubtful = row_names(&harness).iter().filter(|row| row.contains(unknown)).count();
    assert_eq!(doubtful, 1, "{:?}", row_names(&harness));
}

#[test]
fn rows_that_are_proven_to_stand_in_the_wrong_order_say_so() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-traces/skewed-browser.otlp.json");
    let mut harness = window(vec![Source::Path(path.into())]);
    open_tab(&mut harness, DrawerTab::Spans);
    let mut wrong = 0;
    for page in 0..40 {
        let spans = harness.state().state.data.as_ref().unwrap().store.len();
        let listed = harness.state().state.session.tables.spans.listed.clone().unwrap();
        let row = (page * 12).min(spans - 1);
        table(&mut harness, TableCommand::Pick(listed.rows[row], Pick::Only));
        wrong += row_names(&harness).iter().filter(|row| row.contains("wrong side of the row above")).count();
    }
    assert!(wrong > 0, "a browser that is ahead seems to send after it was served");
}

#[test]
fn the_order_of_rows_costs_what_is_in_view() {
    let mut harness = window(vec![simulated(5_000)]);
    open_tab(&mut harness, DrawerTab::Spans);
    let asked =
        |harness: &Harness<'_, App>| harness.state().state.session.tables.spans.listed.as_ref().unwrap().orders_asked();
    let visible = row_names(&harness).len();
    let first = asked(&harness);
    assert!(first > 0 && first <= visible + 2, "{first} answers for {visible} rows");
    harness.run_steps(5);
    assert_eq!(asked(&harness), first, "rows that rest are not asked again");
}

#[test]
fn unknown_times_are_said_in_words() {
    let odd = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[
      {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000001","name":"still running",
       "startTimeUnixNano":"1700000000000000000"},
      {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000002","name":"back in time",
       "startTimeUnixNano":"1700000000050000000","endTimeUnixNano":"1700000000040000000"}]}]}]}"#;
    let mut harness = window(vec![Source::memory("odd.json", odd.as_bytes())]);
    open_tab(&mut harness, DrawerTab::Spans);
    assert_eq!(row_names(&harness), ["Row 1: still running, open", "Row 2: back in time, ends before start"]);
}

#[test]
fn statistics_group_by_any_field_and_a_click_searches() {
    let mut harness = window(vec![small()]);
    press(&mut harness, Modifiers::SHIFT, Key::T);
    settle(&mut harness);
    assert_eq!(
        row_names(&harness),
        ["checkout, 1 span", "charge card, 1 span", "reserve stock, 1 span", "audit, 1 span"]
    );
    harness.get_by_label("4 spans in 4 values");
    for (label, expected) in [
        ("status", vec!["unset, 3 spans", "error, 1 span"]),
        ("service", vec!["shop, 4 spans"]),
        ("kind", vec!["server, 1 span", "unspecified, 3 spans"]),
    ] {
        harness.get_by_role_and_label(Role::Button, label).click();
        settle(&mut harness);
        assert_eq!(row_names(&harness), expected, "{label}");
    }
    // An attribute that most spans lack: said, not hidden.
    let model = Field::Attr("gen_ai.request.model".to_owned());
    table(&mut harness, TableCommand::Statistics(StatCommand::By(model)));
    assert_eq!(row_names(&harness), ["gpt-5.2, 1 span", "(none), 3 spans"]);
    harness.get_by_label("4 spans in 1 value · 3 without any");
    click_row(&mut harness, "(none)", Modifiers::NONE);
    let found = |harness: &Harness<'_, App>| {
        let hits = harness.state().state.session.search.hits.clone();
        hits.map(|hits| hits.set.iter().map(|span| span.0).collect::<Vec<_>>())
    };
    assert_eq!(found(&harness), Some(vec![1, 2, 3]));
    // The span table follows the search, the statistics only when asked to.
    assert_eq!(row_names(&harness).len(), 2);
    open_tab(&mut harness, DrawerTab::Spans);
    assert_eq!(listed(&harness), ["reserve stock", "charge card", "audit"]);
    open_tab(&mut harness, DrawerTab::Statistics);
    click_row(&mut harness, "(none)", Modifiers::NONE);
    assert_eq!(found(&harness), None, "the same row again ends the search");
    sort_by(&mut harness, "count");
    assert_eq!(row_names(&harness)[0], "(none), 3 spans");
    // By keyboard: the row is still current.
    press(&mut harness, Modifiers::NONE, Key::Home);
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    press(&mut harness, Modifiers::NONE, Key::Enter);
    settle(&mut harness);
    assert_eq!(found(&harness), Some(vec![0]));
}

#[test]
fn tables_are_copied_and_exported_with_raw_nanoseconds() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chosen.csv");
    let dialogs = FakeDialogs { save: Some(path.clone()), ..FakeDialogs::default() };
    let evil = include_str!("tables_evil.json");
    let asked = Arc::clone(&dialogs.asked);
    let mut harness = window_with(vec![Source::memory("evil.json", evil.as_bytes())], dialogs, Pasted::default());
    open_tab(&mut harness, DrawerTab::Spans);
    let columns = vec![Column::Field(Field::Name), Column::Start, Column::Duration, Column::SelfTime];
    table(&mut harness, TableCommand::Columns(columns));
    click_label(&mut harness, "Export CSV…");
    harness.get_by_label("Export span table");
    click_label(&mut harness, "Choose…");
    settle(&mut harness);
    assert_eq!(harness.state().state.session.tables.export.as_ref().unwrap().path, path.display().to_string());
    assert_eq!(*asked.lock().unwrap(), [(Saved::Table, "evil-spans.csv".to_owned())], "no picture is asked for");
    click_label(&mut harness, "Save");
    settle(&mut harness);
    assert!(harness.state().state.session.tables.export.is_none());
    let expected = "name,start_unix_ns,duration_ns,self_ns\r\n\
        \"'=HYPERLINK(\"\"http://x\"\")\",1700000000000000000,100000000,60000000\r\n\
        \"two, three\",1700000000010000000,40000000,40000000\r\n\
        open,1700000000020000000,,\r\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    // One selected row is what gets copied.
    click_row(&mut harness, "two, three", Modifiers::NONE);
    let copied = copy(&mut harness, Which::Spans);
    assert_eq!(
        copied,
        "name\tstart_unix_ns\tduration_ns\tself_ns\ntwo, three\t1700000000010000000\t40000000\t40000000\n"
    );
    open_tab(&mut harness, DrawerTab::Statistics);
    let copied = copy(&mut harness, Which::Statistics);
    assert_eq!(copied.lines().next(), Some("name\tcount\ttotal_ns\tself_ns\tp50_ns\tp95_ns\tmax_ns\terrors\tuntimed"));
    assert_eq!(copied.lines().nth(2), Some("two, three\t1\t40000000\t40000000\t40000000\t40000000\t40000000\t0\t0"));
    // A place that cannot be written is said in the panel, which stays open.
    table(&mut harness, TableCommand::ExportPanel(Which::Statistics));
    let nowhere = dir.path().join("no/such/table.csv").display().to_string();
    table(&mut harness, TableCommand::SetExportPath(nowhere));
    table(&mut harness, TableCommand::Export);
    harness.get_by_label_contains("cannot be written");
}

fn copy(harness: &mut Harness<'_, App>, which: Which) -> String {
    harness.state_mut().apply(Command::Table(TableCommand::Copy(which)));
    for _ in 0..5000 {
        harness.step();
        for command in &harness.output().platform_output.commands {
            if let egui::OutputCommand::CopyText(text) = command {
                return text.clone();
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    panic!("nothing was copied");
}

fn simulated(spans: u64) -> Source {
    let mut bytes = Vec::new();
    simulate::write(Scenario::Scale { spans }, 7, &mut bytes).unwrap();
    Source::memory("scale.jsonl", bytes)
}

#[test]
fn a_frame_lays_out_what_is_in_view_however_many_rows_there_are() {
    let mut counts = Vec::new();
    for spans in [200, 5_000] {
        let mut harness = window(vec![simulated(spans)]);
        for tab in [DrawerTab::Spans, DrawerTab::Statistics] {
            open_tab(&mut harness, tab);
            if tab == DrawerTab::Statistics {
                // Every span a row of its own.
                let id = Field::Attr("request.id".to_owned());
                table(&mut harness, TableCommand::Statistics(StatCommand::By(id)));
            }
            let height = harness.state().state.settings.drawer.height;
            let columns = 12.0;
            let cells: usize = harness.ctx.data(|data| data.get_temp(cells_id())).unwrap();
            assert!(cells > 0 && (cells as f32) < height / 21.0 * columns, "{cells} cells of {spans} spans on {tab}");
            if tab == DrawerTab::Spans {
                counts.push(cells);
                let listed = harness.state().state.session.tables.spans.listed.clone().unwrap();
                let spans = listed.rows.len();
                let last = listed.rows[spans - 1];
                table(&mut harness, TableCommand::Pick(last, Pick::Only));
                assert!(
                    row_names(&harness).iter().any(|row| row.starts_with(&format!("Row {spans}:"))),
                    "scrolls there"
                );
            }
        }
    }
    assert_eq!(counts[0], counts[1], "as many cells for 25 times as many spans");
}

#[test]
fn selecting_is_bounded_however_many_rows_there_are() {
    let spans = 12_000;
    let mut harness = window(vec![simulated(spans)]);
    open_tab(&mut harness, DrawerTab::Spans);
    table(&mut harness, TableCommand::SelectAll);
    let selected = harness.state().state.session.view.selection.len();
    assert_eq!(selected, skewline::app::tables::MOST_SELECTED);
}

#[test]
fn diagnostics_say_what_to_do_and_lead_to_their_spans() {
    let mut harness = window(vec![small()]);
    press(&mut harness, Modifiers::NONE, Key::X);
    harness.get_by_label("missing-parent");
    harness.get_by_label_contains("Open the other side's file too");
    click_label(&mut harness, "audit");
    assert_eq!(selected_names(&harness), ["audit"]);
    click_label(&mut harness, "Find 1 span");
    settle(&mut harness);
    let hits = harness.state().state.session.search.hits.clone().unwrap();
    assert_eq!(hits.set.iter().collect::<Vec<_>>(), [SpanIx(3)]);
    harness.get_by_label("Copy diagnostics").click();
    harness.step();
    let copied = harness.output().platform_output.commands.iter().find_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.unwrap();
    assert!(copied.starts_with("notice: missing-parent x 1: "), "{copied}");
    assert!(copied.contains("small.json, byte "), "{copied}");
}

/// Width of the column under `heading` in points.
fn column_width(harness: &Harness<'_, App>, heading: &str) -> f32 {
    harness.get_by_role_and_label(Role::ColumnHeader, heading).rect().width()
}

#[test]
fn columns_grow_by_what_they_hold_and_keep_what_was_dragged() {
    let long = "a name that says at length what is done here, for whom, with what, and why it took so long";
    let trace = SMALL.replace("reserve stock", long);
    let mut harness = window(vec![Source::memory("long.json", trace.as_bytes())]);
    open_tab(&mut harness, DrawerTab::Spans);
    let (name, service) = (column_width(&harness, "name"), column_width(&harness, "service"));
    harness.set_size(vec2(3840.0, 2160.0));
    harness.run_steps(3);
    assert!(column_width(&harness, "name") > 450.0, "{} after {name}", column_width(&harness, "name"));
    assert_eq!(column_width(&harness, "service"), service, "it holds nothing that is cut");
    // Sorting moves no column.
    let wide = column_width(&harness, "name");
    sort_by(&mut harness, "duration");
    assert_eq!(column_width(&harness, "name"), wide);
    // The handle between two headings.
    let heading = harness.get_by_role_and_label(Role::ColumnHeader, "name").rect();
    let handle = pos2(heading.right(), heading.center().y);
    pointer(&mut harness, handle, None);
    pointer(&mut harness, handle, Some(true));
    for step in 1_u8..=6 {
        pointer(&mut harness, handle - vec2(f32::from(step) * 20.0, 0.0), None);
    }
    pointer(&mut harness, handle - vec2(120.0, 0.0), Some(false));
    harness.run_steps(3);
    let dragged = column_width(&harness, "name");
    assert!((dragged - (wide - 120.0)).abs() < 4.0, "{wide} became {dragged}");
    assert_eq!(harness.state().state.settings.tables.widths.keys().collect::<Vec<_>>(), ["name"]);
    for size in [vec2(1400.0, 900.0), vec2(3000.0, 900.0)] {
        harness.set_size(size);
        harness.run_steps(3);
        assert_eq!(column_width(&harness, "name"), dragged, "{size}");
    }
}
