import Foundation
import Fusion
import Scores

/// The main scores in two lines.
func summary(_ scores: FusionScores, second: String) -> String {
    func text(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "–" }
    func line(_ name: String, _ score: PerSource) -> String { "\(name) \(text(score.first))/\(text(score.second))" }
    return """
        against MRI/\(second.uppercased()): \(line("SSIM", scores.ssim))  \(line("MI", scores.mutualInformation))  \(line("VIF", scores.vif))
        Q^AB/F \(text(scores.qabf.combined))  PSNR \(text(scores.psnr.combined)) dB  SCC \(text(scores.scc.mean))  SCD \(text(scores.scd.sum))
        """
}

/// JSON for people and programs: sorted keys, indented.
func prettyJSON(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// Any encodable value behind one type.
struct AnyEncodable: Encodable {
    private let body: @Sendable (any Encoder) throws -> Void

    init(_ value: some Encodable & Sendable) { body = { try value.encode(to: $0) } }

    func encode(to encoder: any Encoder) throws { try body(encoder) }
}

/// A line on standard error that replaces the one before it.
func reportProgress(_ line: String, ends: Bool) {
    FileHandle.standardError.write(Data("\r\u{1B}[K\(line)\(ends ? "\n" : "")".utf8))
}

/// Twenty cells, filled by the share that is done.
func progressBar(_ done: Int, _ total: Int) -> String {
    let filled = 20 * done / max(1, total)
    return String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled)
}

/// `count` of the pairs at equal distances.
func spread(_ pairs: [ImagePair], _ count: Int) -> [ImagePair] {
    count >= pairs.count ? pairs : (0..<count).map { pairs[(2 * $0 + 1) * pairs.count / (2 * count)] }
}
