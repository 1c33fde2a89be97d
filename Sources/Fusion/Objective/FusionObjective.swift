import Tensors

/// Differentiable scores of a fused image against its two sources: what the prior's pixel ascent climbs, what n_θ is trained on, and
/// what guides the sampler.
///
/// What depends on the sources alone is computed once. Images are (N, H, W, 1) in 0...1; each score is one number over all N.
struct FusionObjective {
    /// How much each score counts. SSIM, VIF and MI are sums over both sources.
    ///
    /// The scores pull at each other: VIF and Q^AB/F alone cost MI, SSIM and SCD. On MRI-CT pairs these weights raise VIF and Q^AB/F
    /// far over the maximum rule's while the others stay near it.
    struct Weights: Sendable, Equatable, Codable {
        var similarity: Float = 3.5
        var fidelity: Float = 1.4
        var edges: Float = 8
        var differences: Float = 0.9
        /// Per decibel of PSNR.
        var signal: Float = 0
        var information: Float = 0.25
        /// The weight, against, of edges stronger than in both sources.
        var excess: Float = 6
    }

    /// The shortest side of an image that every window fits into.
    static let smallestSide = 17
    private static let bins = 128

    private let similarity: StructuralSimilarity
    private let fidelity: InformationFidelity
    private let edges: EdgePreservation
    private let pixels: PixelMeans.Sources
    private let histogram: JointHistogram

    /// - Precondition: both of one shape, sides of at least ``smallestSide``.
    init(first: Tensor, second: Tensor) {
        let (first, second) = (Elementwise.affine(first, scale: 255), Elementwise.affine(second, scale: 255))
        let extents = RowExtents(first, second)
        similarity = StructuralSimilarity(first: first, second: second, extents: extents)
        fidelity = InformationFidelity(first: first, second: second, extents: extents)
        edges = EdgePreservation(first: first, second: second, extents: extents)
        pixels = PixelMeans.Sources(first, second)
        histogram = JointHistogram(first, second, extents: extents, bins: Self.bins)
    }

    /// The scores of one fused image.
    struct Terms {
        /// SSIM, −2...2: the sum over both sources.
        var similarity: Float
        /// VIF, at least 0: the sum over both sources.
        var fidelity: Float
        /// Q^AB/F, 0..<1.
        var edges: Float
        /// SCD, −2...2.
        var differences: Float
        /// PSNR against the mean of both squared errors, in dB.
        var signal: Float
        /// MI in nats: the sum over both sources.
        var information: Float
        /// How much edge strength goes beyond both sources', as a share of theirs.
        var excess: Float

        /// The weighted sum.
        func total(_ w: Weights) -> Float {
            let kept = w.similarity * similarity + w.fidelity * fidelity + w.edges * edges
            let shared = w.differences * differences + w.signal * signal + w.information * information
            return kept + shared - w.excess * excess
        }
    }

    /// The scores of `fused`, and the derivative of their weighted sum by its values. O(pixels · taps).
    func callAsFunction(_ fused: Tensor, _ weights: Weights = .init()) -> (terms: Terms, slope: Tensor) {
        // By a value in 0...1.
        func weight(_ weight: Float) -> Float { 255 * weight }
        let levels = Elementwise.affine(fused, scale: 255)
        let means = pixels.means(with: levels)
        let (differences, signal) = (means.correlationOfDifferences, means.signalToNoise)
        var linear = LinearSlope()
        linear.add(differences.slope, weight: weight(weights.differences))
        linear.add(signal.slope, weight: weight(weights.signal))
        let slope = pixels.slope(linear, at: levels)
        let information = histogram.mutualInformation(levels, weight: weight(weights.information), into: slope)
        let (kept, excess) = edges(levels, weights: (weight(weights.edges), weight(-weights.excess)), into: slope)
        let terms = Terms(
            similarity: similarity(levels, weight: weight(weights.similarity), into: slope),
            fidelity: fidelity(levels, weight: weight(weights.fidelity), into: slope), edges: kept, differences: differences.value,
            signal: signal.value, information: Float(information), excess: excess)
        return (terms, slope)
    }
}
