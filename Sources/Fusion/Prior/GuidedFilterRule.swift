import Imaging

/// Two-scale fusion with weights that follow the edges of the sources.
///
/// S. Li, X. Kang and J. Hu, "Image fusion with guided filtering", IEEE Trans. Image Process. 22(7), 2013,
/// doi:10.1109/TIP.2013.2244222. An average filter splits base and detail; the more salient source (smoothed magnitude of the
/// Laplacian) gets weight 1 at each pixel; the guided filter, guided by the source itself, makes smooth weights for the bases
/// and sharp ones for the details. Where both are equally salient each has weight ½ (the paper leaves it open).
public struct GuidedFilterRule: FusionRule {
    public let name = "guided-filter"
    /// Half the side of the average filter that splits base and detail: 15, which is 31×31.
    public let averageRadius = 15
    /// The guided filter for the weights of the bases: radius, and ε for intensities 0...1.
    public let base = (radius: 45, epsilon: 0.3)
    /// The guided filter for the weights of the details.
    public let detail = (radius: 7, epsilon: 1e-6)

    public init() {}

    public func combine(_ first: Plane, _ second: Plane) -> Plane {
        let sources = [Grid(first, scale: 1 / 255), Grid(second, scale: 1 / 255)]
        let saliency = sources.map { $0.laplacianMagnitude().gaussian(radius: 5, sigma: 5) }
        let selected = saliency[0].combined(with: saliency[1]) { Double(preference($0, $1)) }
        let maps = [selected, selected.map { 1 - $0 }]
        let bases = sources.map { $0.boxMean(radius: averageRadius) }
        let details = zip(sources, bases).map { $0.combined(with: $1, -) }

        let fusedBase = blend(bases, weights: weights(maps, guides: sources, base))
        let fusedDetail = blend(details, weights: weights(maps, guides: sources, detail))
        let fused = fusedBase.combined(with: fusedDetail, +)
        return Plane(width: first.width, height: first.height, values: fused.values.map { Float(255 * $0) })
    }

    private func weights(_ maps: [Grid], guides: [Grid], _ filter: (radius: Int, epsilon: Double)) -> [Grid] {
        zip(maps, guides).map { map, guide in
            map.guidedFiltered(by: guide, radius: filter.radius, epsilon: filter.epsilon).map { min(max($0, 0), 1) }
        }
    }

    /// The average of two layers with weights normalised to a sum of 1.
    private func blend(_ layers: [Grid], weights: [Grid]) -> Grid {
        var result = layers[0]
        for index in result.values.indices {
            let (mine, other) = (weights[0].values[index], weights[1].values[index])
            let share = mine + other > 0 ? mine / (mine + other) : 0.5
            result.values[index] = share * layers[0].values[index] + (1 - share) * layers[1].values[index]
        }
        return result
    }
}

extension Grid {
    /// Edge-preserving smoothing: in each window the result is the best linear function of the guide.
    ///
    /// K. He, J. Sun and X. Tang, "Guided image filtering", IEEE Trans. Pattern Anal. Mach. Intell. 35(6), 2013,
    /// doi:10.1109/TPAMI.2012.213, eq. 5, 6 and 8.
    ///
    /// - Parameters:
    ///   - guide: a grid of the same size.
    ///   - radius: half the side of the windows, which have 2·radius+1 pixels per side.
    ///   - epsilon: the penalty on steep functions, in squared units of the guide, above 0.
    /// - Complexity: O(pixels), whatever the radius.
    func guidedFiltered(by guide: Grid, radius: Int, epsilon: Double) -> Grid {
        let (guideMean, inputMean) = (guide.boxMean(radius: radius), boxMean(radius: radius))
        let guideSquare = guide.squared().boxMean(radius: radius)
        let product = combined(with: guide, *).boxMean(radius: radius)
        var (slope, offset) = (product, product)
        for index in values.indices {
            let (guideLevel, inputLevel) = (guideMean.values[index], inputMean.values[index])
            let variance = max(guideSquare.values[index] - guideLevel * guideLevel, 0)
            let covariance = product.values[index] - guideLevel * inputLevel
            slope.values[index] = covariance / (variance + epsilon)
            offset.values[index] = inputLevel - slope.values[index] * guideLevel
        }
        return slope.boxMean(radius: radius).combined(with: guide, *)
            .combined(with: offset.boxMean(radius: radius), +)
    }

    /// The magnitude of the four-neighbour Laplacian; edges are repeated.
    func laplacianMagnitude() -> Grid {
        var result = self
        for y in 0..<height {
            let (above, here, below) = (max(y - 1, 0) * width, y * width, min(y + 1, height - 1) * width)
            for x in 0..<width {
                let beside = values[here + max(x - 1, 0)] + values[here + min(x + 1, width - 1)]
                result.values[here + x] = abs(values[above + x] + values[below + x] + beside - 4 * values[here + x])
            }
        }
        return result
    }
}
