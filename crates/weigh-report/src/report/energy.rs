//! Energy and emissions, measured or modelled; never one for the other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The energy of one sample, and what follows from it: that of an inference divided by its batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EnergyEstimate {
    /// `measured`, or `modelled`.
    pub basis: String,
    /// The counter that was read, or the table and the rule that were used.
    pub rests_on: String,
    /// Joules of one sample.
    pub joules: Option<f64>,
    /// Inferences of one sample per watt-hour.
    pub inferences_per_watt_hour: Option<f64>,
    /// Hours that the device's battery lasts at `rate_per_second`; null without a battery or a rate.
    pub battery_hours: Option<f64>,
    /// Inferences per second that the hours are for.
    pub rate_per_second: Option<f64>,
    /// Grams of CO2 equivalent of a million samples; null without a grid intensity.
    pub grams_co2e_per_million: Option<f64>,
    /// Grams of CO2 equivalent per kilowatt-hour, and where that figure is from.
    pub grid: Option<String>,
}
