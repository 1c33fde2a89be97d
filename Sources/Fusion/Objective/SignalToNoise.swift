import Foundation
import Tensors

/// PSNR against the mean of the two squared errors, in dB, as fusion tables have it, with its slope.
struct SignalToNoise {
    private let sources: [Tensor]

    /// - Parameters: (N, H, W, 1), levels 0...255.
    init(first: Tensor, second: Tensor) { sources = [first, second] }

    /// - Parameter levels: the fused image, 0...255.
    func callAsFunction(_ levels: Tensor) -> ScoreWithSlope {
        let errors = sources.map { Elementwise.subtract(levels, $0) }
        let sum = errors.reduce(0) { $0 + Reduction.sum($1, times: $1) }
        // A hundredth of a grey level, squared, keeps a perfect image finite.
        let mean = Float(sum / Double(2 * levels.count)) + 1e-4
        let scale = -10 / (Float(M_LN10) * mean * Float(levels.count))
        return ScoreWithSlope(
            value: 10 * log10(255 * 255 / mean), slope: Elementwise.combine(errors[0], scale, errors[1], scale))
    }
}
