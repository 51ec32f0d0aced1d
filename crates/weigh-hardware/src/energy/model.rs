//! Energy that is calculated, from operations and bytes or from a power and a time.
//!
//! Both are models and say so. The first prices the arithmetic and the traffic of an inference by a published table and
//! leaves out everything else a chip does (fetching instructions, scheduling, leaking, waiting), so it is nearer to what
//! an ideal machine would take: measured figures lie above it, on general-purpose processors far above (Horowitz 2014
//! puts the overhead of an instruction at some 70 pJ at 45 nm, more than ten multiplications). The second is as good as
//! the power that it is given: a thermal design power is what cooling must bear, not what a model draws.

use std::collections::BTreeMap;

use serde::Serialize;
use weigh_ir::DType;

use super::tables::OperationTable;
use super::units::{Joules, Watts};
use super::{Basis, Energy};

/// What one inference does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// Multiply-accumulates by the type of what is multiplied.
    pub macs: BTreeMap<DType, f64>,
    /// Other operations by type, each priced as an addition.
    pub other_ops: BTreeMap<DType, f64>,
    /// Bytes to and from main memory.
    pub dram_bytes: f64,
    /// Bytes to and from memory on the chip.
    pub cache_bytes: f64,
    /// The kind of main memory; `None` for the table's usual one.
    pub dram: Option<String>,
}

/// The energy of an inference by a table, in parts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Modelled {
    /// The sum.
    pub energy: Energy,
    /// Multiply-accumulates and other operations.
    pub arithmetic: Joules,
    /// Traffic on the chip.
    pub cache: Joules,
    /// Traffic to and from main memory: the least and the most.
    pub dram: (Joules, Joules),
}

/// Something that the table has no price for. The rest is not summed up without it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{table} has no energy of {what}")]
pub struct Unpriced {
    /// The table.
    pub table: String,
    /// What it lacks.
    pub what: String,
}

/// The energy of an inference by a table.
///
/// # Errors
/// The table has no price for a type or for the kind of memory: the sum is then unknown.
pub fn modelled(work: &Work, table: &OperationTable) -> Result<Modelled, Unpriced> {
    let lacks = |what: String| Unpriced { table: table.name.clone(), what };
    let priced = |ops: &BTreeMap<DType, f64>, price: &dyn Fn(DType) -> Option<Joules>, what: &str| {
        let each = ops.iter().filter(|(_, count)| **count > 0.0).map(|(dtype, count)| {
            price(*dtype).map(|each| each * *count).ok_or_else(|| lacks(format!("{what} of {dtype}")))
        });
        each.sum::<Result<Joules, Unpriced>>()
    };
    let macs = priced(&work.macs, &|dtype| table.multiply_accumulate(dtype), "a multiply-accumulate")?;
    let others = priced(&work.other_ops, &|dtype| table.add(dtype), "an addition")?;
    let cache_byte =
        table.cache_byte(table.cache_bytes).ok_or_else(|| lacks("a byte on the chip".to_owned()))?;
    let kind = work.dram.as_deref().or_else(|| table.dram_kinds().next()).unwrap_or_default();
    let (low, high) = table.dram_byte(kind).ok_or_else(|| lacks(format!("a byte of {kind} memory")))?;
    let (arithmetic, cache) = (macs + others, cache_byte * work.cache_bytes);
    let dram = (low * work.dram_bytes, high * work.dram_bytes);
    let bounds = (arithmetic + cache + dram.0, arithmetic + cache + dram.1);
    let rests_on =
        format!("operations and bytes at {} nm, {kind} memory: {}", table.process_nm, table.source);
    let basis = Basis::Modelled { rests_on };
    let energy = Energy { joules: (bounds.0 + bounds.1) / 2.0, bounds: Some(bounds), basis };
    Ok(Modelled { energy, arithmetic, cache, dram })
}

/// The power of a device at work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Power {
    /// What it takes when fully used: its thermal design power, or better a measured one.
    pub full: Watts,
    /// What it takes when idle; `None` counts as nothing, so that energy is proportional to use.
    pub idle: Option<Watts>,
    /// How much of it is used, from 0 to 1.
    pub utilisation: f64,
}

impl Power {
    /// All of a power all the time.
    pub fn of(full: Watts) -> Power {
        Power { full, idle: None, utilisation: 1.0 }
    }

    /// The mean power: idle, and so much of the rest as the device is used.
    pub fn mean(&self) -> Watts {
        let idle = self.idle.unwrap_or_default().0;
        Watts(idle + (self.full.0 - idle) * self.utilisation.clamp(0.0, 1.0))
    }
}

/// The energy that a power spends in a time. `seconds` may be measured or predicted; the result is modelled either way,
/// because the power is.
pub fn from_power(power: &Power, seconds: f64) -> Energy {
    let mut rests_on = format!("{} W", power.full.0);
    if power.utilisation < 1.0 {
        rests_on += &format!(" used to {:.0} %", power.utilisation.clamp(0.0, 1.0) * 100.0);
    }
    if let Some(idle) = power.idle {
        rests_on += &format!(", {} W idle", idle.0);
    }
    rests_on += &format!(", for {} ms", weigh_ir::units::significant(seconds * 1e3, 3));
    Energy { joules: power.mean().for_seconds(seconds), bounds: None, basis: Basis::Modelled { rests_on } }
}

#[cfg(test)]
mod tests {
    use super::super::operation_table;
    use super::*;

    #[test]
    fn a_small_layer_by_hand() {
        // Linear 1000 to 10 in float32: 10,000 MACs of 4.6 pJ are 46 nJ; 40,000 bytes of weights from DRAM, of
        // 162.5 to 325 pJ, are 6.5 to 13 µJ; 4,040 bytes of activations from a cache of 1 MiB, of 12.5 pJ, are 50.5 nJ.
        let work = Work {
            macs: BTreeMap::from([(DType::F32, 10_000.0)]),
            dram_bytes: 40_000.0,
            cache_bytes: 4_040.0,
            ..Work::default()
        };
        let told = modelled(&work, operation_table("horowitz-2014").unwrap()).unwrap();
        let near = |energy: Joules, nanojoules: f64| assert!((energy.0 * 1e9 - nanojoules).abs() < 1e-6);
        near(told.arithmetic, 46.0);
        near(told.cache, 50.5);
        near(told.dram.0, 6_500.0);
        near(told.dram.1, 13_000.0);
        near(told.energy.joules, 9_846.5);
        let Basis::Modelled { rests_on } = &told.energy.basis else { panic!("{told:?}") };
        assert!(rests_on.starts_with("operations and bytes at 45 nm, ddr memory: Horowitz"), "{rests_on}");
    }

    #[test]
    fn other_operations_are_additions() {
        // 1000 additions of 0.9 pJ.
        let work = Work { other_ops: BTreeMap::from([(DType::F32, 1000.0)]), ..Work::default() };
        let told = modelled(&work, operation_table("horowitz-2014").unwrap()).unwrap();
        assert!((told.arithmetic.0 - 0.9e-9).abs() < 1e-18);
    }

    #[test]
    fn what_has_no_price_makes_the_sum_unknown() {
        let table = operation_table("horowitz-2014").unwrap();
        let work = Work { macs: BTreeMap::from([(DType::F64, 1.0)]), ..Work::default() };
        let error = modelled(&work, table).unwrap_err().to_string();
        assert_eq!(error, "horowitz-2014 has no energy of a multiply-accumulate of float64");
        let work = Work { dram: Some("hbm2".to_owned()), ..Work::default() };
        assert_eq!(modelled(&work, table).unwrap_err().what, "a byte of hbm2 memory");
        let none = Work { macs: BTreeMap::from([(DType::F64, 0.0)]), ..Work::default() };
        assert_eq!(modelled(&none, table).unwrap().energy.joules, Joules(0.0));
    }

    #[test]
    fn power_for_a_time() {
        // 350 W for 5 ms are 1.75 J.
        let energy = from_power(&Power::of(Watts(350.0)), 0.005);
        assert_eq!(energy.joules, Joules(1.75));
        assert_eq!(energy.basis, Basis::Modelled { rests_on: "350 W, for 5.00 ms".to_owned() });
        // 50 + (350 − 50) × 0.5 = 200 W.
        let half = Power { full: Watts(350.0), idle: Some(Watts(50.0)), utilisation: 0.5 };
        assert_eq!(half.mean(), Watts(200.0));
        let Basis::Modelled { rests_on } = from_power(&half, 0.005).basis else { panic!() };
        assert_eq!(rests_on, "350 W used to 50 %, 50 W idle, for 5.00 ms");
    }
}
