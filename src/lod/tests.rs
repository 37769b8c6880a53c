//! Level of detail against brute force.
