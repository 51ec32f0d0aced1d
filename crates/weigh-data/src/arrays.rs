//! Arrays as a model's inputs: as they are, or one for each place of the batch.

use weigh_engine::{Input, Tensor, TensorData};

use crate::{DataError, ModelInput};

/// Whether one item holds the whole of every input, batch included. Arrays without names are for the only input.
pub(crate) fn fill_all(arrays: &[(&str, &Tensor)], inputs: &[ModelInput]) -> bool {
    inputs.iter().all(|input| {
        arrays.iter().any(|(name, array)| *name == input.name && array.shape() == input.shape.as_slice())
    })
}

/// The inputs from the arrays of each item: one item that holds everything, or an item for each place of the batch.
pub(crate) fn inputs(
    items: &[Vec<(String, Tensor)>],
    inputs: &[ModelInput],
) -> Result<Vec<Input>, DataError> {
    if let Some(stranger) =
        items.iter().flatten().find(|(name, _)| !inputs.iter().any(|input| input.name == *name))
    {
        let names: Vec<_> = inputs.iter().map(|input| format!("`{}`", input.name)).collect();
        return Err(DataError::new(
            format!("the model has no input for the array `{}`", stranger.0),
            format!("name the arrays as the inputs: {}", names.join(", ")),
        ));
    }
    inputs.iter().map(|input| fill(items, input)).collect()
}

fn fill(items: &[Vec<(String, Tensor)>], input: &ModelInput) -> Result<Input, DataError> {
    let arrays: Vec<&Tensor> = items
        .iter()
        .map(|arrays| {
            arrays.iter().find(|(name, _)| *name == input.name).map(|(_, array)| array).ok_or_else(|| {
                input.error("there is no array for it", "put an array of that name into every .npz file")
            })
        })
        .collect::<Result<_, _>>()?;
    arrays.iter().try_for_each(|array| check(array, input, arrays.len()))?;
    let mut arrays = arrays.into_iter().map(Tensor::data);
    let first = arrays.next().ok_or_else(|| input.error("there is no array for it", "give a file"))?;
    let data = arrays
        .try_fold(first.clone(), joined)
        .ok_or_else(|| input.error("its arrays have different types", "save all of them with one type"))?;
    Ok(Input { name: input.name.clone(), tensor: input.tensor(data)? })
}

/// Refuses an array of another type or shape than one of `places` places in the input has.
fn check(array: &Tensor, input: &ModelInput, places: usize) -> Result<(), DataError> {
    if array.dtype() != input.dtype {
        return Err(input.error(
            format!("the array is {}, the model takes {}", array.dtype(), input.dtype),
            format!("save it with .astype(\"{}\")", input.dtype),
        ));
    }
    let one = input.shape.get(1..).unwrap_or_default();
    let shape = array.shape();
    let is_whole = places == 1 && shape == input.shape.as_slice();
    let is_one = places == input.batch() && (shape == one || shape.strip_prefix(&[1]) == Some(one));
    if is_whole || is_one {
        return Ok(());
    }
    Err(input.error(
        format!("the array has the shape {shape:?}, the model takes {:?}", input.shape),
        "save the whole input, or one place of its batch in each file",
    ))
}

/// The elements of one after those of the other; `None` for different types.
fn joined(data: TensorData, more: &TensorData) -> Option<TensorData> {
    macro_rules! join {
        ($($variant:ident),*) => {
            match (data, more) {
                $((TensorData::$variant(mut elements), TensorData::$variant(more)) => {
                    elements.extend_from_slice(more);
                    Some(TensorData::$variant(elements))
                })*
                _ => None,
            }
        };
    }
    join!(F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, Bool)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weigh_ir::DType;

    fn input(name: &str, shape: &[usize]) -> ModelInput {
        ModelInput { name: name.to_owned(), dtype: DType::F32, shape: shape.to_vec() }
    }

    fn array(shape: &[usize], first: f32) -> Tensor {
        let elements = shape.iter().product::<usize>();
        let numbers = (0..elements).map(|at| first + at as f32).collect();
        Tensor::new(shape.to_vec(), TensorData::F32(numbers)).unwrap()
    }

    fn named(name: &str, array: Tensor) -> Vec<(String, Tensor)> {
        vec![(name.to_owned(), array)]
    }

    #[test]
    fn places_of_a_batch_are_put_together() {
        let model = [input("x", &[2, 2])];
        let wanted = TensorData::F32(vec![0.0, 1.0, 5.0, 6.0]);
        let items = [named("x", array(&[2], 0.0)), named("x", array(&[1, 2], 5.0))];
        assert_eq!(inputs(&items, &model).unwrap()[0].tensor.data(), &wanted);
        let whole = array(&[2, 2], 0.0);
        assert!(fill_all(&[("x", &whole)], &model));
        assert_eq!(inputs(&[named("x", whole.clone())], &model).unwrap()[0].tensor, whole);
        assert!(!fill_all(&[("x", &array(&[2], 0.0))], &model));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let refused = |items: &[Vec<(String, Tensor)>], model: &ModelInput| {
            inputs(items, std::slice::from_ref(model)).unwrap_err()
        };
        let wrong = refused(&[named("x", array(&[3], 0.0))], &input("x", &[1, 2]));
        assert_eq!(wrong.to_string(), "input `x`: the array has the shape [3], the model takes [1, 2]");
        let stranger = refused(&[named("y", array(&[2], 0.0))], &input("x", &[1, 2]));
        assert_eq!(stranger.to_string(), "the model has no input for the array `y`");
        assert_eq!(stranger.hint(), "name the arrays as the inputs: `x`");
        assert!(refused(&[vec![]], &input("x", &[1, 2])).to_string().contains("there is no array for it"));
        let double = Tensor::new(vec![2], TensorData::F64(vec![0.0; 2])).unwrap();
        let wrong = refused(&[named("x", double)], &input("x", &[1, 2]));
        assert_eq!(wrong.to_string(), "input `x`: the array is float64, the model takes float32");
        assert_eq!(wrong.hint(), "save it with .astype(\"float32\")");
    }
}
