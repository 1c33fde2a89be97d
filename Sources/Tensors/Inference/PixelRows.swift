/// Operations on rows of pixels that lie in the cache between two products.
package enum PixelRows {
    /// (x − mean) / √(variance + ε) over the channels of each pixel, without scale and shift: a following 1×1 convolution absorbs them
    /// (see `PackedMatrix.init(normalised:)`); a following 3×3 convolution, which pads with zeros, cannot and gets them here.
    ///
    /// - Parameters:
    ///   - channels: a multiple of 16.
    ///   - affine: scale and shift of each channel, where they are applied.
    ///   - scratch: `normalisationScratch` floats.
    package static func normalise(
        _ x: UnsafePointer<Float>, stride step: Int, channels: Int, count: Int, into y: UnsafeMutablePointer<Float>, outStride: Int,
        affine: (scale: UnsafePointer<Float>, shift: UnsafePointer<Float>)? = nil, scratch: UnsafeMutablePointer<Float>
    ) {
        let rows = RowNormalisation(
            x: x, step: step, y: y, outStride: outStride, scale: affine?.scale ?? x, shift: affine?.shift ?? x,
            sums: UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: SIMD8<Float>.self))
        // The networks' channels as constants: their loops are short.
        switch (channels, affine != nil) {
        case (32, false): rows.run(ThirtyTwo.self, isAffine: Zero.self, count)
        case (48, false): rows.run(FortyEight.self, isAffine: Zero.self, count)
        case (64, false): rows.run(SixtyFour.self, isAffine: Zero.self, count)
        case (32, true): rows.run(ThirtyTwo.self, isAffine: One.self, count)
        case (48, true): rows.run(FortyEight.self, isAffine: One.self, count)
        case (64, true): rows.run(SixtyFour.self, isAffine: One.self, count)
        default: rows.run(channels, isAffine: affine != nil, count)
        }
    }

    /// Floats of scratch memory that `normalise` needs, best on a cache line's boundary: half of the vectors would straddle two lines.
    package static var normalisationScratch: Int { RowNormalisation.scratch }

    /// GELU of `x` times `y`, of `count` floats, a multiple of 16.
    package static func gate(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {
        // `stride` would check each step for overflow: three instructions of thirty.
        var j = 0
        while j < count {
            (out + j).vector = Activation.gelu((x + j).vector) * (y + j).vector
            j &+= lanes
        }
    }

    /// SiLU of `count` floats, a multiple of the vector width, in place.
    package static func silu(_ x: UnsafeMutablePointer<Float>, count: Int) {
        var j = 0
        while j < count {
            (x + j).vector = Activation.silu((x + j).vector)
            j &+= lanes
        }
    }

    /// x · scale + offset of each channel, in place, for `count` pixels of a multiple of 16 channels.
    package static func modulate(
        _ x: UnsafeMutablePointer<Float>, channels: Int, count: Int, _ m: (scale: UnsafePointer<Float>, offset: UnsafePointer<Float>)
    ) {
        for pixel in 0..<count {
            let to = x + pixel * channels
            for j in stride(from: 0, to: channels, by: lanes) {
                (to + j).vector = (m.offset + j).vector.addingProduct((to + j).vector, (m.scale + j).vector)
            }
        }
    }

    /// The bands HL, LH and HH of the Haar transform of two rows of 2·`count` pixels.
    ///
    /// - Parameters:
    ///   - channels: a multiple of 16.
    ///   - details: 16 channels of the first pixel; the next pixel's follow, and the next 16 channels are `panel` floats further.
    package static func haarDetails(
        _ top: UnsafePointer<Float>, _ bottom: UnsafePointer<Float>, channels: Int, count: Int,
        into details: UnsafeMutablePointer<Float>, panel: Int
    ) {
        let band = channels / 16 * panel
        for c in stride(from: 0, to: channels, by: lanes) {
            for x in 0..<count {
                let (t, b) = (top + 2 * x * channels + c, bottom + 2 * x * channels + c)
                let (p, q) = (t.vector, (t + channels).vector)
                let (r, s) = (b.vector, (b + channels).vector)
                let to = details + c / 16 * panel + x * 16 + c % 16
                to.vector = ((p + q) - (r + s)) * 0.5
                (to + band).vector = ((p - q) + (r - s)) * 0.5
                (to + 2 * band).vector = ((p - q) - (r - s)) * 0.5
            }
        }
    }

    /// The low band alone: ½ · the sum of each 2×2 window.
    package static func haarLow(
        _ top: UnsafePointer<Float>, _ bottom: UnsafePointer<Float>, channels: Int, count: Int, into low: UnsafeMutablePointer<Float>
    ) {
        for x in 0..<count {
            let (t, b) = (top + 2 * x * channels, bottom + 2 * x * channels)
            for j in stride(from: 0, to: channels, by: lanes) {
                let (p, q) = ((t + j).vector + (t + channels + j).vector, (b + j).vector + (b + channels + j).vector)
                (low + x * channels + j).vector = (p + q) * 0.5
            }
        }
    }

    /// The inverse of `haar`.
    package static func inverseHaar(
        low: UnsafePointer<Float>, details: UnsafePointer<Float>, channels: Int, count: Int,
        _ top: UnsafeMutablePointer<Float>, _ bottom: UnsafeMutablePointer<Float>
    ) {
        for x in 0..<count {
            let (t, b, d) = (top + 2 * x * channels, bottom + 2 * x * channels, details + 3 * x * channels)
            Haar.butterfly(
                channels, low + x * channels, d, d + channels, d + 2 * channels, t, t + channels, b, b + channels)
        }
    }
}

/// LayerNorm of pixels in a row.
private struct RowNormalisation {
    let x: UnsafePointer<Float>
    let step: Int
    let y: UnsafeMutablePointer<Float>
    let outStride: Int
    /// Read where the normalisation is affine.
    let scale, shift: UnsafePointer<Float>
    let sums: UnsafeMutablePointer<SIMD8<Float>>

    /// At most so many pixels are normalised together, a row of a block: the sums, the means, the roots of all of them do not wait for
    /// each other. A multiple of 8.
    private static let together = 72
    /// Floats that `sums` point to: a vector for each pixel, and of eight pixels a vector of means and one of roots.
    static let scratch = (together + together / 4) * 8

    @inline(never)
    func run<Channels: Constant, Affine: Constant>(_ channels: Channels.Type, isAffine: Affine.Type, _ count: Int) {
        run(Channels.value, isAffine: Affine.value == 1, count)
    }

    @inline(__always)
    func run(_ channels: Int, isAffine: Bool, _ count: Int) {
        guard count > 0 else { return }
        // Batches of equally many pixels; the last ones may repeat some of those before them.
        let batches = (count &+ Self.together &- 1) / Self.together
        let pixels = (count &+ batches &- 1) / batches
        for place in pixels..<(pixels &+ 7) & ~7 { sums[place] = SIMD8() }
        for batch in 0..<batches {
            run(channels, isAffine: isAffine, from: min(batch &* pixels, count &- pixels), pixels: pixels)
        }
    }

    /// One batch. The sums of pixels that miss to a multiple of 8 are 0.
    @inline(__always)
    private func run(_ channels: Int, isAffine: Bool, from first: Int, pixels: Int) {
        let share = 1 / Float(channels)
        let x = x + first * step
        let eights = (pixels &+ 7) / 8
        // −mean and 1 / √(variance + ε) of each pixel.
        let (offsets, factors) = (sums + 8 &* eights, sums + 9 &* eights)
        @inline(__always) func of(_ pixel: Int, _ values: UnsafeMutablePointer<SIMD8<Float>>) -> Float {
            UnsafeRawPointer(values).loadUnaligned(fromByteOffset: 4 * pixel, as: Float.self)
        }
        for pixel in 0..<pixels { sums[pixel] = LayerNorm.partialSum(x + pixel * step, channels) }
        for eight in 0..<eights {
            LayerNorm.totals(sums + 8 &* eight, into: offsets + eight)
            offsets[eight] *= -share
        }
        for pixel in 0..<pixels { sums[pixel] = LayerNorm.partialSquares(x + pixel * step, channels, plus: of(pixel, offsets)) }
        for eight in 0..<eights {
            LayerNorm.totals(sums + 8 &* eight, into: factors + eight)
            factors[eight] = inverseRoot(factors[eight] * share + LayerNorm.epsilon)
        }
        var (from, to) = (x, y + first * outStride)
        for pixel in 0..<pixels {
            let (offset, factor) = (Vector(repeating: of(pixel, offsets)), Vector(repeating: of(pixel, factors)))
            var j = 0
            while j < channels {
                let normal = (offset + (from + j).vector) * factor
                (to + j).vector = isAffine ? (shift + j).vector.addingProduct(normal, (scale + j).vector) : normal
                j &+= lanes
            }
            from += step
            to += outStride
        }
    }
}
