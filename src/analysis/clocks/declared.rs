//! What machines say about their own clocks: error bounds against UTC, and which host they run on.

use std::collections::BTreeMap;

use super::domains::{Domain, Domains};
use super::stamps::Stamps;
use crate::model::time::MS;
use crate::model::{Resource, ResourceIx, SpanIx, TraceStore, Value};

/// A bound on (a clock) - UTC that its machine states.
///
/// There is no convention for it. These resource attributes are read: `clock.error_bound_ns` (with
/// `clock.status`), as ClockBound computes it, and chrony's tracking report as `chrony.system_time`,
/// `chrony.root_delay`, `chrony.root_dispersion` in seconds (with `chrony.leap_status`): |offset| + dispersion +
/// delay / 2. `clock.as_of_ns` says when it was read; it grows with age by `clock.max_drift_ppb`, 50,000 when not
/// stated. A status that says that the clock is not synchronised makes it void.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bound {
    error_ns: i64,
    as_of_ns: Option<i64>,
    drift_ppb: i64,
}

impl Bound {
    /// The bound when the clock shows `at_ns`, nanoseconds.
    #[must_use]
    pub fn at(&self, at_ns: i64) -> i64 {
        let age = self.as_of_ns.map_or(0, |as_of| i128::from(as_of.abs_diff(at_ns)));
        let grown = age * i128::from(self.drift_ppb) / 1_000_000_000 + i128::from(self.as_of_ns.is_some());
        self.error_ns.saturating_add(i64::try_from(grown).unwrap_or(i64::MAX))
    }
}

/// What `resource` states about its clock, if it does.
#[must_use]
pub fn bound(store: &TraceStore, resource: &Resource) -> Option<Bound> {
    let number = |key: &str| match store.find_attr(&resource.attrs, key)? {
        Value::Int(value) => Some(value as f64),
        Value::Double(value) => Some(value),
        other => store.value_text(other).parse().ok(),
    };
    let is_void = ["clock.status", "clockbound.status", "chrony.leap_status"].iter().any(|key| {
        let status = store.find_text(&resource.attrs, key).unwrap_or_default().to_ascii_lowercase();
        ["disrupted", "not synchronised", "unsynchronized", "unknown"].contains(&status.as_str())
    });
    if is_void {
        return None;
    }
    let stated = number("clock.error_bound_ns");
    let chrony = || {
        let offset = number("chrony.system_time").unwrap_or(0.0).abs();
        Some((offset + number("chrony.root_dispersion")? + number("chrony.root_delay")? / 2.0) * 1e9)
    };
    let error = stated.or_else(chrony).filter(|error| error.is_finite() && (0.0..1e18).contains(error))?;
    let whole = |key| number(key).filter(|value| value.is_finite()).map(|value| value as i64);
    let as_of_ns = match store.find_attr(&resource.attrs, "clock.as_of_ns") {
        Some(Value::Int(at_ns)) => Some(at_ns),
        _ => None,
    };
    Some(Bound { error_ns: error.ceil() as i64, as_of_ns, drift_ppb: whole("clock.max_drift_ppb").unwrap_or(50_000) })
}

/// The tightest bound that a resource of each domain states.
#[must_use]
pub fn by_domain(store: &TraceStore, domains: &Domains) -> Vec<Option<Bound>> {
    let tightest = |domain: &Domain| {
        let resources = domain.members.iter().flat_map(|member| &member.resources);
        let bounds = resources.filter_map(|resource| bound(store, store.resources().get(resource.at())?));
        bounds.min_by_key(|bound| bound.error_ns)
    };
    domains.list.iter().map(tightest).collect()
}

/// Resources that name the same host, where several do, by `host.name`.
#[must_use]
pub fn hosts(store: &TraceStore) -> Vec<Vec<ResourceIx>> {
    let mut hosts: BTreeMap<&str, Vec<ResourceIx>> = BTreeMap::new();
    for (at, resource) in store.resources().iter().enumerate() {
        let name = store.find_text(&resource.attrs, "host.name").unwrap_or_default();
        let is_anybody = name.is_empty() || name.starts_with("localhost") || name == "127.0.0.1" || name == "::1";
        if !is_anybody {
            hosts.entry(name).or_default().push(ResourceIx::from_usize(at));
        }
    }
    hosts.into_values().filter(|own| own.len() > 1).collect()
}

/// When a resource was at work, by its own clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hull {
    /// The clock.
    pub clock: u32,
    /// The first span.
    pub first: SpanIx,
    /// The first stamp, nanoseconds.
    pub from_ns: i64,
    /// The last stamp, nanoseconds.
    pub to_ns: i64,
    /// How coarse the stamps are, nanoseconds.
    pub grain_ns: i64,
}

impl Hull {
    /// A few moments from the first to the last: drift holds between them.
    pub fn moments(&self) -> impl Iterator<Item = i64> + use<> {
        const PARTS: i128 = 8;
        let (from, length) = (i128::from(self.from_ns), i128::from(self.to_ns) - i128::from(self.from_ns));
        let at = move |part| i64::try_from(from + length * part / PARTS).unwrap_or(i64::MAX);
        let last = if length == 0 { 0 } else { PARTS };
        (0..=last).map(at)
    }
}

/// The hull of every resource; `None` without a stamp.
#[must_use]
pub fn hulls(stamps: &Stamps<'_>) -> Vec<Option<Hull>> {
    let store = stamps.store();
    let mut hulls: Vec<Option<Hull>> = vec![None; store.resources().len()];
    for span in store.span_ixs() {
        let Some(start) = stamps.start(span) else { continue };
        let Some(slot) = hulls.get_mut(store.span(span).resource_ix().at()) else { continue };
        let grain_ns = i64::from(start.late_ns).clamp(0, MS);
        let first =
            Hull { clock: start.clock, first: span, from_ns: start.anchor_ns, to_ns: start.anchor_ns, grain_ns };
        let hull = slot.get_or_insert(first);
        hull.from_ns = hull.from_ns.min(start.anchor_ns);
        hull.to_ns = hull.to_ns.max(start.anchor_ns);
    }
    hulls
}
