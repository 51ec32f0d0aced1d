//! What is to be done, what servers cost and take, and where they stand.

use weigh::Slo;
use weigh::decide::plan::{self, Candidate, Price, Site, Workload};
use weigh::ir::units::{self, Dimension};
use weigh_hardware::energy::carbon::Grid;

use super::super::{amounts, predict};

#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// What is to be done: 1M/day, or 10M once
    #[arg(long, value_name = "ITEMS", value_parser = amounts::workload, help_heading = "Workload")]
    items: Option<units::Workload>,

    /// The mean rate, instead of items: 200/s
    #[arg(long, value_name = "RATE", value_parser = amounts::rate, help_heading = "Workload")]
    rate: Option<f64>,

    /// The highest rate that must be served: 600/s
    #[arg(long, value_name = "RATE", value_parser = amounts::rate, help_heading = "Workload")]
    peak: Option<f64>,

    /// The time in which all items, or those of a period, must be done: 24h
    #[arg(long, value_name = "TIME", value_parser = amounts::time, help_heading = "Workload")]
    deadline: Option<f64>,

    /// A limit on latency at the highest rate, waiting in line included: 'p99<=100ms'
    #[arg(long, value_name = "LIMIT", help_heading = "Workload")]
    pub slo: Option<Slo>,

    /// How long a batch may wait to be filled; by default it takes what is there
    #[arg(long, value_name = "TIME", value_parser = amounts::time, help_heading = "Workload")]
    max_delay: Option<f64>,

    /// The share of a server's capacity that the mean rate or a deadline may use: 0.7
    #[arg(long, value_name = "SHARE", default_value = "1", value_parser = amounts::share, help_heading = "Workload")]
    utilisation: f64,

    /// The servers that there are, instead of as many as it takes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Workload")]
    servers: Option<u64>,

    /// No more servers than this
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000), help_heading = "Workload")]
    max_servers: u64,

    /// What the items are: samples, images, tokens
    #[arg(long, default_value = "samples", help_heading = "Workload")]
    pub unit: String,

    /// What an hour of a server costs: 2.50/h, or of a device t4=0.40/h; by default the rent in the table of devices
    #[arg(long, value_name = "[DEVICE=]PRICE", value_delimiter = ',', value_parser = price, help_heading = "Cost")]
    price: Vec<(Option<String>, f64)>,

    /// Days to tell the cost for as well
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_525), help_heading = "Cost")]
    days: Option<u32>,

    /// What a server takes at work: 250W; by default what was measured or modelled
    #[arg(long, value_name = "WATTS", value_parser = power, help_heading = "Cost")]
    power: Option<f64>,

    /// What a server takes when idle: 60W; by default the table of devices
    #[arg(long, value_name = "WATTS", value_parser = power, help_heading = "Cost")]
    idle_power: Option<f64>,

    /// What the building takes over what servers take: 1.2
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = effectiveness, help_heading = "Cost")]
    pue: f64,

    /// Where electricity comes from: a name, or grams of CO2 equivalent per kWh
    #[arg(long, value_name = "GRID", value_parser = predict::electricity, help_heading = "Cost")]
    grid: Option<Grid>,
}

impl Args {
    pub(super) fn workload(&self) -> anyhow::Result<Workload> {
        let hours = |ms: f64| ms / 3.6e6;
        Ok(Workload {
            items: self.items.map(|items| items.items),
            period_h: self.items.and_then(|items| items.period_ms).map(hours),
            rate: self.rate,
            peak: self.peak,
            deadline_h: self.deadline.map(hours),
            slo: self.slo.map(|slo| plan::Slo {
                quantile: slo.quantile.fraction(),
                limit_ms: slo.limit_ms,
                text: slo.to_string(),
            }),
            max_delay_ms: self.max_delay.unwrap_or(0.0),
            utilisation: self.utilisation,
            servers: self.servers,
            max_servers: self.max_servers,
            days: self.days.map(f64::from),
            unit: self.unit.clone(),
        })
    }

    pub(super) fn site(&self) -> Site {
        let named = |grid: &Grid| {
            let name = format!("{}: {} gCO2e/kWh, {}", grid.name, grid.grams_per_kilowatt_hour, grid.source);
            (grid.grams_per_kilowatt_hour, name)
        };
        Site { grid: self.grid.as_ref().map(named), power_usage_effectiveness: self.pue }
    }

    /// What the user said of prices and power goes before what tables say.
    pub(super) fn equip(&self, candidate: &mut Candidate) {
        let of = |name: Option<&str>| {
            let found = self.price.iter().rev().find(|(device, _)| device.as_deref() == name);
            found.map(|(_, price)| Price { per_h: *price, source: "given".to_owned() })
        };
        let own = candidate.device.as_deref().and_then(|device| of(Some(device)));
        if let Some(price) = own.or_else(|| of(None)) {
            candidate.price = Some(price);
        }
        if let Some(watts) = self.power {
            candidate.set_power(watts);
        }
        candidate.idle_watts = self.idle_power.or(candidate.idle_watts);
    }
}

/// `2.50/h`, `t4=0.40/h`.
fn price(text: &str) -> Result<(Option<String>, f64), String> {
    match text.split_once('=') {
        Some((device, price)) => Ok((Some(device.trim().to_owned()), amounts::price(price)?)),
        None => Ok((None, amounts::price(text)?)),
    }
}

fn power(text: &str) -> Result<f64, String> {
    Dimension::Power.read(text).map_err(|error| error.to_string())
}

fn effectiveness(text: &str) -> Result<f64, String> {
    let factor = text.parse::<f64>().ok().filter(|factor| (1.0..=10.0).contains(factor));
    factor.ok_or_else(|| "write a factor from 1, where the building takes nothing, to 10".to_owned())
}
