#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The variances β_1 … β_T of the forward chain and all that follows from them, in double precision.
///
///     q(x_t | x_{t−1}) = N(√(1−β_t) x_{t−1}, β_t I)            Ho et al. 2020, eq. 2
///     q(x_t | x_0)     = N(√ᾱ_t x_0, (1−ᾱ_t) I)                 eq. 4, with α_t = 1 − β_t, ᾱ_t = ∏_{i≤t} α_i
///
/// Timesteps run from 1 to T = `steps`; every array is indexed by the timestep and starts with the entry of t = 0, the undisturbed
/// image: ᾱ_0 = 1, β_0 = 0. A schedule is described by its kind and its steps alone, and is stored as these.
public struct NoiseSchedule: Sendable {
    /// How the variances are chosen.
    public enum Kind: Hashable, Sendable, Codable {
        /// β_t from `start` at t = 1 to `end` at t = T at equal distances (Ho et al. 2020, section 4: 1e-4 to 0.02 for T = 1000;
        /// Diff-IF: 1e-6 to 0.01). With T = 1 only `start` is used. Both in (0, 1).
        case linear(start: Double, end: Double)
        /// ᾱ_t = f(t)/f(0), f(t) = cos²((t/T + s)/(1 + s) · π/2), s = `offset` ≥ 0, and β_t ≤ `maximumBeta` < 1
        /// (Nichol and Dhariwal 2021, eq. 17: s = 0.008, β_t ≤ 0.999).
        case cosine(offset: Double = 0.008, maximumBeta: Double = 0.999)
    }

    /// How many steps a schedule may have: bounds the memory that a description read from a file can ask for.
    public static let allowedSteps = 1...100_000

    /// How the variances are chosen.
    public let kind: Kind
    /// T, the last timestep.
    public let steps: Int
    /// β_t for t = 0...T, with β_0 = 0.
    public let betas: [Double]
    /// α_t = 1 − β_t for t = 0...T.
    public let alphas: [Double]
    /// ᾱ_t = ∏_{i≤t} α_i for t = 0...T: the share of the image's energy that is left. Falls from 1.
    public let alphaBars: [Double]
    /// 1 − ᾱ_t for t = 0...T, the variance of the noise, summed without cancellation: v_t = α_t v_{t−1} + β_t. Rises from 0.
    public let noiseVariances: [Double]
    /// β̃_t = (1−ᾱ_{t−1})/(1−ᾱ_t) · β_t for t = 0...T (Ho et al. 2020, eq. 7), with β̃_0 = β̃_1 = 0.
    public let posteriorVariances: [Double]

    /// A schedule of `steps` timesteps. O(steps).
    ///
    /// - Throws: `steps`, `beta` or `offset` for values outside their ranges; `degenerate` where ᾱ_t or 1−ᾱ_t is below 1e-30.
    public init(_ kind: Kind, steps: Int) throws(DiffusionError) {
        guard Self.allowedSteps.contains(steps) else { throw .steps(steps) }
        var betas = [0.0]
        betas.append(contentsOf: try Self.betas(kind, steps: steps))
        var alphaBars = [1.0]
        var noiseVariances = [0.0]
        var posteriorVariances = [0.0]
        for t in 1...steps {
            let beta = betas[t]
            guard beta > 0, beta < 1 else { throw .beta(beta) }
            alphaBars.append(alphaBars[t - 1] * (1 - beta))
            noiseVariances.append((1 - beta) * noiseVariances[t - 1] + beta)
            posteriorVariances.append(noiseVariances[t - 1] / noiseVariances[t] * beta)
            guard alphaBars[t] >= 1e-30, noiseVariances[t] >= 1e-30 else { throw .degenerate(timestep: t) }
        }
        (self.kind, self.steps) = (kind, steps)
        (self.betas, alphas) = (betas, betas.map { 1 - $0 })
        (self.alphaBars, self.noiseVariances) = (alphaBars, noiseVariances)
        self.posteriorVariances = posteriorVariances
    }

    /// β_1 … β_T, unchecked but for the parameters.
    private static func betas(_ kind: Kind, steps: Int) throws(DiffusionError) -> [Double] {
        switch kind {
        case .linear(let start, let end):
            for beta in [start, end] where !(beta > 0 && beta < 1) { throw .beta(beta) }
            return (0..<steps).map { start + (end - start) * Double($0) / Double(max(1, steps - 1)) }
        case .cosine(let offset, let maximum):
            guard offset >= 0, offset.isFinite else { throw .offset(offset) }
            guard maximum > 0, maximum < 1 else { throw .beta(maximum) }
            let angle = { (t: Int) in (Double(t) / Double(steps) + offset) / (1 + offset) * Double.pi / 2 }
            return (1...steps).map { t in
                // 1 − cos²b / cos²a = sin(b + a) · sin(b − a) / cos²a loses no digits where a and b are close.
                let (a, b) = (angle(t - 1), angle(t))
                return min(maximum, sin(b + a) * sin(b - a) / (cos(a) * cos(a)))
            }
        }
    }
}

extension NoiseSchedule: Equatable {
    /// Whether the descriptions agree; the variances then do.
    public static func == (a: NoiseSchedule, b: NoiseSchedule) -> Bool { a.kind == b.kind && a.steps == b.steps }
}

extension NoiseSchedule: Codable {
    private enum CodingKeys: CodingKey { case kind, steps }

    /// Reads a description and computes the variances.
    ///
    /// - Throws: `DecodingError.dataCorrupted` with a `DiffusionError` beneath where `init(_:steps:)` refuses the description.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let kind = try values.decode(Kind.self, forKey: .kind)
        let steps = try values.decode(Int.self, forKey: .steps)
        do {
            try self.init(kind, steps: steps)
        } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\(error)", underlyingError: error))
        }
    }

    /// Writes the kind and the steps.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(kind, forKey: .kind)
        try values.encode(steps, forKey: .steps)
    }
}
