//! Where a trace that lost its parent may belong: proposals with their evidence, to accept or to reject.

use egui::{Button, RichText, Role, Ui, WidgetInfo};

use super::super::super::command::{Command, Queue};
use super::super::super::conversation::ConversationCommand;
use super::super::super::state::State;
use super::Details;
use super::fields::jump_ui;
use crate::arrange::Verdict;
use crate::model::SpanIx;

/// Proposals listed at most.
const MOST_LISTED: usize = 20;

/// Draws the proposals about `span`, the surest first.
pub fn stitches_ui(ui: &mut Ui, details: &Details<'_>, span: SpanIx, state: &State, queue: &mut Queue) {
    for (at, (stitch, verdict)) in state.proposals(span).into_iter().take(MOST_LISTED).enumerate() {
        ui.push_id(("stitch", at), |ui| {
            let is_root = stitch.root == span;
            let (title, other) =
                if is_root { ("may belong below", stitch.under) } else { ("may belong here", stitch.root) };
            jump_ui(ui, details, title, other, queue);
            let said = match verdict {
                Some(Verdict::Accepted) => " · accepted by you",
                Some(Verdict::Rejected) => " · rejected by you",
                None => "",
            };
            let text = format!("{} of 100{said}: {}", stitch.score, stitch.evidence);
            ui.add(egui::Label::new(RichText::new(text).weak()).wrap());
            ui.horizontal(|ui| {
                let mut offer = |text: &str, verdict: Option<Verdict>| {
                    let response = ui.add(Button::new(text).small());
                    // Buttons of several proposals do the same to different spans.
                    let name = format!("{text} proposal {}", at + 1);
                    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
                    if response.clicked() {
                        let (root, under) = (stitch.root, stitch.under);
                        queue.push(Command::Conversation(ConversationCommand::Judge { root, under, verdict }));
                    }
                };
                match verdict {
                    None => {
                        offer("Accept", Some(Verdict::Accepted));
                        offer("Reject", Some(Verdict::Rejected));
                    }
                    Some(_) => offer("Take back", None),
                }
            });
        });
    }
}
