//! The published tables of energy per operation, read from `operations.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use weigh_ir::DType;

use super::units::Joules;

/// Bits of one access in the tables.
const ACCESS_BYTES: f64 = 8.0;

/// What operations take at one process node, in picojoules.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationTable {
    /// How it is asked for: `horowitz-2014`.
    pub name: String,
    /// The process node in nanometres.
    pub process_nm: u32,
    /// Where the figures are published.
    pub source: String,
    /// The size of the cache that bytes kept on the chip are taken to lie in.
    pub cache_bytes: u64,
    add: BTreeMap<String, f64>,
    multiply: BTreeMap<String, f64>,
    sram: Vec<Sram>,
    dram: Vec<Dram>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sram {
    bytes: u64,
    picojoules: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dram {
    kind: String,
    picojoules: [f64; 2],
}

#[derive(Deserialize)]
struct File {
    table: Vec<OperationTable>,
}

impl OperationTable {
    /// One addition of numbers of that type.
    pub fn add(&self, dtype: DType) -> Option<Joules> {
        self.add.get(dtype.name()).copied().map(Joules::from_pico)
    }

    /// One multiplication.
    pub fn multiply(&self, dtype: DType) -> Option<Joules> {
        self.multiply.get(dtype.name()).copied().map(Joules::from_pico)
    }

    /// One multiply-accumulate: a product, and a sum of the type that products are added up in. That is 32 bits wide
    /// for narrow types, as matrix units have it: int32 for int8, float32 for float16 and bfloat16.
    pub fn multiply_accumulate(&self, dtype: DType) -> Option<Joules> {
        let narrow = if dtype == DType::U8 { DType::I8 } else { dtype };
        let sum = if dtype.is_float() { DType::F32 } else { DType::I32 };
        Some(self.multiply(narrow)? + self.add(sum)?)
    }

    /// One byte to or from a memory on the chip of that size: the smallest of the table that is as large, otherwise
    /// its largest.
    pub fn cache_byte(&self, bytes: u64) -> Option<Joules> {
        let fits = self.sram.iter().filter(|sram| sram.bytes >= bytes).min_by_key(|sram| sram.bytes);
        let sram = fits.or(self.sram.iter().max_by_key(|sram| sram.bytes))?;
        Some(Joules::from_pico(sram.picojoules) / ACCESS_BYTES)
    }

    /// One byte to or from memory of that kind (`ddr`, `hbm2`, `gddr6`): the least and the most.
    pub fn dram_byte(&self, kind: &str) -> Option<(Joules, Joules)> {
        let [low, high] = self.dram.iter().find(|dram| dram.kind == kind)?.picojoules;
        Some((Joules::from_pico(low) / ACCESS_BYTES, Joules::from_pico(high) / ACCESS_BYTES))
    }

    /// The kinds of memory it knows, the first being the usual one.
    pub fn dram_kinds(&self) -> impl Iterator<Item = &str> {
        self.dram.iter().map(|dram| dram.kind.as_str())
    }
}

/// Every table, the oldest first.
pub fn operation_tables() -> &'static [OperationTable] {
    static TABLES: LazyLock<Vec<OperationTable>> = LazyLock::new(|| {
        // The file is part of the program; a test reads it.
        toml::from_str::<File>(include_str!("operations.toml")).map(|file| file.table).unwrap_or_default()
    });
    &TABLES
}

/// The table of a name.
pub fn operation_table(name: &str) -> Option<&'static OperationTable> {
    operation_tables().iter().find(|table| table.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pico(energy: Option<Joules>) -> f64 {
        (energy.unwrap().0 * 1e15).round() / 1e3
    }

    #[test]
    fn the_published_figures_are_there() {
        let table = operation_table("horowitz-2014").unwrap();
        assert_eq!((table.process_nm, table.cache_bytes), (45, 1 << 20));
        assert_eq!(pico(table.add(DType::F32)), 0.9);
        assert_eq!(pico(table.multiply(DType::F32)), 3.7);
        // 3.7 + 0.9; an int8 product of 0.2 goes into an int32 sum of 0.1.
        assert_eq!(pico(table.multiply_accumulate(DType::F32)), 4.6);
        assert_eq!(pico(table.multiply_accumulate(DType::I8)), 0.3);
        assert_eq!(pico(table.multiply_accumulate(DType::U8)), 0.3);
        // 1.1 into a float32 sum of 0.9.
        assert_eq!(pico(table.multiply_accumulate(DType::F16)), 2.0);
        assert_eq!(table.multiply_accumulate(DType::F64), None);
        assert_eq!(table.multiply_accumulate(DType::BF16), None);
        // 64 bits are eight bytes.
        assert_eq!(pico(table.cache_byte(8192)), 1.25);
        assert_eq!(pico(table.cache_byte(8193)), 2.5);
        assert_eq!(pico(table.cache_byte(1 << 30)), 12.5);
        let (low, high) = table.dram_byte("ddr").unwrap();
        assert_eq!((pico(Some(low)), pico(Some(high))), (162.5, 325.0));
        assert!(table.dram_byte("hbm2").is_none());
        let newer = operation_table("jouppi-2021").unwrap();
        assert_eq!(pico(newer.multiply_accumulate(DType::BF16)), 0.59);
        assert_eq!(newer.dram_kinds().collect::<Vec<_>>(), ["ddr", "hbm2", "gddr6"]);
    }

    #[test]
    fn every_type_in_the_file_is_a_type() {
        let types: Vec<&str> = DType::all().map(DType::name).collect();
        assert_eq!(operation_tables().len(), 2);
        for table in operation_tables() {
            assert!(!table.source.is_empty() && !table.sram.is_empty() && !table.dram.is_empty());
            assert!(table.add.keys().chain(table.multiply.keys()).all(|name| types.contains(&name.as_str())));
        }
    }
}
