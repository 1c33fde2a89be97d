/// Nonlinear functions of one element, and their gradients.
public enum Activation {
    /// SiLU: x · σ(x) (Elfwing et al. 2018). Absolute error at most 3e-7 · |x|.
    public static func silu(_ x: Tensor) -> Tensor { Elementwise.map(x) { silu($0) } }

    @inline(__always)
    static func silu(_ x: Vector) -> Vector { x * (0.5 + centredSigmoid(x)) }

    /// The gradient of x under SiLU: g · σ(x) · (1 + x · (1 − σ(x))).
    public static func siluGradient(_ x: Tensor, _ gradient: Tensor) -> Tensor {
        Elementwise.zip(x, gradient) { x, g in
            let s = sigmoid(x)
            return g * s * (1 + x * (1 - s))
        }
    }

    /// GELU in its tanh form: ½x(1 + tanh(√(2/π)(x + 0.044715x³))) (Hendrycks and Gimpel 2016). Absolute error at most
    /// 3e-6 for |x| ≤ 20, and 3e-7 · |x| beyond.
    ///
    /// ½tanh(…) is an odd function that is ½ to seven digits from 4.9 on: x·P(x²)/Q(x²), fitted to it with an error of 5.2e-8 (the least
    /// largest error, by reweighted least squares) and scaled so that Q begins with 1, takes a good half of the time of an exponential.
    @inline(__always)
    static func gelu(_ x: Vector) -> Vector {
        let limited = smaller(larger(x, Vector(repeating: -4.9)), Vector(repeating: 4.9))
        let square = limited * limited
        var p = Vector(repeating: 4.656_213_5e-2).addingProduct(square, Vector(repeating: -1.784_780_9e-4))
        p = Vector(repeating: 2.482_074_5).addingProduct(square, p)
        p = Vector(repeating: 53.799_351).addingProduct(square, p)
        p = Vector(repeating: 571.364_26).addingProduct(square, p)
        p = Vector(repeating: 5_937.473_6).addingProduct(square, p)
        var q = Vector(repeating: 21.103_828) + square
        q = Vector(repeating: 411.779_69).addingProduct(square, q)
        q = Vector(repeating: 3_924.918_2).addingProduct(square, q)
        q = Vector(repeating: 14_883.050).addingProduct(square, q)
        return x * (0.5 + limited * p / q)
    }

    /// d GELU / dx.
    @inline(__always)
    static func geluSlope(_ x: Vector) -> Vector {
        let s = sigmoid(geluArgument(x))
        let slope = Vector(repeating: 1.595_769_12).addingProduct(x * x, Vector(repeating: 0.214_070_74))
        return s + x * s * (1 - s) * slope
    }

    /// 2√(2/π)(x + 0.044715x³).
    @inline(__always)
    private static func geluArgument(_ x: Vector) -> Vector {
        x * Vector(repeating: 1.595_769_12).addingProduct(x * x, Vector(repeating: 0.071_354_813))
    }

    /// The gate of a gated feed-forward: GELU of the first half of the channels times the second half, (N, H, W, 2C) → (N, H, W, C).
    ///
    /// - Precondition: C is a multiple of 16.
    public static func geluGate(_ x: Tensor) -> Tensor {
        let c = x.shape.c / 2
        require(x.shape.c == 2 * c && c % 16 == 0, "gate needs a multiple of 32 channels, not \(x.shape.c)")
        let y = Tensor(uninitialized: x.shape.with(channels: c))
        ThreadPool.ranges(x.shape.pixels, grain: max(1, 8_192 / c)) { range in
            for pixel in range {
                let (a, out) = (UnsafePointer(x.pointer) + pixel * 2 * c, y.pointer + pixel * c)
                for j in stride(from: 0, to: c, by: lanes) {
                    (out + j).vector = gelu((a + j).vector) * (a + c + j).vector
                }
            }
        }
        return y
    }

    /// The gradient of x under `geluGate`.
    public static func geluGateGradient(_ x: Tensor, _ gradient: Tensor) -> Tensor {
        let c = gradient.shape.c
        let result = Tensor(uninitialized: x.shape)
        ThreadPool.ranges(x.shape.pixels, grain: max(1, 8_192 / c)) { range in
            for pixel in range {
                let (a, out) = (UnsafePointer(x.pointer) + pixel * 2 * c, result.pointer + pixel * 2 * c)
                let g = UnsafePointer(gradient.pointer) + pixel * c
                for j in stride(from: 0, to: c, by: lanes) {
                    let (u, v, d) = ((a + j).vector, (a + c + j).vector, (g + j).vector)
                    (out + j).vector = d * v * geluSlope(u)
                    (out + c + j).vector = d * gelu(u)
                }
            }
        }
        return result
    }
}
