/// The edges of two references, and what an image keeps of them: scores pixel by pixel, and their derivatives by the image's pixels.
///
/// An edge is the response to the Sobel filter where it lies inside the image. As in `LocalMoments` a score takes two passes over the rows:
/// to the derivatives by edges, and from those to the derivatives by pixels.
public struct EdgeMaps: Sendable {
    /// An image's edges and their strengths, as stored.
    private struct Reference {
        let x, y, strength: Tensor

        /// The edges and strengths of a vector of pixels.
        @inline(__always)
        func at(_ i: Int) -> (x: Vector, y: Vector, strength: Vector) {
            ((x.pointer + i).vector, (y.pointer + i).vector, (strength.pointer + i).vector)
        }
    }

    private let references: (Reference, Reference)
    private let epsilon: Float
    private let (image, edges): (RowExtents, RowExtents)
    /// The sum of both references' strengths over all pixels.
    public let whole: Double

    /// - Parameters:
    ///   - first, second: the references, (N, H, W, 1), with sides of at least 3.
    ///   - extents: where they are not black: elsewhere an image is promised to be black too, and no edge is looked at.
    ///   - epsilon: added to the squared strengths, which keeps slopes finite.
    public init(_ first: Tensor, _ second: Tensor, extents: RowExtents, epsilon: Float) {
        require([first, second].allSatisfy { $0.shape == extents.shape }, "the references have not the extents' shape \(extents.shape)")
        (image, edges) = (extents, extents.windows(side: 3))
        self.epsilon = epsilon
        references = (Self.reference(first, edges, epsilon), Self.reference(second, edges, epsilon))
        whole = [references.0, references.1].reduce(0) { $0 + Reduction.sum($1.strength) }
    }

    /// A reference's edges; outside the extents they have no strength.
    private static func reference(_ image: Tensor, _ edges: RowExtents, _ epsilon: Float) -> Reference {
        let reference = Reference(x: Tensor(edges.shape), y: Tensor(edges.shape), strength: Tensor(edges.shape))
        for (row, columns) in edges.columns.enumerated() {
            let from = pixels(image, edges.shape, row)
            for i in stride(from: columns.lowerBound, to: columns.upperBound, by: lanes) {
                let (x, y) = sobel(from + i, image.shape.w)
                let strength = strength(x, y, epsilon).value
                for lane in 0..<min(lanes, columns.upperBound - i) {
                    let at = row * edges.shape.w + i + lane
                    (reference.x.pointer[at], reference.y.pointer[at], reference.strength.pointer[at]) = (x[lane], y[lane], strength[lane])
                }
            }
        }
        return reference
    }

    /// The upper left pixel of the first edge of a row.
    private static func pixels(_ image: Tensor, _ edges: Shape, _ row: Int) -> UnsafePointer<Float> {
        UnsafePointer(image.pointer) + (row / edges.h * image.shape.h + row % edges.h) * image.shape.w
    }

    /// The horizontal and the vertical response of a vector of pixels whose upper left neighbours begin at `p`.
    @inline(__always)
    private static func sobel(_ p: UnsafePointer<Float>, _ width: Int) -> (x: Vector, y: Vector) {
        let (middle, lower) = (p + width, p + 2 * width)
        let (topLeft, topRight) = (p.vector, (p + 2).vector)
        let (bottomLeft, bottomRight) = (lower.vector, (lower + 2).vector)
        let x = (topRight - topLeft) + 2 * ((middle + 2).vector - middle.vector) + (bottomRight - bottomLeft)
        let y = (bottomLeft - topLeft) + 2 * ((lower + 1).vector - (p + 1).vector) + (bottomRight - topRight)
        return (x, y)
    }

    /// The strength of edges and its inverse. An image's are computed as the references' are: equal edges are equally strong, to the last
    /// bit, and no edge of a copy goes beyond the original's.
    @inline(__always)
    private static func strength(_ x: Vector, _ y: Vector, _ epsilon: Float) -> (value: Vector, inverse: Vector) {
        let square = (x * x + epsilon).addingProduct(y, y)
        let inverse = inverseRoot(square)
        return (square * inverse, inverse)
    }

    /// Rows of a piece of work.
    private static let grain = 8

    /// Q^AF and Q^BF (Xydeas and Petrovic 2000) of an image's edges, weighted by the references' strengths, and how far its edges are
    /// stronger than both references': sums over all pixels. O(count).
    ///
    /// The angle between two edges is taken between lines, by the series of the arcsine of |sin Δ| (within 0.01 rad up to 45°, where the
    /// orientation's sigmoid has long fallen).
    ///
    /// - Parameters:
    ///   - y: (N, H, W, 1).
    ///   - weights: the derivative of each sum by every pixel is added to `slope` so many times.
    public func score(_ y: Tensor, weights: (kept: Float, excess: Float), into slope: Tensor) -> (kept: Double, excess: Double) {
        require([y, slope].allSatisfy { $0.shape == image.shape }, "the image or its slope is not of shape \(image.shape)")
        let rows = edges.columns.count
        // Derivatives by both responses, with zeros before and behind each row.
        let pitch = edges.shape.w + 4 + lanes
        let derivatives = Tensor(uninitialized: Shape(2, rows, pitch, 1))
        let (byX, byY) = (derivatives.pointer, derivatives.pointer + rows * pitch)
        let pieces = (rows + Self.grain - 1) / Self.grain
        let sums = withUnsafeTemporaryAllocation(of: (kept: Double, excess: Double).self, capacity: pieces) { parts in
            nonisolated(unsafe) let parts = parts
            ThreadPool.ranges(rows, grain: Self.grain) { range in
                var sums = (kept: 0.0, excess: 0.0)
                for row in range where !edges.columns[row].isEmpty {
                    let (kept, excess) = scoreRow(y, row, weights, byX + row * pitch, byY + row * pitch, pitch)
                    sums = (sums.kept + Double(kept), sums.excess + Double(excess))
                }
                parts[range.lowerBound / Self.grain] = sums
            }
            return parts.reduce((0, 0)) { ($0.0 + $1.kept, $0.1 + $1.excess) }
        }
        let none = Tensor(.vector(pitch))
        ThreadPool.ranges(image.columns.count, grain: Self.grain) { range in
            for row in range where !image.columns[row].isEmpty {
                let (n, top) = (row / image.shape.h, row % image.shape.h)
                /// The derivatives of the row of edges that begins so many rows above this one.
                func above(_ map: UnsafeMutablePointer<Float>, _ count: Int) -> UnsafePointer<Float> {
                    let isInside = 0..<edges.shape.h ~= top - count
                    return UnsafePointer(isInside ? map + (n * edges.shape.h + top - count) * pitch : none.pointer)
                }
                addSlope(
                    (above(byX, 0), above(byX, 1), above(byX, 2)), (above(byY, 0), above(byY, 2)), image.columns[row],
                    to: slope.pointer + row * image.shape.w)
            }
        }
        return sums
    }

    /// The scores of one row, and their derivatives by the responses. Returns the sums.
    private func scoreRow(
        _ y: Tensor, _ row: Int, _ weights: (kept: Float, excess: Float), _ byX: UnsafeMutablePointer<Float>,
        _ byY: UnsafeMutablePointer<Float>, _ pitch: Int
    ) -> (kept: Float, excess: Float) {
        let (columns, width) = (edges.columns[row], edges.shape.w)
        for line in [byX, byY] {
            line.update(repeating: 0, count: 2)
            (line + 2 + width).update(repeating: 0, count: pitch - 2 - width)
        }
        let from = Self.pixels(y, edges.shape, row)
        var (kept, excess) = (Vector(), Vector())
        for i in stride(from: columns.lowerBound, to: columns.upperBound, by: lanes) {
            let (x, y) = Self.sobel(from + i, image.shape.w)
            let (strength, inverse) = Self.strength(x, y, epsilon)
            let (a, b) = (references.0.at(row * width + i), references.1.at(row * width + i))
            let ofA = Self.kept(a, x, y, strength, inverse)
            let ofB = Self.kept(b, x, y, strength, inverse)
            let beyond = larger(strength - larger(a.strength, b.strength), Vector())
            let byBeyond = inverse.replacing(with: 0, where: beyond .<= 0) * weights.excess
            let along = byBeyond.addingProduct(ofA.along + ofB.along, Vector(repeating: weights.kept))
            let (acrossA, acrossB) = (ofA.across * weights.kept, ofB.across * weights.kept)
            let slopeX = along * x - acrossA * a.y - acrossB * b.y
            let slopeY = along * y + acrossA * a.x + acrossB * b.x
            if i + lanes <= columns.upperBound {
                kept += ofA.value + ofB.value
                excess += beyond
                (byX + 2 + i).vector = slopeX
                (byY + 2 + i).vector = slopeY
            } else {
                for lane in 0..<columns.upperBound - i {
                    kept[lane] += ofA.value[lane] + ofB.value[lane]
                    excess[lane] += beyond[lane]
                    (byX[2 + i + lane], byY[2 + i + lane]) = (slopeX[lane], slopeY[lane])
                }
            }
        }
        return (kept.sum(), excess.sum())
    }

    /// Adds the derivatives by pixels of a row: from the responses of the edges that begin in it, in the row above and in the one above that.
    private func addSlope(
        _ byX: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>), _ byY: (UnsafePointer<Float>, UnsafePointer<Float>),
        _ columns: Range<Int>, to slope: UnsafeMutablePointer<Float>
    ) {
        for i in stride(from: columns.lowerBound, to: columns.upperBound, by: lanes) {
            // Pixel i is the left one of edge i, at i + 2 behind the zeros, and the right one of edge i − 2.
            @inline(__always)
            func across(_ line: UnsafePointer<Float>) -> Vector { (line + i).vector - (line + i + 2).vector }
            @inline(__always)
            func along(_ line: UnsafePointer<Float>) -> Vector { (line + i).vector + 2 * (line + i + 1).vector + (line + i + 2).vector }
            let sum = (across(byX.0) + 2 * across(byX.1) + across(byX.2)) + (along(byY.1) - along(byY.0))
            let result = (slope + i).vector + sum
            if i + lanes <= columns.upperBound {
                (slope + i).vector = result
            } else {
                for lane in 0..<columns.upperBound - i { slope[i + lane] = result[lane] }
            }
        }
    }

    /// What an edge (x, y) keeps of a reference's, and its derivative: (along·x − across·reference.y, along·y + across·reference.x).
    @inline(__always)
    private static func kept(
        _ reference: (x: Vector, y: Vector, strength: Vector), _ x: Vector, _ y: Vector, _ strength: Vector, _ inverse: Vector
    ) -> (value: Vector, along: Vector, across: Vector) {
        let (one, half) = (Vector(repeating: 1), Vector(repeating: 0.5))
        let twoOverPi = Vector(repeating: 2 / Float.pi)
        let isStronger = strength .> reference.strength
        let inverseReference = 1 / reference.strength
        let ratio = (strength * inverseReference).replacing(with: reference.strength * inverse, where: isStronger)
        let ratioSlope = inverseReference.replacing(with: -ratio * inverse, where: isStronger)

        let cross = reference.x * y - reference.y * x
        let sign = one.replacing(with: -1, where: cross .< 0)
        let perSine = sign * inverseReference * inverse
        let sineFull = cross * perSine
        let sine = smaller(sineFull, one)
        let square = sine * sine
        let series = one.addingProduct(square, Vector(repeating: 1 / 6).addingProduct(square, Vector(repeating: 3 / 40)))
        let alignment = one - sine * series * twoOverPi
        let seriesSlope = one.addingProduct(square, half.addingProduct(square, Vector(repeating: 0.375)))
        let alignmentSlope = (-twoOverPi * seriesSlope).replacing(with: 0, where: sineFull .> 1)

        let s = centredSigmoid(Vector(repeating: -7.5).addingProduct(ratio, Vector(repeating: 15)))
        let a = centredSigmoid(Vector(repeating: -17.6).addingProduct(alignment, Vector(repeating: 22)))
        let value = (half + s) * (half + a) * reference.strength * (0.9994 * 0.9879)
        let byStrength = value * (15 * (half - s) * ratioSlope)
        let bySine = value * (22 * (half - a) * alignmentSlope)
        // The sine falls with the strength of the edge, along its direction.
        return (value, (byStrength - bySine * sine * inverse) * inverse, bySine * perSine)
    }
}
