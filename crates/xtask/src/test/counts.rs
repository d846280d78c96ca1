//! How many tests passed and failed, as the test runners say themselves.

/// The sum of the runners' own results.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) ignored: u64,
    /// Runners that began and have not given a result. One that is killed never does.
    running: u64,
    incomplete: bool,
}

impl Counts {
    /// Adds a line of a runner's output, if it says something about the count.
    pub(super) fn add(&mut self, line: &str) {
        if line.starts_with("running ") && (line.ends_with(" tests") || line.ends_with(" test")) {
            self.running += 1;
        }
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        self.running = self.running.saturating_sub(1);
        let numbers = result.split_once(". ").map_or("", |(_, numbers)| numbers);
        for part in numbers.split("; ") {
            match part.split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                Some((number, "ignored")) => self.ignored += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// Notes that tests did not run at all, and nobody knows how many of them would have passed.
    pub(super) fn mark_incomplete(&mut self) {
        self.incomplete = true;
    }

    /// The totals, if they are the truth about the tests that were asked for.
    pub(super) fn totals(&self) -> Option<String> {
        let some = self.passed + self.failed > 0;
        (some && self.running == 0 && !self.incomplete)
            .then(|| format!("{} passed, {} failed", self.passed, self.failed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_add_up() {
        let mut counts = Counts::default();
        counts.add("running 5 tests");
        counts.add(
            "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        );
        counts.add("test store::it_works ... ok");
        counts.add("running 5 tests");
        counts.add(
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s",
        );
        assert_eq!((counts.passed, counts.failed, counts.ignored), (7, 2, 1));
        assert_eq!(counts.totals().as_deref(), Some("7 passed, 2 failed"));
    }

    #[test]
    fn no_totals_are_claimed_when_tests_did_not_run() {
        assert_eq!(Counts::default().totals(), None);
        let some_passed = || Counts {
            passed: 5,
            ..Counts::default()
        };
        let mut not_compiled = some_passed();
        not_compiled.mark_incomplete();
        assert_eq!(not_compiled.totals(), None);
        let mut killed = some_passed();
        killed.add("running 1 test");
        assert_eq!(killed.totals(), None);
    }
}
