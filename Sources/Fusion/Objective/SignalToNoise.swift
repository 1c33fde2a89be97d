import Foundation

extension PixelMeans {
    /// PSNR against the mean of the two squared errors, in dB, as fusion tables have it, with its slope.
    var signalToNoise: (value: Float, slope: LinearSlope) {
        // A hundredth of a grey level, squared, keeps a perfect image finite.
        let error = max(0, fused.square - firstProduct - secondProduct + (first.square + second.square) / 2) + 1e-4
        let scale = 10 / (M_LN10 * error * count)
        return (
            Float(10 * log10(255 * 255 / error)), LinearSlope(fused: -2 * scale, first: scale, second: scale, constant: 0)
        )
    }
}
