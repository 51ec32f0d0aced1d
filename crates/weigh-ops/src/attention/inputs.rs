//! Which input of an attention is which, a constant for every form.

/// Which input of an attention node is which; `None` where a form has no such input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionInputs {
    /// Biases of the projections before it, for Q, K and V one after the other.
    pub bias: Option<usize>,
    /// What is added to the scores, or selects them where it is boolean.
    pub mask: Option<usize>,
    /// Keys and values of earlier steps.
    pub past: Option<(usize, usize)>,
    /// How many steps are in those, where they are buffers with room for more.
    pub past_length: Option<usize>,
    /// How many keys there are altogether, where keys and values of earlier steps are buffers.
    pub total_length: Option<usize>,
    /// Whether keys and values of earlier steps are buffers that never grow.
    pub keeps_room: bool,
    /// Cosines and sines of a rotation of queries and keys.
    pub rotation: Option<(usize, usize)>,
    /// One more score for each head, in the softmax only.
    pub sink: Option<usize>,
    /// Scales of stored keys and values that are quantised.
    pub cache_scales: Option<(usize, usize)>,
    /// Scales of a root-mean-square norm of queries and keys.
    pub norms: Option<(usize, usize)>,
}

impl AttentionInputs {
    pub(crate) const NONE: AttentionInputs = AttentionInputs {
        bias: None,
        mask: None,
        past: None,
        past_length: None,
        total_length: None,
        keeps_room: false,
        rotation: None,
        sink: None,
        cache_scales: None,
        norms: None,
    };

    /// ONNX `Attention`.
    pub const PLAIN: AttentionInputs =
        AttentionInputs { mask: Some(3), past: Some((4, 5)), ..AttentionInputs::NONE };

    /// `MultiHeadAttention` of com.microsoft.
    pub const MULTI_HEAD: AttentionInputs = AttentionInputs {
        bias: Some(3),
        mask: Some(5),
        past: Some((6, 7)),
        past_length: Some(8),
        ..AttentionInputs::NONE
    };

    /// `DecoderMaskedMultiHeadAttention` of com.microsoft.
    pub const DECODER: AttentionInputs = AttentionInputs {
        bias: Some(10),
        mask: Some(4),
        past: Some((5, 6)),
        past_length: Some(7),
        ..AttentionInputs::NONE
    };

    /// `SparseAttention` of com.microsoft, whose stored keys and values have room for all steps.
    pub const SPARSE: AttentionInputs = AttentionInputs {
        past: Some((3, 4)),
        total_length: Some(7),
        rotation: Some((9, 10)),
        keeps_room: true,
        ..AttentionInputs::NONE
    };

    /// `GroupQueryAttention` of com.microsoft.
    pub const GROUPED: AttentionInputs = AttentionInputs {
        mask: Some(10),
        past: Some((3, 4)),
        total_length: Some(6),
        rotation: Some((7, 8)),
        sink: Some(11),
        cache_scales: Some((12, 13)),
        norms: Some((14, 15)),
        ..AttentionInputs::NONE
    };
}
