//! Attributes that repeat: records of one kind have the same keys in the same order, and often the same values.
//!
//! [`Repeats`] remembers keys and values as the file spells them. Most attributes are then recognised by comparing
//! bytes, and are neither parsed, nor hashed, nor looked up. What it returns is what reading would have given.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::fields::any_value;
use super::json::{Fault, Scanner, Spelling};
use crate::model::{AttrId, Part, Sym};

/// Keys remembered at most: records of traces have some hundred.
const MAX_KEYS: usize = 1024;
/// Values remembered of each key.
const RECENT: usize = 4;
/// Longer attributes are read each time. So little text is never nested too deep wherever it stands.
const LONGEST: usize = 256;
/// Stands for each key that finds no room. Those before it stand for the beginnings of lists.
const SPARE: usize = 3;

/// What attributes are of: their first keys differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum List {
    /// A span or something like it.
    Record,
    /// An event in it.
    Event,
    /// Anything else.
    Other,
}

/// An attribute of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// Its key.
    pub key: Sym,
    /// Key and value.
    pub id: AttrId,
}

/// The keys and values that one part of a file has had so far. All ids are of the one [`Part`] that it is used with.
#[derive(Debug)]
pub(super) struct Repeats<'c> {
    keys: Vec<Key<'c>>,
    /// Of keys that are read by [`Repeats::next_pair`].
    by_name: HashMap<&'c [u8], usize, FixedState>,
    /// Of keys that are read otherwise.
    by_key: HashMap<Sym, usize, FixedState>,
    /// The key that was read last.
    last: usize,
    /// How many attributes were not known.
    #[cfg(test)]
    read: usize,
}

#[derive(Clone, Copy, Debug)]
struct Key<'c> {
    /// With its quotes and colon. Empty when not known.
    name: Spelling<'c>,
    key: Sym,
    /// The key that came after it the last time.
    next: usize,
    /// Its newest values, the newest first, spelled with their keys.
    pairs: [(Spelling<'c>, AttrId); RECENT],
}

impl<'c> Key<'c> {
    fn new(name: Spelling<'c>, key: Sym) -> Self {
        Self { name, key, next: SPARE, pairs: [(Spelling::default(), AttrId(0)); RECENT] }
    }

    /// The newest value that `is_next` tells from how it is spelled.
    #[inline]
    fn find(&mut self, mut is_next: impl FnMut(Spelling<'c>) -> bool) -> Option<AttrId> {
        let at = self.pairs.iter().position(|&(pair, _)| !pair.is_empty() && is_next(pair))?;
        for at in (1..=at).rev() {
            self.pairs.swap(at - 1, at);
        }
        Some(self.pairs[0].1)
    }

    fn remember(&mut self, pair: Option<Spelling<'c>>, id: AttrId) {
        if let Some(pair) = pair.filter(|pair| pair.len() <= LONGEST) {
            self.pairs.copy_within(..RECENT - 1, 1);
            self.pairs[0] = (pair, id);
        }
    }
}

impl<'c> Repeats<'c> {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        let none = Key::new(Spelling::default(), Sym::EMPTY);
        Self {
            keys: vec![none; SPARE + 1],
            by_name: HashMap::default(),
            by_key: HashMap::default(),
            last: SPARE,
            #[cfg(test)]
            read: 0,
        }
    }

    /// The next attributes are those of another list.
    pub(super) const fn begin(&mut self, list: List) {
        self.last = list as usize;
    }

    /// The attribute that is expected next and that `is_next` tells from how it is spelled.
    #[inline]
    pub(super) fn find(&mut self, is_next: impl FnMut(Spelling<'c>) -> bool) -> Option<AttrId> {
        let expected = self.keys[self.last].next;
        let id = self.keys[expected].find(is_next)?;
        self.last = expected;
        Some(id)
    }

    /// Reads the attribute that comes if it was met not long ago.
    #[inline]
    pub(super) fn next_known(&mut self, json: &mut Scanner<'c>) -> Option<AttrId> {
        self.find(|pair| json.skip_same(pair))
    }

    /// Remembers the attribute `id` with `key`, which was read from `spelling` and means the same wherever it is.
    pub(super) fn add(&mut self, spelling: Option<Spelling<'c>>, key: Sym, id: AttrId) {
        let at = match self.by_key.get(&key) {
            Some(&at) => at,
            None => {
                let at = self.add_key(Spelling::default(), key);
                if at != SPARE {
                    self.by_key.insert(key, at);
                }
                at
            }
        };
        self.keys[self.last].next = at;
        self.last = at;
        let known = &mut self.keys[at];
        // Its key may not have been expected.
        if known.pairs.iter().all(|(pair, known)| pair.is_empty() || *known != id) {
            known.remember(spelling, id);
        }
    }

    /// Reads a key of an object with its value as [`any_value`] has it, or the object's end (`None`).
    ///
    /// # Errors
    /// When neither comes.
    #[inline]
    pub(super) fn next_pair(&mut self, json: &mut Scanner<'c>, part: &mut Part) -> Result<Option<Pair>, Fault> {
        json.skip_separators();
        let start = json.mark();
        let expected = self.keys[self.last].next;
        let known = &self.keys[expected];
        let (newest, id) = known.pairs[0];
        if json.skip_same(newest) {
            self.last = expected;
            return Ok(Some(Pair { key: known.key, id }));
        }
        if json.skip_same(known.name) {
            self.last = expected;
        } else if !self.other_key(json, part)? {
            return Ok(None);
        }
        let known = &mut self.keys[self.last];
        let (key, skip) = (known.key, known.name.len());
        if let Some(id) = known.find(|pair| json.skip_same(pair.after(skip))) {
            return Ok(Some(Pair { key, id }));
        }
        #[cfg(test)]
        {
            self.read += 1;
        }
        let value = any_value(json, part)?;
        let id = part.attrs.intern(key, value);
        known.remember(json.spelling_since(start), id);
        Ok(Some(Pair { key, id }))
    }

    /// Reads a key that was not expected; false at the end of the object.
    fn other_key(&mut self, json: &mut Scanner<'c>, part: &mut Part) -> Result<bool, Fault> {
        let start = json.mark();
        let Some(key) = json.next_key()? else { return Ok(false) };
        let name = json.spelling_since(start);
        let found = name.and_then(|name| self.by_name.get(name.bytes()).copied());
        let at = match found {
            Some(at) => at,
            None => {
                let key = match std::str::from_utf8(&key) {
                    Ok(key) => part.strings.intern(key),
                    Err(_) => part.strings.intern(&String::from_utf8_lossy(&key)),
                };
                let at = self.add_key(name.unwrap_or_default(), key);
                if let Some(name) = name.filter(|_| at != SPARE) {
                    self.by_name.insert(name.bytes(), at);
                }
                at
            }
        };
        self.keys[self.last].next = at;
        self.last = at;
        Ok(true)
    }

    fn add_key(&mut self, name: Spelling<'c>, key: Sym) -> usize {
        if self.keys.len() < MAX_KEYS {
            self.keys.push(Key::new(name, key));
            return self.keys.len() - 1;
        }
        self.keys[SPARE] = Key::new(Spelling::default(), key);
        SPARE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    /// The pairs of every object in `text`, as [`Repeats`] reads them and as they are read one by one.
    fn both_ways(text: &[u8]) -> [Vec<(String, String)>; 2] {
        let spelled = |part: &Part, key: Sym, value: Value| {
            let text = value.sym().map_or_else(|| format!("{value:?}"), |sym| part.strings.get(sym).to_owned());
            (part.strings.get(key).to_owned(), text)
        };
        let (mut json, mut part, mut repeats) = (Scanner::new(text, 0), Part::new(), Repeats::new());
        let mut fast = Vec::new();
        while json.begin_object().is_ok() {
            repeats.begin(List::Record);
            while let Ok(Some(pair)) = repeats.next_pair(&mut json, &mut part) {
                let attr = part.attrs.get(pair.id);
                assert_eq!(attr.key, pair.key);
                fast.push(spelled(&part, attr.key, attr.value));
            }
        }
        let (mut json, mut part) = (Scanner::new(text, 0), Part::new());
        let mut slow = Vec::new();
        while json.begin_object().is_ok() {
            while let Ok(Some(key)) = json.next_key() {
                let key = part.strings.intern(&String::from_utf8_lossy(&key));
                let Ok(value) = any_value(&mut json, &mut part) else { break };
                slow.push(spelled(&part, key, value));
            }
        }
        [fast, slow]
    }

    #[test]
    fn what_is_remembered_is_what_would_be_read() {
        for text in [
            r#"{"a":1,"b":"x"}{"a":1,"b":"x"}{"a":12,"b":"xy"}{"a":1.5,"b":"x"}{"a":1}{"b":"x"}"#,
            r#"{"a":1}{"a":1.5}{"a":1e3}{"a":-}{"a":-Infinity}{"a":-}{"a":NaN}{"a":N}"#,
            r#"{ "a" : "x" , "b":null}{ "a" : "x" , "b":null}{"a":"x\"y"}{"a":"x\"y"}{"a":"x\"z"}{"a":"x\\"}"#,
            r#"{"a":[1,[2]],"a":{"b":"}"}}{"a":[1,[2]],"a":{"b":"}"}}{"a":true}{"a":true,,}{"a":false}{"a":tru}"#,
            r#"{"a\u0062":1}{"ab":1}{"a\u0062":1}{"":"","":""}{"":"","":""}{"a":"1","a":"2","a":"3","a":"4","a":"5"}"#,
        ] {
            let [fast, slow] = both_ways(text.as_bytes());
            assert_eq!(fast, slow, "{text}");
            assert!(!fast.is_empty());
        }
    }

    #[test]
    fn only_what_is_new_is_read() {
        let mut text = String::new();
        for at in 0..1000 {
            let (model, size) = (["a", "b", "c"][at % 3], at * at);
            let often = r#""kind":"chat","stream":true,"limit":4096,"stop":null,"tools":["a","b"]"#;
            text.push_str(&format!("{{{often},\"model\":\"{model}\",\"id\":\"c-{at}\",\"size\":{size}}}"));
        }
        let (mut json, mut part, mut repeats) = (Scanner::new(text.as_bytes(), 0), Part::new(), Repeats::new());
        let mut pairs = 0;
        while json.begin_object().is_ok() {
            repeats.begin(List::Record);
            while repeats.next_pair(&mut json, &mut part).unwrap().is_some() {
                pairs += 1;
            }
        }
        // Five that never change, three models, and an id and a size of each.
        assert_eq!((pairs, repeats.read), (8000, 5 + 3 + 2000));
    }

    #[test]
    fn more_keys_than_there_is_room_for_are_read_all_the_same() {
        let object: Vec<String> = (0..2 * MAX_KEYS).map(|at| format!("\"key {at}\":\"value {at}\"")).collect();
        let object = format!("{{{}}}", object.join(","));
        let [fast, slow] = both_ways(object.repeat(3).as_bytes());
        assert_eq!(fast.len(), 6 * MAX_KEYS);
        assert_eq!(fast, slow);
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_noted_each_time() {
        let mut json = Scanner::new(b"{\"a\":\"\xff\",\"a\":\"\xff\",\"a\":\"\xff\"}", 0);
        let (mut part, mut repeats) = (Part::new(), Repeats::new());
        json.begin_object().unwrap();
        while repeats.next_pair(&mut json, &mut part).unwrap().is_some() {}
        assert_eq!(json.diagnostics.count(crate::model::Code::BadUtf8), 3);
    }
}
