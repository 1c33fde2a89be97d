/// How a sampler chooses `count` of the timesteps 1...T.
public enum TimestepSpacing: String, Sendable, Codable, CaseIterable {
    /// T − i·T/count, rounded: begins at T, where the sampler's first draw belongs (Lin et al. 2024, "Common diffusion noise
    /// schedules and sample steps are flawed", section 3.3).
    case trailing
    /// 1 + i·⌊T/count⌋: ends at 1 and may begin far below T (Song et al. 2020, appendix D.2, "linear").
    case leading
    /// T·(i/count)², rounded, but no two alike: dense near the image (Song et al. 2020, appendix D.2, "quadratic"). Begins at T.
    case quadratic

    /// The timesteps, strictly descending. O(count).
    ///
    /// - Throws: `subsequence` unless 1 ≤ count ≤ steps; `steps` outside `NoiseSchedule.allowedSteps`.
    public func timesteps(_ count: Int, of steps: Int) throws(DiffusionError) -> [Int] {
        guard NoiseSchedule.allowedSteps.contains(steps) else { throw .steps(steps) }
        guard count >= 1, count <= steps else { throw .subsequence(count: count, steps: steps) }
        return (1...count).reversed().map { i in
            switch self {
            case .trailing: rounded(i * steps, over: count)
            case .leading: 1 + (i - 1) * (steps / count)
            case .quadratic: max(i, rounded(i * i * steps, over: count * count))
            }
        }
    }
}

/// a / b to the nearest integer, halves upwards, for a ≥ 0, b > 0.
private func rounded(_ a: Int, over b: Int) -> Int { (2 * a + b) / (2 * b) }
