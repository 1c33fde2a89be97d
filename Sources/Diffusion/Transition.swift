/// One Gaussian step towards the image: x_s ~ N(origin · x_0 + current · x_t, variance · I), s < t.
public struct Transition: Sendable, Equatable {
    /// The factor of x_0, or of its estimate.
    public let origin: Double
    /// The factor of x_t.
    public let current: Double
    /// σ², the variance of each element.
    public let variance: Double

    /// A step with the given factors and variance.
    public init(origin: Double, current: Double, variance: Double) {
        (self.origin, self.current, self.variance) = (origin, current, variance)
    }
}

/// The variance of the reverse chain: fixed, not learned (Ho et al. 2020, section 3.2).
public enum ReverseVariance: String, Sendable, Codable, CaseIterable {
    /// σ_t² = β_t: the best where x_0 ~ N(0, I).
    case beta
    /// σ_t² = β̃_t, the posterior's: the best where x_0 is one point.
    case posterior
}

extension NoiseSchedule {
    /// q(x_{t−1} | x_t, x_0) = N(μ̃_t, β̃_t I) (Ho et al. 2020, eq. 6 and 7). O(1).
    ///
    ///     μ̃_t = √ᾱ_{t−1} β_t/(1−ᾱ_t) · x_0 + √α_t (1−ᾱ_{t−1})/(1−ᾱ_t) · x_t
    ///     β̃_t = (1−ᾱ_{t−1})/(1−ᾱ_t) · β_t
    ///
    /// - Precondition: t in 1...steps.
    public func posterior(at t: Int) -> Transition {
        precondition(t >= 1 && t <= steps, "timestep \(t) does not lie in 1...\(steps)")
        return Transition(
            origin: alphaBars[t - 1].squareRoot() * betas[t] / noiseVariances[t],
            current: alphas[t].squareRoot() * noiseVariances[t - 1] / noiseVariances[t],
            variance: posteriorVariances[t])
    }

    /// σ_t² of the reverse chain. O(1).
    ///
    /// - Precondition: t in 1...steps.
    public func reverseVariance(_ kind: ReverseVariance, at t: Int) -> Double {
        precondition(t >= 1 && t <= steps, "timestep \(t) does not lie in 1...\(steps)")
        return switch kind {
        case .beta: betas[t]
        case .posterior: posteriorVariances[t]
        }
    }

    /// DDIM's step from timestep t to s (Song et al. 2020, eq. 12 and 16), in terms of x_t and x_0. O(1).
    ///
    ///     σ² = η² · (1−ᾱ_s)/(1−ᾱ_t) · (1 − ᾱ_t/ᾱ_s)
    ///     x_s = √ᾱ_s x_0 + √(1−ᾱ_s−σ²) · (x_t − √ᾱ_t x_0)/√(1−ᾱ_t) + σ z
    ///
    /// - Precondition: 0 ≤ s < t ≤ steps, η in 0...1.
    public func implicitTransition(from t: Int, to s: Int, eta: Double) -> Transition {
        precondition(s >= 0 && s < t && t <= steps, "no step leads from \(t) to \(s)")
        precondition(eta >= 0 && eta <= 1, "η = \(eta) does not lie in 0...1")
        let jump = (noiseVariances[t] - noiseVariances[s]) / alphaBars[s]
        let variance = eta * eta * noiseVariances[s] / noiseVariances[t] * jump
        let current = (max(0, noiseVariances[s] - variance) / noiseVariances[t]).squareRoot()
        return Transition(
            origin: alphaBars[s].squareRoot() - alphaBars[t].squareRoot() * current, current: current, variance: variance)
    }
}
