import Foundation
import Imaging
import Testing

@testable import Scores

/// The streaming filter against the definition of its sums.
@Suite struct SlidingWindowTests {
    static let windows = [
        SlidingWindow(gaussian: 3, sigma: 0.6), SlidingWindow(gaussian: 11, sigma: 1.5), SlidingWindow(uniform: 7),
        SlidingWindow(uniform: 8),
    ]

    @Test(arguments: windows.indices)
    func moments_AreThoseOfTheWindow(_ index: Int) throws {
        let window = Self.windows[index]
        for seed in 0..<6 as Range<UInt64> {
            let (width, height) = (window.size + Int(seed), window.size + Int(5 - seed) * 2)
            let x = try Grid(.random(width: width, height: height, seed: seed, whole: false))
            let y = try Grid(.random(width: width, height: height, seed: seed + 100, whole: false))
            var found: [Moments] = []
            window.forEachPosition(x, y) { found.append($0) }
            try #require(found.count == window.positions(in: x))
            let columns = width - window.size + 1
            for (position, moments) in found.enumerated() {
                let expected = naive(window, x, y, left: position % columns, top: position / columns)
                #expect(abs(moments.meanX - expected.meanX) < 1e-10 && abs(moments.meanY - expected.meanY) < 1e-10)
                #expect(abs(moments.squareX - expected.squareX) < 1e-8 && abs(moments.squareY - expected.squareY) < 1e-8)
                #expect(abs(moments.product - expected.product) < 1e-8)
            }
        }
    }

    @Test(arguments: [1, 2, 3])
    func filtered_IsTheMeanAtEveryStep(_ step: Int) throws {
        for window in Self.windows {
            let image = try Grid(.random(width: window.size + 6, height: window.size + 3, seed: 9, whole: false))
            let result = window.filtered(image, step: step)
            #expect(result.width == (6 + step) / step && result.height == (3 + step) / step)
            for y in 0..<result.height {
                for x in 0..<result.width {
                    let expected = naive(window, image, image, left: x * step, top: y * step).meanX
                    #expect(abs(result[x, y] - expected) < 1e-10)
                }
            }
        }
    }

    private func naive(_ window: SlidingWindow, _ x: Grid, _ y: Grid, left: Int, top: Int) -> Moments {
        var (meanX, meanY, squareX, squareY, product) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for j in 0..<window.size {
            for i in 0..<window.size {
                let weight = window.weights[i] * window.weights[j]
                let (u, v) = (x[left + i, top + j], y[left + i, top + j])
                meanX += weight * u
                meanY += weight * v
                squareX += weight * u * u
                squareY += weight * v * v
                product += weight * u * v
            }
        }
        return Moments(meanX: meanX, meanY: meanY, squareX: squareX, squareY: squareY, product: product)
    }
}
