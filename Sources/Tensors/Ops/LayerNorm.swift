/// Normalisation of the channels of each pixel (Ba et al. 2016; per pixel as in Restormer).
///
///     y = (x − mean) / √(variance + ε) · scale + shift,   over the C channels of one pixel
public enum LayerNorm {
    /// ε under the root.
    public static let epsilon: Float = 1e-5

    /// The normalised input (N, H, W, C) under `scale` and `shift` (1, 1, 1, C). O(count).
    ///
    /// - Precondition: C is a multiple of 16.
    public static func forward(_ x: Tensor, scale: Tensor, shift: Tensor) -> Tensor {
        let c = x.shape.c
        require(c % 16 == 0 && scale.count == c && shift.count == c, "normalisation needs a multiple of 16 channels, not \(c)")
        let y = Tensor(uninitialized: x.shape)
        let (gamma, beta) = (UnsafePointer(scale.pointer), UnsafePointer(shift.pointer))
        ThreadPool.ranges(x.shape.pixels, grain: max(1, 16_384 / c)) { range in
            for pixel in range {
                let (from, to) = (UnsafePointer(x.pointer) + pixel * c, y.pointer + pixel * c)
                let (mean, inverse) = moments(from, c)
                for j in stride(from: 0, to: c, by: lanes) {
                    let normal = ((from + j).vector - mean) * inverse
                    (to + j).vector = (beta + j).vector.addingProduct(normal, (gamma + j).vector)
                }
            }
        }
        return y
    }

    /// Mean and 1 / √(variance + ε) of one pixel.
    @inline(__always)
    static func moments(_ x: UnsafePointer<Float>, _ c: Int) -> (Float, Float) {
        let mean = sum(x, c) / Float(c)
        return (mean, 1 / (squares(x, c, about: mean) / Float(c) + epsilon).squareRoot())
    }

    /// The sum of one pixel's channels, in the same order whatever the width of a vector: all processors see the same picture.
    @inline(__always)
    static func sum(_ x: UnsafePointer<Float>, _ c: Int) -> Float { partialSum(x, c).total }

    /// The sum of the squared distances of one pixel's channels from `mean`.
    @inline(__always)
    static func squares(_ x: UnsafePointer<Float>, _ c: Int, about mean: Float) -> Float { partialSquares(x, c, plus: -mean).total }

    /// Eight sums of one pixel's channels, whose `total` is `sum`.
    @inline(__always)
    static func partialSum(_ x: UnsafePointer<Float>, _ c: Int) -> SIMD8<Float> {
        var sum = x.panel
        for j in stride(from: 16, to: c, by: 16) { sum += (x + j).panel }
        return sum.lowHalf + sum.highHalf
    }

    /// Eight sums of squares of one pixel's channels plus `shift`, whose `total` is `squares` about −`shift`: a load can be part of an
    /// addition, not of a subtraction.
    @inline(__always)
    static func partialSquares(_ x: UnsafePointer<Float>, _ c: Int, plus shift: Float) -> SIMD8<Float> {
        let shift = Panel(repeating: shift)
        let first = shift + x.panel
        var sum = first * first
        for j in stride(from: 16, to: c, by: 16) {
            let distance = shift + (x + j).panel
            sum.addProduct(distance, distance)
        }
        return sum.lowHalf + sum.highHalf
    }

    /// The `total` of each of eight vectors, to the last bit. A call of its own: inlined, its shuffles move in front of the sums.
    @inline(never)
    static func totals(_ vectors: UnsafePointer<SIMD8<Float>>, into totals: UnsafeMutablePointer<SIMD8<Float>>) {
        @inline(__always) func fours(_ i: Int) -> SIMD8<Float> {
            let (a, b) = (vectors[i], vectors[i + 1])
            return SIMD8(lowHalf: a.lowHalf, highHalf: b.lowHalf) + SIMD8(lowHalf: a.highHalf, highHalf: b.highHalf)
        }
        @inline(__always) func twos(_ i: Int) -> SIMD8<Float> {
            let pairs = unsafeBitCast(SIMD16(lowHalf: fours(i), highHalf: fours(i + 2)), to: SIMD8<UInt64>.self)
            return unsafeBitCast(pairs.evenHalf, to: SIMD8<Float>.self) + unsafeBitCast(pairs.oddHalf, to: SIMD8<Float>.self)
        }
        let all = SIMD16(lowHalf: twos(0), highHalf: twos(4))
        totals.pointee = all.evenHalf + all.oddHalf
    }

    /// The gradients of the input (N, H, W, C), the scale and the shift (1, 1, 1, C). O(count).
    public static func gradients(
        _ x: Tensor, scale: Tensor, outputGradient: Tensor
    ) -> (input: Tensor, scale: Tensor, shift: Tensor) {
        let c = x.shape.c
        let input = Tensor(uninitialized: x.shape)
        let gamma = UnsafePointer(scale.pointer)
        let sums = Reduction.pieces(x.shape.pixels, grain: max(1, 65_536 / c), result: .vector(2 * c)) { range, sums in
            for pixel in range {
                let from = UnsafePointer(x.pointer) + pixel * c
                let g = UnsafePointer(outputGradient.pointer) + pixel * c
                let to = input.pointer + pixel * c
                let (mean, inverse) = moments(from, c)
                var (total, projection) = (Panel(), Panel())
                for j in stride(from: 0, to: c, by: 16) {
                    let normal = ((from + j).panel - mean) * inverse
                    let d = (g + j).panel
                    (sums + j).panel.addProduct(d, normal)
                    (sums + c + j).panel += d
                    let scaled = d * (gamma + j).panel
                    total += scaled
                    projection.addProduct(scaled, normal)
                }
                let (meanGradient, slope) = (total.sum() / Float(c), projection.sum() / Float(c))
                for j in stride(from: 0, to: c, by: lanes) {
                    let normal = ((from + j).vector - mean) * inverse
                    let scaled = (g + j).vector * (gamma + j).vector
                    (to + j).vector = (scaled - meanGradient - normal * slope) * inverse
                }
            }
        }
        let (scaleGradient, shiftGradient) = (Tensor(uninitialized: .vector(c)), Tensor(uninitialized: .vector(c)))
        scaleGradient.pointer.update(from: sums.pointer, count: c)
        shiftGradient.pointer.update(from: sums.pointer + c, count: c)
        return (input, scaleGradient, shiftGradient)
    }
}
