import Imaging

/// The spatial correlation coefficient: how far the fine detail of two images goes together.
///
/// Zhou, Civco and Silander, "A wavelet transform method to merge Landsat TM and SPOT panchromatic data", International Journal of Remote
/// Sensing 19(4), 1998, in the windowed form of sewar and torchmetrics' `spatial_correlation_coefficient` with its defaults: both images
/// are high-passed by the 8-neighbour Laplacian (edges mirrored), and the score is the mean over all pixels of the correlation of the
/// results in an 8×8 window (4 pixels before, 3 behind, zeros beyond the edge). A window in which either is flat counts as 0.
///
/// It lies in -1...1 and is symmetric; `SCC(x, x)` is the share of windows that are not flat.
public enum SCC {
    /// The shortest side of an image that the window fits into.
    public static let minimumSide = window

    private static let window = 8

    /// The score of two images, or `nil` where a side is shorter than `minimumSide`.
    ///
    /// - Complexity: O(pixels) time and memory.
    public static func score(_ x: Plane, _ y: Plane) throws(ScoreError) -> Double? {
        let grids = try Grid.corresponding(x, y)
        return score(Detail(grids[0]), Detail(grids[1]))
    }

    static func score(_ x: Detail, _ y: Detail) -> Double? {
        guard let x = x.grid, let y = y.grid else { return nil }
        let window = SlidingWindow(uniform: window)
        var sum = 0.0
        window.forEachPosition(x, y) { moments in
            let variances = variance(moments.squareX, moments.meanX) * variance(moments.squareY, moments.meanY)
            if variances > 0 { sum += min(1, max(-1, moments.covariance / variances.squareRoot())) }
        }
        return sum / Double(window.positions(in: x))
    }

    /// A variance that is 0 where rounding alone could have made it: a flat window of detail has no correlation.
    @inline(__always)
    private static func variance(_ square: Double, _ mean: Double) -> Double {
        let variance = square - mean * mean
        return variance > 1e-13 * square ? variance : 0
    }

    /// The high-passed image within the zeros that its outermost windows reach into: 4 before, 3 behind.
    ///
    /// Made once per image, used with each partner.
    struct Detail {
        /// `nil` for an image that is too small.
        let grid: Grid?

        init(_ image: Grid) {
            guard image.shortSide >= SCC.minimumSide else {
                grid = nil
                return
            }
            var detail = Grid(width: image.width + SCC.window - 1, height: image.height + SCC.window - 1)
            for y in 0..<image.height {
                let (above, below) = (max(0, y - 1), min(image.height - 1, y + 1))
                for x in 0..<image.width {
                    let (left, right) = (max(0, x - 1), min(image.width - 1, x + 1))
                    let around =
                        (image[left, above] + image[x, above] + image[right, above])
                        + (image[left, y] + image[right, y])
                        + (image[left, below] + image[x, below] + image[right, below])
                    detail[x + SCC.window / 2, y + SCC.window / 2] = 8 * image[x, y] - around
                }
            }
            grid = detail
        }
    }
}
