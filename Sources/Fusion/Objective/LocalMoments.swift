import Foundation
import Tensors

/// Local moments of an image under a window, and the way back from slopes by them to slopes by the image.
struct LocalMoments {
    /// (N, H, W, 1).
    let image: Tensor
    /// The weights of the separable window, an odd number of them, with sum 1.
    let window: [Float]
    /// E[x] and E[x²] where the whole window lies inside.
    let moments: ScoreMaps.Moments

    init(_ image: Tensor, _ window: [Float]) {
        (self.image, self.window) = (image, window)
        moments = .init(
            mean: Self.averaged(image, window), square: Self.averaged(Elementwise.multiply(image, image), window))
    }

    /// E[xy] with another image of the same shape.
    func product(with other: LocalMoments) -> Tensor { Self.averaged(Elementwise.multiply(image, other.image), window) }

    /// The slope by the image.
    ///
    /// - Parameters:
    ///   - slopes: by E[x] and E[x²].
    ///   - products: by E[xy] for each other image y.
    func slope(_ slopes: ScoreMaps.Moments, products: [(other: LocalMoments, slope: Tensor)]) -> Tensor {
        let result = spread(slopes.mean)
        Elementwise.accumulate(image, times: spread(slopes.square), scale: 2, into: result)
        for product in products {
            Elementwise.accumulate(product.other.image, times: spread(product.slope), into: result)
        }
        return result
    }

    /// Slopes to add to, all 0.
    func noSlopes() -> ScoreMaps.Moments { .init(mean: Tensor(moments.mean.shape), square: Tensor(moments.mean.shape)) }

    private static func averaged(_ x: Tensor, _ window: [Float]) -> Tensor { ImageFilter.separable(x, rows: window, columns: window) }

    private func spread(_ slope: Tensor) -> Tensor { ImageFilter.separableGradient(slope, rows: window, columns: window) }
}

/// A normalised Gaussian window with an odd number of taps.
func gaussianWindow(taps: Int, sigma: Double) -> [Float] {
    let values = (0..<taps).map { exp(-pow(Double($0 - taps / 2), 2) / (2 * sigma * sigma)) }
    return values.map { Float($0 / values.reduce(0, +)) }
}
