import Foundation
import Tensors

/// Visual information fidelity (Sheikh and Bovik 2006), pixel domain, four scales, as `Scores.VIF` has it, with its slope.
///
/// Differs from the score in two things: a negative gain is cut to 0 without the score's case distinctions, and on images too small for
/// four scales (sides under 41) the coarse ones are left out.
struct InformationFidelity {
    private static let noise: Float = 2
    private static let tiny: Float = 1e-3

    /// Finest first.
    private let scales: [Scale]
    /// One over the information in either source: Σ ln(1 + σ²/noise) over all scales.
    private let shares: (Float, Float)

    private struct Scale {
        /// Filters an image of the scale before it, of which every second pixel is kept, and weighs this one's moments.
        let window: [Float]
        let moments: LocalMoments
    }

    /// - Parameters: (N, H, W, 1), levels 0...255, sides of at least 17.
    init(first: Tensor, second: Tensor, extents: RowExtents) {
        var (first, second, extents) = (first, second, extents)
        var scales: [Scale] = []
        var present = (0.0, 0.0)
        for taps in [17, 9, 5, 3] {
            let window = gaussianWindow(taps: taps, sigma: Double(taps) / 5)
            if !scales.isEmpty {
                if (min(first.shape.h, first.shape.w) - taps + 2) / 2 < taps { break }
                (first, second) = (Self.halved(first, window), Self.halved(second, window))
                extents = RowExtents(first, second)
            }
            let moments = LocalMoments(first, second, extents: extents, window: window)
            let information = moments.information(noise: Self.noise)
            present = (present.0 + information.0, present.1 + information.1)
            scales.append(Scale(window: window, moments: moments))
        }
        self.scales = scales
        shares = (Float(1 / (present.0 + 1e-6)), Float(1 / (present.1 + 1e-6)))
    }

    private static func halved(_ image: Tensor, _ window: [Float]) -> Tensor {
        ImageFilter.separable(image, rows: window, columns: window, step: 2)
    }

    /// The sum over the sources of the fidelity of `levels` (0...255); its derivative is added to `slope`, `weight` times.
    func callAsFunction(_ levels: Tensor, weight: Float, into slope: Tensor) -> Float {
        let images = scales.dropFirst().reduce(into: [levels]) { $0.append(Self.halved($0.last!, $1.window)) }
        let slopes = images.enumerated().map { $0 == 0 ? slope : Tensor($1.shape) }
        var value = 0.0
        // From the coarsest scale to the finest, whose slope is the image's.
        for (index, scale) in scales.enumerated().reversed() {
            value += scale.moments.information(
                images[index], noise: Self.noise, tiny: Self.tiny, shares: shares, weight: weight, into: slopes[index])
            guard index > 0 else { break }
            ImageFilter.addSeparableGradient(slopes[index], rows: scale.window, columns: scale.window, step: 2, to: slopes[index - 1])
        }
        return Float(value)
    }
}

/// A normalised Gaussian window with an odd number of taps.
func gaussianWindow(taps: Int, sigma: Double) -> [Float] {
    let values = (0..<taps).map { exp(-pow(Double($0 - taps / 2), 2) / (2 * sigma * sigma)) }
    return values.map { Float($0 / values.reduce(0, +)) }
}
