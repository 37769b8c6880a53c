//! Rows of the span table whose order against the row above clocks leave open: worked out for the rows in view, as they
//! come into view, and remembered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::rows::Listed;
use crate::analysis::clocks::Known;
use crate::analysis::row_order::{Doubt, doubt};
use crate::analysis::table::Column;
use crate::app::workspace::Workspace;

/// Rows of which a frame works out the order at most; the others wait for the next frame.
pub const MOST_PER_FRAME: usize = 16;
/// Rows that are remembered at most.
const MOST_REMEMBERED: usize = 4_096;

/// Answers for some rows.
#[derive(Debug, Default)]
pub struct Doubts(Mutex<Answers>);

#[derive(Debug, Default)]
struct Answers {
    /// What was known when they were worked out.
    known: Option<Arc<Known>>,
    of_row: HashMap<usize, Option<Doubt>>,
}

impl Listed {
    /// What is doubtful about the order of `row` and the one above it, where rows are sorted by time; `Err` when that
    /// has not been worked out and `budget` is spent. Every answer that is worked out takes one from the budget.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn doubt(
        &self,
        data: &Workspace,
        known: &Arc<Known>,
        row: usize,
        budget: &mut usize,
    ) -> Result<Option<Doubt>, Spent> {
        let order = self.order();
        let is_by_time = matches!(order.column, Column::Start | Column::Reference);
        let Some(above) = row.checked_sub(1).filter(|_| is_by_time) else { return Ok(None) };
        let (Some(&upper), Some(&lower)) = (self.rows.get(above), self.rows.get(row)) else { return Ok(None) };
        // A thread that broke off has only remembered less.
        let mut answers = self.doubts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !answers.known.as_ref().is_some_and(|with| Arc::ptr_eq(with, known)) {
            *answers = Answers { known: Some(Arc::clone(known)), of_row: HashMap::new() };
        }
        if let Some(answer) = answers.of_row.get(&row) {
            return Ok(*answer);
        }
        *budget = budget.checked_sub(1).ok_or(Spent)?;
        if answers.of_row.len() >= MOST_REMEMBERED {
            answers.of_row.clear();
        }
        let answer = doubt(&data.store, &data.domains, known, [upper, lower], order.is_descending);
        answers.of_row.insert(row, answer);
        Ok(answer)
    }

    /// Of how many rows the order against the one above is remembered.
    #[must_use]
    pub fn orders_asked(&self) -> usize {
        self.doubts.0.lock().unwrap_or_else(PoisonError::into_inner).of_row.len()
    }
}

/// No more rows can be looked at in this frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spent;
