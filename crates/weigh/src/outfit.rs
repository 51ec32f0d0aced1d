//! What a plan takes from the table of devices: rents, and power without work.

use weigh_decide::plan::{Candidate, Price};
use weigh_hardware::Device;

/// Gives a way of doing the work on a device what the table knows of that device, where nothing is known yet.
pub fn outfit(candidate: &mut Candidate, device: &Device) {
    let rent = device.rent_per_hour().map(|rent| Price {
        per_h: rent.value,
        source: format!("rent of {}: {}, {}", device.id(), rent.source.title, rent.source.date),
    });
    candidate.price = candidate.price.take().or(rent);
    candidate.idle_watts = candidate.idle_watts.or(device.idle_watts().map(|watts| watts.value));
}
