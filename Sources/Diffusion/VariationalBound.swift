import Tensors

/// The variational bound on −log₂ p_θ(x_0), in bits per dimension, term by term (Ho et al. 2020, eq. 5).
///
///     L = KL(q(x_T|x_0) ‖ p(x_T)) + Σ_{t>1} KL(q(x_{t−1}|x_t,x_0) ‖ p_θ(x_{t−1}|x_t)) − log p_θ(x_0|x_1)
///
/// The image has 256 levels, scaled to [−1, 1]: x_0 = level/127.5 − 1.
public struct VariationalBound: Sendable, Equatable {
    /// L_T: what x_T still tells of the image. Bits per dimension, ≥ 0.
    public let prior: Double
    /// L_{t−1} for t = 2...T, in this order. Bits per dimension, each ≥ 0.
    public let transitions: [Double]
    /// L_0: the image's levels given x_1. Bits per dimension, ≥ 0.
    public let decoder: Double

    /// The bound itself: the sum of all terms.
    public var total: Double { prior + transitions.reduce(0, +) + decoder }

    /// The bound from the errors of the noise prediction.
    ///
    /// - Parameters:
    ///   - origin: x_0 in [−1, 1].
    ///   - estimate: x̂_0 at t = 1.
    ///   - noiseErrors: the mean of (ε − ε̂)² over all elements for t = 2...T, in this order.
    ///   - schedule: the variances of the forward chain.
    ///   - variance: σ_t² of the reverse chain.
    /// - Throws: `count` unless there are T − 1 errors, `shapes` unless the tensors have one shape, `shape` when they are empty.
    public init(
        origin: Tensor, estimate: Tensor, noiseErrors: [Double], schedule: NoiseSchedule, variance: ReverseVariance
    ) throws(DiffusionError) {
        guard noiseErrors.count == schedule.steps - 1 else {
            throw .count(expected: schedule.steps - 1, found: noiseErrors.count)
        }
        prior = try Self.prior(origin: origin, schedule: schedule)
        transitions = noiseErrors.enumerated().map { index, error in
            Self.transition(at: index + 2, noiseError: error, schedule: schedule, variance: variance)
        }
        decoder = try Self.decoder(
            origin: origin, estimate: estimate, variance: Self.decoderVariance(schedule: schedule, variance: variance))
    }

    /// The bound of a predictor, estimated with one draw of x_t for each timestep. T calls of the predictor.
    ///
    /// The draw at t is stream t of `Philox(seed:)`. The diffusion may run on another orthonormal basis than the pixels (as the Haar
    /// transform's bands): the noise is white in both, the KL terms are the same, and only the decoder needs the pixels.
    ///
    /// - Parameters:
    ///   - origin: x_0, in [−1, 1] as pixels.
    ///   - schedule: the variances of the forward chain.
    ///   - variance: σ_t² of the reverse chain.
    ///   - seed: the key of all randomness.
    ///   - willStep: called before each timestep with the number of them done and their total. Throws to end the estimation.
    ///   - pixels: from the diffusion's basis to pixels; an orthonormal map.
    ///   - predictor: the estimate of x_0.
    /// - Throws: `DiffusionError.shape` when the image is empty, `.shapes` where the predictor changes the shape, and what the closures
    ///   throw.
    public static func estimate(
        origin: Tensor, schedule: NoiseSchedule, variance: ReverseVariance, seed: UInt64,
        willStep: (_ completed: Int, _ total: Int) throws -> Void = { _, _ in },
        pixels: (Tensor) throws -> Tensor = { $0 }, predictor: OriginPredictor
    ) throws -> VariationalBound {
        guard origin.shape.isDrawable else { throw DiffusionError.shape(origin.shape) }
        var transitions: [Double] = []
        var decoder = 0.0
        for t in 1...schedule.steps {
            try willStep(t - 1, schedule.steps)
            var source = Philox(seed: seed, stream: UInt64(t))
            let noise = source.normal(origin.shape)
            let x = try schedule.diffused(origin, by: noise, to: Array(repeating: t, count: origin.shape.n))
            let estimate = try predictor(x, t)
            guard estimate.shape == origin.shape else {
                throw DiffusionError.shapes(expected: origin.shape, found: estimate.shape)
            }
            if t == 1 {
                decoder = try Self.decoder(
                    origin: pixels(origin), estimate: pixels(estimate),
                    variance: decoderVariance(schedule: schedule, variance: variance))
            } else {
                // ε − ε̂ = √(ᾱ_t/(1−ᾱ_t)) · (x̂_0 − x_0).
                let error = schedule.alphaBars[t] / schedule.noiseVariances[t] * meanSquaredDifference(origin, estimate)
                transitions.append(transition(at: t, noiseError: error, schedule: schedule, variance: variance))
            }
        }
        return VariationalBound(prior: try prior(origin: origin, schedule: schedule), transitions: transitions, decoder: decoder)
    }

    private init(prior: Double, transitions: [Double], decoder: Double) {
        (self.prior, self.transitions, self.decoder) = (prior, transitions, decoder)
    }
}

/// The mean of (x − y)². O(count).
private func meanSquaredDifference(_ x: Tensor, _ y: Tensor) -> Double {
    var sum = 0.0
    for i in 0..<x.count {
        let difference = Double(x.pointer[i]) - Double(y.pointer[i])
        sum += difference * difference
    }
    return sum / Double(x.count)
}
