import Tensors

/// A score of a fused image and its derivative by every pixel.
struct ScoreWithSlope {
    let value: Float
    /// (N, H, W, 1), per grey level.
    let slope: Tensor
}

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

    private let sources: [Tensor]
    private let similarity: StructuralSimilarity
    private let fidelity: InformationFidelity
    private let edges: EdgePreservation
    private let differences: CorrelationOfDifferences
    private let signal: SignalToNoise

    /// - Precondition: both of one shape, sides of at least ``smallestSide``.
    init(first: Tensor, second: Tensor) {
        sources = [first, second].map { Elementwise.affine($0, scale: 255) }
        similarity = StructuralSimilarity(sources)
        fidelity = InformationFidelity(sources)
        edges = EdgePreservation(first: sources[0], second: sources[1])
        differences = CorrelationOfDifferences(first: sources[0], second: sources[1])
        signal = SignalToNoise(first: sources[0], second: sources[1])
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

    /// The mutual information with each source: histograms are counted one pixel after the other, but side by side.
    private func shared(_ levels: Tensor) -> [ScoreWithSlope] {
        var scores = sources.map { _ in ScoreWithSlope(value: 0, slope: levels) }
        scores.withUnsafeMutableBufferPointer { scores in
            ThreadPool.run(sources.count) { index in
                let (value, slope) = JointHistogram.mutualInformation(levels, sources[index], bins: Self.bins)
                scores[index] = ScoreWithSlope(value: value, slope: slope)
            }
        }
        return scores
    }

    /// The scores of `fused`, and the derivative of their weighted sum by its values. O(pixels · taps).
    func callAsFunction(_ fused: Tensor, _ weights: Weights = .init()) -> (terms: Terms, slope: Tensor) {
        let levels = Elementwise.affine(fused, scale: 255)
        let (kept, excess) = edges(levels)
        let information = shared(levels)
        let (similarity, fidelity) = (similarity(levels), fidelity(levels))
        let (differences, signal) = (differences(levels), signal(levels))
        let terms = Terms(
            similarity: similarity.value, fidelity: fidelity.value, edges: kept.value, differences: differences.value,
            signal: signal.value, information: information[0].value + information[1].value, excess: excess.value)
        let shares: [(Float, ScoreWithSlope)] = [
            (weights.similarity, similarity), (weights.fidelity, fidelity), (weights.edges, kept), (weights.differences, differences),
            (weights.signal, signal), (weights.information, information[0]), (weights.information, information[1]),
            (-weights.excess, excess),
        ]
        let slope = Tensor(fused.shape)
        for (weight, score) in shares { Elementwise.accumulate(score.slope, scale: 255 * weight, into: slope) }
        return (terms, slope)
    }
}
