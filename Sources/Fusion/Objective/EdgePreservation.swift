import Tensors

/// Q^AB/F (Xydeas and Petrovic 2000): how much of the sources' edges the fused image keeps, weighted by their strength; and how much edge
/// strength goes beyond the stronger source's; with their slopes.
///
/// Differs from the score in the angle between two edges (see ``ScoreMaps/preservedEdges(_:_:epsilon:scale:slopes:)``), and in the borders,
/// which are left out.
struct EdgePreservation {
    /// The taps of the Sobel filter.
    private static let smooth: [Float] = [1, 2, 1]
    private static let difference: [Float] = [-1, 0, 1]
    private static let epsilon: Float = 1e-2

    private let sources: [ScoreMaps.Edges]
    private let strongest: Tensor
    /// The sum of both sources' edge strengths.
    private let whole: Float

    /// - Parameters: (N, H, W, 1), levels 0...255.
    init(first: Tensor, second: Tensor) {
        sources = [first, second].map(Self.edges)
        let strengths = sources.map(Self.strength)
        strongest = Elementwise.maximum(strengths[0], strengths[1])
        whole = Float(strengths.reduce(0) { $0 + Reduction.sum($1) })
    }

    private static func edges(_ levels: Tensor) -> ScoreMaps.Edges {
        .init(
            x: ImageFilter.separable(levels, rows: smooth, columns: difference),
            y: ImageFilter.separable(levels, rows: difference, columns: smooth))
    }

    private static func strength(_ edges: ScoreMaps.Edges) -> Tensor {
        let square = Elementwise.add(Elementwise.multiply(edges.x, edges.x), Elementwise.multiply(edges.y, edges.y))
        return Elementwise.squareRoot(Elementwise.affine(square, scale: 1, offset: epsilon))
    }

    /// - Parameter levels: the fused image, 0...255.
    /// - Returns: Q^AB/F, 0..<1, and the excess as a share of the sources' edge strength.
    func callAsFunction(_ levels: Tensor) -> (kept: ScoreWithSlope, excess: ScoreWithSlope) {
        let fused = Self.edges(levels)
        func withSlope(_ body: (ScoreMaps.Edges) -> Double) -> ScoreWithSlope {
            let slopes = ScoreMaps.Edges(x: Tensor(fused.x.shape), y: Tensor(fused.y.shape))
            let sum = body(slopes)
            let slope = Elementwise.add(
                ImageFilter.separableGradient(slopes.x, rows: Self.smooth, columns: Self.difference),
                ImageFilter.separableGradient(slopes.y, rows: Self.difference, columns: Self.smooth))
            return ScoreWithSlope(value: Float(sum) / whole, slope: slope)
        }
        return (
            withSlope { slopes in
                sources.reduce(0) {
                    $0 + ScoreMaps.preservedEdges($1, fused, epsilon: Self.epsilon, scale: 1 / whole, slopes: slopes)
                }
            },
            withSlope { ScoreMaps.excessEdges(strongest: strongest, fused, epsilon: Self.epsilon, scale: 1 / whole, slopes: $0) }
        )
    }
}
