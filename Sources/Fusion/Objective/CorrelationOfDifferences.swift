import Tensors

/// The sum of the correlations of differences (Aslantas and Bendes 2015): how well F − B resembles A, and F − A resembles B; with its slope.
struct CorrelationOfDifferences {
    private let sources: [Tensor]
    private let centred: [Tensor]
    private let deviations: [Float]

    /// - Parameters: (N, H, W, 1), levels 0...255.
    init(first: Tensor, second: Tensor) {
        sources = [first, second]
        centred = sources.map(Self.centred)
        deviations = centred.map { Self.mean($0, times: $0).squareRoot() }
    }

    private static func mean(_ x: Tensor, times y: Tensor) -> Float { Float(Reduction.sum(x, times: y) / Double(x.count)) }
    private static func centred(_ x: Tensor) -> Tensor {
        Elementwise.affine(x, scale: 1, offset: -Float(Reduction.sum(x) / Double(x.count)))
    }

    /// - Parameter levels: the fused image, 0...255.
    func callAsFunction(_ levels: Tensor) -> ScoreWithSlope {
        let parts = [0, 1].map { index in
            let difference = Self.centred(Elementwise.subtract(levels, sources[1 - index]))
            // One grey level, squared, keeps the slope finite where a difference is flat.
            let variance = Self.mean(difference, times: difference) + 1
            let covariance = Self.mean(difference, times: centred[index])
            let scale = 1 / ((deviations[index] + 1e-3) * variance.squareRoot())
            let count = Float(levels.count)
            return ScoreWithSlope(
                value: scale * covariance,
                slope: Elementwise.combine(
                    centred[index], scale / count, difference, -scale * covariance / (variance * count)))
        }
        return ScoreWithSlope(value: parts[0].value + parts[1].value, slope: Elementwise.add(parts[0].slope, parts[1].slope))
    }
}
