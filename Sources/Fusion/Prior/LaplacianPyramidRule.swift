import Imaging

/// Fusion in the Laplacian pyramid: the stronger detail at every place and scale, the mean of the bases.
///
/// P. J. Burt and E. H. Adelson, "The Laplacian pyramid as a compact image code", IEEE Trans. Commun. 31(4), 1983,
/// doi:10.1109/TCOM.1983.1095851; selection by magnitude after P. J. Burt and R. J. Kolczynski, "Enhanced image capture through
/// fusion", ICCV 1993, doi:10.1109/ICCV.1993.378222, where it is the case of a window of one pixel.
public struct LaplacianPyramidRule: FusionRule {
    public let name = "laplacian-pyramid"
    /// Detail levels; fewer where the plane shrinks to one pixel first.
    public let levels: Int

    /// - Parameter levels: detail levels, at least 1.
    public init(levels: Int = 4) {
        precondition(levels >= 1, "a pyramid needs a level")
        self.levels = levels
    }

    public func combine(_ first: Plane, _ second: Plane) -> Plane {
        var pyramid = LaplacianPyramid(first, levels: levels)
        let other = LaplacianPyramid(second, levels: levels)
        for level in pyramid.details.indices {
            pyramid.details[level] = pyramid.details[level].combined(with: other.details[level], strongest)
        }
        pyramid.base = pyramid.base.combined(with: other.base) { ($0 + $1) / 2 }
        return pyramid.reconstructed()
    }
}

/// Band-pass details from fine to coarse, and what is left.
///
/// Reconstruction is exact up to rounding at any size, since each detail is defined as what `expanded` misses.
struct LaplacianPyramid {
    /// Finest first; each level has half the size of the one before, rounded up.
    var details: [Plane] = []
    var base: Plane

    /// - Complexity: O(pixels).
    init(_ plane: Plane, levels: Int) {
        base = plane
        while details.count < levels, base.width > 1 || base.height > 1 {
            let smaller = base.reduced()
            details.append(base.combined(with: smaller.expanded(width: base.width, height: base.height)) { $0 - $1 })
            base = smaller
        }
    }

    func reconstructed() -> Plane {
        details.reversed().reduce(base) { coarse, detail in
            detail.combined(with: coarse.expanded(width: detail.width, height: detail.height)) { $0 + $1 }
        }
    }
}

extension Plane {
    /// Smoothed with the binomial kernel (1 4 6 4 1)/16, then every other pixel of every other row; edges are repeated.
    func reduced() -> Plane {
        let (halfWidth, halfHeight) = ((width + 1) / 2, (height + 1) / 2)
        var rows = Plane(width: halfWidth, height: height)
        for y in 0..<height {
            for x in 0..<halfWidth {
                rows[x, y] = Plane.binomial(2 * x, width) { self[$0, y] }
            }
        }
        var result = Plane(width: halfWidth, height: halfHeight)
        for y in 0..<halfHeight {
            for x in 0..<halfWidth {
                result[x, y] = Plane.binomial(2 * y, height) { rows[x, $0] }
            }
        }
        return result
    }

    /// The inverse step: zeros between the pixels, smoothed with twice the same kernel per axis.
    ///
    /// - Precondition: the plane is half of `width` × `height`, rounded up.
    func expanded(width: Int, height: Int) -> Plane {
        precondition(self.width == (width + 1) / 2 && self.height == (height + 1) / 2, "not half the size")
        var rows = Plane(width: width, height: self.height)
        for y in 0..<self.height {
            for x in 0..<width {
                rows[x, y] = Plane.interpolation(x, self.width) { self[$0, y] }
            }
        }
        var result = Plane(width: width, height: height)
        for y in 0..<height {
            for x in 0..<width {
                result[x, y] = Plane.interpolation(y, self.height) { rows[x, $0] }
            }
        }
        return result
    }

    @inline(__always)
    private static func binomial(_ centre: Int, _ count: Int, _ value: (Int) -> Float) -> Float {
        let last = count - 1
        let outer = value(max(centre - 2, 0)) + value(min(centre + 2, last))
        let inner = value(max(centre - 1, 0)) + value(min(centre + 1, last))
        return (outer + 4 * inner + 6 * value(centre)) / 16
    }

    @inline(__always)
    private static func interpolation(_ position: Int, _ count: Int, _ value: (Int) -> Float) -> Float {
        let (near, last) = (position / 2, count - 1)
        guard position.isMultiple(of: 2) else { return (value(near) + value(min(near + 1, last))) / 2 }
        return (value(max(near - 1, 0)) + 6 * value(near) + value(min(near + 1, last))) / 8
    }
}
