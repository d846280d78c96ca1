//! How many retries there may be.

/// Retries never exceed a tenth of an instance's requests, but for the first few: a service in trouble must not get more work
/// from us than it would have had, and a gateway with little to do may still retry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RetryBudget {
    requests: u32,
    retries: u32,
}

/// What an instance may retry before a tenth of its requests is that many.
const FLOOR: u32 = 3;
/// From here on the past counts half: a long quiet time must not save up for a storm.
const MEMORY: u32 = 1000;

impl RetryBudget {
    /// Counts a request.
    pub(super) fn earn(&mut self) {
        self.requests += 1;
        if self.requests >= MEMORY {
            self.requests /= 2;
            self.retries /= 2;
        }
    }

    /// Takes a retry, if there is one left.
    pub(super) fn spend(&mut self) -> bool {
        let left = self.retries < FLOOR.max(self.requests / 10);
        if left {
            self.retries += 1;
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quiet_gateway_can_retry() {
        let mut budget = RetryBudget::default();
        budget.earn();
        let taken: Vec<_> = (0..5).map(|_| budget.spend()).collect();
        assert_eq!(taken, [true, true, true, false, false]);
    }

    proptest! {
        #[test]
        fn retries_stay_within_a_tenth_of_the_requests(tries in prop::collection::vec(0_u8..3, 1..5000)) {
            let mut budget = RetryBudget::default();
            let (mut requests, mut retries) = (0_usize, 0_usize);
            for wanted in tries {
                budget.earn();
                requests += 1;
                retries += (0..wanted).filter(|_| budget.spend()).count();
                prop_assert!(retries <= 3.max(requests / 10), "{retries} of {requests}");
            }
        }
    }
}
