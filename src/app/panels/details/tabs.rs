//! The tabs of the details: the fields of the span, the turn as people read it.

use egui::{Button, RichText, Role, Ui, WidgetInfo};

use super::super::super::command::{Command, Queue, entry_of};
use super::super::super::people::{DetailsTab, PeopleCommand};
use super::super::super::state::State;
use super::super::super::theme::{bold, size};
use super::super::widgets::tooltip;
use super::Details;

/// Draws the tabs.
pub fn tabs_ui(ui: &mut Ui, details: &Details<'_>, state: &State, queue: &mut Queue) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for (tab, command) in [
            (DetailsTab::Span, None),
            (DetailsTab::Conversation, Some(Command::ShowConversation)),
            (DetailsTab::Attribution, Some(Command::ShowAttribution)),
        ] {
            let is_on = state.details_tab() == tab;
            let color = if is_on { details.theme.text } else { details.theme.text_dim };
            let name = tab.to_string();
            let text = RichText::new(&name).font(bold(size::BODY * details.scale)).color(color);
            let tip = command.and_then(|command| entry_of(&command).map(|entry| tooltip(ui, entry)));
            let mut response = ui.add(Button::new(text).frame_when_inactive(false));
            if let Some(tip) = tip {
                response = response.on_hover_text(tip);
            }
            response.widget_info(|| WidgetInfo::labeled(Role::Tab, true, &name));
            ui.accesskit_node_builder(response.id, |node| node.set_selected(is_on));
            if is_on {
                let line = response.rect.with_min_y(response.rect.bottom() - 2.0).shrink2(egui::vec2(6.0, 0.0));
                ui.painter().rect_filled(line, 1.0, details.theme.accent);
            }
            if response.clicked() {
                queue.push(PeopleCommand::Tab(tab).into());
            }
        }
    });
    ui.add_space(4.0);
}
