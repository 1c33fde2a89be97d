/// Pictures of one channel as maps of half their size whose channels are the corners of 2×2 windows, in reading order: how the networks'
/// first and last layers see them (see `HaarFolding`).
package enum Corners {
    /// A picture (1, 2H, 2W, 1) into the first four channels of a map (H, W). O(count).
    package static func gather(_ picture: Tensor, into map: FeatureMap) {
        let width = picture.shape.w
        require(picture.shape == Shape(1, 2 * map.height, 2 * map.width, 1), "a picture \(picture.shape) has other corners")
        for y in 0..<map.height {
            let (top, bottom) = (picture.pointer + 2 * y * width, picture.pointer + (2 * y + 1) * width)
            for x in 0..<map.width {
                map.at(y, x).four = SIMD4(lowHalf: (top + 2 * x).two, highHalf: (bottom + 2 * x).two)
            }
        }
    }

    /// The first four channels of a map (H, W) as a picture (1, 2H, 2W, 1). O(count).
    package static func scatter(_ map: FeatureMap, into picture: Tensor) {
        for y in 0..<map.height { for x in 0..<map.width { scatter(map.at(y, x).four, y, x, into: picture) } }
    }

    private static func scatter(_ value: SIMD4<Float>, _ y: Int, _ x: Int, into picture: Tensor) {
        let top = picture.pointer + 2 * y * picture.shape.w + 2 * x
        top.two = value.lowHalf
        (top + picture.shape.w).two = value.highHalf
    }

    /// The rows `rows` of a·x + b·y, limited to −1...1.
    package static func combine(_ x: FeatureMap, _ a: Float, _ y: FeatureMap, _ b: Float, into out: FeatureMap, rows: Range<Int>) {
        for row in rows {
            for column in 0..<x.width {
                let sum = (x.at(row, column).four * a).addingProduct(y.at(row, column).four, SIMD4(repeating: b))
                // Two comparisons (`clamped` compiles to a loop over the lanes).
                let most = sum.replacing(with: 1, where: sum .> 1)
                out.at(row, column).four = most.replacing(with: -1, where: most .< -1)
            }
        }
    }

    /// The rows `rows` of the refined picture from its decisions:
    ///
    ///     x̃ + k·(s·m₁ + (1 − s)·m₂ − x̃) + r,    s = σ(s'), k = σ(k'), r = tanh(r')
    ///
    /// - Parameters:
    ///   - decisions: r', s', k', four corners each, of 16 channels side by side; overwritten.
    ///   - sources: x̃, m₁, m₂, four corners each.
    package static func decide(_ decisions: FeatureMap, _ sources: FeatureMap, into picture: Tensor, rows: Range<Int>) {
        require(decisions.stride == 16, "decisions have 16 channels side by side, not \(decisions.stride)")
        for y in rows {
            choose(decisions.at(y), count: decisions.width)
            for x in 0..<decisions.width {
                let (at, from) = (decisions.at(y, x), sources.at(y, x))
                let (estimate, first, second) = (from.four, (from + 4).four, (from + 8).four)
                let chosen = second.addingProduct(0.5 + (at + 4).four, first - second)
                let kept = estimate.addingProduct(0.5 + (at + 8).four, chosen - estimate)
                scatter(kept.addingProduct(at.four, SIMD4(repeating: 2)), y, x, into: picture)
            }
        }
    }

    /// σ − ½ of 2r', s' and k' in place: tanh r' is twice the first. A loop of its own, whose constants stay in registers.
    @inline(never)
    private static func choose(_ decisions: UnsafeMutablePointer<Float>, count: Int) {
        var factor = Vector(repeating: 1)
        for corner in 0..<4 { factor[corner] = 2 }
        var at = decisions
        for _ in 0..<count {
            at.vector = centredSigmoid(at.vector * factor)
            #if !AVX512
                (at + 8).vector = centredSigmoid((at + 8).vector)
            #endif
            at += 16
        }
    }
}

extension UnsafeMutablePointer<Float> {
    /// Four elements from here, at any alignment.
    @inline(__always) fileprivate var four: SIMD4<Float> {
        get { UnsafeRawPointer(self).loadUnaligned(as: SIMD4<Float>.self) }
        nonmutating set { UnsafeMutableRawPointer(self).storeBytes(of: newValue, as: SIMD4<Float>.self) }
    }

    /// Two elements from here, at any alignment.
    @inline(__always) fileprivate var two: SIMD2<Float> {
        get { UnsafeRawPointer(self).loadUnaligned(as: SIMD2<Float>.self) }
        nonmutating set { UnsafeMutableRawPointer(self).storeBytes(of: newValue, as: SIMD2<Float>.self) }
    }
}
