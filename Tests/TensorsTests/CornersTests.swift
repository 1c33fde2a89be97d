import Foundation
import TestSupport
import Testing

@testable import Tensors

/// Pictures as maps of their corners, and what becomes of the networks' answers, against the formulas in double precision.
struct CornersTests {
    private let height = 3, width = 5
    private func map(_ seed: UInt64, channels: Int = 16) -> Tensor { .random(Shape(1, height, width, channels), seed: seed) }

    @Test func gather_IsUndoneByScatter() {
        let picture = Tensor.random(Shape(1, 2 * height, 2 * width, 1), seed: 1)
        let (corners, back) = (map(2, channels: 4), Tensor(picture.shape))
        Corners.gather(picture, into: FeatureMap(corners))
        for corner in 0..<4 { #expect(corners[0, 1, 2, corner] == picture[0, 2 + corner / 2, 4 + corner % 2, 0]) }
        Corners.scatter(FeatureMap(corners), into: back)
        #expect(back.values == picture.values)
    }

    /// Of (x, y) sums that reach past both limits.
    @Test func combine_IsLimited() {
        let (x, y, out) = (map(1, channels: 4), map(2), map(3))
        let (a, b): (Float, Float) = (1.5, -0.75)
        Corners.combine(FeatureMap(x), a, FeatureMap(y), b, into: FeatureMap(out), rows: 0..<height)
        var limits: Set<Float> = []
        Shape(1, height, width, 4).forEach { _, i, j, c in
            let (p, q) = (Double(a) * Double(x[0, i, j, c]), Double(b) * Double(y[0, i, j, c]))
            let (found, expected) = (out[0, i, j, c], min(1, max(-1, p + q)))
            #expect(abs(Double(found) - expected) <= 2 * unitRoundoff * (abs(p) + abs(q)))
            if abs(found) == 1 { limits.insert(found) }
        }
        #expect(limits == [-1, 1])
        let untouched = map(3)
        for c in 4..<16 { #expect(out[0, 1, 1, c] == untouched[0, 1, 1, c]) }
    }

    @Test func decide_AgreesWithItsFormula() {
        let (decisions, sources) = (map(1), Elementwise.clamp(map(2), -1, 1))
        // Where the functions are saturated, too.
        for c in 0..<12 { decisions.pointer[c] *= 40 }
        let given = Tensor(decisions.shape, decisions.values)
        let picture = Tensor(Shape(1, 2 * height, 2 * width, 1))
        Corners.decide(FeatureMap(decisions), FeatureMap(sources), into: picture, rows: 0..<height)
        func sigmoid(_ x: Float) -> Double { 1 / (1 + exp(-Double(x))) }
        // σ − ½ is off by 2e-7; it comes in three times, by factors of at most 2; a dozen roundings of numbers of at most 2 besides.
        let bound = 3 * 2 * 2e-7 + 12 * 2 * unitRoundoff
        Shape(1, height, width, 4).forEach { _, y, x, c in
            let (r, s, k) = (given[0, y, x, c], sigmoid(given[0, y, x, 4 + c]), sigmoid(given[0, y, x, 8 + c]))
            let (estimate, first, second) =
                (Double(sources[0, y, x, c]), Double(sources[0, y, x, 4 + c]), Double(sources[0, y, x, 8 + c]))
            let expected = estimate + k * (s * first + (1 - s) * second - estimate) + tanh(Double(r))
            let found = Double(picture[0, 2 * y + c / 2, 2 * x + c % 2, 0])
            #expect(abs(found - expected) <= bound, "corner \(c) of (\(y), \(x)): \(found) instead of \(expected)")
        }
    }
}
