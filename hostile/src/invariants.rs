//! What holds for every file, however wrong.

use weigh::ir::Expr;
use weigh::report::{RenderOptions, Report, renderers};
use weigh::{Analysis, Opened, Options, analyze};
use weigh_formats::{FormatError, Surroundings};

/// Reports of more nodes are not shown: reading them back, which only this does, would dwarf the rest.
const MAX_SHOWN_NODES: usize = 10_000;

/// How a file went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It cannot be read.
    Unreadable,
    /// It can be read, but there are no facts.
    Refused,
    /// There are facts.
    Weighed,
}

/// Reads and weighs a file, and shows the result if that is wanted: it takes longer.
///
/// # Panics
/// What should hold does not.
pub fn check(bytes: &[u8], show: bool) -> Outcome {
    let beside = |name: &str| name.len().is_multiple_of(2).then_some(1000);
    let model = match weigh_formats::read(bytes, &Surroundings { external_size: &beside }) {
        Ok(model) => model,
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.hint().is_empty());
            if let FormatError::Corrupt { offset, .. } = error {
                assert!(offset <= bytes.len() as u64, "{error}");
            }
            return Outcome::Unreadable;
        }
    };
    let facts = match analyze(&model, &Options::default()) {
        Ok(facts) => facts,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return Outcome::Refused;
        }
    };
    agrees(&facts);
    if show && facts.coverage.nodes <= MAX_SHOWN_NODES {
        let (path, name) = ("bad.onnx".to_owned(), "bad".to_owned());
        let opened = Opened { path, name, model, file: None, file_bytes: None };
        shows(&weigh::describe(&opened, &facts));
    }
    Outcome::Weighed
}

/// The facts agree with each other.
fn agrees(facts: &Analysis) {
    let totals = &facts.totals;
    assert!(facts.coverage.priced <= facts.coverage.nodes && facts.coverage.shaped <= facts.coverage.nodes);
    let unknown: usize = facts.coverage.unknown.iter().map(|(_, count)| count).sum();
    assert_eq!(unknown, facts.coverage.nodes - facts.coverage.priced);
    let parameters: Expr = facts.layers.iter().map(|layer| layer.parameters.clone()).sum();
    if let (Some(parts), Some(whole)) = (parameters.as_int(), totals.parameters.as_int()) {
        assert_eq!(parts, whole, "parameters");
    }
    for (total, of) in [
        (&totals.macs, (|layer| &layer.macs) as fn(&weigh_analysis::Layer) -> &Option<Expr>),
        (&totals.other_ops, |layer| &layer.other_ops),
        (&totals.bytes_moved, |layer| &layer.bytes_moved),
    ] {
        assert_eq!(facts.layers.iter().flat_map(of).cloned().sum::<Expr>(), *total);
    }
    for (node, layer) in facts.layers.iter().enumerate() {
        let extents = layer.output_shapes.iter().flatten().flat_map(|shape| shape.dims());
        let figures =
            [&layer.macs, &layer.other_ops, &layer.bytes_moved, &layer.output_bytes, &layer.live_bytes];
        for figure in figures.into_iter().flatten().chain(extents).filter_map(Expr::as_int) {
            assert!(figure >= 0, "{figure} at node {node}");
        }
    }
    let activations = &totals.activations;
    let bytes = |extent: &weigh_analysis::Extent| extent.bytes.as_int();
    let (total, peak) = (bytes(&activations.total), bytes(&activations.peak));
    if let (Some(total), Some(peak)) = (total, peak) {
        assert!(peak <= total, "{peak} <= {total}");
        if let Some(in_place) = bytes(&activations.in_place_peak) {
            assert!(in_place <= peak, "{in_place} <= {peak}");
        }
        if let Some(best) = activations.best_order_peak.as_ref().and_then(bytes) {
            let lower = activations.lower_bound.as_ref().and_then(bytes).unwrap_or(0);
            assert!(lower <= best && best <= peak, "{lower} <= {best} <= {peak}");
        }
        if let Some(arena) = activations.arena_bytes {
            assert!(arena as i64 >= peak, "{arena} >= {peak}");
        }
    }
}

/// Every renderer takes it, and what is saved can be read back.
fn shows(report: &Report) {
    let options = RenderOptions { layers: true, depth: Some(2), ..RenderOptions::default() };
    for renderer in renderers() {
        let text = renderer.render(std::slice::from_ref(report), &options);
        assert!(!text.contains('\x1b'));
        if renderer.name() == "json" {
            let back = Report::read_all(&text).unwrap_or_else(|error| panic!("{error:?}"));
            assert_eq!(back.len(), 1);
            let again = renderer.render(&back, &options);
            assert_eq!(again, text, "it is saved as something else");
        }
    }
}
