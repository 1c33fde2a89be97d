import Tensors

/// Q^AB/F (Xydeas and Petrovic 2000): how much of the sources' edges the fused image keeps, weighted by their strength; and how much edge
/// strength goes beyond the stronger source's; with their slopes.
///
/// Differs from the score in the angle between two edges (see ``EdgeMaps/score(_:weights:into:)``), and in the borders, which are left
/// out.
struct EdgePreservation {
    private let maps: EdgeMaps

    /// - Parameters: (N, H, W, 1), levels 0...255.
    init(first: Tensor, second: Tensor, extents: RowExtents) {
        maps = EdgeMaps(first, second, extents: extents, epsilon: 1e-2)
    }

    /// The scores of `levels` (0...255): Q^AB/F, 0..<1, and the excess as a share of the sources' edge strength. Their derivatives are
    /// added to `slope`, each `weights` times.
    func callAsFunction(_ levels: Tensor, weights: (kept: Float, excess: Float), into slope: Tensor) -> (kept: Float, excess: Float) {
        let whole = Float(max(maps.whole, 1e-6))
        let sums = maps.score(levels, weights: (weights.kept / whole, weights.excess / whole), into: slope)
        return (Float(sums.kept) / whole, Float(sums.excess) / whole)
    }
}
