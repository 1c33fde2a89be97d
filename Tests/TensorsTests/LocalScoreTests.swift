import Foundation
import TestSupport
import Testing

@testable import Tensors

/// Scores of neighbourhoods, and their slopes, against the scores' definitions in double precision and central differences of those.
///
/// A slope goes through some hundred roundings, which the difference of a variance magnifies tenfold here at most: 1000 · u of the largest.
/// Central differences in double with a step of 1e-4 err by 1e-8 of the third derivative.
@Suite("Local scores") struct LocalScoreTests {
    private static let tolerance = 1000 * unitRoundoff

    /// Images of levels 1...4, and black where the sources are: everywhere but in `seen`, where given.
    private struct Case: CustomTestStringConvertible, Sendable {
        let shape: Shape
        let taps: Int
        /// Columns of each row of a picture, as its height and width give them.
        var seen: (@Sendable (_ row: Int, _ shape: Shape) -> Range<Int>)?

        var testDescription: String { "\(shape), \(taps) taps\(seen == nil ? "" : ", partly black")" }

        func image(_ seed: UInt64) -> Tensor {
            var generator = Philox(seed: seed, stream: 5)
            let x = Tensor(shape, (0..<shape.count).map { _ in Float.random(in: 1...4, using: &generator) })
            for row in 0..<shape.n * shape.h {
                let columns = seen?(row % shape.h, shape) ?? 0..<shape.w
                for column in 0..<shape.w where !columns.contains(column) { x.pointer[row * shape.w + column] = 0 }
            }
            return x
        }

        /// Another weight for each tap, so that none can be taken for another.
        var window: [Float] {
            let weights = (1...taps).map { 1 / Float($0 + 1) }
            return weights.map { $0 / weights.reduce(0, +) }
        }
    }

    /// A slanted band, and nothing in the first rows.
    @Sendable private static func band(_ row: Int, _ shape: Shape) -> Range<Int> {
        row < shape.h / 3 ? 0..<0 : min(row / 2, shape.w - 1)..<min(shape.w, row / 2 + shape.w / 3 + 1)
    }

    private static let cases = [
        Case(shape: Shape(1, 7, 7, 1), taps: 7), Case(shape: Shape(2, 9, 31, 1), taps: 5), Case(shape: Shape(1, 12, 75, 1), taps: 3),
        Case(shape: Shape(1, 20, 18, 1), taps: 17), Case(shape: Shape(2, 21, 40, 1), taps: 3, seen: band),
        Case(shape: Shape(1, 25, 70, 1), taps: 9, seen: band), Case(shape: Shape(1, 8, 8, 1), taps: 5, seen: { _, _ in 0..<0 }),
    ]

    /// A score of one window from E[x], σx², E[y], σy² and σxy.
    private typealias WindowScore = (_ mx: Double, _ vx: Double, _ my: Double, _ vy: Double, _ cov: Double) -> Double

    /// Σ of a score over all windows of `y` towards `x`.
    private static func sum(_ x: [Double], _ y: [Double], _ test: Case, _ score: WindowScore) -> Double {
        let (s, window) = (test.shape, test.window.map(Double.init))
        var total = 0.0
        for n in 0..<s.n {
            for top in 0...s.h - test.taps {
                for left in 0...s.w - test.taps {
                    var (mx, my, xx, yy, xy) = (0.0, 0.0, 0.0, 0.0, 0.0)
                    for u in 0..<test.taps {
                        for v in 0..<test.taps {
                            let (at, weight) = ((n * s.h + top + u) * s.w + left + v, window[u] * window[v])
                            mx += weight * x[at]
                            my += weight * y[at]
                            xx += weight * x[at] * x[at]
                            yy += weight * y[at] * y[at]
                            xy += weight * x[at] * y[at]
                        }
                    }
                    total += score(mx, xx - mx * mx, my, yy - my * my, xy - mx * my)
                }
            }
        }
        return total
    }

    /// The derivative of `value` by each element of `y` that is not black; 0 by the others.
    private static func slope(_ y: [Double], _ value: ([Double]) -> Double) -> [Double] {
        y.indices.map { i in
            guard y[i] != 0 else { return 0 }
            var moved = y
            moved[i] = y[i] + 1e-4
            let ahead = value(moved)
            moved[i] = y[i] - 1e-4
            return (ahead - value(moved)) / 2e-4
        }
    }

    /// Holds a kernel against `value`: its result, and the slope that it adds to what is there, where `y` is not black.
    private static func check(
        _ test: Case, _ y: Tensor, _ value: ([Double]) -> Double, _ kernel: (_ slope: Tensor) -> Double
    ) {
        let levels = y.values.map(Double.init)
        let (expected, expectedSlope) = (value(levels), slope(levels, value))
        let slope = Tensor(test.shape, repeating: 0.5)
        let found = kernel(slope)
        #expect(abs(found - expected) <= tolerance * abs(expected), "\(found), not \(expected)")
        let largest = expectedSlope.reduce(1e-30) { max($0, abs($1)) }
        for i in 0..<y.count where y.pointer[i] != 0 {
            #expect(abs(Double(slope.pointer[i]) - 0.5 - expectedSlope[i]) <= tolerance * max(largest, 0.5), "pixel \(i)")
        }
        for i in 0..<y.count where y.pointer[i] == 0 { #expect(slope.pointer[i].isFinite) }
        // The same bytes with one thread.
        let threads = ThreadPool.threads
        ThreadPool.threads = 1
        defer { ThreadPool.threads = threads }
        let alone = Tensor(test.shape, repeating: 0.5)
        #expect(kernel(alone) == found)
        for i in 0..<y.count where y.pointer[i] != 0 { #expect(alone.pointer[i] == slope.pointer[i]) }
    }

    @Test("SSIM is Wang's equation 13", arguments: cases)
    private func similarity(_ test: Case) {
        let (a, b, y) = (test.image(1), test.image(2), test.image(3))
        let (origin, constant): (Float, Float) = (2, 0.5)
        func centred(_ x: Tensor) -> Tensor { Elementwise.affine(x, scale: 1, offset: -origin) }
        let moments = LocalMoments(centred(a), centred(b), extents: RowExtents(a, b), window: test.window)
        let c = Double(constant)
        let score: WindowScore = { (2 * $0 * $2 + c) * (2 * $4 + c) / (($0 * $0 + $2 * $2 + c) * ($1 + $3 + c)) }
        let references = [a, b].map { $0.values.map(Double.init) }
        Self.check(test, y) { levels in
            references.reduce(0) { $0 + Self.sum($1, levels, test, score) }
        } _: {
            moments.similarity(centred(y), constant: constant, origin: origin, weight: 1, into: $0)
        }
    }

    @Test("VIF's information is Sheikh and Bovik's channel model", arguments: cases)
    private func information(_ test: Case) {
        // y resembles both, so that most gains are positive.
        let (a, b) = (test.image(1), test.image(2))
        let y = Elementwise.combine(Elementwise.combine(a, 0.5, b, 0.3), 1, test.image(3), 0.4)
        let moments = LocalMoments(a, b, extents: RowExtents(a, b), window: test.window)
        let (noise, tiny, shares): (Float, Float, (Float, Float)) = (2, 1e-3, (0.75, 1.5))
        let score: WindowScore = { _, vx, _, vy, cov in
            let gain = max(0, cov) / (vx + Double(tiny))
            return log(1 + gain * gain * vx / (max(vy - gain * max(0, cov), Double(tiny)) + Double(noise)))
        }
        let (first, second) = (a.values.map(Double.init), b.values.map(Double.init))
        Self.check(test, y) { levels in
            0.75 * Self.sum(first, levels, test, score) + 1.5 * Self.sum(second, levels, test, score)
        } _: {
            moments.information(y, noise: noise, tiny: tiny, shares: shares, weight: 1, into: $0)
        }
        let present = moments.information(noise: noise)
        for (image, found) in [(first, present.0), (second, present.1)] {
            let expected = Self.sum(image, image, test) { _, vx, _, _, _ in log(1 + max(0, vx) / Double(noise)) }
            #expect(abs(found - expected) <= Self.tolerance * max(1, expected))
        }
    }

    /// Sobel responses of an image where the filter lies inside and holds a pixel that is seen.
    private static func edges(_ x: [Double], _ s: Shape, _ seen: RowExtents, _ body: (_ at: Int, _ x: Double, _ y: Double) -> Void) {
        for (row, columns) in seen.windows(side: 3).columns.enumerated() {
            for left in columns {
                func at(_ u: Int, _ v: Int) -> Double { x[(row / (s.h - 2) * s.h + row % (s.h - 2) + u) * s.w + left + v] }
                let across = (0..<3).reduce(0.0) { $0 + [1, 2, 1][$1] * (at($1, 2) - at($1, 0)) }
                let down = (0..<3).reduce(0.0) { $0 + [1, 2, 1][$1] * (at(2, $1) - at(0, $1)) }
                body(row * s.w + left, across, down)
            }
        }
    }

    @Test("edges are kept as Xydeas and Petrovic say, up to the angle's series", arguments: cases.filter { $0.taps < 17 })
    private func edges(_ test: Case) {
        let (a, b, y) = (test.image(1), test.image(2), test.image(3))
        let (seen, epsilon) = (RowExtents(a, b), 0.25)
        let maps = EdgeMaps(a, b, extents: seen, epsilon: Float(epsilon))
        var sources: [[Int: (x: Double, y: Double)]] = [[:], [:]]
        for (index, source) in [a, b].enumerated() {
            Self.edges(source.values.map(Double.init), test.shape, seen) { sources[index][$0] = ($1, $2) }
        }
        func strength(_ x: Double, _ y: Double) -> Double { (x * x + y * y + epsilon).squareRoot() }
        let whole = sources.joined().reduce(0) { $0 + strength($1.value.x, $1.value.y) }
        #expect(abs(maps.whole - whole) <= Self.tolerance * whole)

        func scores(_ levels: [Double]) -> (kept: Double, excess: Double) {
            var (kept, excess) = (0.0, 0.0)
            Self.edges(levels, test.shape, seen) { at, x, y in
                let own = strength(x, y)
                let theirs = sources.map { strength($0[at]!.x, $0[at]!.y) }
                for (source, reference) in zip(sources, theirs) {
                    let ratio = min(own, reference) / max(own, reference)
                    let sine = min(1, abs(source[at]!.x * y - source[at]!.y * x) / (own * reference))
                    let angle = sine + pow(sine, 3) / 6 + 3 * pow(sine, 5) / 40
                    let alignment = 1 - angle / (.pi / 2)
                    kept += reference * 0.9994 / (1 + exp(-15 * (ratio - 0.5))) * 0.9879 / (1 + exp(-22 * (alignment - 0.8)))
                }
                excess += max(0, own - theirs.max()!)
            }
            return (kept, excess)
        }
        Self.check(test, y) {
            scores($0).kept
        } _: {
            maps.score(y, weights: (1, 0), into: $0).kept
        }
        Self.check(test, y) {
            scores($0).excess
        } _: {
            maps.score(y, weights: (0, 1), into: $0).excess
        }
        // Of a copy nothing goes beyond, to the last bit.
        #expect(maps.score(a, weights: (1, 1), into: Tensor(test.shape)).excess == 0)
    }
}
