import Foundation
import Imaging
import Scores
import Tensors

/// Scores of several methods over the same pairs.
public struct ScoreTable: Sendable {
    /// One method's scores.
    public struct Row: Sendable {
        public let name: String
        /// One for each pair, in the pairs' order.
        public let images: [FusionScores]
        public let mean: MeanScores

        init(_ name: String, _ images: [FusionScores]) { (self.name, self.images, mean) = (name, images, MeanScores(images)) }
    }

    public let convention: FusionScores.Convention
    /// The names of the pairs.
    public let pairs: [String]
    public private(set) var rows: [Row] = []

    public init(_ pairs: [ImagePair], convention: FusionScores.Convention = .published) {
        (self.pairs, self.convention) = (pairs.map(\.name), convention)
    }

    /// Adds a method's row: its images of `pairs`, rounded to 8 bits, scored.
    ///
    /// - Parameters:
    ///   - pairs: those that the table was made for.
    ///   - progress: called with the pairs done.
    @discardableResult
    public mutating func add(_ method: FusionMethod, on pairs: [ImagePair], progress: (Int) -> Void = { _ in }) throws -> MeanScores {
        let row = Row(
            method.name,
            try pairs.enumerated().map { index, pair in
                defer { progress(index + 1) }
                return try Self.scores(of: method.fuse(pair), pair, convention)
            })
        rows.append(row)
        return row.mean
    }

    /// The scores of a fused plane as an 8-bit picture.
    static func scores(of plane: Plane, _ pair: ImagePair, _ convention: FusionScores.Convention) throws -> FusionScores {
        try FusionScores(first: pair.mri, second: pair.other, fused: Image(plane).luma(), convention: convention, run: ThreadPool.run)
    }

    /// The mean over the six scores of each row's rank among all rows, 1 the best; equal scores share the mean of their ranks, and an
    /// undefined score ranks last.
    public var meanRanks: [Double] {
        let values = rows.map { $0.mean.values.prefix(MeanScores.ranked).map { $0.isNaN ? -.infinity : $0 } }
        return values.map { own in
            let ranks = own.indices.map { score in
                let better = values.count { $0[score] > own[score] }
                let equal = values.count { $0[score] == own[score] }
                return Double(better) + Double(equal + 1) / 2
            }
            return ranks.reduce(0, +) / Double(ranks.count)
        }
    }

    /// The means as a Markdown table, the best of each score in bold.
    public var markdown: String {
        let ranks = meanRanks
        func best(_ column: Int) -> Double? {
            let values = rows.map { $0.mean.values[column] }.filter { !$0.isNaN }
            return column < MeanScores.ranked ? values.max() : values.min()
        }
        let bests = MeanScores.names.indices.map(best)
        var lines = [
            "| \(pairs.count) pairs, \(convention.rawValue) | \(MeanScores.names.joined(separator: " | ")) | mean rank |",
            "|---|" + String(repeating: "---|", count: MeanScores.names.count + 1),
        ]
        for (row, rank) in zip(rows, ranks) {
            let cells = row.mean.values.enumerated().map { column, value in
                let text = value.isNaN ? "–" : String(format: "%.3f", value)
                return value == bests[column] ? "**\(text)**" : text
            }
            lines.append("| \(row.name) | \(cells.joined(separator: " | ")) | \(String(format: "%.2f", rank)) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension ScoreTable: Encodable {
    private enum Key: String, CodingKey {
        case convention, pairs, rows
    }

    private struct RowPayload: Encodable {
        let name: String
        let mean: MeanScores
        let meanRank: Double
        let images: [String: FusionScores]
    }

    /// `{"convention": …, "pairs": [names], "rows": [{"name", "mean", "meanRank", "images": {name: scores}}]}`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(convention, forKey: .convention)
        try container.encode(pairs, forKey: .pairs)
        let payloads = zip(rows, meanRanks).map { row, rank in
            RowPayload(
                name: row.name, mean: row.mean, meanRank: rank,
                images: Dictionary(uniqueKeysWithValues: zip(pairs, row.images)))
        }
        try container.encode(payloads, forKey: .rows)
    }
}
