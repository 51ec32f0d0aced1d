//! Which processor this is, beside its brand, and how fast its clock is said to run.

use serde::{Deserialize, Serialize};

/// Numbers by which manufacturers tell processors apart. Where brands are made generic, as in virtual machines, these
/// often are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Family (x86) or implementer (ARM).
    pub family: u32,
    /// Model (x86) or part (ARM).
    pub model: u32,
    /// Stepping (x86) or revision (ARM).
    pub stepping: u32,
}

/// Clock rates that the system tells, in MHz.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The rate that is guaranteed.
    pub nominal_mhz: Option<u32>,
    /// The highest rate of a single core.
    pub max_mhz: Option<u32>,
}

/// The processor's numbers; `None` where the system does not say.
pub(crate) fn model() -> Option<Model> {
    #[cfg(target_arch = "x86_64")]
    if let Some(found) = raw_cpuid::CpuId::new().get_feature_info() {
        let [family, model, stepping] =
            [found.family_id(), found.model_id(), found.stepping_id()].map(u32::from);
        return Some(Model { family, model, stepping });
    }
    arm_model(&std::fs::read_to_string("/proc/cpuinfo").ok()?)
}

/// The numbers of an ARM processor in `/proc/cpuinfo`.
fn arm_model(cpuinfo: &str) -> Option<Model> {
    let field = |name: &str| {
        let values = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = values.into_iter().find(|(key, _)| key.trim() == name)?;
        let value = value.trim();
        match value.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => value.parse().ok(),
        }
    };
    let [family, model, stepping] = ["CPU implementer", "CPU part", "CPU revision"].map(field);
    Some(Model { family: family?, model: model?, stepping: stepping? })
}

/// The clock rates, from Linux's frequency scaling, then `cpuid` (leaf 0x16), then the brand. Virtual machines often
/// tell none.
pub(crate) fn clock(brand: &str) -> Clock {
    let scaling = |name: &str| {
        let text = std::fs::read_to_string(format!("/sys/devices/system/cpu/cpu0/cpufreq/{name}")).ok()?;
        let kilohertz: u32 = text.trim().parse().ok()?;
        Some(kilohertz / 1000).filter(|&mhz| mhz > 0)
    };
    let [nominal, max] = cpuid_mhz();
    Clock {
        nominal_mhz: scaling("base_frequency").or(nominal).or_else(|| brand_mhz(brand)),
        max_mhz: scaling("cpuinfo_max_freq").or(max),
    }
}

fn cpuid_mhz() -> [Option<u32>; 2] {
    #[cfg(target_arch = "x86_64")]
    if let Some(found) = raw_cpuid::CpuId::new().get_processor_frequency_info() {
        let told = [found.processor_base_frequency(), found.processor_max_frequency()];
        return told.map(|mhz| Some(u32::from(mhz)).filter(|&mhz| mhz > 0));
    }
    [None; 2]
}

/// The rate at the end of brands such as `Intel(R) Xeon(R) CPU @ 2.20GHz`.
fn brand_mhz(brand: &str) -> Option<u32> {
    let gigahertz: f64 = brand.rsplit_once('@')?.1.trim().strip_suffix("GHz")?.trim().parse().ok()?;
    let mhz = (gigahertz * 1000.0).round();
    (mhz > 0.0 && mhz < 100_000.0).then_some(mhz as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arm_processors_have_numbers_in_cpuinfo() {
        let cpuinfo = "processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\n\
                       CPU part\t: 0xd0c\nCPU revision\t: 1\n\nprocessor\t: 1\nCPU part\t: 0xd0d\n";
        assert_eq!(arm_model(cpuinfo), Some(Model { family: 0x41, model: 0xd0c, stepping: 1 }));
        assert_eq!(arm_model("CPU part : 0xd0c\n"), None);
        assert_eq!(arm_model("CPU implementer : x\nCPU part : 1\nCPU revision : 1"), None);
    }

    #[test]
    fn brands_that_tell_a_rate() {
        assert_eq!(brand_mhz("Intel(R) Xeon(R) CPU @ 2.20GHz"), Some(2200));
        assert_eq!(brand_mhz("Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz"), Some(1900));
        for none in ["AMD EPYC 7763 64-Core Processor", "@", "x @ GHz", "x @ infGHz", "x @ -1GHz"] {
            assert_eq!(brand_mhz(none), None, "{none}");
        }
    }
}
