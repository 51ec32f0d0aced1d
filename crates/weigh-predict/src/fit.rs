//! Whether a model fits a device, by how much, and what would make it fit.
//!
//! A device with one memory must hold the weights, and activations and workspace where these are most. A
//! microcontroller keeps weights and code in flash and only what an inference holds in RAM, in a planned arena; the two
//! are looked at apart. A verdict is [`Verdict::Unknown`] where a figure is, and where the figure is a lower bound that
//! would still fit: that a model does not fit can be known from a lower bound, that it fits cannot.

use serde::Serialize;

use crate::demand::{Demand, Precision};

/// Flash that code takes, where the user does not say: an assumption, of a runtime with the kernels of a small network.
pub const CODE_BYTES: u64 = 64 << 10;

/// The memory of a device; `None` is a memory that it does not have or that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryLimits {
    /// One memory for everything, less what the system and others take.
    pub usable_bytes: Option<u64>,
    /// Flash of a microcontroller, for weights and code.
    pub flash_bytes: Option<u64>,
    /// RAM of a microcontroller, for the arena; less stack and what else the program holds.
    pub ram_bytes: Option<u64>,
    /// Flash that code takes; `None` for [`CODE_BYTES`].
    pub code_bytes: Option<u64>,
}

/// Which memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The one for everything.
    Memory,
    /// For weights and code.
    Flash,
    /// For what an inference holds.
    Ram,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It fits every memory.
    Fits,
    /// It does not fit at least one.
    DoesNotFit,
    /// A figure that decides it is not known.
    Unknown,
}

/// What is needed of one memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    /// Of which.
    pub place: Place,
    /// How much; `None` where it is not known.
    pub needed_bytes: Option<u64>,
    /// How much there is.
    pub available_bytes: u64,
    /// Whether more may be needed than that.
    pub is_lower_bound: bool,
}

impl Need {
    /// What is left, or missing where it is below zero.
    pub fn margin_bytes(&self) -> Option<i64> {
        i64::try_from(i128::from(self.available_bytes) - i128::from(self.needed_bytes?)).ok()
    }

    /// Whether it fits.
    pub fn verdict(&self) -> Verdict {
        match self.needed_bytes {
            Some(needed) if needed > self.available_bytes => Verdict::DoesNotFit,
            Some(_) if !self.is_lower_bound => Verdict::Fits,
            _ => Verdict::Unknown,
        }
    }
}

/// A model at one precision on a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fit {
    /// The precision.
    pub precision: Precision,
    /// Whether it fits.
    pub verdict: Verdict,
    /// Each memory.
    pub needs: Vec<Need>,
}

/// In which order the nodes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    File,
    Best,
}

/// Whether what a model asks for fits, in the order of its file.
pub fn fit(demand: &Demand, limits: &MemoryLimits) -> Fit {
    in_order(demand, limits, Order::File)
}

fn in_order(demand: &Demand, limits: &MemoryLimits, order: Order) -> Fit {
    let sum = |a: Option<u64>, b: Option<u64>| a?.checked_add(b?);
    let working = match order {
        Order::File => demand.working_bytes,
        // It is bounded by its peak and the largest workspace, which may be more than the file's order needs.
        Order::Best => demand.best_order_bytes.into_iter().chain(demand.working_bytes).min(),
    };
    let ram = match order {
        // A plan is for the order of the file, and no smaller than what is alive at once.
        Order::File => demand.arena_bytes.into_iter().chain(demand.working_bytes).max(),
        Order::Best => working,
    };
    let code = limits.code_bytes.unwrap_or(CODE_BYTES);
    let bounded = !demand.is_complete;
    let memories = [
        (Place::Memory, limits.usable_bytes, sum(demand.weight_bytes, working), bounded),
        (Place::Flash, limits.flash_bytes, sum(demand.weight_bytes, Some(code)), false),
        (Place::Ram, limits.ram_bytes, ram, bounded),
    ];
    let needs: Vec<Need> = memories
        .into_iter()
        .filter_map(|(place, available, needed_bytes, is_lower_bound)| {
            Some(Need { place, needed_bytes, available_bytes: available?, is_lower_bound })
        })
        .collect();
    let is = |wanted: Verdict| move |need: &Need| need.verdict() == wanted;
    let verdict = if needs.iter().any(is(Verdict::DoesNotFit)) {
        Verdict::DoesNotFit
    } else if !needs.is_empty() && needs.iter().all(is(Verdict::Fits)) {
        Verdict::Fits
    } else {
        Verdict::Unknown
    };
    Fit { precision: demand.precision, verdict, needs }
}

/// One thing that could make a model fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// To run the nodes in the order with the smallest peak. Results stay the same.
    BestOrder,
    /// A smaller batch: the largest that fits, otherwise 1. Results stay the same.
    Batch(u64),
    /// Another precision. Results change.
    Precision(Precision),
}

/// A change and what comes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// The change, by itself.
    pub change: Change,
    /// Whether it then fits, and by how much.
    pub fit: Fit,
    /// Whether this is the first that suffices, in the order of [`remedies`].
    pub is_first: bool,
}

/// The changes that could make a model fit, each by itself, mildest first: the order of nodes, the batch, then fp16,
/// int8 and int4. `demand` tells what the model asks for at a batch and a precision, `None` where it cannot be
/// analysed; `batch` is the present one, `None` for a model without.
pub fn remedies(
    limits: &MemoryLimits,
    present: Precision,
    batch: Option<u64>,
    demand: &mut dyn FnMut(Option<u64>, Precision) -> Option<Demand>,
) -> Vec<Remedy> {
    let mut found = Vec::new();
    let now = demand(batch, present);
    if let Some(now) = &now {
        found.push((Change::BestOrder, in_order(now, limits, Order::Best)));
    }
    if let Some(batch) = batch.filter(|batch| *batch > 1) {
        let mut at = |batch: u64| demand(Some(batch), present).map(|demand| fit(&demand, limits));
        let largest = largest_batch(batch - 1, &mut |batch| Some(at(batch)?.verdict == Verdict::Fits));
        let smaller = largest.unwrap_or(1);
        found.extend(at(smaller).map(|fit| (Change::Batch(smaller), fit)));
    }
    for precision in [Precision::Fp16, Precision::Int8, Precision::Int4] {
        let Some(narrower) = demand(batch, precision) else { continue };
        let shrinks = now.as_ref().is_none_or(|now| {
            (narrower.weight_bytes, narrower.working_bytes) != (now.weight_bytes, now.working_bytes)
        });
        if shrinks {
            found.push((Change::Precision(precision), fit(&narrower, limits)));
        }
    }
    let first = found.iter().position(|(_, fit)| fit.verdict == Verdict::Fits);
    let remedy = |(index, (change, fit))| Remedy { change, fit, is_first: first == Some(index) };
    found.into_iter().enumerate().map(remedy).collect()
}

/// The largest batch, at most `most`, of which `fits` says so, by doubling and bisection: what fits a batch must fit
/// all smaller ones. `None` where not even 1 fits, or `fits` could not tell.
pub fn largest_batch(most: u64, fits: &mut dyn FnMut(u64) -> Option<bool>) -> Option<u64> {
    if most == 0 || !fits(1)? {
        return None;
    }
    let (mut good, mut bad) = (1, None);
    while bad.is_none() && good < most {
        let next = good.saturating_mul(2).min(most);
        match fits(next)? {
            true => good = next,
            false => bad = Some(next),
        }
    }
    let Some(mut bad) = bad else { return Some(good) };
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        match fits(middle)? {
            true => good = middle,
            false => bad = middle,
        }
    }
    Some(good)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Weights of 100, an arena of 12 and 10 held per sample (8 in the best order), at 32 bits.
    fn demand(batch: u64, precision: Precision) -> Demand {
        let divisor = match precision {
            Precision::Stored | Precision::Fp32 => 1,
            Precision::Fp16 => 2,
            Precision::Int8 => 4,
            Precision::Int4 => 8,
        };
        Demand {
            precision,
            weight_bytes: Some(100 / divisor),
            working_bytes: Some(batch * 10 / divisor),
            best_order_bytes: Some(batch * 8 / divisor),
            arena_bytes: Some(batch * 12 / divisor),
            is_complete: true,
        }
    }

    fn memory(usable: u64) -> MemoryLimits {
        MemoryLimits { usable_bytes: Some(usable), ..MemoryLimits::default() }
    }

    #[test]
    fn one_memory_holds_everything() {
        let told = fit(&demand(1, Precision::Fp32), &memory(110));
        assert_eq!((told.verdict, told.needs[0].margin_bytes()), (Verdict::Fits, Some(0)));
        let told = fit(&demand(2, Precision::Fp32), &memory(110));
        assert_eq!((told.verdict, told.needs[0].margin_bytes()), (Verdict::DoesNotFit, Some(-10)));
    }

    #[test]
    fn flash_and_ram_are_looked_at_apart() {
        let limits = MemoryLimits {
            flash_bytes: Some(150),
            ram_bytes: Some(12),
            code_bytes: Some(50),
            ..MemoryLimits::default()
        };
        let told = fit(&demand(1, Precision::Fp32), &limits);
        let margins: Vec<_> = told.needs.iter().map(|need| (need.place, need.margin_bytes())).collect();
        // 100 of weights and 50 of code; an arena of 12.
        assert_eq!(margins, [(Place::Flash, Some(0)), (Place::Ram, Some(0))]);
        assert_eq!(told.verdict, Verdict::Fits);
        let told = fit(&demand(1, Precision::Fp32), &MemoryLimits { code_bytes: None, ..limits });
        assert_eq!(told.needs[0].needed_bytes, Some(100 + 65_536));
        assert_eq!(told.verdict, Verdict::DoesNotFit);
    }

    #[test]
    fn unknown_is_not_fitting() {
        let open = Demand { working_bytes: None, arena_bytes: None, ..demand(1, Precision::Fp32) };
        assert_eq!(fit(&open, &memory(1 << 40)).verdict, Verdict::Unknown);
        assert_eq!(fit(&demand(1, Precision::Fp32), &MemoryLimits::default()).verdict, Verdict::Unknown);
        // A lower bound can show that it does not fit, not that it does.
        let bound = Demand { is_complete: false, ..demand(1, Precision::Fp32) };
        assert_eq!(fit(&bound, &memory(1 << 40)).verdict, Verdict::Unknown);
        assert_eq!(fit(&bound, &memory(109)).verdict, Verdict::DoesNotFit);
    }

    #[test]
    fn the_first_remedy_that_suffices_is_marked() {
        let tell = |usable, batch| {
            let mut at = |batch: Option<u64>, precision| Some(demand(batch?, precision));
            let told = remedies(&memory(usable), Precision::Fp32, Some(batch), &mut at);
            let line = |remedy: Remedy| (remedy.change, remedy.fit.verdict == Verdict::Fits, remedy.is_first);
            told.into_iter().map(line).collect::<Vec<_>>()
        };
        // Batch 8 needs 180, in the best order 164, at batch 6 160, in fp16 90, in int8 45, in int4 12 + 10.
        let precision = Change::Precision;
        let expected = [
            (Change::BestOrder, true, true),
            (Change::Batch(6), true, false),
            (precision(Precision::Fp16), true, false),
            (precision(Precision::Int8), true, false),
            (precision(Precision::Int4), true, false),
        ];
        assert_eq!(tell(165, 8), expected);
        let told = tell(135, 8);
        assert_eq!(told[..2], [(Change::BestOrder, false, false), (Change::Batch(3), true, true)]);
        // Weights alone are too much: no batch helps, fp16 does at 90.
        let told = tell(95, 8);
        assert_eq!(told[1..3], [(Change::Batch(1), false, false), (precision(Precision::Fp16), true, true)]);
        assert!(tell(5, 8).iter().all(|remedy| !remedy.1 && !remedy.2));
        // A batch of one has no smaller one.
        assert_eq!(tell(95, 1)[1].0, precision(Precision::Fp16));
    }

    proptest! {
        #[test]
        fn the_largest_batch_is_found(most in 1u64..5000, limit in 0u64..6000) {
            let mut asked = 0;
            let found = largest_batch(most, &mut |batch| {
                asked += 1;
                Some(batch <= limit)
            });
            prop_assert_eq!(found, (limit > 0).then_some(limit.min(most)));
            prop_assert!(asked <= 30);
        }
    }

    #[test]
    fn a_batch_that_cannot_be_told_is_none() {
        assert_eq!(largest_batch(8, &mut |batch| (batch < 4).then_some(true)), None);
        assert_eq!(largest_batch(0, &mut |_| Some(true)), None);
    }
}
