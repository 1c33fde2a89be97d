import Foundation
import Imaging

/// The measures that ask for no reference, and the plain correlation: the usual company of the fusion scores.
public enum Statistics {
    /// EN, the entropy of the grey levels in bits, 0...8, over the histogram of 256 levels rounded as for mutual information.
    ///
    /// - Complexity: O(pixels).
    public static func entropy(_ image: Plane) throws(ScoreError) -> Double { entropy(try Grid(image)) }

    /// SD, the standard deviation of the population of pixels.
    ///
    /// - Complexity: O(pixels).
    public static func standardDeviation(_ image: Plane) throws(ScoreError) -> Double { standardDeviation(try Grid(image)) }

    /// SF, the spatial frequency (Eskicioglu and Fisher, "Image quality measures and their performance", IEEE Transactions on
    /// Communications 43(12), 1995): `√(RF² + CF²)`, the mean squared differences along rows and along columns.
    ///
    /// `nil` where a side is 1.
    ///
    /// - Complexity: O(pixels).
    public static func spatialFrequency(_ image: Plane) throws(ScoreError) -> Double? { spatialFrequency(try Grid(image)) }

    /// AG, the average gradient: the mean of `√((gx² + gy²)/2)` with central differences, one-sided at the edges.
    ///
    /// `nil` where a side is 1.
    ///
    /// - Complexity: O(pixels).
    public static func averageGradient(_ image: Plane) throws(ScoreError) -> Double? { averageGradient(try Grid(image)) }

    /// CC, Pearson's correlation of the pixels, -1...1, or `nil` where either image is constant.
    ///
    /// - Complexity: O(pixels).
    public static func correlation(_ x: Plane, _ y: Plane) throws(ScoreError) -> Double? {
        let grids = try Grid.corresponding(x, y)
        return correlation(grids[0], grids[1])
    }
}

extension Statistics {
    static func entropy(_ image: Grid) -> Double {
        var histogram = [Int](repeating: 0, count: 256)
        for index in 0..<image.count { histogram[MutualInformation.level(image.storage[index])] += 1 }
        return MutualInformation.entropy(histogram, of: image.count) / log(2)
    }

    static func standardDeviation(_ image: Grid) -> Double {
        // Taken from the first value, so that a constant image has exactly none.
        let origin = image.storage[0]
        let count = Double(image.count)
        var sum = 0.0
        for index in 0..<image.count { sum += image.storage[index] - origin }
        let mean = sum / count
        var squares = 0.0
        for index in 0..<image.count {
            let deviation = image.storage[index] - origin - mean
            squares += deviation * deviation
        }
        return (squares / count).squareRoot()
    }

    static func spatialFrequency(_ image: Grid) -> Double? {
        guard image.shortSide > 1 else { return nil }
        let (width, height) = (image.width, image.height)
        var (alongRows, alongColumns) = (0.0, 0.0)
        for y in 0..<height {
            for x in 0..<width {
                let value = image[x, y]
                if x > 0 { alongRows += (value - image[x - 1, y]) * (value - image[x - 1, y]) }
                if y > 0 { alongColumns += (value - image[x, y - 1]) * (value - image[x, y - 1]) }
            }
        }
        return (alongRows / Double(height * (width - 1)) + alongColumns / Double((height - 1) * width)).squareRoot()
    }

    static func averageGradient(_ image: Grid) -> Double? {
        guard image.shortSide > 1 else { return nil }
        var sum = 0.0
        for y in 0..<image.height {
            let (above, below) = (max(0, y - 1), min(image.height - 1, y + 1))
            for x in 0..<image.width {
                let (left, right) = (max(0, x - 1), min(image.width - 1, x + 1))
                let across = (image[right, y] - image[left, y]) / Double(right - left)
                let down = (image[x, below] - image[x, above]) / Double(below - above)
                sum += ((across * across + down * down) / 2).squareRoot()
            }
        }
        return sum / Double(image.count)
    }

    static func correlation(_ x: Grid, _ y: Grid) -> Double? {
        correlation(count: x.count) { (x.storage[$0], y.storage[$0]) }
    }

    /// Pearson's correlation of `count` pairs, in two passes, or `nil` where either member is the same throughout.
    @inline(__always)
    static func correlation(count: Int, _ pair: (Int) -> (Double, Double)) -> Double? {
        // Taken from the first pair, so that a constant member has exactly no variance.
        let origin = pair(0)
        var (sumX, sumY) = (0.0, 0.0)
        for index in 0..<count {
            let (x, y) = pair(index)
            sumX += x - origin.0
            sumY += y - origin.1
        }
        let (meanX, meanY) = (sumX / Double(count), sumY / Double(count))
        var (varianceX, varianceY, covariance) = (0.0, 0.0, 0.0)
        for index in 0..<count {
            let (x, y) = pair(index)
            let (u, v) = (x - origin.0 - meanX, y - origin.1 - meanY)
            varianceX += u * u
            varianceY += v * v
            covariance += u * v
        }
        let scale = varianceX.squareRoot() * varianceY.squareRoot()
        return scale > 0 ? min(1, max(-1, covariance / scale)) : nil
    }
}
