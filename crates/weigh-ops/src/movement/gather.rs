//! Elements taken from, and put to, places that an input names.

use weigh_ir::{Expr, Inference, Shape, Stop, Value};

use crate::values;

pub(super) fn gather(node: &Inference<'_>, input: &Shape, axis: i64) -> Result<(Shape, Option<Value>), Stop> {
    let indices = node.input(1)?;
    let axis = input.axis(axis)?;
    let (before, after) = (&input.dims()[..axis], &input.dims()[axis + 1..]);
    let shape = Shape::new(before.iter().chain(indices.dims()).chain(after).cloned());
    let value = || {
        let dims = values::extents(input)?;
        let rows = positions(node, *dims.get(axis)?)?;
        let (steps, index_rank) = (values::strides(&dims), indices.rank());
        let index_steps = values::strides(&values::extents(indices)?);
        values::rearrange(node.value(0)?, &shape, |at| {
            let (index, after) = at[axis..].split_at(index_rank);
            let row: usize = index.iter().zip(&index_steps).map(|(at, step)| at * step).sum();
            let others = at[..axis].iter().zip(&steps).chain(after.iter().zip(&steps[axis + 1..]));
            let place = others.map(|(at, step)| at * step).sum::<usize>();
            rows.get(row).map_or(usize::MAX, |row| place + row * steps[axis])
        })
    };
    let value = value();
    Ok((shape, value))
}

/// The indices that input 1 holds, counted from the front of an axis of this extent.
fn positions(node: &Inference<'_>, extent: usize) -> Option<Vec<usize>> {
    let extent = i64::try_from(extent).ok()?;
    let wrap = |index: i64| {
        let index = if index < 0 { index.checked_add(extent)? } else { index };
        usize::try_from(index).ok().filter(|_| index < extent)
    };
    node.value(1)?.as_ints()?.into_iter().map(wrap).collect()
}

/// Elements of a vector at known places: of other tensors the axis would matter.
pub(super) fn gather_elements_value(node: &Inference<'_>, input: &Shape) -> Option<Value> {
    let dims = values::extents(input)?;
    let [extent] = dims.as_slice() else { return None };
    node.value(0)?.pick(positions(node, *extent)?)
}

pub(super) fn gather_nd(input: &Shape, indices: &Shape, batch_dims: i64) -> Result<Shape, Stop> {
    let Some(depth) = indices.dims().last().and_then(Expr::as_int) else {
        return Err(Stop::Unknown("how many axes are indexed is not known"));
    };
    let from = usize::try_from(depth.saturating_add(batch_dims)).ok().filter(|from| *from <= input.rank());
    let Some(from) = from else {
        return Err(Stop::contradiction(format!("indices {indices} do not fit {input}")));
    };
    Ok(Shape::new(indices.dims()[..indices.rank() - 1].iter().chain(&input.dims()[from..]).cloned()))
}

/// Known updates at known places of a known vector.
pub(super) fn scatter_value(node: &Inference<'_>) -> Option<Value> {
    let dims = values::extents(node.input(0).ok()?)?;
    let [extent] = dims.as_slice() else { return None };
    let (places, updates) = (positions(node, *extent)?, node.value(2)?);
    if places.len() != updates.len() {
        return None;
    }
    // The last update of a place counts, as runtimes go through them in order.
    let mut from: Vec<usize> = (0..*extent).collect();
    for (update, place) in places.into_iter().enumerate() {
        *from.get_mut(place)? = extent + update;
    }
    values::joined(node.value(0)?, updates)?.pick(from)
}

#[cfg(test)]
mod tests {
    use crate::Movement::{GatherElements, Scatter};
    use crate::testing::{infer, ints};
    use weigh_ir::Value;

    #[test]
    fn values_are_scattered() {
        let scatter = |replaces| Scatter { name: "ScatterElements", operations: 0, updates: 2, replaces };
        let inputs = [ints(&[1, 2, 3]), ints(&[-1, 0]), ints(&[7, 8])];
        assert_eq!(infer(&scatter(true), &inputs)[0].value, Some(Value::ints([8, 2, 7])));
        assert_eq!(infer(&scatter(false), &inputs)[0].value, None);
        let outside = [ints(&[1, 2, 3]), ints(&[3]), ints(&[7])];
        assert_eq!(infer(&scatter(true), &outside)[0].value, None);
        let picked = infer(&GatherElements, &[ints(&[1, 2, 3]), ints(&[2, -3])]);
        assert_eq!(picked[0].value, Some(Value::ints([3, 1])));
    }
}
