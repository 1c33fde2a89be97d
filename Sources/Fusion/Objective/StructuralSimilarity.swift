import Tensors

/// SSIM (Wang et al. 2004) with the uniform 7×7 window of published fusion tables, over the valid region, with its slope.
///
/// Differs from the score in its constants: the tables' data range of 2 on values up to 255 leaves C1 = 4·10⁻⁴ and C2 = 3.6·10⁻³, under
/// the rounding of single precision and with slopes without bound in flat places. Here both are 1 (a grey level, squared).
struct StructuralSimilarity {
    private static let window = [Float](repeating: 1 / 7, count: 7)
    private static let constant: Float = 1
    /// Moments are taken about this level, where single precision keeps small variances.
    private static let origin: Float = 128

    private let sources: [LocalMoments]

    /// - Parameter sources: (N, H, W, 1), levels 0...255.
    init(_ sources: [Tensor]) { self.sources = sources.map(Self.moments) }

    private static func moments(_ levels: Tensor) -> LocalMoments {
        LocalMoments(Elementwise.affine(levels, scale: 1, offset: -origin), window)
    }

    /// The sum over the sources of the mean SSIM of `levels` (0...255), and its slope.
    func callAsFunction(_ levels: Tensor) -> ScoreWithSlope {
        let fused = Self.moments(levels)
        let slopes = fused.noSlopes()
        var sum = 0.0
        let products = sources.map { source in
            let (part, byProduct) = ScoreMaps.similarity(
                source.moments, fused.moments, product: fused.product(with: source), constant: Self.constant, origin: Self.origin,
                slopes: slopes)
            sum += part
            return (source, byProduct)
        }
        let windows = Float(slopes.mean.count)
        return ScoreWithSlope(
            value: Float(sum) / windows,
            slope: Elementwise.affine(fused.slope(slopes, products: products), scale: 1 / windows))
    }
}
