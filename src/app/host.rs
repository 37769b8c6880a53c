//! The desktop behind traits, so that tests open no dialog and touch no clipboard.

use std::path::PathBuf;

use crossbeam_channel::{Receiver, bounded};

/// What a file dialog answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Picked {
    /// Files to open; empty when the dialog was closed without a choice.
    Open(Vec<PathBuf>),
    /// Where to save; `None` when the dialog was closed without a choice.
    Save(Option<PathBuf>),
    /// Where to save a view; `None` when the dialog was closed without a choice.
    SaveView(Option<PathBuf>),
}

/// What a file dialog asks a place for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Saved {
    /// A picture.
    Picture,
    /// A table.
    Table,
    /// A view.
    View,
}

impl Saved {
    /// The title of the dialog, and what it offers: names of formats with their endings.
    const fn words(self) -> (&'static str, &'static [(&'static str, &'static str)]) {
        match self {
            Self::Picture => ("Export picture", &[("PNG picture", "png"), ("SVG drawing", "svg")]),
            Self::Table => ("Export table", &[("CSV table", "csv")]),
            Self::View => ("Save view", &[("Saved view", "json")]),
        }
    }
}

/// File dialogs. Answers come later: a dialog never holds up the window.
pub trait Dialogs {
    /// Asks for files to open.
    fn open(&self, wake: Wake) -> Receiver<Picked>;
    /// Asks where to save what is called `name`.
    fn save(&self, what: Saved, name: &str, wake: Wake) -> Receiver<Picked>;
}

/// Makes the window look for results.
pub type Wake = Box<dyn Fn() + Send>;

/// The clipboard.
pub trait Clipboard {
    /// Puts a picture there: RGBA, 8 bits each, `width * height * 4` bytes.
    ///
    /// # Errors
    /// In words, when there is no clipboard.
    fn set_picture(&mut self, width: usize, height: usize, rgba: Vec<u8>) -> Result<(), String>;
}

/// The dialogs of the desktop (XDG portal).
#[derive(Debug, Default)]
pub struct DesktopDialogs;

impl DesktopDialogs {
    fn run(ask: impl FnOnce() -> Picked + Send + 'static, wake: Wake) -> Receiver<Picked> {
        let (sender, answer) = bounded(1);
        // Without a thread there is no answer: the receiver sees a closed channel and nothing happens.
        let _ = std::thread::Builder::new().name("file-dialog".to_owned()).spawn(move || {
            let _ = sender.send(ask());
            wake();
        });
        answer
    }
}

impl Dialogs for DesktopDialogs {
    fn open(&self, wake: Wake) -> Receiver<Picked> {
        Self::run(
            || {
                let dialog = rfd::AsyncFileDialog::new()
                    .set_title("Open traces")
                    .add_filter("Traces", &["json", "jsonl", "ndjson", "pb", "bin", "gz", "zst", "txt"])
                    .add_filter("All files", &["*"]);
                let files = block_on(dialog.pick_files()).unwrap_or_default();
                Picked::Open(files.into_iter().map(|file| file.path().to_owned()).collect())
            },
            wake,
        )
    }

    fn save(&self, what: Saved, name: &str, wake: Wake) -> Receiver<Picked> {
        let name = name.to_owned();
        Self::run(
            move || {
                let (title, formats) = what.words();
                let dialog = rfd::AsyncFileDialog::new().set_title(title).set_file_name(name);
                let dialog = formats.iter().fold(dialog, |dialog, (name, ending)| dialog.add_filter(*name, &[*ending]));
                let path = block_on(dialog.save_file()).map(|file| file.path().to_owned());
                if what == Saved::View { Picked::SaveView(path) } else { Picked::Save(path) }
            },
            wake,
        )
    }
}

/// Drives a future on this thread, which is there for nothing else.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => return value,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

/// The clipboard of the desktop.
#[derive(Default)]
pub struct DesktopClipboard {
    /// Kept alive: on X11 the content is gone with its owner.
    clipboard: Option<arboard::Clipboard>,
}

impl Clipboard for DesktopClipboard {
    fn set_picture(&mut self, width: usize, height: usize, rgba: Vec<u8>) -> Result<(), String> {
        if self.clipboard.is_none() {
            self.clipboard = Some(arboard::Clipboard::new().map_err(|error| error.to_string())?);
        }
        let Some(clipboard) = &mut self.clipboard else { return Err("no clipboard".to_owned()) };
        let image = arboard::ImageData { width, height, bytes: rgba.into() };
        clipboard.set_image(image).map_err(|error| error.to_string())
    }
}
