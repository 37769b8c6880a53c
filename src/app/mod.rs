//! The window: state, commands, panels.
