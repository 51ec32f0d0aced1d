//! Files of devices: TOML to entries, with every complaint at its place.
//!
//! A file has a table of `sources` and a list of `device`s. A figure is a text with its unit, for which the device's
//! own `source` answers, or a table that names its source, basis, place and a note.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::de::DeTable;

use super::check;
use super::device::{Class, Device, Level, Multiple, Origin, Rate};
use super::error::DeviceError;
use super::fields::{Fields, File};
use super::figure::{Basis, Date, Figure, Source};
use super::precision::{Precision, Unit};
use super::quantity::Quantity;

/// Names of levels of memory, main memory first.
const LEVELS: [&str; 5] = ["main", "l3", "l2", "l1", "sram"];
/// The fields of a device.
const FIELDS: [&str; 22] = [
    "id", "title", "class", "vendor", "released", "source", "also", "vector", "matrix", "multiple", "memory",
    "cores", "clock", "usable", "flash", "launch", "power", "idle", "price", "rent", "battery", "unknown",
];
/// What may be declared unknown.
const UNKNOWABLE: [&str; 8] = ["flash", "power", "launch", "usable", "bandwidth", "price", "rent", "idle"];

type Sources = BTreeMap<String, Arc<Source>>;

/// The devices of a file's text.
///
/// # Errors
/// What TOML or the form of entries does not allow, and figures that contradict each other or that no device has.
pub(super) fn file(name: &str, text: &str, origin: &Origin) -> Result<Vec<Device>, DeviceError> {
    let file = File { name, text };
    let parsed = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        file.error(at, "", error.message().replace('\n', ", "), "the file is no TOML; see docs/devices.md")
    })?;
    let root = Fields::new(file, parsed.get_ref(), "", 0..0);
    root.only(&["sources", "device"])?;
    let sources = sources(&root)?;
    let Some(entries) = root.get("device").map(|list| list.get_ref().as_array().map(|list| list.iter()))
    else {
        return Err(root.error("device", "there is none", "an entry begins with a line [[device]]"));
    };
    let Some(entries) = entries else {
        return Err(root.error("device", "is no list", "write [[device]] with two brackets"));
    };
    let mut devices: Vec<Device> = Vec::new();
    for entry in entries {
        let Some(table) = entry.get_ref().as_table() else {
            return Err(root.error("device", "is no list of tables", "write [[device]] with two brackets"));
        };
        let fields = Fields::new(file, table, "", entry.span());
        let id = fields.get("id").and_then(|id| id.get_ref().as_str()).map(str::to_owned);
        let mut reader = Entry { fields, sources: &sources, default: None };
        let device = reader.device(origin).map_err(|error| error.of(id))?;
        if devices.iter().any(|other| other.id == device.id) {
            let error = reader.fields.error("id", "is there twice in this file", "give each device its own");
            return Err(error.of(Some(device.id)));
        }
        devices.push(device);
    }
    Ok(devices)
}

fn sources(root: &Fields<'_>) -> Result<Sources, DeviceError> {
    let mut sources = Sources::new();
    let Some(tables) = root.inner("sources")? else { return Ok(sources) };
    for key in tables.keys() {
        // The key is one of the table's own.
        let Some(fields) = tables.inner(key)? else { continue };
        fields.only(&["title", "publisher", "date", "url"])?;
        let (title, _) = fields.needed("title", "\"name of the document\"")?;
        let (date, _) = fields.needed("date", "\"2024-03\"")?;
        let date = Date::parse(date).ok_or_else(|| {
            fields.error(
                "date",
                format!("{date:?} is no date"),
                "a year, month or day: \"2024\", \"2024-03\"",
            )
        })?;
        let text = |key| fields.text(key).map(|text| text.map(|(text, _)| text.to_owned()));
        let source =
            Source { title: title.to_owned(), publisher: text("publisher")?, date, url: text("url")? };
        sources.insert(key.to_owned(), Arc::new(source));
    }
    Ok(sources)
}

/// Reads one entry.
struct Entry<'t, 's> {
    fields: Fields<'t>,
    sources: &'s Sources,
    /// What figures without a source of their own are from.
    default: Option<&'t str>,
}

impl<'t> Entry<'t, '_> {
    fn device(&mut self, origin: &Origin) -> Result<Device, DeviceError> {
        let fields = self.fields.clone();
        fields.only(&FIELDS)?;
        let (id, _) = fields.needed("id", "\"name-in-lower-case\"")?;
        if !is_kebab(id) {
            let hint = "lower-case letters and digits in words that single dashes join";
            return Err(fields.error("id", format!("{id:?} is no name of a device"), hint));
        }
        self.default = fields.text("source")?.map(|(source, _)| source);
        let title = fields.text("title")?.map_or(id, |(title, _)| title);
        let mut device = Device::new(id, title, self.class()?);
        device.origin = origin.clone();
        device.vendor = fields.text("vendor")?.map(|(vendor, _)| vendor.to_owned());
        device.released = fields.whole("released", 1990..2101)?.and_then(|year| u16::try_from(year).ok());
        device.also = self.also()?;
        for unit in Unit::ALL {
            self.rates(unit, &mut device)?;
            self.multiple(unit, &mut device)?;
        }
        device.levels = self.levels()?;
        device.cores = self.cores()?;
        device.clock = self.figure(&fields, "clock", Quantity::Frequency)?;
        device.usable = self.figure(&fields, "usable", Quantity::Bytes)?.map(whole);
        device.flash = self.figure(&fields, "flash", Quantity::Bytes)?.map(whole);
        device.launch = self.figure(&fields, "launch", Quantity::Time)?;
        device.power = self.figure(&fields, "power", Quantity::Power)?;
        device.idle = self.figure(&fields, "idle", Quantity::Power)?;
        device.price = self.figure(&fields, "price", Quantity::Price)?;
        device.rent = self.figure(&fields, "rent", Quantity::Rent)?;
        device.battery = self.figure(&fields, "battery", Quantity::Charge)?;
        device.unknown = self.unknown()?;
        check::consistent(&device, &fields)?;
        Ok(device)
    }

    fn class(&self) -> Result<Class, DeviceError> {
        let names: Vec<&str> = Class::ALL.iter().map(|class| class.name()).collect();
        let (name, _) = self.fields.needed("class", "\"accelerator\"")?;
        Class::ALL.into_iter().find(|class| class.name() == name).ok_or_else(|| {
            self.fields.error("class", format!("no class {name:?}"), format!("one of {}", names.join(", ")))
        })
    }

    fn also(&self) -> Result<Vec<String>, DeviceError> {
        let Some(value) = self.fields.get("also") else { return Ok(Vec::new()) };
        let names = value.get_ref().as_array().map(|names| names.iter().map(|name| name.get_ref().as_str()));
        let names: Option<Vec<&str>> = names.and_then(|names| names.collect());
        match names {
            Some(names) => Ok(names.into_iter().map(str::to_owned).collect()),
            None => Err(self.fields.error("also", "is no list of names", "also = [\"other-name\"]")),
        }
    }

    fn rates(&mut self, unit: Unit, device: &mut Device) -> Result<(), DeviceError> {
        let Some(rates) = self.fields.inner(unit.name())? else { return Ok(()) };
        rates.only(&Precision::ALL.map(Precision::name))?;
        for precision in Precision::ALL {
            if let Some(rate) = self.rate(&rates, precision.name())? {
                device.rates.insert((precision, unit), rate);
            }
        }
        Ok(())
    }

    /// A rate: a text, or a table with `dense` or `of`, and `sparse`.
    fn rate(&mut self, rates: &Fields<'t>, key: &str) -> Result<Option<Rate>, DeviceError> {
        if rates.get(key).is_some_and(|value| value.get_ref().is_str()) {
            let dense = self.figure(rates, key, Quantity::Rate)?;
            return Ok(dense.map(|dense| Rate { dense, sparse: None }));
        }
        let Some(fields) = rates.inner(key)? else { return Ok(None) };
        fields.only(&["dense", "sparse", "of", "source", "basis", "at", "note"])?;
        let sparse = quantity(&fields, "sparse", Quantity::Rate)?;
        let dense = match (fields.get("of").is_some(), fields.get("dense").is_some()) {
            (true, false) => self.product(&fields)?,
            (false, true) => {
                let value = quantity(&fields, "dense", Quantity::Rate)?.unwrap_or_default();
                self.grounds(&fields, value, Basis::Datasheet)?
            }
            _ => {
                let hint = "dense = \"35.6 TFLOPS\", or of = [[cores, \"clock\", operations per cycle]]";
                return Err(fields.error("", "needs either `dense` or `of`", hint));
            }
        };
        Ok(Some(Rate { dense, sparse }))
    }

    /// A rate computed as the sum of units × clock × operations per cycle; the note shows it.
    fn product(&mut self, fields: &Fields<'t>) -> Result<Figure<f64>, DeviceError> {
        let hint = "of = [[cores, \"clock\", operations per cycle], ...]";
        let wrong = || fields.error("of", "is no list of [units, \"clock\", operations]", hint);
        let parts = fields.get("of").and_then(|parts| parts.get_ref().as_array()).ok_or_else(wrong)?;
        let (mut sum, mut shown) = (0.0, Vec::new());
        for part in parts.iter() {
            let part: Vec<_> = part.get_ref().as_array().ok_or_else(wrong)?.iter().collect();
            let [units, clock, operations] = part.as_slice() else { return Err(wrong()) };
            let units = fields.whole_of("of", units.get_ref(), 1..1_000_001)?;
            let operations = fields.whole_of("of", operations.get_ref(), 1..10_000_001)?;
            let text = clock.get_ref().as_str().ok_or_else(wrong)?;
            let clock = Quantity::Frequency.parse(text);
            let clock = clock.map_err(|error| fields.error("of", error, Quantity::Frequency.example()))?;
            // Both are far below 2^53.
            sum += units as f64 * clock * operations as f64;
            shown.push(format!("{units} × {text} × {operations}"));
        }
        if shown.is_empty() {
            return Err(wrong());
        }
        let shown = shown.join(" + ");
        let sum = Quantity::Rate.check(sum, &shown);
        let sum = sum.map_err(|error| fields.error("of", error, Quantity::Rate.example()))?;
        let mut figure = self.grounds(fields, sum, Basis::Derived)?;
        figure.note = Some(match figure.note.take() {
            Some(note) => format!("{shown}; {note}"),
            None => shown,
        });
        Ok(figure)
    }

    fn multiple(&mut self, unit: Unit, device: &mut Device) -> Result<(), DeviceError> {
        let Some(units) = self.fields.inner("multiple")? else { return Ok(()) };
        units.only(&Unit::ALL.map(Unit::name))?;
        let Some(fields) = units.inner(unit.name())? else { return Ok(()) };
        fields.only(&["bytes", "elements", "source", "basis", "at", "note"])?;
        let whole = |key| {
            let number = fields.whole(key, 1..65_537)?;
            Ok(number.and_then(|number| u32::try_from(number).ok()))
        };
        let multiple = match (whole("bytes")?, whole("elements")?) {
            (Some(bytes), None) => Multiple::Bytes(bytes),
            (None, Some(elements)) => Multiple::Elements(elements),
            _ => return Err(fields.error("", "needs either `bytes` or `elements`", "bytes = 16")),
        };
        device.multiples.insert(unit, self.grounds(&fields, multiple, Basis::Datasheet)?);
        Ok(())
    }

    fn levels(&mut self) -> Result<Vec<Level>, DeviceError> {
        let hint = "memory.main = { kind = \"GDDR6\", size = \"16 GiB\", bandwidth = \"300 GB/s\" }";
        let Some(memory) = self.fields.inner("memory")? else {
            return Err(self.fields.error("memory", "is missing", hint));
        };
        memory.only(&LEVELS)?;
        if memory.get("main").is_none() {
            return Err(memory.error("main", "is missing", hint));
        }
        let mut levels = Vec::new();
        for name in LEVELS {
            let Some(fields) = memory.inner(name)? else { continue };
            fields.only(&["kind", "size", "bandwidth", "source", "basis", "at", "note"])?;
            let mut part = |key, quantity_of| {
                let value = quantity(&fields, key, quantity_of)?;
                value.map(|value| self.grounds(&fields, value, Basis::Datasheet)).transpose()
            };
            let size = part("size", Quantity::Bytes)?.map(whole);
            let bandwidth = part("bandwidth", Quantity::Bandwidth)?;
            if size.is_none() && (name == "main" || bandwidth.is_none()) {
                return Err(fields.error("size", "is missing", hint));
            }
            let kind = fields.text("kind")?.map(|(kind, _)| kind.to_owned());
            levels.push(Level { name: name.to_owned(), kind, size, bandwidth });
        }
        Ok(levels)
    }

    fn cores(&mut self) -> Result<Option<Figure<u64>>, DeviceError> {
        let bounds = 1..10_000_001;
        let is_table = self.fields.get("cores").is_some_and(|value| value.get_ref().is_table());
        let Some(fields) = is_table.then(|| self.fields.inner("cores")).transpose()?.flatten() else {
            let cores = self.fields.whole("cores", bounds)?;
            return cores.map(|cores| self.plain("cores", cores)).transpose();
        };
        fields.only(&["value", "source", "basis", "at", "note"])?;
        let cores = fields.whole("value", bounds)?;
        let cores = cores.ok_or_else(|| fields.error("value", "is missing", "cores = { value = 64 }"))?;
        self.grounds(&fields, cores, Basis::Datasheet).map(Some)
    }

    fn unknown(&self) -> Result<BTreeMap<String, String>, DeviceError> {
        let Some(fields) = self.fields.inner("unknown")? else { return Ok(BTreeMap::new()) };
        fields.only(&UNKNOWABLE)?;
        let reason = |key: &'t str| {
            let (why, _) = fields.needed(key, "\"why\"")?;
            Ok((key.to_owned(), why.to_owned()))
        };
        fields.keys().map(reason).collect()
    }

    /// A figure that may be missing: a text, or a table with `value`.
    fn figure(
        &mut self,
        fields: &Fields<'t>,
        key: &str,
        of: Quantity,
    ) -> Result<Option<Figure<f64>>, DeviceError> {
        let Some(value) = fields.get(key) else { return Ok(None) };
        if value.get_ref().is_table() {
            let Some(inner) = fields.inner(key)? else { return Ok(None) };
            inner.only(&["value", "source", "basis", "at", "note"])?;
            let value = quantity(&inner, "value", of)?;
            let value = value.ok_or_else(|| {
                inner.error("value", "is missing", format!("{key} = {{ value = {} }}", of.example()))
            })?;
            return self.grounds(&inner, value, Basis::Datasheet).map(Some);
        }
        let value = quantity(fields, key, of)?;
        value.map(|value| self.plain(&fields.path(key), value)).transpose()
    }

    /// A figure for which the device's own source answers.
    fn plain<T>(&mut self, path: &str, value: T) -> Result<Figure<T>, DeviceError> {
        let hint = "add source = \"...\" to the device or to the figure, and [sources.\"...\"] to the file";
        let Some(key) = self.default else {
            let at = self.fields.error(path, "has no source", hint);
            return Err(at);
        };
        let source = self.source(key, &self.fields.clone())?;
        Ok(Figure::new(value, Basis::Datasheet, source))
    }

    /// A value with the source, basis, place and note that stand beside it.
    fn grounds<T>(&mut self, fields: &Fields<'t>, value: T, usual: Basis) -> Result<Figure<T>, DeviceError> {
        let basis = match fields.text("basis")? {
            None => usual,
            Some((name, _)) => {
                Basis::ALL.into_iter().find(|basis| basis.name() == name).ok_or_else(|| {
                    let names: Vec<&str> = Basis::ALL.iter().map(|basis| basis.name()).collect();
                    fields.error(
                        "basis",
                        format!("no basis {name:?}"),
                        format!("one of {}", names.join(", ")),
                    )
                })?
            }
        };
        let source = match fields.text("source")? {
            Some((key, _)) => self.source(key, fields)?,
            None => self.plain(&fields.path(""), ())?.source,
        };
        let text = |key| fields.text(key).map(|text| text.map(|(text, _)| text.to_owned()));
        Ok(Figure { value, basis, source, place: text("at")?, note: text("note")? })
    }

    fn source(&mut self, key: &str, fields: &Fields<'_>) -> Result<Arc<Source>, DeviceError> {
        let source = self.sources.get(key).ok_or_else(|| {
            let known: Vec<&str> = self.sources.keys().map(String::as_str).collect();
            let hint = match known.as_slice() {
                [] => format!("add [sources.{key}] with title and date"),
                known => format!("the file's sources are {}", known.join(", ")),
            };
            fields.error("source", format!("no source {key:?}"), hint)
        })?;
        Ok(Arc::clone(source))
    }
}

/// A quantity that may be missing.
fn quantity(fields: &Fields<'_>, key: &str, of: Quantity) -> Result<Option<f64>, DeviceError> {
    let Some((text, _)) = fields.text(key)? else { return Ok(None) };
    of.parse(text).map(Some).map_err(|error| fields.error(key, error, format!("e.g. {}", of.example())))
}

/// Bytes as a whole number: they are below 2^53.
fn whole(figure: Figure<f64>) -> Figure<u64> {
    figure.map(|value| value.round() as u64)
}

/// Words of lower-case letters and digits, joined by single dashes.
fn is_kebab(id: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    id.len() <= 64 && id.split('-').all(word)
}
