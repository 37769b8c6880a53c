//! Reading a field leniently: `null` and values of another kind count as absent, and are noted.

use std::borrow::Cow;

use super::number::Number;
use super::scanner::{Fault, Scanner, Token};
use crate::model::Code;

type Result<T> = std::result::Result<T, Fault>;

impl<'a> Scanner<'a> {
    /// A string field.
    ///
    /// # Errors
    /// When the value cannot be read as JSON at all.
    #[inline]
    pub fn field_text(&mut self) -> Result<Option<Cow<'a, str>>> {
        match self.plain_text() {
            Some(text) => Ok(Some(Cow::Borrowed(text))),
            None => self.odd_text(),
        }
    }

    fn odd_text(&mut self) -> Result<Option<Cow<'a, str>>> {
        match self.peek() {
            Token::String => self.string().map(Some),
            other => self.absent(other, "a string"),
        }
    }

    /// An integer field, as a number or as a string of digits (as protobuf writes 64-bit integers in JSON).
    ///
    /// # Errors
    /// When the value cannot be read as JSON at all.
    pub fn field_int(&mut self) -> Result<Option<i128>> {
        let offset = self.offset();
        let int = match self.peek() {
            Token::Number => self.number()?.as_int(),
            Token::String => Number(&self.string()?).as_int(),
            other => return self.absent(other, "an integer"),
        };
        if int.is_none() {
            self.bad_field(offset, "an integer");
        }
        Ok(int)
    }

    /// An integer field that fits into `u32`.
    ///
    /// # Errors
    /// When the value cannot be read as JSON at all.
    pub fn field_u32(&mut self) -> Result<Option<u32>> {
        let offset = self.offset();
        let Some(int) = self.field_int()? else { return Ok(None) };
        let fits = u32::try_from(int).ok();
        if fits.is_none() {
            self.bad_field(offset, "an integer of 32 bits");
        }
        Ok(fits)
    }

    /// A number field; strings such as `"NaN"` or `"1.5"` are numbers too.
    ///
    /// # Errors
    /// When the value cannot be read as JSON at all.
    pub fn field_f64(&mut self) -> Result<Option<f64>> {
        let offset = self.offset();
        let double = match self.peek() {
            Token::Number => self.number()?.as_f64(),
            Token::String => Number(&self.string()?).as_f64(),
            other => return self.absent(other, "a number"),
        };
        if double.is_none() {
            self.bad_field(offset, "a number");
        }
        Ok(double)
    }

    /// A boolean field.
    ///
    /// # Errors
    /// When the value cannot be read as JSON at all.
    pub fn field_bool(&mut self) -> Result<Option<bool>> {
        match self.peek() {
            Token::Bool => self.bool().map(Some),
            other => self.absent(other, "true or false"),
        }
    }

    /// Enters an array field; false when it is absent or something else.
    ///
    /// # Errors
    /// When the value cannot be read as JSON at all.
    pub fn field_array(&mut self) -> Result<bool> {
        match self.peek() {
            Token::Array => self.begin_array().map(|()| true),
            other => self.absent::<()>(other, "an array").map(|_| false),
        }
    }

    /// Enters an object field; false when it is absent or something else.
    ///
    /// # Errors
    /// When the value cannot be read as JSON at all.
    pub fn field_object(&mut self) -> Result<bool> {
        match self.peek() {
            Token::Object => self.begin_object().map(|()| true),
            other => self.absent::<()>(other, "an object").map(|_| false),
        }
    }

    #[cold]
    fn absent<T>(&mut self, token: Token, expected: &'static str) -> Result<Option<T>> {
        if token == Token::Null {
            self.null()?;
            return Ok(None);
        }
        let offset = self.offset();
        self.skip_value()?;
        self.bad_field(offset, expected);
        Ok(None)
    }

    /// Counts a field that has a type or value it cannot have.
    #[cold]
    pub fn bad_field(&mut self, offset: u64, expected: &'static str) {
        self.note(Code::BadField, offset, || format!("expected {expected}"));
    }
}
