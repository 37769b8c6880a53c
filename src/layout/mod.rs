//! Which lane and which row each span goes to.
