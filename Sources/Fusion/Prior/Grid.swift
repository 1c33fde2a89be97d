import Foundation
import Imaging

/// Working numbers on the pixel grid, in double precision.
///
/// Running sums and differences of moments cancel: with the guided filter's ε of 1e-6, single precision would lose the variance.
struct Grid {
    let width: Int
    let height: Int
    /// Row by row: (height, width).
    var values: [Double]
}

extension Grid {
    init(_ plane: Plane, scale: Double = 1) {
        self.init(width: plane.width, height: plane.height, values: plane.values.map { Double($0) * scale })
    }

    @inline(__always)
    func map(_ operation: (Double) -> Double) -> Grid {
        Grid(width: width, height: height, values: values.map(operation))
    }

    @inline(__always)
    func combined(with other: Grid, _ operation: (Double, Double) -> Double) -> Grid {
        var result = self
        for index in values.indices {
            result.values[index] = operation(values[index], other.values[index])
        }
        return result
    }

    func squared() -> Grid { map { $0 * $0 } }

    /// The mean over the window of side 2·radius+1 around each pixel; at the edges, over the part inside.
    ///
    /// - Complexity: O(pixels), whatever the radius: running sums down the columns, then along each row.
    func boxMean(radius: Int) -> Grid {
        var result = self
        var columns = [Double](repeating: 0, count: width)
        for y in -radius..<height {
            let (entering, leaving) = (y + radius, y - radius - 1)
            if (0..<height).contains(entering) {
                for x in 0..<width { columns[x] += values[entering * width + x] }
            }
            if leaving >= 0 {
                for x in 0..<width { columns[x] -= values[leaving * width + x] }
            }
            guard y >= 0 else { continue }
            let rows = min(entering, height - 1) - max(leaving, -1)
            var sum = 0.0
            for x in 0..<min(radius, width) { sum += columns[x] }
            for x in 0..<width {
                let (right, left) = (x + radius, x - radius - 1)
                if right < width { sum += columns[right] }
                if left >= 0 { sum -= columns[left] }
                let count = rows * (min(right, width - 1) - max(left, -1))
                result.values[y * width + x] = sum / Double(count)
            }
        }
        return result
    }

    /// Smoothed with a normalised Gaussian of 2·radius+1 taps per axis; edges are repeated.
    ///
    /// - Complexity: O(pixels · radius).
    func gaussian(radius: Int, sigma: Double) -> Grid {
        let exponentials = (-radius...radius).map { exp(-Double($0 * $0) / (2 * sigma * sigma)) }
        let total = exponentials.reduce(0, +)
        let kernel = exponentials.map { $0 / total }
        var (rows, result) = (self, self)
        for y in 0..<height {
            for x in 0..<width {
                var sum = 0.0
                for tap in -radius...radius {
                    sum += kernel[tap + radius] * values[y * width + min(max(x + tap, 0), width - 1)]
                }
                rows.values[y * width + x] = sum
            }
        }
        for y in 0..<height {
            for x in 0..<width { result.values[y * width + x] = 0 }
            for tap in -radius...radius {
                let source = min(max(y + tap, 0), height - 1) * width
                let weight = kernel[tap + radius]
                for x in 0..<width { result.values[y * width + x] += weight * rows.values[source + x] }
            }
        }
        return result
    }

    /// The magnitude of the Sobel gradient, in units per pixel (kernels divided by 8); edges are repeated.
    ///
    /// - Complexity: O(pixels).
    func gradientMagnitude() -> Grid {
        var result = self
        for y in 0..<height {
            let (above, here, below) = (max(y - 1, 0) * width, y * width, min(y + 1, height - 1) * width)
            for x in 0..<width {
                let (left, right) = (max(x - 1, 0), min(x + 1, width - 1))
                let (a, b, c) = (values[above + left], values[above + x], values[above + right])
                let (d, f) = (values[here + left], values[here + right])
                let (g, h, i) = (values[below + left], values[below + x], values[below + right])
                let horizontal = (c + 2 * f + i) - (a + 2 * d + g)
                let vertical = (g + 2 * h + i) - (a + 2 * b + c)
                result.values[here + x] = (horizontal * horizontal + vertical * vertical).squareRoot() / 8
            }
        }
        return result
    }
}

/// Which source has more of something: 1 the first, 0 the second, ½ when equal, so that the order of the sources does not matter.
///
/// Differences within the rounding of running sums count as equal.
@inline(__always)
func preference(_ first: Double, _ second: Double) -> Float {
    let difference = first - second
    return abs(difference) <= 1e-12 * (first + second) + 1e-15 ? 0.5 : difference > 0 ? 1 : 0
}
