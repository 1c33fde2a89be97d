import Tensors

/// SSIM (Wang et al. 2004) with the uniform 7×7 window of published fusion tables, over the valid region, with its slope.
///
/// Differs from the score in its constants: the tables' data range of 2 on values up to 255 leaves C1 = 4·10⁻⁴ and C2 = 3.6·10⁻³, under
/// the rounding of single precision and with slopes without bound in flat places. Here both are 1 (a grey level, squared).
struct StructuralSimilarity {
    private static let constant: Float = 1
    /// Moments are taken about this level, where single precision keeps small variances.
    private static let origin: Float = 128

    private let moments: LocalMoments

    /// - Parameters: (N, H, W, 1), levels 0...255.
    init(first: Tensor, second: Tensor, extents: RowExtents) {
        let window = [Float](repeating: 1 / 7, count: 7)
        moments = LocalMoments(Self.centred(first), Self.centred(second), extents: extents, window: window)
    }

    private static func centred(_ levels: Tensor) -> Tensor { Elementwise.affine(levels, scale: 1, offset: -origin) }

    /// The sum over the sources of the mean SSIM of `levels` (0...255); its derivative is added to `slope`, `weight` times.
    func callAsFunction(_ levels: Tensor, weight: Float, into slope: Tensor) -> Float {
        let windows = Float(moments.count)
        let sum = moments.similarity(
            Self.centred(levels), constant: Self.constant, origin: Self.origin, weight: weight / windows, into: slope)
        return Float(sum) / windows
    }
}
