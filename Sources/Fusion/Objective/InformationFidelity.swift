import Tensors

/// Visual information fidelity (Sheikh and Bovik 2006), pixel domain, four scales, as `Scores.VIF` has it, with its slope.
///
/// Differs from the score in two things: a negative gain is cut to 0 without the score's case distinctions, and on images too small for
/// four scales (sides under 41) the coarse ones are left out.
struct InformationFidelity {
    private static let noise: Float = 2
    private static let tiny: Float = 1e-3

    /// What does not change with the fused image.
    private struct Source {
        let levels: [LocalMoments]
        let variances: [Tensor]
        /// The information in the source: Σ ln(1 + σ²/noise) over all scales.
        let present: Float

        init(_ image: Tensor) {
            levels = InformationFidelity.pyramid(image)
            variances = levels.map { level in
                let square = Elementwise.multiply(level.moments.mean, level.moments.mean)
                return Elementwise.clamp(Elementwise.subtract(level.moments.square, square), 0, .greatestFiniteMagnitude)
            }
            present = variances.reduce(0) { sum, variance in
                sum + Float(Reduction.sum(Elementwise.logarithm(Elementwise.affine(variance, scale: 1 / noise, offset: 1))))
            }
        }
    }

    private let sources: [Source]

    /// - Parameter sources: (N, H, W, 1), levels 0...255, sides of at least 17.
    init(_ sources: [Tensor]) { self.sources = sources.map(Source.init) }

    /// The scales of an image, finest first.
    private static func pyramid(_ image: Tensor) -> [LocalMoments] {
        var levels: [LocalMoments] = []
        var image = image
        for scale in 1...4 {
            let taps = 1 << (5 - scale) + 1
            let window = gaussianWindow(taps: taps, sigma: Double(taps) / 5)
            if scale > 1 {
                if (min(image.shape.h, image.shape.w) - taps + 2) / 2 < taps { break }
                image = ImageFilter.everySecond(ImageFilter.separable(image, rows: window, columns: window))
            }
            levels.append(LocalMoments(image, window))
        }
        return levels
    }

    /// The sum over the sources of the fidelity of `levels` (0...255), and its slope.
    func callAsFunction(_ levels: Tensor) -> ScoreWithSlope {
        let fused = Self.pyramid(levels)
        var value: Float = 0
        // From the coarsest scale to the finest, whose slope is the image's.
        var slope: Tensor?
        for (scale, level) in fused.enumerated().reversed() {
            let slopes = level.noSlopes()
            let products = sources.map { source in
                let original = source.levels[scale]
                let share = 1 / (source.present + 1e-6)
                let (sum, byProduct) = ScoreMaps.information(
                    xMean: original.moments.mean, variance: source.variances[scale], level.moments,
                    product: level.product(with: original), noise: Self.noise, tiny: Self.tiny, scale: share, slopes: slopes)
                value += share * Float(sum)
                return (original, byProduct)
            }
            let own = level.slope(slopes, products: products)
            if let coarser = slope {
                let window = fused[scale + 1].window
                let blurred = Shape(own.shape.n, own.shape.h - window.count + 1, own.shape.w - window.count + 1, 1)
                let back = ImageFilter.separableGradient(
                    ImageFilter.everySecondGradient(coarser, shape: blurred), rows: window, columns: window)
                Elementwise.accumulate(back, into: own)
            }
            slope = own
        }
        return ScoreWithSlope(value: value, slope: slope!)
    }
}
