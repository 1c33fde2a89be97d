import Imaging

/// The structural similarity of two images.
///
/// Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural similarity", IEEE Transactions on
/// Image Processing 13(4), 2004, doi:10.1109/TIP.2003.819861, equation 13: in every window
///
///     SSIM = (2 μx μy + C1)(2 σxy + C2) / ((μx² + μy² + C1)(σx² + σy² + C2)),   C1 = (0.01 L)², C2 = (0.03 L)²
///
/// and the score is the mean over all windows that fit into the image. It lies in -1...1, is symmetric, and is 1 for equal images.
public struct SSIM: Sendable {
    private let window: SlidingWindow
    /// L, the range that the values are taken to have.
    private let dataRange: Double
    /// n/(n−1) for the sample covariance, 1 for the population's.
    private let covarianceFactor: Double

    /// The paper's own convention: Gaussian window of 11×11 with σ = 1.5, L = 255, population covariance.
    public static let wang = SSIM(window: SlidingWindow(gaussian: 11, sigma: 1.5), dataRange: 255, covarianceFactor: 1)

    /// The convention of published fusion tables: uniform window of 7×7, L = 2 although the values run to 255, sample covariance.
    ///
    /// With constants this small two grey levels of haze on a black background cost most of the score.
    public static let uniform7 = SSIM(window: SlidingWindow(uniform: 7), dataRange: 2, covarianceFactor: 49.0 / 48)

    /// The shortest side of an image that the window fits into.
    public var minimumSide: Int { window.size }

    /// The score of two images, or `nil` where a side is shorter than `minimumSide`.
    ///
    /// - Complexity: O(pixels · window side) time, O(width) memory beside the images.
    public func score(_ x: Plane, _ y: Plane) throws(ScoreError) -> Double? {
        let grids = try Grid.corresponding(x, y)
        return score(grids[0], grids[1])
    }

    func score(_ x: Grid, _ y: Grid) -> Double? {
        guard window.fits(x) else { return nil }
        let c1 = (0.01 * dataRange) * (0.01 * dataRange)
        let c2 = (0.03 * dataRange) * (0.03 * dataRange)
        var sum = 0.0
        window.forEachPosition(x, y) { moments in
            let means = moments.meanX * moments.meanY
            let squares = moments.meanX * moments.meanX + moments.meanY * moments.meanY
            let covariance = covarianceFactor * moments.covariance
            let variances = covarianceFactor * (moments.varianceX + moments.varianceY)
            sum += (2 * means + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2))
        }
        return sum / Double(window.positions(in: x))
    }
}
