//! A row of steps fitted to a model's input: pixels are moved, then one table look-up makes each element.

use weigh_engine::{Tensor, TensorData};
use weigh_ir::DType;

use super::Picture;
use super::geometry::Geometry;
use crate::recipe::{Channels, Layout, Step, Target};
use crate::{DataError, ModelInput, half};

/// The input that pictures go into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    layout: Layout,
    channels: usize,
    width: usize,
    height: usize,
}

/// What a byte of each channel becomes.
type Table<T> = [[T; 256]; 3];

/// The tables in the type of the model's input.
enum Elements {
    F32(Box<Table<f32>>),
    F16(Box<Table<u16>>),
    U8,
}

/// Steps that fit a model.
pub(crate) struct Plan {
    input: ModelInput,
    frame: Frame,
    geometry: Vec<Geometry>,
    /// For each channel of the model the sample of a pixel that it takes.
    order: Vec<usize>,
    elements: Elements,
    notes: Vec<String>,
}

impl Plan {
    /// Fits the steps to the input.
    pub(crate) fn new(steps: &[Step], input: &ModelInput) -> Result<Plan, DataError> {
        let channels = if steps.contains(&Step::Channels(Channels::Grey)) { 1 } else { 3 };
        let layout = steps.iter().rev().find_map(|step| match step {
            Step::Layout(layout) => Some(*layout),
            _ => None,
        });
        let frame = Frame::of(input, channels, layout)?;
        let mut draft = Draft::new(frame);
        steps.iter().try_for_each(|step| draft.add(step)).map_err(|error| input.refused(&error))?;
        draft.check(input)?;
        let Draft { geometry, order, values, notes, .. } = draft;
        Ok(Plan { input: input.clone(), frame, geometry, order, elements: elements(input, values)?, notes })
    }

    /// What the recipe does that its name does not say.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The pictures as the model's input, one after another.
    pub(crate) fn run(&self, pictures: Vec<Picture>) -> Result<Tensor, DataError> {
        let pictures: Vec<Picture> =
            pictures.into_iter().map(|picture| self.fit(picture)).collect::<Result<_, _>>()?;
        let data = match &self.elements {
            Elements::F32(table) => {
                TensorData::F32(self.fill(&pictures, |channel, byte| table[channel][byte]))
            }
            Elements::F16(table) => {
                TensorData::F16(self.fill(&pictures, |channel, byte| table[channel][byte]))
            }
            Elements::U8 => TensorData::U8(self.fill(&pictures, |_, byte| byte as u8)),
        };
        self.input.tensor(data)
    }

    /// One picture through all that moves pixels.
    fn fit(&self, picture: Picture) -> Result<Picture, DataError> {
        let picture = self.geometry.iter().try_fold(picture, |picture, step| step.apply(picture))?;
        let Frame { width, height, .. } = self.frame;
        if (picture.width, picture.height) != (width, height) {
            return Err(self.input.error(
                format!(
                    "a picture of {} × {} does not fill {width} × {height}",
                    picture.width, picture.height
                ),
                "end the recipe's sizes with a crop, resize or letterbox to \"model\"",
            ));
        }
        Ok(picture)
    }

    /// The elements of all pictures in the layout of the model.
    fn fill<T>(&self, pictures: &[Picture], element: impl Fn(usize, usize) -> T) -> Vec<T> {
        let mut made = Vec::with_capacity(pictures.iter().map(|picture| picture.bytes.len()).sum());
        for picture in pictures {
            let pixels = || picture.bytes.chunks_exact(picture.channels);
            let of = |pixel: &[u8], channel: usize| element(channel, usize::from(pixel[channel]));
            match self.frame.layout {
                Layout::Nchw => self
                    .order
                    .iter()
                    .for_each(|&channel| made.extend(pixels().map(|pixel| of(pixel, channel)))),
                Layout::Nhwc => {
                    pixels()
                        .for_each(|pixel| made.extend(self.order.iter().map(|&channel| of(pixel, channel))));
                }
            }
        }
        made
    }
}

impl Frame {
    /// Which axis is which: of the wanted layout, or of the one that has the channels where they belong.
    fn of(input: &ModelInput, channels: usize, wanted: Option<Layout>) -> Result<Frame, DataError> {
        let (a, b, c) = match *input.shape.as_slice() {
            [_, a, b, c] | [a, b, c] => (a, b, c),
            _ => {
                return Err(input.error(
                    format!("no pictures go into the shape {:?}", input.shape),
                    "pictures need an input of 4 dims, a batch of channels, height and width, or 3 without batch",
                ));
            }
        };
        let nchw = Frame { layout: Layout::Nchw, channels: a, height: b, width: c };
        let nhwc = Frame { layout: Layout::Nhwc, channels: c, height: a, width: b };
        let fitting: Vec<Frame> = [nchw, nhwc]
            .into_iter()
            .filter(|frame| frame.channels == channels && wanted.is_none_or(|layout| frame.layout == layout))
            .collect();
        match *fitting {
            [frame] => Ok(frame),
            [] => Err(input.error(
                format!(
                    "the recipe makes pictures of {channels} channels{}, which do not fit the shape {:?}",
                    named(wanted),
                    input.shape
                ),
                "use a recipe with other steps for `channels` (rgb, bgr, grey) or `layout` (nchw, nhwc)",
            )),
            _ => Err(input.error(
                format!("the shape {:?} can be read as channels first and as channels last", input.shape),
                "use a recipe with a step `layout`",
            )),
        }
    }

    fn size(self, target: Target) -> (usize, usize) {
        match target {
            Target::Pixels(width, height) => (width as usize, height as usize),
            Target::Of(_) => (self.width, self.height),
        }
    }
}

fn named(layout: Option<Layout>) -> &'static str {
    match layout {
        Some(Layout::Nchw) => " in nchw",
        Some(Layout::Nhwc) => " in nhwc",
        None => "",
    }
}

/// A plan while its steps are read.
struct Draft {
    frame: Frame,
    geometry: Vec<Geometry>,
    order: Vec<usize>,
    /// What a byte has become so far; `None` while it is still a byte.
    values: Option<Box<Table<f32>>>,
    notes: Vec<String>,
}

impl Draft {
    fn new(frame: Frame) -> Draft {
        Draft { frame, geometry: Vec::new(), order: vec![0, 1, 2], values: None, notes: Vec::new() }
    }

    fn add(&mut self, step: &Step) -> Result<(), DataError> {
        match *step {
            Step::Shorter { to, of, filter } => {
                let side = self.shorter(to, of);
                self.moving(Geometry::Shorter(side, filter))
            }
            Step::Resize { to, filter } => {
                let (width, height) = self.frame.size(to);
                self.moving(Geometry::Resize(width, height, filter))
            }
            Step::Letterbox { to, pad, filter } => {
                let (width, height) = self.frame.size(to);
                self.moving(Geometry::Letterbox(width, height, pad, filter))
            }
            Step::Crop { to } => {
                let (width, height) = self.frame.size(to);
                self.moving(Geometry::Crop(width, height))
            }
            Step::Channels(channels) => self.channels(channels),
            Step::Divide(by) => self.divide(by),
            Step::Normalize { ref mean, ref std } => self.normalize(mean, std),
            Step::Layout(_) => Ok(()),
        }
    }

    /// The shorter side for the model at hand, halves up; says so where it is another.
    fn shorter(&mut self, to: u32, of: Option<u32>) -> usize {
        let model = self.frame.width.min(self.frame.height) as u64;
        match of.map(u64::from).filter(|&of| of > 0 && of != model) {
            None => to as usize,
            Some(of) => {
                let side = model.saturating_mul(u64::from(to)).saturating_add(of / 2) / of;
                self.notes.push(format!(
                    "the model takes {} × {} pixels: the shorter side becomes {side}, as {to} is to {of}",
                    self.frame.width, self.frame.height
                ));
                usize::try_from(side).unwrap_or(usize::MAX)
            }
        }
    }

    fn moving(&mut self, step: Geometry) -> Result<(), DataError> {
        if self.values.is_some() {
            return Err(DataError::new(
                "the recipe changes sizes or channels after `divide` or `normalize`",
                "pictures are moved as bytes: put these steps first",
            ));
        }
        self.geometry.push(step);
        Ok(())
    }

    fn channels(&mut self, channels: Channels) -> Result<(), DataError> {
        self.order = match channels {
            Channels::Rgb => vec![0, 1, 2],
            Channels::Bgr => vec![2, 1, 0],
            Channels::Grey => vec![0],
        };
        if channels == Channels::Grey { self.moving(Geometry::Grey) } else { Ok(()) }
    }

    fn divide(&mut self, by: f64) -> Result<(), DataError> {
        usable(by)?;
        self.map(|_, value| value / by as f32);
        Ok(())
    }

    fn normalize(&mut self, mean: &[f64], std: &[f64]) -> Result<(), DataError> {
        let channels = self.order.len();
        if mean.len() != channels || std.len() != channels {
            return Err(DataError::new(
                format!(
                    "`normalize` has {} means and {} deviations for {channels} channels",
                    mean.len(),
                    std.len()
                ),
                "give one of each for every channel",
            ));
        }
        std.iter().try_for_each(|&std| usable(std))?;
        let order = self.order.clone();
        let at = |numbers: &[f64], channel: usize| {
            let place = order.iter().position(|&taken| taken == channel);
            place.and_then(|place| numbers.get(place)).map(|&number| number as f32)
        };
        self.map(|channel, value| match (at(mean, channel), at(std, channel)) {
            (Some(mean), Some(std)) => (value - mean) / std,
            _ => value,
        });
        Ok(())
    }

    /// Changes what every byte of every channel becomes.
    fn map(&mut self, change: impl Fn(usize, f32) -> f32) {
        let values = self.values.get_or_insert_with(|| Box::new([bytes_as_floats(); 3]));
        for (channel, table) in values.iter_mut().enumerate() {
            table.iter_mut().for_each(|value| *value = change(channel, *value));
        }
    }

    /// Refuses rows of steps that can never fill the input.
    fn check(&self, input: &ModelInput) -> Result<(), DataError> {
        let size = self.geometry.iter().fold(None, |size, step| step.size(size));
        match size {
            Some((width, height)) if (width, height) != (self.frame.width, self.frame.height) => {
                Err(input.error(
                    format!(
                        "the recipe makes pictures of {width} × {height}, the model takes {} × {}",
                        self.frame.width, self.frame.height
                    ),
                    "use a recipe for the model's size, such as letterbox, or bind the model's dims to this one",
                ))
            }
            _ => Ok(()),
        }
    }
}

fn usable(divisor: f64) -> Result<(), DataError> {
    if divisor.is_finite() && divisor as f32 != 0.0 {
        return Ok(());
    }
    Err(DataError::new(format!("the recipe divides by {divisor}"), "use a number other than 0"))
}

fn bytes_as_floats() -> [f32; 256] {
    std::array::from_fn(|byte| byte as f32)
}

/// The tables in the type of the input.
fn elements(input: &ModelInput, values: Option<Box<Table<f32>>>) -> Result<Elements, DataError> {
    let floats = |values: Option<Box<Table<f32>>>| values.unwrap_or_else(|| Box::new([bytes_as_floats(); 3]));
    match input.dtype {
        DType::F32 => Ok(Elements::F32(floats(values))),
        DType::F16 => Ok(Elements::F16(Box::new(floats(values).map(|table| table.map(half::rounded))))),
        DType::U8 if values.is_none() => Ok(Elements::U8),
        DType::U8 => Err(input.error(
            "the recipe makes fractions, the model takes uint8",
            "use raw, or a recipe without `divide` and `normalize`",
        )),
        other => Err(input.error(
            format!("pictures become float32, float16 or uint8, not {other}"),
            "give arrays with the recipe raw",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::Filter;

    fn input(dtype: DType, shape: &[usize]) -> ModelInput {
        ModelInput { name: "x".to_owned(), dtype, shape: shape.to_vec() }
    }

    fn pixels() -> Picture {
        Picture::new(2, 1, 3, vec![0, 51, 102, 153, 204, 255]).unwrap()
    }

    fn run(steps: &[Step], dtype: DType, shape: &[usize]) -> TensorData {
        Plan::new(steps, &input(dtype, shape)).unwrap().run(vec![pixels()]).unwrap().data().clone()
    }

    fn refused(steps: &[Step], dtype: DType, shape: &[usize]) -> String {
        Plan::new(steps, &input(dtype, shape)).err().unwrap().to_string()
    }

    #[test]
    fn layouts_and_orders_by_hand() {
        let first = [0u8, 153, 51, 204, 102, 255].to_vec();
        assert_eq!(run(&[], DType::U8, &[1, 3, 1, 2]), TensorData::U8(first.clone()));
        assert_eq!(run(&[], DType::U8, &[3, 1, 2]), TensorData::U8(first));
        assert_eq!(run(&[], DType::U8, &[1, 1, 2, 3]), TensorData::U8(pixels().bytes));
        let bgr = Step::Channels(Channels::Bgr);
        let wanted = TensorData::U8(vec![102, 51, 0, 255, 204, 153]);
        assert_eq!(run(&[bgr], DType::U8, &[1, 1, 2, 3]), wanted);
        // Luma: (38470·51 + 7471·102 + 32768) / 65536 = 42.06; (19595·153 + 38470·204 + 7471·255 + 32768) / 65536 = 195.06.
        let grey = Step::Channels(Channels::Grey);
        assert_eq!(run(&[grey], DType::F32, &[1, 1, 1, 2]), TensorData::F32(vec![42.0, 195.0]));
    }

    #[test]
    fn values_by_hand() {
        let scale = Step::Divide(255.0);
        // 51 / 255 = 0.2, and so on.
        let wanted = TensorData::F32(vec![0.0, 0.6, 0.2, 0.8, 0.4, 1.0]);
        assert_eq!(run(std::slice::from_ref(&scale), DType::F32, &[1, 3, 1, 2]), wanted);
        // In float16: 0.6 = 0x38cd, 0.2 = 0x3266, 0.8 = 0x3a66, 0.4 = 0x3666, 1.0 = 0x3c00.
        let wanted = TensorData::F16(vec![0, 0x38cd, 0x3266, 0x3a66, 0x3666, 0x3c00]);
        assert_eq!(run(std::slice::from_ref(&scale), DType::F16, &[1, 3, 1, 2]), wanted);
        // Means are in the order of the channels at that place: blue has mean 0, red 1; (51·k/255 − mean) / 0.5.
        let mean = Step::Normalize { mean: vec![0.0, 0.0, 1.0], std: vec![0.5; 3] };
        let steps = [Step::Channels(Channels::Bgr), scale, mean];
        let wanted = TensorData::F32(vec![0.8, 0.4, -2.0, 2.0, 1.6, (0.6 - 1.0) / 0.5]);
        assert_eq!(run(&steps, DType::F32, &[1, 1, 2, 3]), wanted);
    }

    #[test]
    fn what_does_not_fit_is_refused_beforehand() {
        let crop = Step::Crop { to: Target::Pixels(4, 4) };
        assert_eq!(
            refused(std::slice::from_ref(&crop), DType::F32, &[1, 3, 2, 2]),
            "input `x`: the recipe makes pictures of 4 × 4, the model takes 2 × 2"
        );
        assert!(refused(&[Step::Divide(255.0)], DType::U8, &[1, 3, 2, 2]).contains("the model takes uint8"));
        assert!(refused(&[Step::Divide(0.0)], DType::F32, &[1, 3, 2, 2]).contains("divides by 0"));
        assert!(refused(&[Step::Divide(2.0), crop], DType::F32, &[1, 3, 4, 4]).contains("after `divide`"));
        assert!(refused(&[], DType::I64, &[1, 3, 2, 2]).contains("not int64"));
        assert!(refused(&[], DType::F32, &[1, 4, 2, 2]).contains("3 channels, which do not fit"));
        assert!(refused(&[], DType::F32, &[1, 3, 2, 3]).contains("channels first and as channels last"));
        assert!(refused(&[], DType::F32, &[1, 384]).contains("no pictures go into the shape [1, 384]"));
        let nhwc = Step::Layout(Layout::Nhwc);
        assert!(refused(&[nhwc], DType::F32, &[1, 3, 2, 2]).contains("in nhwc"));
        let mean = Step::Normalize { mean: vec![0.0], std: vec![1.0; 3] };
        assert!(
            refused(&[mean], DType::F32, &[1, 3, 2, 2]).contains("1 means and 3 deviations for 3 channels")
        );
    }

    #[test]
    fn a_picture_of_another_size_is_an_error() {
        let plan = Plan::new(&[], &input(DType::F32, &[1, 3, 4, 4])).unwrap();
        let error = plan.run(vec![pixels()]).unwrap_err().to_string();
        assert_eq!(error, "input `x`: a picture of 2 × 1 does not fill 4 × 4");
    }

    #[test]
    fn sizes_follow_the_model_and_it_says_so() {
        let shorter = Step::Shorter { to: 256, of: Some(224), filter: Filter::Bilinear };
        let plan = |side| {
            Plan::new(std::slice::from_ref(&shorter), &input(DType::F32, &[1, 3, side, side])).unwrap()
        };
        assert!(plan(224).notes().is_empty());
        // 299 · 256 / 224 = 341.7
        assert_eq!(plan(299).geometry, [Geometry::Shorter(342, Filter::Bilinear)]);
        assert_eq!(
            plan(299).notes(),
            ["the model takes 299 × 299 pixels: the shorter side becomes 342, as 256 is to 224"]
        );
    }
}
