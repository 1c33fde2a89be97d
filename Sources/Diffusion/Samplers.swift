/// Ancestral sampling over all T steps (Ho et al. 2020, algorithm 2).
///
///     x_{t−1} = μ̃_t(x_t, x̂_0) + σ_t z,   σ_t² = β_t or β̃_t,   z ~ N(0, I) for t > 1
public struct DDPMSampler: Sampler, Equatable {
    public let schedule: NoiseSchedule
    /// σ_t².
    public let variance: ReverseVariance
    /// T, T−1, …, 1.
    public let steps: [Int]

    /// A sampler over the whole schedule. O(T).
    public init(schedule: NoiseSchedule, variance: ReverseVariance = .posterior) {
        (self.schedule, self.variance) = (schedule, variance)
        steps = (1...schedule.steps).reversed()
    }

    /// The step from t to t − 1; at t = 1 it adds no noise.
    ///
    /// - Precondition: 1 ≤ t ≤ T, s = t − 1.
    public func transition(from t: Int, to s: Int) -> Transition {
        precondition(s == t - 1, "ancestral sampling visits every timestep")
        let posterior = schedule.posterior(at: t)
        return Transition(
            origin: posterior.origin, current: posterior.current,
            variance: s == 0 ? 0 : schedule.reverseVariance(variance, at: t))
    }
}

/// Implicit sampling over any sub-sequence of the timesteps (Song et al. 2020, eq. 12).
///
/// η = 0 adds no noise: the image is a function of x_T alone. η = 1 on all timesteps is `DDPMSampler` with the posterior's variance.
/// Where the sub-sequence begins below T, x_T ~ N(0, I) is taken for the first timestep's x, as Song et al. do.
public struct DDIMSampler: Sampler, Equatable {
    public let schedule: NoiseSchedule
    /// The timesteps visited, strictly descending.
    public let steps: [Int]
    /// η in 0...1: the share of the ancestral noise.
    public let eta: Double

    /// A sampler over `count` timesteps. O(count).
    ///
    /// - Throws: `subsequence` unless 1 ≤ count ≤ T, `eta` unless η lies in 0...1.
    public init(
        schedule: NoiseSchedule, count: Int, spacing: TimestepSpacing = .trailing, eta: Double = 0
    ) throws(DiffusionError) {
        try self.init(schedule: schedule, steps: spacing.timesteps(count, of: schedule.steps), eta: eta)
    }

    /// A sampler over the given timesteps. O(count).
    ///
    /// - Throws: `subsequence` where there are none, `timestep` outside 1...T, `order` unless they strictly descend, `eta` unless η
    ///   lies in 0...1.
    public init(schedule: NoiseSchedule, steps: [Int], eta: Double = 0) throws(DiffusionError) {
        guard !steps.isEmpty else { throw .subsequence(count: 0, steps: schedule.steps) }
        for t in steps where t < 1 || t > schedule.steps { throw .timestep(t, steps: schedule.steps) }
        for (previous, t) in zip(steps, steps.dropFirst()) where t >= previous { throw .order(t, after: previous) }
        guard eta >= 0, eta <= 1 else { throw .eta(eta) }
        (self.schedule, self.steps, self.eta) = (schedule, steps, eta)
    }

    /// The step from t to s.
    ///
    /// - Precondition: 0 ≤ s < t ≤ T.
    public func transition(from t: Int, to s: Int) -> Transition {
        schedule.implicitTransition(from: t, to: s, eta: eta)
    }
}
