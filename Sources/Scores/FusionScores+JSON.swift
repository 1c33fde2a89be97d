extension FusionScores {
    /// The scores as a JSON object in which the sources have the names given, such as "mri" and "ct":
    ///
    ///     {"convention": "service", "ssim": {"mri": 0.57, "ct": 0.79, "sum": 1.36, "mean": 0.68}, …,
    ///      "psnr": {"mri": 9.1, "ct": 14.2, "combined": 10.9}, …, "labf": 0.21, "nabf": 0.01, "entropy": 3.6, …}
    ///
    /// A score without a finite value is `null`, never absent. The names must differ from each other and from "sum", "mean" and "combined";
    /// of two values of one name only one would be written.
    public func json(firstName: String, secondName: String) -> some Encodable & Sendable {
        Named(scores: self, first: Key(firstName), second: Key(secondName))
    }
}

extension FusionScores: Codable {
    /// As `json(firstName:secondName:)` with the names "first" and "second".
    public func encode(to encoder: any Encoder) throws {
        try Named(scores: self, first: .first, second: .second).encode(to: encoder)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func perSource(_ key: Key) throws -> PerSource {
            let nested = try container.nestedContainer(keyedBy: Key.self, forKey: key)
            return PerSource(
                first: try nested.decode(Double?.self, forKey: .first), second: try nested.decode(Double?.self, forKey: .second))
        }
        func combined(_ key: Key) throws -> CombinedScore {
            let nested = try container.nestedContainer(keyedBy: Key.self, forKey: key)
            return CombinedScore(
                first: try nested.decode(Double?.self, forKey: .first), second: try nested.decode(Double?.self, forKey: .second),
                combined: try nested.decode(Double?.self, forKey: .combined))
        }
        convention = try container.decode(Convention.self, forKey: .convention)
        ssim = try perSource(.ssim)
        mutualInformation = try perSource(.mutualInformation)
        vif = try perSource(.vif)
        qabf = try combined(.qabf)
        psnr = try combined(.psnr)
        scc = try perSource(.scc)
        scd = try perSource(.scd)
        correlation = try perSource(.correlation)
        labf = try container.decode(Double?.self, forKey: .labf)
        nabf = try container.decode(Double?.self, forKey: .nabf)
        entropy = try container.decode(Double?.self, forKey: .entropy)
        standardDeviation = try container.decode(Double?.self, forKey: .standardDeviation)
        spatialFrequency = try container.decode(Double?.self, forKey: .spatialFrequency)
        averageGradient = try container.decode(Double?.self, forKey: .averageGradient)
    }
}

/// A member's name in the JSON: those of the scores are fixed, those of the sources the caller's.
private struct Key: CodingKey, Sendable {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }

    static let (first, second) = (Key("first"), Key("second"))
    static let (sum, mean, combined) = (Key("sum"), Key("mean"), Key("combined"))
    static let convention = Key("convention")
    static let (ssim, mutualInformation, vif) = (Key("ssim"), Key("mi"), Key("vif"))
    static let (qabf, labf, nabf) = (Key("qabf"), Key("labf"), Key("nabf"))
    static let (psnr, scc, scd, correlation) = (Key("psnr"), Key("scc"), Key("scd"), Key("correlation"))
    static let (entropy, standardDeviation) = (Key("entropy"), Key("standard_deviation"))
    static let (spatialFrequency, averageGradient) = (Key("spatial_frequency"), Key("average_gradient"))
}

/// Scores with names for the sources.
private struct Named: Encodable, Sendable {
    let scores: FusionScores
    let first: Key
    let second: Key

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        func add(_ score: PerSource, _ key: Key) throws {
            var nested = container.nestedContainer(keyedBy: Key.self, forKey: key)
            try nested.encode(score.first, forKey: first)
            try nested.encode(score.second, forKey: second)
            try nested.encode(score.sum, forKey: .sum)
            try nested.encode(score.mean, forKey: .mean)
        }
        func add(_ score: CombinedScore, _ key: Key) throws {
            var nested = container.nestedContainer(keyedBy: Key.self, forKey: key)
            try nested.encode(score.first, forKey: first)
            try nested.encode(score.second, forKey: second)
            try nested.encode(score.combined, forKey: .combined)
        }
        try container.encode(scores.convention, forKey: .convention)
        try add(scores.ssim, .ssim)
        try add(scores.mutualInformation, .mutualInformation)
        try add(scores.vif, .vif)
        try add(scores.qabf, .qabf)
        try add(scores.psnr, .psnr)
        try add(scores.scc, .scc)
        try add(scores.scd, .scd)
        try add(scores.correlation, .correlation)
        try container.encode(scores.labf, forKey: .labf)
        try container.encode(scores.nabf, forKey: .nabf)
        try container.encode(scores.entropy, forKey: .entropy)
        try container.encode(scores.standardDeviation, forKey: .standardDeviation)
        try container.encode(scores.spatialFrequency, forKey: .spatialFrequency)
        try container.encode(scores.averageGradient, forKey: .averageGradient)
    }
}
