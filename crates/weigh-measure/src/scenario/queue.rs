//! When a batch starts: the schedule's state machine, which knows neither threads nor clocks.

/// How queries become batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Batching {
    /// Queries in one batch at most; at least 1.
    pub max: usize,
    /// How long a batch waits for more queries, from the arrival of its oldest, in nanoseconds.
    pub delay_ns: u64,
}

impl Batching {
    /// Every query by itself, at once.
    pub const NONE: Batching = Batching { max: 1, delay_ns: 0 };
}

/// What a free stream is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Run these queries now.
    Start(Batch),
    /// Ask again at this moment.
    Wait {
        /// The moment at which a batch will be due, if streams are free.
        until: u64,
    },
    /// There are no more queries.
    Done,
}

/// Queries that run together: some in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The first of them, counted from 0 in order of arrival.
    pub first: usize,
    /// How many there are; at least 1.
    pub count: usize,
    /// The moment at which the batch was due: full, or its oldest query had waited its delay.
    pub due: u64,
}

/// Queries in order of arrival, and how far they have been taken.
///
/// A batch is due when `max` queries have arrived, or when its oldest has waited the delay. It starts then if a
/// stream is free, else as soon as one is; it takes the queries that have arrived by then, `max` at most. As the
/// arrivals are known beforehand, so is the moment at which the next batch is due.
#[derive(Clone, Debug)]
pub struct Queue {
    arrivals: Vec<u64>,
    next: usize,
    batching: Batching,
}

impl Queue {
    /// A queue of queries that arrive at these moments, which must be in order.
    pub fn new(arrivals: Vec<u64>, batching: Batching) -> Queue {
        Queue { arrivals, next: 0, batching: Batching { max: batching.max.max(1), ..batching } }
    }

    /// What a stream that is free at this moment is to do. Queries that start are taken off the queue.
    pub fn decide(&mut self, now: u64) -> Decision {
        let waiting = self.arrivals.get(self.next..).unwrap_or_default();
        let Some(oldest) = waiting.first() else { return Decision::Done };
        let timeout = oldest.saturating_add(self.batching.delay_ns);
        let full = waiting.get(self.batching.max - 1).copied().unwrap_or(u64::MAX);
        let due = timeout.min(full);
        if now < due {
            return Decision::Wait { until: due };
        }
        let candidates = waiting.iter().take(self.batching.max);
        let batch =
            Batch { first: self.next, count: candidates.take_while(|&&arrival| arrival <= now).count(), due };
        self.next += batch.count;
        Decision::Start(batch)
    }

    /// When each query arrives.
    pub fn arrivals(&self) -> &[u64] {
        &self.arrivals
    }

    /// The arrivals of the queries that no stream has taken.
    pub fn left(&self) -> &[u64] {
        self.arrivals.get(self.next..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(first: usize, count: usize, due: u64) -> Decision {
        Decision::Start(Batch { first, count, due })
    }

    #[test]
    fn without_batching_each_query_is_due_when_it_arrives() {
        let mut queue = Queue::new(vec![10, 20], Batching::NONE);
        assert_eq!(queue.decide(0), Decision::Wait { until: 10 });
        assert_eq!(queue.decide(10), start(0, 1, 10));
        // The stream comes back late: the query was due at 20.
        assert_eq!(queue.decide(25), start(1, 1, 20));
        assert_eq!(queue.decide(25), Decision::Done);
    }

    #[test]
    fn a_full_batch_starts_before_its_delay() {
        let mut queue = Queue::new(vec![10, 12, 14, 100], Batching { max: 3, delay_ns: 50 });
        // Full at 14, which is before 10 + 50.
        assert_eq!(queue.decide(0), Decision::Wait { until: 14 });
        assert_eq!(queue.decide(13), Decision::Wait { until: 14 });
        assert_eq!(queue.decide(14), start(0, 3, 14));
        // The last query waits its delay in vain: a server does not know that no other comes.
        assert_eq!(queue.decide(100), Decision::Wait { until: 150 });
        assert_eq!(queue.decide(150), start(3, 1, 150));
    }

    #[test]
    fn the_oldest_query_waits_no_longer_than_the_delay() {
        let mut queue = Queue::new(vec![10, 30, 90], Batching { max: 3, delay_ns: 50 });
        assert_eq!(queue.decide(30), Decision::Wait { until: 60 });
        assert_eq!(queue.decide(60), start(0, 2, 60));
    }

    #[test]
    fn what_arrived_while_streams_were_busy_joins_up_to_the_maximum() {
        let mut queue = Queue::new(vec![0, 1, 2, 3, 4, 70], Batching { max: 4, delay_ns: 10 });
        // Busy until 50: five have arrived, four fit; they were due, being four, at 3.
        assert_eq!(queue.decide(50), start(0, 4, 3));
        // The fifth was due at 4 + 10.
        assert_eq!(queue.decide(50), start(4, 1, 14));
        assert_eq!(queue.left(), [70]);
    }

    #[test]
    fn a_batch_of_none_is_a_batch_of_one() {
        let mut queue = Queue::new(vec![5], Batching { max: 0, delay_ns: 0 });
        assert_eq!(queue.decide(5), start(0, 1, 5));
        assert_eq!(Queue::new(vec![], Batching::NONE).decide(0), Decision::Done);
    }
}
