import Foundation
import Imaging

/// The visual information fidelity of a fused image to one source, in the pixel domain.
///
/// Sheikh and Bovik, "Image information and visual quality", IEEE Transactions on Image Processing 15(2), 2006,
/// doi:10.1109/TIP.2005.859378, in the form of the authors' `vifp_mscale`: over four scales, with Gaussian windows of 17, 9, 5 and 3 (σ a
/// fifth of that) and halving between them,
///
///     VIF = Σ log(1 + g² σs² / (σv² + σn²)) / Σ log(1 + σs² / σn²),   g = σsf / σs², σv² = σf² − g σsf, σn² = 2
///
/// It is 1 for equal images, at least 0, and above 1 where the fused image enhances contrast. It is not symmetric. Published fusion tables
/// give the sum over both sources.
public enum VIF {
    /// The shortest side of an image whose fourth scale still holds a window.
    public static let minimumSide = 41

    /// The variance of the visual noise, σn².
    private static let noise = 2.0
    /// Below this a variance counts as none.
    private static let epsilon = 1e-10

    /// The fidelity of `fused` to `source`.
    ///
    /// `nil` where a side is shorter than `minimumSide`, or the source is constant and so has no information to keep.
    ///
    /// - Complexity: O(pixels) time and memory.
    public static func score(source: Plane, fused: Plane) throws(ScoreError) -> Double? {
        let grids = try Grid.corresponding(source, fused)
        return score(source: grids[0], fused: grids[1])
    }

    static func score(source: Grid, fused: Grid) -> Double? {
        guard source.shortSide >= minimumSide, !isConstant(source) else { return nil }
        var (source, fused) = (source, fused)
        var (kept, present) = (LogarithmSum(), LogarithmSum())
        for scale in 0..<4 {
            let size = (1 << (4 - scale)) + 1
            let window = SlidingWindow(gaussian: size, sigma: Double(size) / 5)
            if scale > 0 {
                source = window.filtered(source, step: 2)
                fused = window.filtered(fused, step: 2)
            }
            window.forEachPosition(source, fused) { moments in
                let (gain, distortion, variance) = channel(moments)
                kept.add(1 + gain * gain * variance / (distortion + noise))
                present.add(1 + variance / noise)
            }
        }
        return present.value > 0 ? kept.value / present.value : nil
    }

    /// Σ ln x of numbers from 1 to 1e30: a logarithm for every product that grows large, where one for each number takes most of a score's
    /// time.
    private struct LogarithmSum {
        private var (sum, product) = (0.0, 1.0)

        @inline(__always)
        mutating func add(_ x: Double) {
            product *= x
            if product > 1e270 { (sum, product) = (sum + log(product), 1) }
        }

        var value: Double { sum + log(product) }
    }

    /// The gain g, the distortion's variance σv² and the source's variance of the distortion channel in one window.
    @inline(__always)
    private static func channel(_ moments: Moments) -> (gain: Double, distortion: Double, variance: Double) {
        let (variance, fusedVariance) = (moments.varianceX, moments.varianceY)
        if variance < epsilon { return (0, max(fusedVariance, epsilon), 0) }
        if fusedVariance < epsilon { return (0, epsilon, variance) }
        let gain = moments.covariance / (variance + epsilon)
        if gain < 0 { return (0, max(fusedVariance, epsilon), variance) }
        return (gain, max(fusedVariance - gain * moments.covariance, epsilon), variance)
    }

    private static func isConstant(_ grid: Grid) -> Bool {
        grid.withPointer { values in (1..<max(1, grid.count)).allSatisfy { values[$0] == values[0] } }
    }
}
