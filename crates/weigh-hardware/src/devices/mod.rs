//! Devices that a model could run on: a table with sources, users' own entries, and the search by name.
//!
//! Invariants: every figure carries its source, date and basis; rates are dense; what is not public is `None`.
//! Adding a device is one entry of a file in `devices/` (docs/devices.md).

mod check;
mod device;
mod error;
mod fields;
mod figure;
mod folder;
mod names;
mod precision;
mod quantity;
mod read;

use std::path::{Path, PathBuf};

pub use device::{Class, Device, Level, Multiple, Origin, Peak, Rate};
pub use error::{DeviceError, NoSuchDevice};
pub use figure::{Basis, Date, Figure, Source};
pub use folder::config_folder;
pub use precision::{Precision, Unit};

/// The table that weigh carries, a file for each class.
const FILES: [(&str, &str); 4] = [
    ("accelerators.toml", include_str!("../../devices/accelerators.toml")),
    ("processors.toml", include_str!("../../devices/processors.toml")),
    ("phones-and-edge.toml", include_str!("../../devices/phones-and-edge.toml")),
    ("microcontrollers.toml", include_str!("../../devices/microcontrollers.toml")),
];

/// Devices by name.
#[derive(Clone, Debug, Default)]
pub struct Devices {
    devices: Vec<Device>,
    replaced: Vec<Replaced>,
}

/// A device of the table whose place a user's entry took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The id of both.
    pub id: String,
    /// The file that the entry now is from.
    pub by: PathBuf,
}

impl Devices {
    /// The table that weigh carries.
    pub fn builtin() -> Devices {
        let mut devices = Devices::default();
        for (name, text) in FILES {
            // The registry's test reads every file; one that it refuses is never built into a release.
            devices.devices.extend(read::file(name, text, &Origin::BuiltIn).unwrap_or_default());
        }
        devices
    }

    /// The table, then the files `*.toml` of a folder in the order of their names, then further files. An entry takes
    /// the place of an earlier one with the same id ([`Devices::replaced`]). A folder that does not exist holds none.
    ///
    /// # Errors
    /// A file that cannot be read, or an entry in it that cannot be taken: file, line and field are named.
    pub fn load(files: &[PathBuf], folder: Option<&Path>) -> Result<Devices, DeviceError> {
        let mut devices = Devices::builtin();
        let listed = folder.map(folder::files).transpose()?.unwrap_or_default();
        for path in listed.iter().chain(files) {
            let text = folder::read(path)?;
            devices.add(path, &text)?;
        }
        Ok(devices)
    }

    /// Takes the entries of a user's file.
    fn add(&mut self, path: &Path, text: &str) -> Result<(), DeviceError> {
        let name = path.display().to_string();
        for device in read::file(&name, text, &Origin::File(path.to_owned()))? {
            match self.devices.iter_mut().find(|other| other.id == device.id) {
                Some(other) => {
                    self.replaced.push(Replaced { id: device.id.clone(), by: path.to_owned() });
                    *other = device;
                }
                None => self.devices.push(device),
            }
        }
        Ok(())
    }

    /// Every device: by class, in the order of the files, users' own ones last.
    pub fn iter(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter()
    }

    /// The entries that others took the place of, in the order in which that happened.
    pub fn replaced(&self) -> &[Replaced] {
        &self.replaced
    }

    /// The device that a name means: its id, its title or one of its other names, in any case and however its words
    /// are joined.
    ///
    /// # Errors
    /// No device has the name; the error has the ids that are most similar to it.
    pub fn find(&self, name: &str) -> Result<&Device, NoSuchDevice> {
        names::find(&self.devices, name)
    }
}

#[cfg(test)]
mod registry;
#[cfg(test)]
mod tests;
