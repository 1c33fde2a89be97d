import Imaging

/// Fusion in the Haar wavelet domain: each detail coefficient from the source with more energy around it, the mean of the bases.
///
/// H. Li, B. S. Manjunath and S. K. Mitra, "Multisensor image fusion using the wavelet transform",
/// Graph. Models Image Process. 57(3), 1995, doi:10.1006/gmip.1995.1022: activity over a window instead of the single coefficient.
/// The transform is the shift-invariant one of O. Rockinger, "Image sequence fusion using a shift-invariant wavelet transform",
/// ICIP 1997, doi:10.1109/ICIP.1997.632093: a subsampled Haar transform leaves visible 16×16 blocks where the choices change.
public struct HaarEnergyRule: FusionRule {
    public let name = "haar-energy"
    /// Levels of the transform; fewer where the squares outgrow the plane first.
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
        combine(first, second, step: 1, levels: levels)
    }

    private func combine(_ first: Plane, _ second: Plane, step: Int, levels: Int) -> Plane {
        guard levels > 0, step < max(first.width, first.height) else { return MeanRule().combine(first, second) }
        let (a, b) = (HaarBands(first, step: step), HaarBands(second, step: step))
        let fused = HaarBands(
            step: step, ll: combine(a.ll, b.ll, step: 2 * step, levels: levels - 1),
            hl: select(a.hl, b.hl), lh: select(a.lh, b.lh), hh: select(a.hh, b.hh))
        return fused.joined()
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

/// One level of the shift-invariant two-dimensional Haar transform: one coefficient of each band for every pixel.
///
/// The square of a coefficient is made of the pixel and its neighbours `step` to the right and below; beyond the edge the last
/// column or row repeats. Nothing is subsampled, so any size works, and every pixel is restored from up to four squares that hold it.
/// The inverse is exact up to rounding.
struct HaarBands {
    /// The distance between the corners of a square: 1 at the finest level, doubled from level to level.
    let step: Int
    /// The mean of each square.
    var ll: Plane
    /// The upper row less the lower one, over 4.
    var hl: Plane
    /// The left column less the right one, over 4.
    var lh: Plane
    /// One diagonal less the other, over 4.
    var hh: Plane
}

extension HaarBands {
    /// - Complexity: O(pixels).
    init(_ plane: Plane, step: Int) {
        self.init(step: step, ll: plane, hl: plane, lh: plane, hh: plane)
        for y in 0..<plane.height {
            let below = min(y + step, plane.height - 1)
            for x in 0..<plane.width {
                let right = min(x + step, plane.width - 1)
                let (a, b, c, d) = (plane[x, y], plane[right, y], plane[x, below], plane[right, below])
                ll[x, y] = (a + b + c + d) / 4
                hl[x, y] = (a + b - c - d) / 4
                lh[x, y] = (a - b + c - d) / 4
                hh[x, y] = (a - b - c + d) / 4
            }
        }
    }

    /// The inverse transform: each pixel is the mean of what the squares inside the plane say of it.
    func joined() -> Plane {
        var result = ll
        for y in 0..<ll.height {
            for x in 0..<ll.width {
                var sum = ll[x, y] + hl[x, y] + lh[x, y] + hh[x, y]
                var squares: Float = 1
                if x >= step {
                    let left = x - step
                    sum += ll[left, y] + hl[left, y] - lh[left, y] - hh[left, y]
                    squares += 1
                }
                if y >= step {
                    let above = y - step
                    sum += ll[x, above] - hl[x, above] + lh[x, above] - hh[x, above]
                    squares += 1
                }
                if x >= step, y >= step {
                    let (left, above) = (x - step, y - step)
                    sum += ll[left, above] - hl[left, above] - lh[left, above] + hh[left, above]
                    squares += 1
                }
                result[x, y] = sum / squares
            }
        }
        return result
    }
}
