import Fusion
import Scores

/// The scores of a fusion as the API shows them.
struct ScorePayload: Encodable, Sendable {
    let modality: Modality
    let width: Int
    let height: Int
    let scores: FusionScores
    /// Seconds that scoring took.
    let seconds: Double

    private enum Key: String, CodingKey {
        case modality, width, height, scores, seconds
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(modality, forKey: .modality)
        try container.encode(width, forKey: .width)
        try container.encode(height, forKey: .height)
        try container.encode(scores.json(firstName: "mri", secondName: modality.rawValue), forKey: .scores)
        try container.encode(seconds, forKey: .seconds)
    }
}

extension Duration {
    /// As a fraction of seconds.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
