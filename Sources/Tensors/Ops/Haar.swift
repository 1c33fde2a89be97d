/// The orthonormal 2-D Haar transform of each channel, one level (Haar 1910; Mallat 1989).
///
///     LL = ½(a + b + c + d)   HL = ½(a + b − c − d)   LH = ½(a − b + c − d)   HH = ½(a − b − c + d)
///
/// for the 2×2 block a b / c d. The transform is its own transpose's inverse: each direction is the other's gradient.
public enum Haar {
    /// (N, H, W, C) → (N, ⌈H/2⌉, ⌈W/2⌉, 4C) with the channels LL, HL, LH, HH in blocks of C.
    ///
    /// An odd last row or column is repeated, so that `inverse` followed by a crop restores the input exactly to rounding. O(count).
    public static func forward(_ input: Tensor) -> Tensor {
        let even = Padding.edge(input, height: (input.shape.h + 1) & ~1, width: (input.shape.w + 1) & ~1)
        let s = even.shape
        let (h, w, c) = (s.h / 2, s.w / 2, s.c)
        let output = Tensor(uninitialized: Shape(s.n, h, w, 4 * c))
        ThreadPool.ranges(s.n * h, grain: max(1, 4_096 / (w * c))) { range in
            for row in range {
                let top = UnsafePointer(even.pointer) + 2 * row * s.w * c
                let bottom = top + s.w * c
                let out = output.pointer + row * w * 4 * c
                for x in 0..<w {
                    butterfly(
                        c, top + 2 * x * c, top + (2 * x + 1) * c, bottom + 2 * x * c, bottom + (2 * x + 1) * c,
                        out + x * 4 * c, out + (x * 4 + 1) * c, out + (x * 4 + 2) * c, out + (x * 4 + 3) * c)
                }
            }
        }
        return output
    }

    /// (N, H, W, 4C) → (N, 2H, 2W, C). O(count).
    public static func inverse(_ bands: Tensor) -> Tensor {
        let s = bands.shape
        let c = s.c / 4
        require(s.c == 4 * c, "the inverse Haar transform needs a multiple of 4 channels, not \(s.c)")
        let output = Tensor(uninitialized: Shape(s.n, 2 * s.h, 2 * s.w, c))
        ThreadPool.ranges(s.n * s.h, grain: max(1, 4_096 / (s.w * c))) { range in
            for row in range {
                let from = UnsafePointer(bands.pointer) + row * s.w * s.c
                let top = output.pointer + 2 * row * 2 * s.w * c
                let bottom = top + 2 * s.w * c
                for x in 0..<s.w {
                    let at = from + x * s.c
                    // The matrix of the transform is symmetric: the same butterfly leads back.
                    butterfly(
                        c, at, at + c, at + 2 * c, at + 3 * c,
                        top + 2 * x * c, top + (2 * x + 1) * c, bottom + 2 * x * c, bottom + (2 * x + 1) * c)
                }
            }
        }
        return output
    }

    @inline(__always)
    static func butterfly(
        _ count: Int,
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafePointer<Float>, _ d: UnsafePointer<Float>,
        _ ll: UnsafeMutablePointer<Float>, _ hl: UnsafeMutablePointer<Float>,
        _ lh: UnsafeMutablePointer<Float>, _ hh: UnsafeMutablePointer<Float>
    ) {
        var j = 0
        while j + lanes <= count {
            let (va, vb, vc, vd) = ((a + j).vector, (b + j).vector, (c + j).vector, (d + j).vector)
            let (p, q, r, t) = (va + vb, vc + vd, va - vb, vc - vd)
            (ll + j).vector = (p + q) * 0.5
            (hl + j).vector = (p - q) * 0.5
            (lh + j).vector = (r + t) * 0.5
            (hh + j).vector = (r - t) * 0.5
            j += lanes
        }
        while j < count {
            let (p, q, r, t) = (a[j] + b[j], c[j] + d[j], a[j] - b[j], c[j] - d[j])
            ll[j] = (p + q) * 0.5
            hl[j] = (p - q) * 0.5
            lh[j] = (r + t) * 0.5
            hh[j] = (r - t) * 0.5
            j += 1
        }
    }
}
