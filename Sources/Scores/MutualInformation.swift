import Foundation
import Imaging

/// The information that the grey levels of two images share, in nats.
///
/// `MI = H(X) + H(Y) − H(X,Y)` with `H = −Σ p ln p` over 256 grey levels and their joint histogram (Qu, Zhang and Yan, "Information measure
/// for performance of image fusion", Electronics Letters 38(7), 2002). It lies in 0...ln 256, is symmetric, and `MI(x, x)` is the entropy
/// of `x`. Values are rounded to the nearest level, ties to even, and clamped to 0...255 first, as when the image is stored.
public enum MutualInformation {
    /// The shared information of two images; 0 where either is constant.
    ///
    /// - Complexity: O(pixels + 256²).
    public static func score(_ x: Plane, _ y: Plane) throws(ScoreError) -> Double {
        let grids = try Grid.corresponding(x, y)
        return score(grids[0], grids[1])
    }

    static func score(_ x: Grid, _ y: Grid) -> Double {
        var joint = [Int](repeating: 0, count: 256 * 256)
        for index in 0..<x.count { joint[level(x.storage[index]) * 256 + level(y.storage[index])] += 1 }
        var (first, second) = ([Int](repeating: 0, count: 256), [Int](repeating: 0, count: 256))
        for row in 0..<256 {
            for column in 0..<256 {
                first[row] += joint[row * 256 + column]
                second[column] += joint[row * 256 + column]
            }
        }
        return max(0, entropy(first, of: x.count) + entropy(second, of: x.count) - entropy(joint, of: x.count))
    }

    /// The entropy of a histogram of `total` values, in nats.
    static func entropy(_ histogram: [Int], of total: Int) -> Double {
        let sum = histogram.reduce(0.0) { sum, count in count == 0 ? sum : sum + Double(count) * log(Double(count)) }
        return max(0, log(Double(total)) - sum / Double(total))
    }

    /// The 8-bit grey level of a value.
    @inline(__always)
    static func level(_ value: Double) -> Int {
        Int(min(255, max(0, value)).rounded(.toNearestOrEven))
    }
}
