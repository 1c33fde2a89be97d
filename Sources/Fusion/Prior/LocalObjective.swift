import Imaging

/// How well a fused picture serves its sources at each pixel: cheap, without gradients, for choosing between candidates place by place.
///
/// Three terms, each at most 1:
/// - structure: SSIM to each source (Wang et al. 2004, doi:10.1109/TIP.2003.819861; uniform window), weighted by the variances of
///   the sources there, as in the fusion quality index of Piella and Heijmans 2003, doi:10.1109/ICIP.2003.1247209, which go towards
///   equal weights where both sources are flat;
/// - gradient: similarity of the gradient magnitude to the larger of the sources', the map behind GMSD (Xue et al. 2014,
///   doi:10.1109/TIP.2013.2293423);
/// - brightness: 1 less the distance of the local mean to the brighter source's, over the range: bone stays white where it is flat.
///
/// It stands in for the scores of a whole image, which do not divide into pixels; the search judges its results by those.
struct LocalObjective {
    private static let radius = 3
    private static let luminanceConstant = 6.5025
    private static let contrastConstant = 58.5225
    /// GMSD has 170 for Prewitt kernels divided by 3, which answer a ramp twice as strongly as Sobel kernels divided by 8.
    private static let gradientConstant = 42.5

    private let sources: [Moments]
    private let targetGradient: Grid
    private let targetMean: Grid
    /// The weight of the first source's SSIM; the second's is the rest.
    private let firstShare: Grid

    /// - Complexity: O(pixels).
    init(_ first: Plane, _ second: Plane) {
        sources = [Moments(first, radius: Self.radius), Moments(second, radius: Self.radius)]
        targetGradient = sources[0].values.gradientMagnitude().combined(with: sources[1].values.gradientMagnitude()) { max($0, $1) }
        targetMean = sources[0].mean.combined(with: sources[1].mean) { max($0, $1) }
        firstShare = sources[0].variance.combined(with: sources[1].variance) { mine, other in
            (mine + Self.contrastConstant) / (mine + other + 2 * Self.contrastConstant)
        }
    }

    /// The three terms at each pixel.
    ///
    /// - Complexity: O(pixels).
    func terms(of fused: Plane) -> (structure: Grid, gradient: Grid, brightness: Grid) {
        let moments = Moments(fused, radius: Self.radius)
        let similarities = sources.map { similarity($0, moments) }
        var structure = firstShare
        for index in structure.values.indices {
            let share = firstShare.values[index]
            structure.values[index] = share * similarities[0].values[index] + (1 - share) * similarities[1].values[index]
        }
        let gradient = moments.values.gradientMagnitude().combined(with: targetGradient) { mine, target in
            (2 * mine * target + Self.gradientConstant) / (mine * mine + target * target + Self.gradientConstant)
        }
        return (structure, gradient, moments.mean.combined(with: targetMean) { 1 - abs($0 - $1) / 255 })
    }

    private func similarity(_ source: Moments, _ fused: Moments) -> Grid {
        var result = source.values.combined(with: fused.values, *).boxMean(radius: Self.radius)
        for index in result.values.indices {
            let (x, y) = (source.mean.values[index], fused.mean.values[index])
            let covariance = result.values[index] - x * y
            let variances = source.variance.values[index] + fused.variance.values[index]
            let luminance = (2 * x * y + Self.luminanceConstant) / (x * x + y * y + Self.luminanceConstant)
            result.values[index] = luminance * (2 * covariance + Self.contrastConstant) / (variances + Self.contrastConstant)
        }
        return result
    }
}

/// A plane with its windowed mean and variance.
private struct Moments {
    let values: Grid
    let mean: Grid
    let variance: Grid

    init(_ plane: Plane, radius: Int) {
        values = Grid(plane)
        mean = values.boxMean(radius: radius)
        variance = values.squared().boxMean(radius: radius).combined(with: mean) { max($0 - $1 * $1, 0) }
    }
}
