/// Feature-wise modulation by an embedding (FiLM, Perez et al. 2018).
///
///     y[n, i, j, c] = x[n, i, j, c] · (1 + m[n, c]) + m[n, C + c]
public enum Modulation {
    /// `x` (N, H, W, C) under `m` (N, 1, 1, 2C), or (1, 1, 1, 2C) for the whole batch. O(count).
    public static func forward(_ x: Tensor, _ m: Tensor) -> Tensor {
        let s = x.shape
        require(s.c % 16 == 0 && m.shape.c == 2 * s.c && (m.shape.n == s.n || m.shape.n == 1), "modulation \(m.shape) does not fit \(s)")
        let y = Tensor(uninitialized: s)
        ThreadPool.ranges(s.pixels, grain: max(1, 16_384 / s.c)) { range in
            for pixel in range {
                let scale = UnsafePointer(m.pointer) + (m.shape.n == 1 ? 0 : pixel / (s.h * s.w)) * 2 * s.c
                let (from, to) = (UnsafePointer(x.pointer) + pixel * s.c, y.pointer + pixel * s.c)
                for j in stride(from: 0, to: s.c, by: lanes) {
                    let v = (from + j).vector
                    (to + j).vector = ((scale + s.c + j).vector + v).addingProduct(v, (scale + j).vector)
                }
            }
        }
        return y
    }

    /// The gradients of `x` and of `m`. O(count).
    public static func gradients(_ x: Tensor, _ m: Tensor, outputGradient: Tensor) -> (x: Tensor, m: Tensor) {
        let s = x.shape
        let input = Tensor(uninitialized: s)
        let modulation = Tensor(Shape(m.shape.n, 1, 1, 2 * s.c))
        let area = s.h * s.w
        for n in 0..<s.n {
            let scale = UnsafePointer(m.pointer) + (m.shape.n == 1 ? 0 : n) * 2 * s.c
            let sums = Reduction.pieces(area, grain: max(1, 65_536 / s.c), result: .vector(2 * s.c)) { range, sums in
                for pixel in range {
                    let at = (n * area + pixel) * s.c
                    let (from, g) = (UnsafePointer(x.pointer) + at, UnsafePointer(outputGradient.pointer) + at)
                    let to = input.pointer + at
                    for j in stride(from: 0, to: s.c, by: lanes) {
                        let d = (g + j).vector
                        (to + j).vector = d.addingProduct(d, (scale + j).vector)
                        (sums + j).vector.addProduct(d, (from + j).vector)
                        (sums + s.c + j).vector += d
                    }
                }
            }
            let target = modulation.pointer + (m.shape.n == 1 ? 0 : n) * 2 * s.c
            for j in 0..<2 * s.c { target[j] += sums.pointer[j] }
        }
        return (input, modulation)
    }
}
