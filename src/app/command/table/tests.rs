use std::collections::{BTreeSet, HashMap};

use super::*;

#[test]
fn no_two_commands_share_a_key() {
    let mut owner: HashMap<Keys, &str> = HashMap::new();
    for entry in entries() {
        for &keys in entry.keys {
            let before = owner.insert(keys, entry.id);
            assert_eq!(before, None, "{} is bound to {} too", keys.text(), entry.id);
        }
    }
    // A key bound by symbol hides the same key bound by position, so these may not collide either.
    let bare: BTreeSet<String> = owner.keys().map(Keys::text).collect();
    assert_eq!(bare.len(), owner.len());
}

#[test]
fn ids_and_titles_are_distinct_and_filled() {
    let ids: BTreeSet<_> = entries().map(|entry| entry.id).collect();
    let titles: BTreeSet<_> = entries().map(|entry| entry.title).collect();
    assert_eq!((ids.len(), titles.len()), (entries().count(), entries().count()));
    for entry in entries() {
        assert!(entry.tooltip.ends_with('.'), "{}", entry.id);
    }
}

#[test]
fn every_command_without_data_is_in_the_table() {
    use strum::IntoEnumIterator as _;
    let listed: Vec<CommandKind> = entries().map(|entry| CommandKind::from(&entry.command)).collect();
    let first_with_data = CommandKind::iter().position(|kind| kind == CommandKind::OpenSources);
    for kind in CommandKind::iter().take(first_with_data.unwrap_or(0)) {
        assert_eq!(listed.iter().filter(|&&other| other == kind).count(), 1, "{kind:?}");
    }
}
