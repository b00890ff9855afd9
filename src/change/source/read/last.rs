//! The last answer to a question about commits: they never change, so that the same question has the same answer.

use crate::change::source::trouble::Trouble;

/// A question and its answer.
#[derive(Debug)]
pub(super) struct Last<K, V>(Option<(K, V)>);

impl<K, V> Default for Last<K, V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: PartialEq, V: Clone> Last<K, V> {
    /// The answer that was given last if the question is the same, else another one. Trouble is not remembered.
    pub(super) fn or_ask(&mut self, question: K, ask: impl FnOnce() -> Result<V, Trouble>) -> Result<V, Trouble> {
        if let Some((_, answer)) = self.0.as_ref().filter(|(known, _)| *known == question) {
            return Ok(answer.clone());
        }
        let answer = ask()?;
        self.0 = Some((question, answer.clone()));
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_asked_again_only_when_it_is_another_or_was_not_answered() {
        let mut last = Last::default();
        assert!(last.or_ask(1, || Err::<&str, _>(Trouble::new("no"))).is_err());
        assert_eq!(last.or_ask(1, || Ok("one")).unwrap(), "one");
        assert_eq!(last.or_ask(1, || unreachable!()).unwrap(), "one");
        assert_eq!(last.or_ask(2, || Ok("two")).unwrap(), "two");
        assert_eq!(last.or_ask(1, || Ok("again")).unwrap(), "again");
    }
}
