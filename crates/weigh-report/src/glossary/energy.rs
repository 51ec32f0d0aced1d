//! Energy and emissions.

use super::{Entry, Section};

pub(super) const SECTION: Section = Section {
    title: "Energy",
    about: "A figure is measured by a counter or modelled, and says which; a modelled one is never shown as measured.",
    entries: &[
        Entry {
            name: "energy",
            title: "energy",
            aliases: &["joules", "energy_per_inference"],
            unit: "J",
            short: "energy of one sample: measured, else modelled",
            long: "That of an inference divided by its batch. Measured over a window of seconds, beyond idle power; modelled \
                   from operations and bytes by a published table, or from power and time. A type without a price makes a \
                   modelled sum unknown.",
            formula: "measured: (gross − idle watts · seconds) / inferences / batch",
            json: &[
                "measurements[].energy[].joules",
                "predictions[].energy[].joules",
                "predictions[].energy_mj",
            ],
            commands: &["weigh measure --energy", "weigh predict"],
            related: &["inferences_per_watt_hour", "battery", "emissions", "basis"],
            source: "Horowitz, ISSCC 2014; Jouppi et al., ISCA 2021 (the tables of the models)",
            elsewhere: "A design power times a time is an upper figure, not a measurement.",
            page: "energy",
        },
        Entry {
            name: "inferences_per_watt_hour",
            title: "inferences per Wh",
            aliases: &["per_watt_hour"],
            unit: "/Wh",
            short: "how many inferences of one sample a watt-hour pays for",
            formula: "3600 / joules of one sample",
            json: &[
                "measurements[].energy[].inferences_per_watt_hour",
                "predictions[].energy[].inferences_per_watt_hour",
            ],
            commands: &["weigh measure --energy", "weigh predict"],
            related: &["energy"],
            page: "energy",
            ..Entry::EMPTY
        },
        Entry {
            name: "battery",
            title: "battery",
            aliases: &["battery_hours"],
            unit: "h",
            short: "how long a device's battery lasts at a rate of inferences",
            formula: "battery Wh / (idle W + inferences per second · joules per inference)",
            json: &["predictions[].energy[].battery_hours"],
            commands: &["weigh predict"],
            related: &["energy"],
            page: "energy",
            ..Entry::EMPTY
        },
        Entry {
            name: "emissions",
            title: "emissions",
            aliases: &["co2", "carbon", "co2e", "grams_co2e"],
            unit: "g CO2e",
            short: "CO2 equivalent of the electricity of a million samples",
            long: "A yearly mean of a grid says nothing of an hour, so the user's own number comes first. Making the hardware is \
                   not in it.",
            formula: "kWh · PUE · grid intensity",
            json: &["predictions[].energy[].grams_co2e_per_million", "plan.configurations[].co2_kg"],
            commands: &["weigh predict --grid", "weigh plan --grid"],
            related: &["energy"],
            source: "Ember, Yearly Electricity Data (2023), as Our World in Data shows them; PUE: ISO/IEC 30134-2",
            page: "energy",
            ..Entry::EMPTY
        },
    ],
};
