import Foundation
import Imaging
import Tensors

/// Gradient ascent on the pixels of a fused image, by Adam (Kingma and Ba 2015): where Φ(P) gets better than its rules, and where the
/// sampler is guided.
///
/// Deterministic: the same start and sources give the same bytes.
struct PixelAscent: Sendable {
    /// What is climbed.
    var weights = FusionObjective.Weights()
    /// The first step's size in grey levels; it falls to 0 by half a cosine.
    var rate: Float = 8
    var steps = 100
    /// Holds back pixels on which little depends: those whose slope is under this share of the slopes' root mean square hardly move. With 0
    /// every pixel moves as far, which stirs flat places.
    var damping: Float = 0

    /// The image that the ascent arrives at; pixels where both sources are 0 stay as they are.
    ///
    /// - Parameters:
    ///   - start: (N, H, W, 1) in 0...1, of the objective's shape.
    ///   - inside: 1 where the picture may change, 0 elsewhere.
    /// - Complexity: O(pixels · steps), some hundred operations each.
    func callAsFunction(from start: Tensor, _ objective: FusionObjective, inside: Tensor) -> Tensor {
        let image = start.copy()
        let (mean, square) = (Tensor(start.shape), Tensor(start.shape))
        let pixels = max(1, Reduction.sum(inside))
        for step in 0..<steps {
            let slopes = objective(image, weights).slope
            let slope = 0.5 * (1 + cos(Float.pi * Float(step) / Float(steps)))
            let rate = self.rate / 255 * slope / (1 - powf(Self.decay.mean, Float(step + 1)))
            let correction = 1 / (1 - powf(Self.decay.square, Float(step + 1)))
            let gradient = slopes.pointer
            let damping = damping * Float((Reduction.sum(Elementwise.multiply(slopes, slopes), times: inside) / pixels).squareRoot()) + 1e-9
            ThreadPool.ranges(image.count, grain: 8_192) { range in
                for i in range {
                    let g = gradient[i]
                    let m = Self.decay.mean * mean.pointer[i] + (1 - Self.decay.mean) * g
                    let v = Self.decay.square * square.pointer[i] + (1 - Self.decay.square) * g * g
                    (mean.pointer[i], square.pointer[i]) = (m, v)
                    let moved = image.pointer[i] + inside.pointer[i] * rate * m / ((v * correction).squareRoot() + damping)
                    image.pointer[i] = min(1, max(0, moved))
                }
            }
        }
        return image
    }

    private static let decay = (mean: Float(0.9), square: Float(0.99))
}
