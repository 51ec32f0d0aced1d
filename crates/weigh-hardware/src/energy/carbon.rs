//! Emissions of energy: a grid's intensity, and what a building adds.

use std::sync::LazyLock;

use serde::Deserialize;

use super::units::Joules;

/// How much a kilowatt-hour emits somewhere, on the mean of a year.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// The country, or what the user calls it.
    pub name: String,
    /// Grams of CO2 equivalent per kilowatt-hour.
    pub grams_per_kilowatt_hour: f64,
    /// The year that the figure is of; `None` for the user's own.
    pub year: Option<u16>,
    /// Where it is published, or that the user gave it.
    pub source: String,
}

#[derive(Deserialize)]
struct File {
    year: u16,
    source: String,
    grid: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    grams_per_kilowatt_hour: f64,
}

impl Grid {
    /// The user's own number.
    pub fn given(grams_per_kilowatt_hour: f64) -> Grid {
        let (name, source) = ("given".to_owned(), "given by the user".to_owned());
        Grid { name, grams_per_kilowatt_hour, year: None, source }
    }

    /// Grams of CO2 equivalent for an energy used in a building with that power usage effectiveness: what the building
    /// takes over what the computers take, 1 for nothing beside them (ISO/IEC 30134-2).
    pub fn grams(&self, energy: Joules, power_usage_effectiveness: f64) -> f64 {
        energy.kilowatt_hours() * power_usage_effectiveness.max(1.0) * self.grams_per_kilowatt_hour
    }
}

/// The grids that are known, the world first.
pub fn grids() -> &'static [Grid] {
    static GRIDS: LazyLock<Vec<Grid>> = LazyLock::new(|| {
        // The file is part of the program; a test reads it.
        let Ok(file) = toml::from_str::<File>(include_str!("grids.toml")) else { return Vec::new() };
        let grid = |row: Row| Grid {
            name: row.name,
            grams_per_kilowatt_hour: row.grams_per_kilowatt_hour,
            year: Some(file.year),
            source: file.source.clone(),
        };
        file.grid.into_iter().map(grid).collect()
    });
    &GRIDS
}

/// The grid of a name.
pub fn grid(name: &str) -> Option<&'static Grid> {
    grids().iter().find(|grid| grid.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_by_hand() {
        // A million inferences of 3.6 J are 3.6 MJ, one kilowatt-hour.
        let energy = Joules(3.6) * 1e6;
        let given = Grid::given(400.0);
        assert_eq!(given.grams(energy, 1.0), 400.0);
        assert_eq!(given.grams(energy, 1.5), 600.0);
        // A building takes no less than what is in it.
        assert_eq!(given.grams(energy, 0.5), 400.0);
        assert_eq!(grid("france").unwrap().grams(energy, 1.0), 56.0);
    }

    #[test]
    fn grids_have_names_sources_and_years() {
        assert_eq!(grids()[0].name, "world");
        assert!(grid("atlantis").is_none());
        for grid in grids() {
            assert!(grid.year == Some(2023) && grid.source.contains("Ember"));
            assert!((10.0..1000.0).contains(&grid.grams_per_kilowatt_hour), "{grid:?}");
            assert!(grids().iter().filter(|other| other.name == grid.name).count() == 1);
        }
    }
}
