import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension VariationalBound {
    /// KL(N(mean_1, variance_1) ‖ N(mean_2, variance_2)) in nats, for one dimension, from the square of the means' difference. O(1).
    static func divergence(_ variance1: Double, _ variance2: Double, squaredDifference: Double) -> Double {
        // r − 1 − ln r with r = 1 + d loses its digits where the variances are close; ln(1 + d) does not.
        let d = (variance1 - variance2) / variance2
        return 0.5 * (d - log1p(d) + squaredDifference / variance2)
    }

    /// L_T = KL(N(√ᾱ_T x_0, (1−ᾱ_T) I) ‖ N(0, I)) in bits per dimension. O(count).
    ///
    /// - Throws: `shape` when there are no elements.
    public static func prior(origin: Tensor, schedule: NoiseSchedule) throws(DiffusionError) -> Double {
        guard origin.shape.isDrawable else { throw .shape(origin.shape) }
        var squares = 0.0
        for i in 0..<origin.count { squares += Double(origin.pointer[i]) * Double(origin.pointer[i]) }
        let alphaBar = schedule.alphaBars[schedule.steps]
        // Variance 1 − ᾱ against 1: d = −ᾱ, without cancellation.
        return 0.5 * (-alphaBar - log1p(-alphaBar) + alphaBar * squares / Double(origin.count)) / log(2)
    }

    /// L_{t−1} in bits per dimension from the mean of (ε − ε̂)² (Ho et al. 2020, eq. 12, with the constant). O(1).
    ///
    ///     β_t² / (2σ_t² α_t (1−ᾱ_t)) · error + ½ (β̃_t/σ_t² − 1 − ln(β̃_t/σ_t²))
    ///
    /// - Precondition: t in 2...T.
    public static func transition(
        at t: Int, noiseError: Double, schedule: NoiseSchedule, variance: ReverseVariance
    ) -> Double {
        precondition(t >= 2 && t <= schedule.steps, "timestep \(t) does not lie in 2...\(schedule.steps)")
        let beta = schedule.betas[t]
        let squaredDifference = beta * beta / (schedule.alphas[t] * schedule.noiseVariances[t]) * noiseError
        return divergence(
            schedule.posteriorVariances[t], schedule.reverseVariance(variance, at: t), squaredDifference: squaredDifference) / log(2)
    }

    /// σ_1² of the decoder: β_1, or β̃_2 where the posterior's variance is used, for β̃_1 = 0 (Ho et al. clip so in their code). O(1).
    public static func decoderVariance(schedule: NoiseSchedule, variance: ReverseVariance) -> Double {
        variance == .beta || schedule.steps == 1 ? schedule.betas[1] : schedule.posteriorVariances[2]
    }

    /// L_0 = −log₂ p_θ(x_0 | x_1) in bits per dimension by the discretised Gaussian (Ho et al. 2020, eq. 13). O(count).
    ///
    /// Each level owns the interval x_0 ± 1/255; the lowest and the highest reach to infinity. At t = 1 the mean μ_θ is x̂_0.
    ///
    /// - Parameters:
    ///   - origin: x_0 in [−1, 1], 256 levels.
    ///   - estimate: x̂_0 at t = 1.
    ///   - variance: σ_1² > 0.
    /// - Throws: `shapes` unless the tensors have one shape, `shape` when they are empty, `variance` unless it is positive and finite.
    public static func decoder(origin: Tensor, estimate: Tensor, variance: Double) throws(DiffusionError) -> Double {
        guard origin.shape.isDrawable else { throw .shape(origin.shape) }
        guard estimate.shape == origin.shape else { throw .shapes(expected: origin.shape, found: estimate.shape) }
        guard variance > 0, variance.isFinite else { throw .variance(variance) }
        let deviation = variance.squareRoot()
        var sum = 0.0
        for i in 0..<origin.count {
            let (x, mean) = (Double(origin.pointer[i]), Double(estimate.pointer[i]))
            let lower = x < -0.999 ? -Double.infinity : (x - 1 / 255 - mean) / deviation
            let upper = x > 0.999 ? Double.infinity : (x + 1 / 255 - mean) / deviation
            sum -= logProbability(lower, upper)
        }
        return sum / Double(origin.count) / log(2)
    }

    /// ln(Φ(b) − Φ(a)) of the standard normal distribution, for a < b, far into the tails. O(1).
    ///
    /// Relative error of the probability below 1e-12 where b − a > 1e-3.
    static func logProbability(_ a: Double, _ b: Double) -> Double {
        if b <= 0 { return logProbability(-b, -a) }
        if a < 5 {
            // One tail holds no more than a half: differences of tails lose nothing that matters.
            if a >= 0 { return log(upperTail(a) - upperTail(b)) }
            return log1p(-(upperTail(-a) + upperTail(b)))
        }
        // Q(z) = φ(z) M(z): the densities' quotient and the Mills ratios never underflow together.
        let quotient = b == .infinity ? 0 : exp(-(b - a) * (b + a) / 2) * millsRatio(b) / millsRatio(a)
        return -a * a / 2 - 0.5 * log(2 * Double.pi) + log(millsRatio(a)) + log1p(-quotient)
    }

    /// Q(z) = 1 − Φ(z).
    private static func upperTail(_ z: Double) -> Double { 0.5 * erfc(z / 2.0.squareRoot()) }

    /// Q(z)/φ(z) for z ≥ 5 by Laplace's continued fraction 1/(z + 1/(z + 2/(z + 3/(z + …)))).
    private static func millsRatio(_ z: Double) -> Double {
        var denominator = z
        for k in stride(from: 40, through: 1, by: -1) { denominator = z + Double(k) / denominator }
        return 1 / denominator
    }
}
