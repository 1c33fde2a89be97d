import Foundation
import Imaging

/// The peak signal-to-noise ratio in decibels, for a peak of 255.
public enum PSNR {
    /// `10 log10(255² / MSE)` of two images, or `nil` where they are equal and the ratio is infinite.
    ///
    /// - Complexity: O(pixels).
    public static func score(_ x: Plane, _ y: Plane) throws(ScoreError) -> Double? {
        let grids = try Grid.corresponding(x, y)
        return decibels(meanSquaredError(grids[0], grids[1]))
    }

    /// The ratio against each source, and `10 log10(255² / ((MSE₁ + MSE₂)/2))`, which the fusion literature reports.
    ///
    /// - Complexity: O(pixels).
    public static func scores(first: Plane, second: Plane, fused: Plane) throws(ScoreError) -> CombinedScore {
        let grids = try Grid.corresponding(first, second, fused)
        return scores(first: grids[0], second: grids[1], fused: grids[2])
    }

    static func scores(first: Grid, second: Grid, fused: Grid) -> CombinedScore {
        let errors = (meanSquaredError(first, fused), meanSquaredError(second, fused))
        return CombinedScore(
            first: decibels(errors.0), second: decibels(errors.1), combined: decibels((errors.0 + errors.1) / 2))
    }

    private static func meanSquaredError(_ x: Grid, _ y: Grid) -> Double {
        var sum = 0.0
        for index in 0..<x.count {
            let difference = x.storage[index] - y.storage[index]
            sum += difference * difference
        }
        return sum / Double(x.count)
    }

    private static func decibels(_ error: Double) -> Double? {
        error > 0 ? 10 * log10(255 * 255 / error) : nil
    }
}
