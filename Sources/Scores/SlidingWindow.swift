import Foundation

/// A separable window that slides over the part of an image where it fits entirely ("valid" filtering).
///
/// Rows are filtered as they are needed, so that the memory is O(width) whatever the height.
struct SlidingWindow {
    /// The weights along a row and along a column; they sum to 1.
    let weights: [Double]

    var size: Int { weights.count }

    /// Equal weights.
    init(uniform size: Int) {
        weights = [Double](repeating: 1 / Double(size), count: size)
    }

    /// A sampled normal density, centred: `exp(−i²/2σ²)`.
    init(gaussian size: Int, sigma: Double) {
        let centre = Double(size - 1) / 2
        let density = (0..<size).map { exp(-(Double($0) - centre) * (Double($0) - centre) / (2 * sigma * sigma)) }
        let sum = density.reduce(0, +)
        weights = density.map { $0 / sum }
    }

    /// Whether the window fits into an image at all.
    func fits(_ grid: Grid) -> Bool { grid.shortSide >= size }

    /// How many positions the window has over an image that it fits into.
    func positions(in grid: Grid) -> Int { (grid.width - size + 1) * (grid.height - size + 1) }
}

/// What a window sees of two images: weighted means, population variances and covariance.
struct Moments {
    let meanX, meanY: Double
    /// Means of the squares and of the product; the variances are what they exceed the products of the means by.
    let squareX, squareY, product: Double

    var varianceX: Double { max(0, squareX - meanX * meanX) }
    var varianceY: Double { max(0, squareY - meanY * meanY) }
    var covariance: Double { product - meanX * meanY }
}

extension SlidingWindow {
    private typealias Lanes = SIMD4<Double>

    /// Calls `body` for every position of the window over `x` and `y`, row by row.
    ///
    /// The window must fit and the images be of one size. Complexity: O(pixels · window side).
    @inline(__always)
    func forEachPosition(_ x: Grid, _ y: Grid, _ body: (Moments) -> Void) {
        let columns = x.width - size + 1
        // One stretch per moment, each as wide as the image, and room for the last vector to run over.
        let stride = (x.width + 3) / 4 * 4 + size + 4
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 10 * stride) { scratch in
            scratch.initialize(repeating: 0)
            let filteredDown = scratch.baseAddress!
            let filteredAcross = filteredDown + 5 * stride
            x.withPointer { x0 in
                y.withPointer { y0 in
                    for row in 0..<(x.height - size + 1) {
                        moments(x0 + row * x.width, y0 + row * x.width, width: x.width, into: filteredDown, stride: stride)
                        for moment in 0..<5 {
                            across(filteredDown + moment * stride, count: columns, into: filteredAcross + moment * stride)
                        }
                        for column in 0..<columns {
                            let at = filteredAcross + column
                            body(
                                Moments(
                                    meanX: at[0], meanY: at[stride], squareX: at[2 * stride], squareY: at[3 * stride],
                                    product: at[4 * stride]))
                        }
                    }
                }
            }
        }
    }

    /// The image filtered by the window, every `step`-th position in both directions.
    ///
    /// The window must fit. Complexity: O(pixels · window side).
    func filtered(_ image: Grid, step: Int) -> Grid {
        let columns = image.width - size + 1
        let rows = image.height - size + 1
        var result = Grid(width: (columns + step - 1) / step, height: (rows + step - 1) / step)
        let stride = (image.width + 3) / 4 * 4 + size + 4
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * stride) { scratch in
            scratch.initialize(repeating: 0)
            let filteredDown = scratch.baseAddress!
            let filteredAcross = filteredDown + stride
            image.withPointer { start in
                for row in 0..<result.height {
                    down(start + row * step * image.width, width: image.width, into: filteredDown)
                    across(filteredDown, count: columns, into: filteredAcross)
                    for column in 0..<result.width { result[column, row] = filteredAcross[column * step] }
                }
            }
        }
        return result
    }

    /// Weighs `size` rows from `x` and `y` into one row of each of the five moments.
    private func moments(
        _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, width: Int, into result: UnsafeMutablePointer<Double>, stride: Int
    ) {
        weights.withUnsafeBufferPointer { weights in
            for column in Swift.stride(from: 0, to: width, by: 4) {
                var (meanX, meanY, squareX, squareY, product) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
                for tap in 0..<weights.count {
                    let (u, v) = (load(x + tap * width + column), load(y + tap * width + column))
                    let (weightedU, weightedV) = (u * weights[tap], v * weights[tap])
                    meanX += weightedU
                    meanY += weightedV
                    squareX += weightedU * u
                    squareY += weightedV * v
                    product += weightedU * v
                }
                store(meanX, result + column)
                store(meanY, result + stride + column)
                store(squareX, result + 2 * stride + column)
                store(squareY, result + 3 * stride + column)
                store(product, result + 4 * stride + column)
            }
        }
    }

    /// Weighs `size` rows into one.
    private func down(_ rows: UnsafePointer<Double>, width: Int, into result: UnsafeMutablePointer<Double>) {
        weights.withUnsafeBufferPointer { weights in
            for column in Swift.stride(from: 0, to: width, by: 4) {
                var sum = Lanes()
                for tap in 0..<weights.count { sum += load(rows + tap * width + column) * weights[tap] }
                store(sum, result + column)
            }
        }
    }

    /// Weighs `size` neighbours along a row into each of `count` values.
    private func across(_ row: UnsafePointer<Double>, count: Int, into result: UnsafeMutablePointer<Double>) {
        weights.withUnsafeBufferPointer { weights in
            for column in Swift.stride(from: 0, to: count, by: 4) {
                var sum = Lanes()
                for tap in 0..<weights.count { sum += load(row + column + tap) * weights[tap] }
                store(sum, result + column)
            }
        }
    }

    @inline(__always)
    private func load(_ pointer: UnsafePointer<Double>) -> Lanes {
        UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
    }

    @inline(__always)
    private func store(_ lanes: Lanes, _ pointer: UnsafeMutablePointer<Double>) {
        UnsafeMutableRawPointer(pointer).storeBytes(of: lanes, as: Lanes.self)
    }
}
