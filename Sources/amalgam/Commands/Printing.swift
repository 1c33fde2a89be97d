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

/// Mean scores as a Markdown table.
func printTable(_ rows: [(name: String, scores: MeanScores)], title: String) {
    print("| \(title) | \(MeanScores.names.joined(separator: " | ")) |")
    print("|---|" + String(repeating: "---|", count: MeanScores.names.count))
    for (name, scores) in rows { print("| \(name) | \(scores.values.map { String(format: "%.3f", $0) }.joined(separator: " | ")) |") }
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
