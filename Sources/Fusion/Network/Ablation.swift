import Networks

/// A part of the method that a model goes without, to measure what the part is worth. A model with an ablation runs by the networks'
/// definition instead of a plan.
public enum Ablation: String, Sendable, Codable, CaseIterable {
    /// The blocks' attention sees one corner of every 2×2 place and their convolutions the other three, instead of the Haar bands. (Where
    /// sides halve, a learned mix follows that can undo the transform: nothing to take away.)
    case haar
    /// Each modality is encoded without a look at the other; both meet in the merge alone.
    case attention = "cross-attention"
    /// x̄_0 is x̃_0.
    case refinement
    /// The maximum rule's image is all of Φ(P).
    case prior
    /// Direct regression: the U-Net sees no x_t and answers x̃_0 itself.
    case diffusion
}

/// The four corners of every 2×2 place as channel groups, column by column: (N, H, W, C) → (N, H/2, W/2, 4C), without a transform.
func corners(_ x: Variable) -> Variable { mixed(haar(x)) }

/// The inverse of ``corners(_:)``.
func picture(corners x: Variable) -> Variable { inverseHaar(mixed(x)) }

/// The orthonormal 2×2 Haar transform of four channel groups. It is its own inverse: of the bands it makes the corners.
private func mixed(_ x: Variable) -> Variable {
    let width = x.value.shape.c / 4
    let bands = (0..<4).map { slice(x, $0 * width..<($0 + 1) * width).affine(scale: 0.5) }
    let (even, odd) = ((bands[0] + bands[1], bands[2] + bands[3]), (bands[0] - bands[1], bands[2] - bands[3]))
    return concatenate([even.0 + even.1, odd.0 + odd.1, even.0 - even.1, odd.0 - odd.1])
}
