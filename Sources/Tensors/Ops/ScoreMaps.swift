/// Scores of images pixel by pixel, with their derivatives by the local values that they are made of: the parts of an objective that
/// is climbed. All tensors of a call have one shape; sums do not depend on the number of threads.
public enum ScoreMaps {
    private static let grain = 4096

    /// Σ body(i) over the vectors that cover `0..<count`, without the lanes behind the end.
    @inline(__always)
    private static func sum(_ count: Int, _ body: (Int) -> Vector) -> Double {
        let pieces = (count + grain - 1) / grain
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, pieces)) { partial in
            nonisolated(unsafe) let partial = partial
            ThreadPool.ranges(count, grain: grain) { range in
                var sum = Vector()
                var i = range.lowerBound
                while i + lanes <= range.upperBound {
                    sum += body(i)
                    i += lanes
                }
                if i < range.upperBound {
                    let rest = body(i)
                    for lane in 0..<range.upperBound - i { sum[lane] += rest[lane] }
                }
                partial[range.lowerBound / grain] = Double(sum.sum())
            }
            return (0..<pieces).reduce(0) { $0 + partial[$1] }
        }
    }

    // MARK: Structural similarity

    /// Local moments of an image: E[x] and E[x²] over a window.
    public struct Moments: Sendable {
        public let mean: Tensor
        public let square: Tensor

        public init(mean: Tensor, square: Tensor) { (self.mean, self.square) = (mean, square) }
    }

    /// SSIM (Wang et al. 2004, eq. 13) of an image y towards x: its sum, and its derivatives by E[y], E[y²] and E[xy]. O(count).
    ///
    /// - Parameters:
    ///   - x, y: moments of the images about `origin`.
    ///   - product: E[xy], about `origin` too.
    ///   - constant: C1 and C2.
    ///   - origin: what was taken from the values before; the means have it added again.
    ///   - slopes: the derivatives by y's moments are added to these.
    /// - Returns: the sum over all windows, and the derivative by E[xy].
    public static func similarity(
        _ x: Moments, _ y: Moments, product: Tensor, constant: Float, origin: Float, slopes: Moments
    ) -> (sum: Double, product: Tensor) {
        require(
            [x.mean, x.square, y.mean, y.square, slopes.mean, slopes.square].allSatisfy { $0.shape == product.shape },
            "the moments differ in shape")
        let byProduct = Tensor(uninitialized: product.shape)
        let (xMean, xSquare, yMean, ySquare) = (x.mean.pointer, x.square.pointer, y.mean.pointer, y.square.pointer)
        let (products, toMean, toSquare, toProduct) = (
            product.pointer, slopes.mean.pointer, slopes.square.pointer, byProduct.pointer
        )
        let total = sum(product.count) { i in
            let (mx, my) = ((xMean + i).vector, (yMean + i).vector)
            let variances = ((xSquare + i).vector - mx * mx) + ((ySquare + i).vector - my * my)
            let covariance = (products + i).vector - mx * my
            let (u, v) = (mx + origin, my + origin)
            let (a1, a2) = (2 * u * v + constant, 2 * covariance + constant)
            let (b1, b2) = (u * u + v * v + constant, variances + constant)
            let scale = 1 / (b1 * b2)
            let similarity = a1 * a2 * scale
            let byCovariance = 2 * a1 * scale
            let byVariance = -similarity / b2
            let byMean = 2 * u * a2 * scale - similarity * 2 * v / b1
            (toMean + i).vector += byMean - 2 * my * byVariance - mx * byCovariance
            (toSquare + i).vector += byVariance
            (toProduct + i).vector = byCovariance
            return similarity
        }
        return (total, byProduct)
    }

    // MARK: Visual information fidelity

    /// VIF's information ln(1 + g²σx²/(σv² + noise)) that y keeps of x (Sheikh and Bovik 2006, eq. 10 and 14 to 17): its sum, and its
    /// derivatives by E[y], E[y²] and E[xy]. O(count).
    ///
    /// The gain g and the distortion's variance σv² are cut off at 0 and `tiny`; where they are, nothing flows.
    ///
    /// - Parameters:
    ///   - variance: σx², at least 0.
    ///   - scale: multiplies the derivatives.
    ///   - slopes: the derivatives by y's moments are added to these.
    /// - Returns: the sum over all windows, and the derivative by E[xy].
    public static func information(
        xMean: Tensor, variance: Tensor, _ y: Moments, product: Tensor, noise: Float, tiny: Float, scale: Float, slopes: Moments
    ) -> (sum: Double, product: Tensor) {
        require(
            [xMean, variance, y.mean, y.square, slopes.mean, slopes.square].allSatisfy { $0.shape == product.shape },
            "the moments differ in shape")
        let byProduct = Tensor(uninitialized: product.shape)
        let (xMeans, variances, yMean, ySquare) = (xMean.pointer, variance.pointer, y.mean.pointer, y.square.pointer)
        let (products, toMean, toSquare, toProduct) = (
            product.pointer, slopes.mean.pointer, slopes.square.pointer, byProduct.pointer
        )
        let (zero, one) = (Vector(), Vector(repeating: 1))
        let total = sum(product.count) { i in
            let (mx, my, vx) = ((xMeans + i).vector, (yMean + i).vector, (variances + i).vector)
            let vyFull = (ySquare + i).vector - my * my
            let vy = larger(vyFull, zero)
            let covariance = (products + i).vector - mx * my
            let slope = 1 / (vx + tiny)
            let positive = one.replacing(with: 0, where: covariance .<= 0)
            let gain = covariance * slope * positive
            let restFull = vy - gain * covariance
            let active = one.replacing(with: 0, where: restFull .<= tiny)
            let denominator = larger(restFull, Vector(repeating: tiny)) + noise
            let ratio = gain * gain * vx / denominator
            let outer = scale / (1 + ratio)
            let byRest = -(ratio / denominator) * active
            let byVariance = outer * byRest.replacing(with: 0, where: vyFull .<= 0)
            let byGain = 2 * gain * vx / denominator - covariance * byRest
            let byCovariance = outer * (byGain * slope * positive - gain * byRest)
            (toMean + i).vector += -2 * my * byVariance - mx * byCovariance
            (toSquare + i).vector += byVariance
            (toProduct + i).vector = byCovariance
            return logarithm(1 + ratio)
        }
        return (total, byProduct)
    }

    // MARK: Edge preservation

    /// The horizontal and vertical response to an edge filter.
    public struct Edges: Sendable {
        public let x: Tensor
        public let y: Tensor

        public init(x: Tensor, y: Tensor) { (self.x, self.y) = (x, y) }
    }

    /// Q^AF (Xydeas and Petrovic 2000) of fused edges, weighted by the source's edge strength: its sum, and its derivatives. O(count).
    ///
    /// The angle between two edges is taken between lines, by the series of the arcsine of |sin Δ| (within 0.01 rad up to 45°, where the
    /// orientation's sigmoid has long fallen).
    ///
    /// - Parameters:
    ///   - epsilon: added to the squared strengths, which keeps slopes finite.
    ///   - slopes: the derivatives by the fused edges are added to these.
    public static func preservedEdges(_ source: Edges, _ fused: Edges, epsilon: Float, scale: Float, slopes: Edges) -> Double {
        require(
            [source.y, fused.x, fused.y, slopes.x, slopes.y].allSatisfy { $0.shape == source.x.shape }, "the edges differ in shape")
        let (sourceX, sourceY, fusedX, fusedY) = (source.x.pointer, source.y.pointer, fused.x.pointer, fused.y.pointer)
        let (toX, toY) = (slopes.x.pointer, slopes.y.pointer)
        let one = Vector(repeating: 1)
        let twoOverPi = Vector(repeating: 2 / Float.pi)
        return sum(source.x.count) { i in
            let (ax, ay, fx, fy) = ((sourceX + i).vector, (sourceY + i).vector, (fusedX + i).vector, (fusedY + i).vector)
            let strength = (ax * ax + ay * ay + epsilon).squareRoot()
            let fusedStrength = (fx * fx + fy * fy + epsilon).squareRoot()
            let (inverse, fusedInverse) = (1 / strength, 1 / fusedStrength)
            let isStronger = fusedStrength .> strength
            let ratio = (fusedStrength * inverse).replacing(with: strength * fusedInverse, where: isStronger)
            let ratioSlope = inverse.replacing(with: -strength * fusedInverse * fusedInverse, where: isStronger)

            let cross = ax * fy - ay * fx
            let sign = one.replacing(with: -1, where: cross .< 0)
            let sineFull = cross * sign * inverse * fusedInverse
            let sine = smaller(sineFull, one)
            let square = sine * sine
            let series: Vector = 1 + square * (1 / 6 + square * (3 / 40))
            let alignment: Vector = 1 - sine * series * twoOverPi
            let seriesSlope: Vector = 1 + square * (0.5 + square * 0.375)
            let alignmentSlope = (-twoOverPi * seriesSlope).replacing(with: 0, where: sineFull .> 1)

            let (s, a) = (sigmoid(15 * ratio - 7.5), sigmoid(22 * alignment - 17.6))
            let kept = (0.9994 * 0.9879) * s * a * strength
            let byStrength = scale * kept * (15 * (1 - s) * ratioSlope)
            let bySine = scale * kept * (22 * (1 - a) * alignmentSlope)
            // The sine falls with the strength of the fused edge, along its direction.
            let along = (byStrength - bySine * sine * fusedInverse) * fusedInverse
            let across = bySine * sign * inverse * fusedInverse
            (toX + i).vector += along * fx - across * ay
            (toY + i).vector += along * fy + across * ax
            return kept
        }
    }

    /// How far fused edges are stronger than the stronger source's: the sum, and its derivatives. O(count).
    ///
    /// - Parameters as of ``preservedEdges(_:_:epsilon:scale:slopes:)``; `strongest` is the larger of the sources' strengths.
    public static func excessEdges(strongest: Tensor, _ fused: Edges, epsilon: Float, scale: Float, slopes: Edges) -> Double {
        require([fused.x, fused.y, slopes.x, slopes.y].allSatisfy { $0.shape == strongest.shape }, "the edges differ in shape")
        let (limit, fusedX, fusedY) = (strongest.pointer, fused.x.pointer, fused.y.pointer)
        let (toX, toY) = (slopes.x.pointer, slopes.y.pointer)
        return sum(strongest.count) { i in
            let (fx, fy) = ((fusedX + i).vector, (fusedY + i).vector)
            let strength = (fx * fx + fy * fy + epsilon).squareRoot()
            let excess = larger(strength - (limit + i).vector, Vector())
            let slope = (scale / strength).replacing(with: 0, where: excess .<= 0)
            (toX + i).vector += slope * fx
            (toY + i).vector += slope * fy
            return excess
        }
    }
}
