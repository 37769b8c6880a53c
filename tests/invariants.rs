//! Invariants I2 and I4: nothing that looks at a store changes it, and raw times stay what the file said.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a test binary")]

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;

use skewline::analysis::clocks::domains;
use skewline::analysis::clocks::{ClockModel, Evidence, Options as ClockOptions};
use skewline::arrange::Plan;
use skewline::export::picture::{Timeline, caption_of};
use skewline::export::report::{Report, ReportInput};
use skewline::load::{Options, Progress, Source, load};
use skewline::model::{DomainIx, TraceStore};
use skewline::scene::ViewState;

fn sample() -> (TraceStore, Vec<skewline::load::Origin>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces/slow-conversation.otlp.json");
    let loaded =
        load(&[Source::memory("sample", std::fs::read(path).unwrap())], &Options::default(), &Progress::default())
            .unwrap();
    (loaded.store, loaded.origins)
}

/// Everything raw that the store says about its spans.
fn fingerprint(store: &TraceStore) -> u64 {
    let mut hasher = DefaultHasher::new();
    store.starts_ns().hash(&mut hasher);
    store.ends_ns().hash(&mut hasher);
    for ix in store.span_ixs() {
        let span = store.span(ix);
        (span.id(), span.parent_id(), span.trace_id(), span.name(), span.offset(), span.flags()).hash(&mut hasher);
        for event in span.events() {
            (event.time_ns(), event.observed_ns(), event.name()).hash(&mut hasher);
        }
        for attr in span.attrs() {
            (store.text(attr.key), store.value_text(attr.value)).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// What the input's bytes are, read anew.
fn stored(origins: &[skewline::load::Origin]) -> Vec<String> {
    origins.iter().map(|origin| origin.sha256().unwrap()).collect()
}

#[test]
fn i4_no_analysis_of_any_file_changes_a_byte_of_it_or_a_raw_time() {
    let mut files: Vec<std::path::PathBuf> = Vec::new();
    for folder in ["sample-traces", "tests/data/traces"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        files.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.sort();
    let mut checked = 0;
    for path in files {
        let on_disk = std::fs::read(&path).unwrap();
        let Ok(loaded) = load(&[Source::from_arg(path.as_os_str())], &Options::default(), &Progress::default()) else {
            continue;
        };
        let (store, origins) = (loaded.store, loaded.origins);
        let (bytes, raw) = (stored(&origins), fingerprint(&store));
        let domains = domains::assign(&store);
        let mut model = ClockModel::analyse(&store, &domains, &ClockOptions::default());
        for level in [Evidence::Protocol, Evidence::Prior] {
            let reference = Some(DomainIx::from_usize(domains.list.len() / 2));
            model = model.with_options(&store, &domains, &ClockOptions { level, reference, ..ClockOptions::default() });
            let input = ReportInput { store: &store, domains: &domains, model: &model, hashes: &[], failures: &[] };
            assert!(!Report::build(input).to_string().is_empty());
        }
        let timeline = Timeline::of_store(&store, &Plan::default());
        let caption = caption_of(&store, &origins, domains.list.len()).unwrap();
        let mut view = ViewState::default();
        view.fit(timeline.arranged.layout.hull_ns());
        assert!(!timeline.scene(&store, &caption, &view).bars.is_empty());
        assert_eq!(stored(&origins), bytes, "{}", path.display());
        assert_eq!(std::fs::read(&path).unwrap(), on_disk, "{}", path.display());
        assert_eq!(fingerprint(&store), raw, "{}", path.display());
        checked += 1;
    }
    assert!(checked > 30, "{checked}");
}

#[test]
fn i2_a_store_is_shared_between_threads_as_it_is() {
    fn shared<T: Send + Sync + 'static>(_: &Arc<T>) {}
    shared(&Arc::new(sample().0));
}

#[test]
fn i4_analysis_and_pictures_leave_raw_times_alone() {
    let (store, origins) = sample();
    let before = fingerprint(&store);
    let domains = domains::assign(&store);
    let clocks = ClockModel::analyse(&store, &domains, &ClockOptions::default());
    assert!(!clocks.findings().is_empty(), "the sample's clocks disagree");
    let timeline = Timeline::of_store(&store, &Plan::default());
    let caption = caption_of(&store, &origins, domains.list.len()).unwrap();
    let mut view = ViewState::default();
    view.fit(timeline.arranged.layout.hull_ns());
    let scene = timeline.scene(&store, &caption, &view);
    assert!(!scene.bars.is_empty());
    assert!(scene.dump(&store).contains("raw clocks"), "every picture says which time it shows");
    assert_eq!(fingerprint(&store), before);
}
