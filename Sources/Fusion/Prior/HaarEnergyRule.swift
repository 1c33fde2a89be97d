import Imaging

/// Fusion in the Haar wavelet domain: each detail coefficient from the source with more energy around it, the mean of the bases.
///
/// H. Li, B. S. Manjunath and S. K. Mitra, "Multisensor image fusion using the wavelet transform",
/// Graph. Models Image Process. 57(3), 1995, doi:10.1006/gmip.1995.1022 (activity over a window instead of the single coefficient).
public struct HaarEnergyRule: FusionRule {
    public let name = "haar-energy"
    /// Levels of the transform; fewer where the plane shrinks to one pixel first.
    public let levels: Int
    /// Half the side of the window whose energy decides: a window has 2·radius+1 coefficients per side.
    public let radius: Int

    /// - Parameters:
    ///   - levels: levels of the transform, at least 1.
    ///   - radius: half the side of the energy window, at least 0.
    public init(levels: Int = 4, radius: Int = 1) {
        precondition(levels >= 1 && radius >= 0, "a transform needs a level and a window")
        (self.levels, self.radius) = (levels, radius)
    }

    public func combine(_ first: Plane, _ second: Plane) -> Plane {
        fuse(first, second, levels: levels)
    }

    private func fuse(_ first: Plane, _ second: Plane, levels: Int) -> Plane {
        guard levels > 0, first.width > 1 || first.height > 1 else { return MeanRule().combine(first, second) }
        let (a, b) = (HaarBands(first), HaarBands(second))
        let fused = HaarBands(
            ll: fuse(a.ll, b.ll, levels: levels - 1),
            hl: select(a.hl, b.hl), lh: select(a.lh, b.lh), hh: select(a.hh, b.hh))
        return fused.joined(width: first.width, height: first.height)
    }

    private func select(_ first: Plane, _ second: Plane) -> Plane {
        let mine = Grid(first).squared().boxMean(radius: radius)
        let other = Grid(second).squared().boxMean(radius: radius)
        var result = first
        for index in result.values.indices {
            let share = preference(mine.values[index], other.values[index])
            result.values[index] = share * first.values[index] + (1 - share) * second.values[index]
        }
        return result
    }
}

/// One level of the orthonormal two-dimensional Haar transform, each band half the size, rounded up.
///
/// Odd sides are padded by repeating the last column or row, and cropped on the way back. The inverse is exact up to rounding.
struct HaarBands {
    /// Low-pass in both directions: half the sum of each 2×2 square.
    var ll: Plane
    /// The upper row less the lower one.
    var hl: Plane
    /// The left column less the right one.
    var lh: Plane
    /// One diagonal less the other.
    var hh: Plane
}

extension HaarBands {
    /// - Complexity: O(pixels).
    init(_ plane: Plane) {
        let (width, height) = ((plane.width + 1) / 2, (plane.height + 1) / 2)
        let empty = Plane(width: width, height: height)
        self.init(ll: empty, hl: empty, lh: empty, hh: empty)
        for y in 0..<height {
            let (top, bottom) = (2 * y, min(2 * y + 1, plane.height - 1))
            for x in 0..<width {
                let (left, right) = (2 * x, min(2 * x + 1, plane.width - 1))
                let (a, b, c, d) = (plane[left, top], plane[right, top], plane[left, bottom], plane[right, bottom])
                ll[x, y] = (a + b + c + d) / 2
                hl[x, y] = (a + b - c - d) / 2
                lh[x, y] = (a - b + c - d) / 2
                hh[x, y] = (a - b - c + d) / 2
            }
        }
    }

    /// The inverse transform, cropped to `width` × `height`.
    ///
    /// - Precondition: the bands are half that size, rounded up.
    func joined(width: Int, height: Int) -> Plane {
        precondition(ll.width == (width + 1) / 2 && ll.height == (height + 1) / 2, "not half the size")
        var result = Plane(width: width, height: height)
        for y in 0..<height {
            let vertical: Float = y.isMultiple(of: 2) ? 1 : -1
            for x in 0..<width {
                let horizontal: Float = x.isMultiple(of: 2) ? 1 : -1
                let (i, j) = (x / 2, y / 2)
                let low = ll[i, j] + vertical * hl[i, j]
                result[x, y] = (low + horizontal * (lh[i, j] + vertical * hh[i, j])) / 2
            }
        }
        return result
    }
}
