//! Level of detail: what a row shows when a pixel hides many spans.
