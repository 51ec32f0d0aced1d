//! Names for the unnamed nodes of a saved graph.
//!
//! In a trace an unnamed node has a made-up name that is nowhere in the graph. ONNX Runtime saves nodes in the order in
//! which it runs them, so a node's place tells which it is. Only the bytes of names are added: the rest of the file
//! stays as it is.

use super::trace::Kernel;

/// Field numbers of onnx.proto.
const GRAPH: u64 = 7; // of ModelProto
const NODE: u64 = 1; // of GraphProto
const NAME: u64 = 3; // of NodeProto
const OP_TYPE: u64 = 4; // of NodeProto

/// The model with every node named as in the trace; `None` where the graph is not what the trace is of.
pub(super) fn filled_in(model: &[u8], ran: &[Kernel]) -> Option<Vec<u8>> {
    let mut kernels = ran.iter();
    let mut node = |node: &[u8]| named(node, kernels.next()?);
    let filled = rewritten(model, GRAPH, &mut |graph| rewritten(graph, NODE, &mut node))?;
    kernels.next().is_none().then_some(filled)
}

/// A node with the kernel's name where it has none; `None` where it is not the kernel's node.
fn named(node: &[u8], kernel: &Kernel) -> Option<Vec<u8>> {
    let (name, op) = (text(node, NAME)?, text(node, OP_TYPE)?);
    let mut named = node.to_vec();
    if name.is_empty() {
        write(&mut named, NAME, kernel.name.as_bytes());
    }
    (op == kernel.op && (name.is_empty() || name == kernel.name)).then_some(named)
}

/// A message with the content of every field of that number rewritten, the rest as it is.
fn rewritten(
    message: &[u8],
    number: u64,
    rewrite: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(message.len());
    for field in fields(message) {
        let field = field?;
        match field.content.filter(|_| field.number == number) {
            Some(content) => write(&mut out, number, &rewrite(content)?),
            None => out.extend_from_slice(field.whole),
        }
    }
    Some(out)
}

/// The last field of that number as text; empty where there is none.
fn text(message: &[u8], number: u64) -> Option<&str> {
    let mut found = "";
    for field in fields(message) {
        let field = field?;
        if let Some(content) = field.content.filter(|_| field.number == number) {
            found = std::str::from_utf8(content).ok()?;
        }
    }
    Some(found)
}

/// A field of a protobuf message.
struct Field<'a> {
    number: u64,
    /// Tag, length and content.
    whole: &'a [u8],
    /// The content, where the field has a length.
    content: Option<&'a [u8]>,
}

/// The fields of a message; a `None` ends one that is cut short.
fn fields(mut rest: &[u8]) -> impl Iterator<Item = Option<Field<'_>>> {
    std::iter::from_fn(move || {
        (!rest.is_empty()).then(|| {
            let field = field(rest);
            rest = field.as_ref().and_then(|field| rest.get(field.whole.len()..)).unwrap_or_default();
            field
        })
    })
}

fn field(bytes: &[u8]) -> Option<Field<'_>> {
    let (tag, after) = varint(bytes)?;
    let (content, end) = match tag & 7 {
        0 => (None, after + varint(bytes.get(after..)?)?.1),
        1 => (None, after + 8),
        5 => (None, after + 4),
        2 => {
            let (length, width) = varint(bytes.get(after..)?)?;
            let end = (after + width).checked_add(usize::try_from(length).ok()?)?;
            (Some(bytes.get(after + width..end)?), end)
        }
        _ => return None,
    };
    Some(Field { number: tag >> 3, whole: bytes.get(..end)?, content })
}

/// A number and how many bytes it takes.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let width = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)? + 1;
    let digits = bytes.get(..width)?.iter().rev();
    Some((digits.fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f)), width))
}

fn write(out: &mut Vec<u8>, number: u64, content: &[u8]) {
    for mut value in [number << 3 | 2, content.len() as u64] {
        while value > 0x7f {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }
    out.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A model of nodes, each an operator and a name.
    fn model(nodes: &[(&str, &str)]) -> Vec<u8> {
        let mut graph = Vec::new();
        for (op, name) in nodes {
            let mut node = Vec::new();
            if !name.is_empty() {
                write(&mut node, NAME, name.as_bytes());
            }
            write(&mut node, OP_TYPE, op.as_bytes());
            write(&mut graph, NODE, &node);
        }
        write(&mut graph, 2, &[b'g'; 200]);
        // An IR version before the graph and an opset after it.
        let mut model = vec![8, 8];
        write(&mut model, GRAPH, &graph);
        write(&mut model, 8, &[16, 17]);
        model
    }

    fn ran(nodes: &[(&str, &str)]) -> Vec<Kernel> {
        let kernel = |(op, name): &(&str, &str)| Kernel {
            name: (*name).to_owned(),
            op: (*op).to_owned(),
            runs_us: Vec::new(),
            calls: 1,
        };
        nodes.iter().map(kernel).collect()
    }

    /// Names of the nodes of a model.
    fn names(model: &[u8]) -> Vec<String> {
        let graph = fields(model).flatten().find(|field| field.number == GRAPH).unwrap().content.unwrap();
        let nodes = fields(graph).flatten().filter(|field| field.number == NODE);
        nodes.map(|node| text(node.content.unwrap(), NAME).unwrap().to_owned()).collect()
    }

    #[test]
    fn unnamed_nodes_get_the_name_of_their_place() {
        let saved = model(&[("Conv", "stem"), ("Relu", ""), ("Relu", "")]);
        let trace = ran(&[("Conv", "stem"), ("Relu", "Relu_7"), ("Relu", "Relu_1")]);
        let named = filled_in(&saved, &trace).unwrap();
        assert_eq!(names(&named), ["stem", "Relu_7", "Relu_1"]);
        assert!(named.ends_with(&[16, 17]));
        assert_eq!(filled_in(&named, &trace), Some(named));
    }

    #[test]
    fn a_graph_of_something_else_is_refused() {
        let saved = model(&[("Conv", "stem"), ("Relu", "")]);
        assert_eq!(filled_in(&saved, &ran(&[("Conv", "stem"), ("Tanh", "Tanh_1")])), None);
        assert_eq!(filled_in(&saved, &ran(&[("Conv", "head"), ("Relu", "Relu_1")])), None);
        assert_eq!(filled_in(&saved, &ran(&[("Conv", "stem")])), None);
        let more = ran(&[("Conv", "stem"), ("Relu", "Relu_1"), ("Relu", "Relu_2")]);
        assert_eq!(filled_in(&saved, &more), None);
        assert_eq!(filled_in(&saved[..saved.len() - 30], &more), None);
        assert_eq!(filled_in(&[0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], &more), None);
    }
}
