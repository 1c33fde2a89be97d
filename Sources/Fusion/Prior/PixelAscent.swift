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
        var adam = AscentStep(start.shape, decay: (mean: 0.9, square: 0.99))
        let pixels = max(1, Reduction.sum(inside))
        for step in 0..<steps {
            let slope = Elementwise.multiply(objective(image, weights).slope, inside)
            let deviation = (Reduction.sum(slope, times: slope) / pixels).squareRoot()
            let share = 0.5 * (1 + cos(Float.pi * Float(step) / Float(steps)))
            adam(image, slope: slope, rate: rate / 255 * share, damping: damping * Float(deviation) + 1e-9)
        }
        return image
    }
}
