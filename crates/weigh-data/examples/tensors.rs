//! Shows what a recipe makes of files: each input of a model as a `.npy` file.
//!
//! Usage: tensors RECIPE FILE|DIR OUT NAME:TYPE:SHAPE...    e.g. tensors imagenet photos out image:float32:8x3x224x224

use std::fs;
use std::path::Path;

use weigh_data::{ModelInput, Pipeline, Postprocess, Recipe, Source};
use weigh_engine::{Tensor, TensorData};
use weigh_ir::DType;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [recipe, data, out, inputs @ ..] = arguments.as_slice() else {
        return Err("usage: tensors RECIPE FILE|DIR OUT NAME:TYPE:SHAPE...".into());
    };
    let recipe = Recipe::open(recipe)?;
    let inputs: Vec<ModelInput> = inputs.iter().map(|text| input(text)).collect::<Result<_, _>>()?;
    let source = Source::open(Path::new(data), &recipe)?;
    let pipeline = Pipeline::new(&recipe, &Postprocess::None, &inputs, source)?;
    fs::create_dir_all(out)?;
    for input in pipeline.preprocess(pipeline.load(0)?)? {
        fs::write(Path::new(out).join(format!("{}.npy", input.name)), npy(&input.tensor)?)?;
    }
    Ok(())
}

/// An input from `NAME:TYPE:SHAPE`.
fn input(text: &str) -> Result<ModelInput, Failure> {
    let mut parts = text.rsplitn(3, ':');
    let (Some(shape), Some(dtype), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(format!("{text} is not NAME:TYPE:SHAPE").into());
    };
    let dtype = DType::all().find(|known| known.name() == dtype).ok_or_else(|| format!("no type {dtype}"))?;
    let shape = shape.split('x').map(str::parse).collect::<Result<_, _>>()?;
    Ok(ModelInput { name: name.to_owned(), dtype, shape })
}

/// The tensor as NumPy saves it.
fn npy(tensor: &Tensor) -> Result<Vec<u8>, Failure> {
    let (kind, content) = match tensor.data() {
        TensorData::F32(values) => ("<f4", values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        TensorData::F16(values) => ("<f2", values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        TensorData::I64(values) => ("<i8", values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        TensorData::I32(values) => ("<i4", values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        TensorData::U8(values) => ("|u1", values.clone()),
        other => return Err(format!("{} is not written", other.dtype()).into()),
    };
    let shape: String = tensor.shape().iter().map(|dim| format!("{dim},")).collect();
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let length = u16::try_from(header.len())?.to_le_bytes();
    Ok([b"\x93NUMPY\x01\x00", length.as_slice(), header.as_bytes(), content.as_slice()].concat())
}
