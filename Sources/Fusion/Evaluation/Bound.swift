import Diffusion
import Imaging
import Networks

extension FusionModel {
    /// The variational bound of fused images under the model, in bits per dimension, term by term: how well ε_θ has learned Φ(P).
    ///
    /// - Parameters:
    ///   - origin: x_0, a candidate of the prior, levels 0...255, of the pair's size.
    ///   - variance: Σ_θ.
    /// - Complexity: T calls of ε_θ.
    public func bound(
        of origin: Plane, _ pair: ImagePair, variance: ReverseVariance = .posterior, seed: UInt64 = 42,
        willStep: (_ completed: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws -> VariationalBound {
        let estimator = RoughEstimator(self, mri: Padding.sized(pair.mri), other: Padding.sized(pair.other))
        return try VariationalBound.estimate(
            origin: Padding.sized(origin), schedule: description.schedule, variance: variance, seed: seed, willStep: willStep,
            pixels: { Padding.crop($0, height: pair.mri.height, width: pair.mri.width) }, predictor: { try estimator($0, at: $1) })
    }

    /// The least multiple of ``sideMultiple`` that is no less than `side`.
    static func padded(_ side: Int) -> Int { (side + sideMultiple - 1) / sideMultiple * sideMultiple }
}
