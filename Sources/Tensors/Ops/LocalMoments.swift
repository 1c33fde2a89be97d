/// The local moments of an image y and of two references under a sliding window, and scores that are made of them: the sum of a score over
/// all windows that lie inside the image, and its derivative by every pixel.
///
/// A score takes two passes over the rows. The first filters a row of moments and makes the derivatives by them at once, while they are in
/// registers; the second filters those back to the pixels. Nothing depends on the number of threads.
public struct LocalMoments: Sendable {
    /// What a score needs of an image that does not change.
    private struct Reference {
        /// (N, H, W, 1).
        let image: Tensor
        /// E[x] and E[x²] − E[x]² of every window; rounding may leave the latter just below 0.
        let mean: Tensor
        let variance: Tensor

        init(_ image: Tensor, _ window: [Float]) {
            self.image = image
            mean = ImageFilter.separable(image, rows: window, columns: window)
            let square = ImageFilter.separable(Elementwise.multiply(image, image), rows: window, columns: window)
            variance = Elementwise.subtract(square, Elementwise.multiply(mean, mean))
        }
    }

    private let references: (Reference, Reference)
    /// The window's weights, and the same in reverse.
    private let (window, backward): ([Float], [Float])
    private let (image, windows): (Shape, Shape)
    /// Where pixels and windows are looked at.
    private let (seen, seenWindows): (RowExtents, RowExtents)
    /// Of a row of derivatives: the zeros before it, and its floats with the zeros behind it, where whole vectors are read.
    private let (border, pitch): (Int, Int)

    /// - Parameters:
    ///   - first, second: the references, (N, H, W, 1), of one shape.
    ///   - extents: where they are not black: elsewhere an image is promised to be as black, and windows there are not looked at.
    ///   - window: the weights of the separable window along a row and along a column; their sum is 1.
    public init(_ first: Tensor, _ second: Tensor, extents: RowExtents, window: [Float]) {
        require([first, second].allSatisfy { $0.shape == extents.shape }, "the references have not the extents' shape \(extents.shape)")
        references = (Reference(first, window), Reference(second, window))
        (self.window, backward) = (window, window.reversed())
        (image, windows) = (first.shape, references.0.mean.shape)
        (seen, seenWindows) = (extents, extents.windows(side: window.count))
        border = window.count - 1
        pitch = (windows.w + 2 * border + lanes - 1) / lanes * lanes + 2 * lanes
    }

    /// The number of windows.
    public var count: Int { windows.count }

    /// Σ ln(1 + σ²/`noise`) of each reference over its windows.
    public func information(noise: Float) -> (Double, Double) {
        func sum(_ reference: Reference) -> Double {
            let variance = Elementwise.maximum(reference.variance, Tensor(windows))
            return Reduction.sum(Elementwise.logarithm(Elementwise.affine(variance, scale: 1 / noise, offset: 1)))
        }
        return (sum(references.0), sum(references.1))
    }

    // MARK: Scores

    /// SSIM (Wang et al. 2004, eq. 13) of an image y towards both references, summed over all windows. O(count · window side).
    ///
    /// - Parameters:
    ///   - y: (N, H, W, 1), about `origin` as the references are.
    ///   - constant: C1 and C2.
    ///   - origin: what was taken from the values before; the means have it added again.
    ///   - weight: the derivative by every pixel is added to `slope` so many times.
    /// - Returns: the sum for both references.
    public func similarity(_ y: Tensor, constant: Float, origin: Float, weight: Float, into slope: Tensor) -> Double {
        sum(Similarity(constant: constant, origin: origin), y, shares: (1, 1), weight: weight, into: slope)
    }

    /// The information that an image y keeps of both references in VIF's channel model (Sheikh and Bovik 2006, eq. 10):
    /// Σ ln(1 + g² σx² / (σv² + noise)), with gain g = σxy / σx² and σv² = σy² − g σxy. O(count · window side).
    ///
    /// Negative gains count as 0, and σv² as at least `tiny`; where one of them is cut no slope flows.
    ///
    /// - Parameters:
    ///   - y: (N, H, W, 1).
    ///   - shares: how much each reference counts.
    ///   - weight: the derivative by every pixel is added to `slope` so many times.
    /// - Returns: the sum over both references, by their shares.
    public func information(
        _ y: Tensor, noise: Float, tiny: Float, shares: (Float, Float), weight: Float, into slope: Tensor
    ) -> Double {
        sum(Information(noise: noise, tiny: tiny), y, shares: shares, weight: weight, into: slope)
    }

    // MARK: The two passes

    /// Rows of a piece of work.
    private static let grain = 8

    /// The sum of a score over all windows and both references; the derivative by the pixels is added to `slope`.
    private func sum<Score: WindowScore>(
        _ score: Score, _ y: Tensor, shares: (Float, Float), weight: Float, into slope: Tensor
    ) -> Double {
        require(y.shape == image && slope.shape == image, "the image \(y.shape) or its slope \(slope.shape) is not of shape \(image)")
        let rows = windows.n * windows.h
        let pieces = (rows + Self.grain - 1) / Self.grain
        // By E[y], by E[y²], and by E[xy] of either reference.
        let derivatives = Tensor(uninitialized: Shape(4, rows, pitch, 1))
        let sum = withUnsafeTemporaryAllocation(of: Double.self, capacity: pieces) { parts in
            nonisolated(unsafe) let parts = parts
            ThreadPool.ranges(rows, grain: Self.grain) { range in
                // The four weighted rows of images for each row of windows.
                let scratch = Tensor(uninitialized: .vector(Self.grain * 4 * pitch))
                func columns(of row: Int) -> UnsafeMutablePointer<Float> { scratch.pointer + (row - range.lowerBound) * 4 * pitch }
                inStrips(range, seenWindows) { weighRows(y, row: $0, $1, into: columns(of: $0)) }
                parts[range.lowerBound / Self.grain] = range.reduce(0.0) { sum, row in
                    guard !seenWindows.columns[row].isEmpty else { return sum }
                    return sum + Double(scoreRow(score, columns(of: row), row: row, shares, into: derivatives.pointer + row * pitch))
                }
            }
            return parts.reduce(Double(windows.count - seenWindows.count) * Score.black * Double(shares.0 + shares.1), +)
        }
        ThreadPool.ranges(image.n * image.h, grain: Self.grain) { range in
            let scratch = Tensor(uninitialized: .vector(Self.grain * 4 * pitch))
            func columns(of row: Int) -> UnsafeMutablePointer<Float> { scratch.pointer + (row - range.lowerBound) * 4 * pitch }
            inStrips(range, seen) { spreadRows(derivatives.pointer, row: $0, $1, into: columns(of: $0)) }
            for row in range {
                addSlope(columns(of: row), y, row: row, weight: weight, into: slope.pointer + row * image.w)
            }
        }
        return sum
    }

    /// Calls `body` for each row of a piece and the columns that are needed of it, strip by strip: what the rows share stays in the
    /// first-level cache. Strips begin at whole vectors.
    @inline(__always)
    private func inStrips(_ rows: Range<Int>, _ extents: RowExtents, _ body: (_ row: Int, _ columns: Range<Int>) -> Void) {
        for first in stride(from: 0, to: pitch, by: 64) {
            for row in rows {
                let needed = extents.columns[row]
                let left = max(first, needed.lowerBound / 16 * 16)
                let right = min(first + 64, needed.upperBound + border)
                if !needed.isEmpty && left < right { body(row, left..<right) }
            }
        }
    }

    /// The rows of the three images that begin at `offset`.
    private func rows(_ y: Tensor, at offset: Int) -> (y: UnsafePointer<Float>, a: UnsafePointer<Float>, b: UnsafePointer<Float>) {
        (
            UnsafePointer(y.pointer) + offset, UnsafePointer(references.0.image.pointer) + offset,
            UnsafePointer(references.1.image.pointer) + offset
        )
    }

    /// The weighted sums of the image's rows that a row of windows lies on: of y, y² and the products with both references.
    private func weighRows(_ y: Tensor, row: Int, _ strip: Range<Int>, into columns: UnsafeMutablePointer<Float>) {
        let (y, a, b) = rows(y, at: (row / windows.h * image.h + row % windows.h) * image.w)
        window.withUnsafeBufferPointer { window in
            var i = strip.lowerBound
            while i + lanes < strip.upperBound {
                var (left, right) = (FourLines(), FourLines())
                for k in 0..<window.count {
                    let (weight, at) = (Vector(repeating: window[k]), i + k * image.w)
                    left.add((y + at).vector, (a + at).vector, (b + at).vector, weight)
                    right.add((y + at + lanes).vector, (a + at + lanes).vector, (b + at + lanes).vector, weight)
                }
                left.store(to: columns + i, pitch: pitch)
                right.store(to: columns + i + lanes, pitch: pitch)
                i += 2 * lanes
            }
            if i < strip.upperBound {
                var sums = FourLines()
                for k in 0..<window.count {
                    let at = i + k * image.w
                    sums.add((y + at).vector, (a + at).vector, (b + at).vector, Vector(repeating: window[k]))
                }
                sums.store(to: columns + i, pitch: pitch)
            }
        }
    }

    /// Weighs along a row what `weighRows` left, and stores the derivatives by the four moments. Returns the score's sum.
    @inline(__always)
    private func scoreRow<Score: WindowScore>(
        _ score: Score, _ columns: UnsafePointer<Float>, row: Int, _ shares: (Float, Float),
        into derivatives: UnsafeMutablePointer<Float>
    ) -> Float {
        let (first, plane) = (row * windows.w, windows.n * windows.h * pitch)
        let (aMean, aVariance) = (UnsafePointer(references.0.mean.pointer) + first, UnsafePointer(references.0.variance.pointer) + first)
        let (bMean, bVariance) = (UnsafePointer(references.1.mean.pointer) + first, UnsafePointer(references.1.variance.pointer) + first)
        let range = seenWindows.columns[row]
        let laneNumbers = Vector((0..<lanes).map(Float.init))
        var tally = (score.neutral, score.neutral)
        var total = Vector()
        /// Windows from `i` on.
        @inline(__always)
        func finish(_ sums: FourLines, _ i: Int) {
            let (my, square) = (sums.a, sums.b)
            let a = score.evaluate((aMean + i).vector, (aVariance + i).vector, my, square, sums.c)
            let b = score.evaluate((bMean + i).vector, (bVariance + i).vector, my, square, sums.d)
            let slopes = FourLines(
                a: a.byMean * shares.0 + b.byMean * shares.1, b: a.bySquare * shares.0 + b.bySquare * shares.1, c: a.byProduct * shares.0,
                d: b.byProduct * shares.1)
            slopes.store(to: derivatives + border + i, pitch: plane)
            let isBehind = laneNumbers .>= Vector(repeating: Float(range.upperBound - i))
            tally.0 = score.join(tally.0, a.value.replacing(with: score.neutral, where: isBehind))
            tally.1 = score.join(tally.1, b.value.replacing(with: score.neutral, where: isBehind))
        }
        window.withUnsafeBufferPointer { window in
            for i in stride(from: range.lowerBound, to: range.upperBound, by: 2 * lanes) {
                let (left, right) = FourLines.pair(columns + i, pitch: pitch, window, step: 1)
                finish(left, i)
                if i + lanes < range.upperBound { finish(right, i + lanes) }
                if (i - range.lowerBound) % (8 * lanes) == 6 * lanes || i + 2 * lanes >= range.upperBound {
                    total += score.sum(tally.0) * shares.0 + score.sum(tally.1) * shares.1
                    tally = (score.neutral, score.neutral)
                }
            }
        }
        for map in 0..<4 {
            let line = derivatives + map * plane
            line.update(repeating: 0, count: border)
            (line + border + windows.w).update(repeating: 0, count: pitch - border - windows.w)
        }
        return total.sum()
    }

    /// The weighted sums of the derivatives' rows that a row of the image takes part in.
    private func spreadRows(_ derivatives: UnsafePointer<Float>, row: Int, _ strip: Range<Int>, into columns: UnsafeMutablePointer<Float>) {
        let (n, top) = (row / image.h, row % image.h - border)
        let taps = max(0, -top)..<min(window.count, windows.h - top)
        let first = (n * windows.h + top + taps.lowerBound) * pitch + strip.lowerBound
        backward.withUnsafeBufferPointer { backward in
            let weights = UnsafeBufferPointer(rebasing: backward[taps])
            for i in stride(from: 0, to: strip.count, by: 2 * lanes) {
                let (left, right) = FourLines.pair(derivatives + first + i, pitch: windows.n * windows.h * pitch, weights, step: pitch)
                left.store(to: columns + strip.lowerBound + i, pitch: pitch)
                right.store(to: columns + strip.lowerBound + i + lanes, pitch: pitch)
            }
        }
    }

    /// Weighs along a row what `spreadRows` left, and adds the derivative by the pixels.
    private func addSlope(
        _ columns: UnsafePointer<Float>, _ y: Tensor, row: Int, weight: Float, into slope: UnsafeMutablePointer<Float>
    ) {
        let (y, a, b) = rows(y, at: row * image.w)
        let range = seen.columns[row]
        @inline(__always)
        func finish(_ sums: FourLines, _ i: Int) {
            var sum = sums.a
            sum.addProduct((y + i).vector, 2 * sums.b)
            sum.addProduct((a + i).vector, sums.c)
            sum.addProduct((b + i).vector, sums.d)
            let result = (slope + i).vector.addingProduct(sum, Vector(repeating: weight))
            if i + lanes <= range.upperBound {
                (slope + i).vector = result
            } else {
                for lane in 0..<range.upperBound - i { slope[i + lane] = result[lane] }
            }
        }
        backward.withUnsafeBufferPointer { window in
            for i in stride(from: range.lowerBound, to: range.upperBound, by: 2 * lanes) {
                let (left, right) = FourLines.pair(columns + i, pitch: pitch, window, step: 1)
                finish(left, i)
                if i + lanes < range.upperBound { finish(right, i + lanes) }
            }
        }
    }
}

/// A score of one window, for a vector of windows.
private protocol WindowScore {
    /// The score of a window in which all images are black.
    static var black: Double { get }

    /// A score, or what several windows' scores are made of, and the score's derivatives by E[y], E[y²] and E[xy] from the moments E[x],
    /// σx², E[y], E[y²] and E[xy].
    func evaluate(
        _ xMean: Vector, _ xVariance: Vector, _ yMean: Vector, _ ySquare: Vector, _ product: Vector
    ) -> (value: Vector, byMean: Vector, bySquare: Vector, byProduct: Vector)

    /// What joins nothing to a value, two values in one, and the sum of the scores of up to eight.
    var neutral: Vector { get }
    func join(_ a: Vector, _ b: Vector) -> Vector
    func sum(_ joined: Vector) -> Vector
}

/// See `LocalMoments.similarity`.
private struct Similarity: WindowScore {
    static let black = 1.0
    let constant, origin: Float

    @inline(__always)
    func evaluate(
        _ xMean: Vector, _ xVariance: Vector, _ yMean: Vector, _ ySquare: Vector, _ product: Vector
    ) -> (value: Vector, byMean: Vector, bySquare: Vector, byProduct: Vector) {
        let variances = xVariance + (ySquare - yMean * yMean)
        let covariance = product - xMean * yMean
        let (u, v) = (xMean + origin, yMean + origin)
        let (a1, a2) = (2 * u * v + constant, 2 * covariance + constant)
        let (b1, b2) = (u * u + v * v + constant, variances + constant)
        let scale = 1 / (b1 * b2)
        let similarity = a1 * a2 * scale
        let byCovariance = 2 * a1 * scale
        // 1/b1 and 1/b2 without further divisions.
        let byVariance = -similarity * (b1 * scale)
        let byMean = 2 * u * a2 * scale - similarity * 2 * v * (b2 * scale)
        return (similarity, byMean - 2 * yMean * byVariance - xMean * byCovariance, byVariance, byCovariance)
    }

    var neutral: Vector { Vector() }
    func join(_ a: Vector, _ b: Vector) -> Vector { a + b }
    func sum(_ joined: Vector) -> Vector { joined }
}

/// See `LocalMoments.information`.
private struct Information: WindowScore {
    static let black = 0.0
    let noise, tiny: Float

    @inline(__always)
    func evaluate(
        _ xMean: Vector, _ xVariance: Vector, _ yMean: Vector, _ ySquare: Vector, _ product: Vector
    ) -> (value: Vector, byMean: Vector, bySquare: Vector, byProduct: Vector) {
        let zero = Vector()
        let x = larger(xVariance, zero)
        let yFull = ySquare - yMean * yMean
        let covariance = larger(product - xMean * yMean, zero)
        let towards = 1 / (x + tiny)
        let gain = covariance * towards
        let restFull = larger(yFull, zero) - gain * covariance
        let denominator = 1 / (larger(restFull, Vector(repeating: tiny)) + noise)
        let ratio = gain * gain * x * denominator
        let outer = 1 / (1 + ratio)
        let byRest = (-ratio * denominator).replacing(with: 0, where: restFull .<= tiny)
        let byVariance = outer * byRest.replacing(with: 0, where: yFull .<= 0)
        let byGain = 2 * gain * x * denominator - covariance * byRest
        let byCovariance = (outer * (byGain * towards - gain * byRest)).replacing(with: 0, where: covariance .<= 0)
        return (1 + ratio, -2 * yMean * byVariance - xMean * byCovariance, byVariance, byCovariance)
    }

    // One logarithm of a product costs less than eight; levels to 255 have ratios to 8128, whose eighth power is in range.
    var neutral: Vector { Vector(repeating: 1) }
    func join(_ a: Vector, _ b: Vector) -> Vector { a * b }
    func sum(_ joined: Vector) -> Vector { logarithm(joined) }
}

/// A vector of each of four lines.
private struct FourLines {
    var a = Vector()
    var b = Vector()
    var c = Vector()
    var d = Vector()

    /// Adds y, y², and the products of y with a and b.
    @inline(__always)
    mutating func add(_ y: Vector, _ a: Vector, _ b: Vector, _ weight: Vector) {
        let weighed = y * weight
        self.a.addProduct(y, weight)
        self.b.addProduct(y, weighed)
        c.addProduct(a, weighed)
        d.addProduct(b, weighed)
    }

    /// Weighted sums of elements `step` apart along four lines, for two vectors side by side.
    @inline(__always)
    static func pair(_ lines: UnsafePointer<Float>, pitch: Int, _ window: UnsafeBufferPointer<Float>, step: Int) -> (FourLines, FourLines) {
        var (left, right) = (FourLines(), FourLines())
        for k in 0..<window.count {
            let (weight, at) = (Vector(repeating: window[k]), lines + k * step)
            left.a.addProduct(at.vector, weight)
            right.a.addProduct((at + lanes).vector, weight)
            left.b.addProduct((at + pitch).vector, weight)
            right.b.addProduct((at + pitch + lanes).vector, weight)
            left.c.addProduct((at + 2 * pitch).vector, weight)
            right.c.addProduct((at + 2 * pitch + lanes).vector, weight)
            left.d.addProduct((at + 3 * pitch).vector, weight)
            right.d.addProduct((at + 3 * pitch + lanes).vector, weight)
        }
        return (left, right)
    }

    @inline(__always)
    func store(to lines: UnsafeMutablePointer<Float>, pitch: Int) {
        lines.vector = a
        (lines + pitch).vector = b
        (lines + 2 * pitch).vector = c
        (lines + 3 * pitch).vector = d
    }
}
