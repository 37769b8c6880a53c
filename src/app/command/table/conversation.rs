//! Commands: turns and conversations.

use egui::Key;

use super::Category::Conversation;
use super::Needs::{Selection, Workspace};
use super::{Entry, entry};
use crate::app::command::Command;
use crate::app::keys::place;

pub(super) static ENTRIES: &[Entry] = &[
    entry(
        "next-turn",
        Conversation,
        Workspace,
        Command::NextTurn,
        &[place(Key::Quote)],
        "Next turn",
        "The next turn of a conversation comes into view.",
    ),
    entry(
        "previous-turn",
        Conversation,
        Workspace,
        Command::PreviousTurn,
        &[place(Key::Semicolon)],
        "Previous turn",
        "The turn before comes into view.",
    ),
    entry(
        "fit-turn",
        Conversation,
        Workspace,
        Command::FitTurn,
        &[place(Key::V)],
        "Zoom to turn",
        "The turn that was gone to, else the one in the middle, fills the view.",
    ),
    entry(
        "find-turn",
        Conversation,
        Workspace,
        Command::FindTurn,
        &[],
        "Go to turn…",
        "All turns in a list that is searched by typing.",
    ),
    entry(
        "shorten-idle",
        Conversation,
        Workspace,
        Command::ShortenIdle,
        &[place(Key::U)],
        "Shorten idle time",
        "Draws long stretches in which nothing happens shorter than they are, and marks them. Durations stay true.",
    )
    .grouped(),
    entry(
        "only-conversation",
        Conversation,
        Workspace,
        Command::OnlyConversation,
        &[],
        "Show only one conversation…",
        "Puts aside everything that belongs to other conversations; it is counted as hidden.",
    )
    .grouped(),
    entry(
        "all-conversations",
        Conversation,
        Workspace,
        Command::AllConversations,
        &[],
        "Show all conversations",
        "Shows again what was put aside.",
    ),
    entry(
        "accept-stitch",
        Conversation,
        Selection,
        Command::AcceptStitch,
        &[],
        "Accept proposed place",
        "A trace that lost its parent belongs where it is proposed. It is marked as accepted by you, never as a fact.",
    )
    .grouped(),
    entry(
        "reject-stitch",
        Conversation,
        Selection,
        Command::RejectStitch,
        &[],
        "Reject proposed place",
        "It does not belong there: the arrow goes, the next best place is proposed.",
    ),
];
