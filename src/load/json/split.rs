//! Cuts a stream of JSON into chunks that can be read side by side, holding only the current one.
//!
//! A [`Shape`] names the containers that matter (a list of spans, the object around it, ...): the *levels*. The
//! splitter follows brackets and strings through 64 bytes at a time, keeps the stack of open levels, and cuts after
//! an element of a level's list, or between documents. A chunk says which levels are open where it starts, so that
//! its reader can go on in the middle.

use std::io::{self, Read};

use memchr::memrchr;

use super::block::{BLOCK, masks, newlines};

/// A container that the reader of a format knows. Formats number their own; [`Level::ROOT`] is outside of everything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level(pub u8);

impl Level {
    /// Between documents.
    pub const ROOT: Self = Self(0);
}

/// Which containers of a format are levels.
pub trait Shape: Sync {
    /// The level of the object or array (`is_array`) found in `parent` under `key`, or as an element when `parent`
    /// is a list or the root. `None` for everything that is only ever read whole.
    fn child(&self, parent: Level, key: Option<&[u8]>, is_array: bool) -> Option<Level>;
}

/// How large things may get.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// A chunk is cut at the first chance after this many bytes.
    pub chunk: usize,
    /// A single element (a span with all that is in it) larger than this is left out.
    pub element: usize,
    /// Threads that read chunks; 0 = as many as the machine has cores.
    pub workers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { chunk: 2 << 20, element: 64 << 20, workers: 0 }
    }
}

/// A level that is open, and whether it is a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Open {
    /// Which level.
    pub level: Level,
    /// True for an array, false for an object.
    pub is_array: bool,
}

/// A piece of the stream.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    /// The text.
    pub bytes: Vec<u8>,
    /// Offset of its first byte in the stream.
    pub base: u64,
    /// The levels that are open where it starts, outermost first.
    pub path: Vec<Open>,
    /// True when the levels that are open where it ends go on in the next chunk. Otherwise the text breaks off
    /// there, unless no level is open.
    pub continues: bool,
    /// Offset and size of an element too large to hold; it was replaced by `null` at the end of the chunk.
    pub refused: Option<(u64, u64)>,
    /// Where the contents of a string (or blank space) outside of any element were too large to hold.
    pub gaps: Vec<Gap>,
}

/// Bytes of the stream that a chunk does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap {
    /// Position in the chunk's text after which they were taken out.
    pub at: usize,
    /// Their offset in the stream.
    pub offset: u64,
    /// How many.
    pub size: u64,
}

/// Bytes asked from the stream at once.
const READ: usize = 256 << 10;

/// The state of the scan between two blocks.
#[derive(Clone, Copy, Debug, Default)]
struct Carry {
    /// All ones inside of a string.
    in_string: u64,
    /// One when the next byte is escaped.
    escaped: u64,
    /// One when the last byte was a newline.
    newline: u64,
}

/// Why the scan of a block stopped before its end.
enum Stop {
    /// A chunk ends before this position.
    Cut(usize),
    /// A document breaks off before this position, where the next one begins.
    Restart(usize),
}

/// Cuts one stream. See the module documentation.
pub struct Splitter<'a, S: Shape> {
    stream: &'a mut dyn Read,
    shape: &'a S,
    limits: Limits,
    /// What was read and not handed out yet, and room to read on.
    bytes: Vec<u8>,
    /// How much of `bytes` was read.
    filled: usize,
    base: u64,
    gaps: Vec<Gap>,
    path: Vec<Open>,
    stack: Vec<Open>,
    /// Brackets open inside of what is not a level.
    inner: usize,
    /// Where the outermost of those begins.
    element_start: usize,
    /// Where the last bracket of a level, or the last element, ends.
    structure: usize,
    carry: Carry,
    scanned: usize,
    at_end: bool,
    /// Offset where an element begins that is being thrown away.
    dropping: Option<u64>,
}

impl<'a, S: Shape> Splitter<'a, S> {
    /// Splits `stream` by `shape`.
    pub fn new(stream: &'a mut dyn Read, shape: &'a S, limits: Limits) -> Self {
        Self {
            stream,
            shape,
            limits,
            bytes: Vec::new(),
            filled: 0,
            base: 0,
            gaps: Vec::new(),
            path: Vec::new(),
            stack: Vec::new(),
            inner: 0,
            element_start: 0,
            structure: 0,
            carry: Carry::default(),
            scanned: 0,
            at_end: false,
            dropping: None,
        }
    }

    /// True when there is nothing after the last chunk.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.at_end && self.filled == 0
    }

    /// The next chunk; `None` after the last one. `spare` is a buffer to use again.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub fn next_chunk(&mut self, spare: Vec<u8>) -> io::Result<Option<Chunk>> {
        let mut spare = Some(spare);
        loop {
            match self.scan() {
                Some(Stop::Cut(end)) => return Ok(Some(self.cut(end, true, spare.take()))),
                Some(Stop::Restart(end)) => {
                    let chunk = self.cut(end, false, spare.take());
                    self.start_over();
                    return Ok(Some(chunk));
                }
                None => {}
            }
            if self.at_end {
                return Ok(self.last(spare.take()));
            }
            if let Some(chunk) = self.refuse(&mut spare) {
                return Ok(Some(chunk));
            }
            self.fill()?;
        }
    }

    /// What is left at the end of the stream. Without text too, when levels are open: then the text breaks off.
    fn last(&mut self, spare: Option<Vec<u8>>) -> Option<Chunk> {
        // What is left of an element that is being thrown away goes with it.
        if self.dropping.take().is_some() {
            self.filled = 0;
            self.path.clone_from(&self.stack);
        }
        if self.filled == 0 && self.path.is_empty() {
            return None;
        }
        let chunk = self.cut(self.filled, false, spare);
        self.start_over();
        Some(chunk)
    }

    /// Bytes of a buffer for chunks of the usual size.
    const fn most(&self) -> usize {
        self.limits.chunk + 2 * READ
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.bytes.len() - self.filled < READ {
            // Buffers are used again, so this sets bytes to zero only a few times.
            let least = self.filled + READ;
            let room = (self.bytes.len() * 2).clamp(least, self.most().max(least));
            self.bytes.resize(room, 0);
        }
        loop {
            match self.stream.read(&mut self.bytes[self.filled..]) {
                Ok(count) => {
                    self.filled += count;
                    self.at_end = count == 0;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the bytes before `end` as a chunk; the rest starts the next one.
    fn cut(&mut self, end: usize, continues: bool, spare: Option<Vec<u8>>) -> Chunk {
        let mut rest = spare.unwrap_or_default();
        let left = self.filled - end;
        if rest.len() < left {
            // All at once: where one chunk was, there are more.
            rest = vec![0; left.max(self.most())];
        }
        rest[..left].copy_from_slice(&self.bytes[end..self.filled]);
        let mut bytes = std::mem::replace(&mut self.bytes, rest);
        bytes.truncate(end);
        self.filled = left;
        let base = self.base;
        let gaps = std::mem::take(&mut self.gaps);
        self.base += end as u64 + gaps.iter().map(|gap| gap.size).sum::<u64>();
        self.scanned = 0;
        self.element_start = 0;
        self.structure = 0;
        let path = std::mem::replace(&mut self.path, self.stack.clone());
        Chunk { bytes, base, path, continues, refused: None, gaps }
    }

    fn start_over(&mut self) {
        self.stack.clear();
        self.path.clear();
        self.inner = 0;
        self.carry = Carry::default();
        self.dropping = None;
    }

    /// Leaves out an element that has grown too large, or what is too large between elements.
    fn refuse(&mut self, spare: &mut Option<Vec<u8>>) -> Option<Chunk> {
        if self.dropping.is_some() {
            self.forget_scanned();
            return None;
        }
        if self.inner == 0 {
            self.shorten();
            return None;
        }
        let start = self.element_start;
        if self.scanned - start <= self.limits.element {
            return None;
        }
        let carry = self.carry;
        let scanned = self.scanned;
        let mut chunk = self.cut(start, true, spare.take());
        self.carry = carry;
        self.scanned = scanned - start;
        self.dropping = Some(self.base);
        chunk.refused = Some((self.base, self.scanned as u64));
        chunk.bytes.extend_from_slice(b"null");
        self.forget_scanned();
        Some(chunk)
    }

    /// Takes the middle out of a string, a run of blanks or the like that is too large and stands outside of any
    /// element. What lies before and after it stays: nobody's spans go with an overlong field of their list.
    fn shorten(&mut self) {
        let scanned = &self.bytes[..self.scanned];
        if scanned.len() <= self.limits.element {
            return;
        }
        let in_string = self.carry.in_string != 0;
        let token = if in_string { last_quote(scanned) } else { last_run(scanned) };
        let (start, end) = if self.scanned - token > self.limits.element / 2 {
            (token, self.scanned)
        } else {
            // Many small things without a bracket among them: no spans.
            (self.structure, if in_string { token.saturating_sub(1) } else { self.scanned })
        };
        let Some(removed) = end.checked_sub(start).filter(|&size| size > 0) else { return };
        self.bytes.copy_within(end..self.filled, start);
        self.filled -= removed;
        self.scanned -= removed;
        match self.gaps.last_mut().filter(|gap| gap.at == start) {
            Some(gap) => gap.size += removed as u64,
            None => {
                let before: u64 = self.gaps.iter().map(|gap| gap.size).sum();
                self.gaps.push(Gap { at: start, offset: self.base + before + start as u64, size: removed as u64 });
            }
        }
    }

    fn forget_scanned(&mut self) {
        self.forget(self.scanned);
    }

    /// Throws away the first bytes.
    fn forget(&mut self, count: usize) {
        self.bytes.copy_within(count..self.filled, 0);
        self.filled -= count;
        self.base += count as u64;
        self.scanned = 0;
        self.element_start = 0;
        self.structure = 0;
    }

    /// Scans what has been read and not scanned yet.
    fn scan(&mut self) -> Option<Stop> {
        // One byte is always left for looking ahead.
        while self.scanned + BLOCK < self.filled {
            let block: &[u8; BLOCK] = self.bytes[self.scanned..].first_chunk()?;
            let block = *block;
            if let Some(stop) = self.scan_block(&block) {
                return Some(stop);
            }
            self.scanned += BLOCK;
        }
        if !self.at_end {
            return None;
        }
        while self.scanned < self.filled {
            let rest = &self.bytes[self.scanned..self.filled];
            let len = rest.len().min(BLOCK);
            let mut block = [b' '; BLOCK];
            block[..len].copy_from_slice(&rest[..len]);
            if let Some(stop) = self.scan_block(&block) {
                return Some(stop);
            }
            self.scanned += len;
        }
        None
    }

    #[inline]
    fn scan_block(&mut self, block: &[u8; BLOCK]) -> Option<Stop> {
        let found = masks(block);
        let escaped = escaped_bytes(found.backslash, &mut self.carry.escaped);
        let in_string = prefix_xor(found.quote & !escaped) ^ self.carry.in_string;
        self.carry.in_string = 0_u64.wrapping_sub(in_string >> 63);
        let after_newline = std::mem::replace(&mut self.carry.newline, u64::from(block[BLOCK - 1] == b'\n'));
        if found.open != 0 {
            let fresh_lines = (newlines(block) << 1 | after_newline) & found.open;
            if fresh_lines != 0 {
                return self.scan_brackets(found.open | found.close, in_string, fresh_lines, block);
            }
        }
        let open = found.open & !in_string;
        let close = found.close & !in_string;
        let closing = close.count_ones() as usize;
        if closing < self.inner {
            self.inner = self.inner + open.count_ones() as usize - closing;
            return None;
        }
        self.scan_brackets(open | close, 0, 0, block)
    }

    /// Follows the brackets of a block one by one.
    fn scan_brackets(&mut self, brackets: u64, in_string: u64, lines: u64, block: &[u8; BLOCK]) -> Option<Stop> {
        let mut rest = brackets;
        while rest != 0 {
            let bit = rest.trailing_zeros();
            rest &= rest - 1;
            let at = self.scanned + bit as usize;
            let inside = in_string >> bit & 1 == 1;
            if lines >> bit & 1 == 1 && self.begins_anew(at, inside) {
                return Some(Stop::Restart(at));
            }
            if inside {
                continue;
            }
            let byte = block[bit as usize];
            // Of the four brackets, the opening ones have bit 1 set.
            if byte & 2 != 0 {
                if self.inner > 0 {
                    self.inner += 1;
                } else {
                    self.open(at, byte == b'[');
                }
            } else if self.inner > 1 {
                self.inner -= 1;
            } else if let Some(end) = self.closed(at + 1) {
                return Some(Stop::Cut(end));
            }
        }
        None
    }

    fn open(&mut self, at: usize, is_array: bool) {
        let (parent, in_list) = self.stack.last().map_or((Level::ROOT, true), |open| (open.level, open.is_array));
        let key = if in_list { None } else { key_before(&self.bytes[..at]) };
        if !in_list && key.is_none() {
            // Not after a key: no container can be here.
            self.inner = 1;
            self.element_start = at;
            return;
        }
        match self.shape.child(parent, key, is_array) {
            Some(level) => {
                self.stack.push(Open { level, is_array });
                self.structure = at + 1;
            }
            None => {
                self.inner = 1;
                self.element_start = at;
            }
        }
    }

    /// A level or an element of one ends before `end`: where to cut, if it is time.
    fn closed(&mut self, end: usize) -> Option<usize> {
        if self.inner > 0 {
            self.inner = 0;
        } else {
            self.stack.pop();
        }
        self.structure = end;
        if self.dropping.take().is_some() {
            // The next chunk starts after the element that was left out.
            self.forget(end);
            self.path.clone_from(&self.stack);
            self.carry = Carry::default();
            return Some(0);
        }
        let may_cut = self.stack.last().is_none_or(|open| open.is_array);
        if may_cut && end >= self.limits.chunk {
            self.carry = Carry::default();
            return Some(end);
        }
        None
    }

    /// True when the bracket at `at`, first on its line, must begin another document because the one before
    /// breaks off: a string holds no raw line break, and a value follows a comma, a colon or a bracket.
    fn begins_anew(&self, at: usize, in_string: bool) -> bool {
        if self.bytes[..self.filled].get(at..at + 2) != Some(b"{\"") {
            return false;
        }
        if in_string {
            return true;
        }
        if self.inner == 0 && self.stack.is_empty() {
            return false;
        }
        let before = self.bytes[..at].iter().rev().find(|byte| !byte.is_ascii_whitespace());
        before.is_some_and(|byte| !matches!(byte, b',' | b'[' | b':'))
    }
}

/// Where the text of the string begins that is still open at the end of `text`.
fn last_quote(text: &[u8]) -> usize {
    let mut end = text.len();
    while let Some(at) = memrchr(b'"', &text[..end]) {
        let backslashes = text[..at].iter().rev().take_while(|&&byte| byte == b'\\').count();
        if backslashes % 2 == 0 {
            return at + 1;
        }
        end = at;
    }
    0
}

/// Where the run of bytes without structure begins that `text` ends with: blanks, or a number without end.
fn last_run(text: &[u8]) -> usize {
    text.iter().rposition(|byte| b"{}[]:,\"".contains(byte)).map_or(0, |at| at + 1)
}

/// The key of the value that begins after `before`.
fn key_before(before: &[u8]) -> Option<&[u8]> {
    let before = before.trim_ascii_end().strip_suffix(b":")?;
    let before = before.trim_ascii_end().strip_suffix(b"\"")?;
    let start = memrchr(b'"', before)?;
    Some(&before[start + 1..])
}

/// The bytes that a backslash before them escapes. `carry` is one when the first byte is escaped.
fn escaped_bytes(backslash: u64, carry: &mut u64) -> u64 {
    const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
    if backslash == 0 {
        return std::mem::take(carry);
    }
    // Runs of backslashes: every second one is escaped by the one before it. Subtracting the starts from the odd
    // positions carries along each run, which tells whether it ends on an odd or an even position.
    let starts = backslash & !*carry;
    let after_run = ((starts << 1) | ODD).wrapping_sub(starts) ^ ODD;
    let escaped = after_run ^ (backslash | *carry);
    *carry = (after_run & backslash) >> 63;
    escaped
}

/// Bit `i` is the parity of the bits up to and including `i`.
const fn prefix_xor(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ (bits << 32)
}
