//! Which module of the original program a node comes from, from what exporters write.

/// Deeper modules are one with that which they are in: no model nests so, and a name of a megabyte could be a million
/// modules, each with the path of all above it.
const DEEPEST: usize = 64;

/// The path of modules (`layer1/0/conv1`) of a node, empty where nothing tells.
///
/// PyTorch's TorchScript exporter names nodes `/layer1/layer1.0/conv1/Conv`; its newer exporter lists the
/// enclosing modules in the node's metadata: `['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d']`.
pub(super) fn path(node_name: &str, name_scopes: Option<&str>) -> String {
    let path = match name_scopes {
        Some(list) => from_metadata(list),
        None => from_name(node_name),
    };
    match path.match_indices('/').nth(DEEPEST - 1) {
        Some((end, _)) => path[..end].to_owned(),
        None => path,
    }
}

/// The next to last entry of the list is the innermost module; its dotted name is its path.
fn from_metadata(list: &str) -> String {
    let quoted: Vec<&str> = list.split('\'').skip(1).step_by(2).collect();
    let module = quoted.len().checked_sub(2).and_then(|at| quoted.get(at)).copied().unwrap_or("");
    module.replace('.', "/")
}

/// All but the last part of the name; a part that repeats its parents in dotted form is shortened.
fn from_name(name: &str) -> String {
    let Some((modules, _)) = name.rsplit_once('/') else { return String::new() };
    let mut dotted = String::new();
    let mut path = String::new();
    for part in modules.split('/').filter(|part| !part.is_empty()) {
        let own = part
            .strip_prefix(dotted.as_str())
            .and_then(|rest| rest.strip_prefix('.'))
            .filter(|_| !dotted.is_empty());
        let own = own.unwrap_or(part);
        if !path.is_empty() {
            path.push('/');
            dotted.push('.');
        }
        path.push_str(&own.replace('.', "/"));
        dotted.push_str(own);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_exporters_give_one_path() {
        assert_eq!(path("/layer1/layer1.0/conv1/Conv", None), "layer1/0/conv1");
        let scopes = "['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d']";
        assert_eq!(path("node_conv2d_1", Some(scopes)), "layer1/0/conv1");
        assert_eq!(
            path("/encoder/layers/encoder_layer_0/self_attention/MatMul", None),
            "encoder/layers/encoder_layer_0/self_attention"
        );
        assert_eq!(path("Conv_12", None), "");
        let deep = path(&"a.b/".repeat(100_000), None);
        assert_eq!((deep.matches('/').count(), deep.starts_with("a/b/a/b")), (63, true));
        assert_eq!(path("node_relu", Some("['', 'relu']")), "");
    }
}
