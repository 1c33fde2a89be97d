import Foundation
import Imaging

/// One possible fused image of a pair, as the fusion knowledge prior Φ(P) keeps it.
public struct PriorCandidate: Sendable, Equatable {
    /// How it was made, e.g. `maximum` or `regions-32 gradient 1.00 brightness 1.00`.
    public let name: String
    /// What the search's scoring function gave it; higher is better.
    public let score: Double
    public let plane: Plane

    public init(name: String, score: Double, plane: Plane) {
        (self.name, self.score, self.plane) = (name, score, plane)
    }
}

/// The targeted search for fused images to learn from.
///
/// Candidates are the rules of the bank, each for the whole image; compositions that take each region from the rule that serves it
/// best (by a local objective, once for every ``Emphasis``); and averages of two of the best, where an average scores
/// better than both. Deterministic as long as the scoring function is.
public struct PriorSearch: Sendable {
    /// What a composition looks for in its regions, beside the structural similarity to both sources, which has weight 1.
    public struct Emphasis: Sendable, Hashable {
        /// The weight of edges as steep as in the source where they are steeper.
        public var gradient: Double
        /// The weight of a local mean as high as in the brighter source.
        public var brightness: Double

        public init(gradient: Double, brightness: Double) {
            (self.gradient, self.brightness) = (gradient, brightness)
        }
    }

    /// The rules to choose from, at least one.
    public var rules: [any FusionRule] = FusionRules.bank
    /// How many candidates are kept at most: the prior is a distribution, and a model learns from it where the fusion is a choice.
    public var kept = 4
    /// Candidates closer than this to a better one are dropped: mean absolute difference in grey levels where a source is not 0.
    /// On MRI-CT pairs the rules lie 5 to 50 apart.
    public var minimumDifference: Float = 4
    /// The side of the windows of the compositions, in pixels; even, at least 2.
    public var windowSide = 32
    /// A composition is made for each.
    public var emphases = [Emphasis(gradient: 1, brightness: 1), Emphasis(gradient: 1, brightness: 3)]
    /// How many of the best candidates are tried in averages with each other.
    public var blended = 3
    /// The shares of the better candidate in those averages, each in 0...1.
    public var blendShares: [Float] = [0.5, 0.75]

    public init() {}

    /// Candidates for a pair, best first, at most ``kept`` and at least one.
    ///
    /// - Parameters:
    ///   - first: a source.
    ///   - second: the other source, of the same size.
    ///   - score: the quality of a fused image: `(first, second, fused)`, higher is better; NaN counts as the worst.
    ///     It is called once per candidate: with the default settings at most 14 times.
    /// - Returns: candidates that are 0 where both sources are 0. The first scores no less than the best rule.
    public func candidates(
        _ first: Plane, _ second: Plane, score: (_ first: Plane, _ second: Plane, _ fused: Plane) throws -> Double
    ) rethrows -> [PriorCandidate] {
        precondition(!rules.isEmpty && kept >= 1, "a search without candidates")
        func judged(_ name: String, _ plane: Plane) throws -> PriorCandidate {
            let value = try score(first, second, plane)
            return PriorCandidate(name: name, score: value.isNaN ? -.infinity : value, plane: plane)
        }

        var found = Self.ranked(try rules.map { try judged($0.name, $0.fuse(first, second)) })
        found += try compositions(of: found.map(\.plane), first, second).map(judged)
        found = Self.ranked(found)
        found += try averages(of: found, first, second, judged)
        return distinct(Self.ranked(found), first, second)
    }

    /// The best candidates, best first, without those nearly equal to a better one; at most ``kept``.
    ///
    /// - Parameter candidates: candidates for one pair, in any order.
    /// - Complexity: O(pixels · candidates · ``kept``).
    public func distinct(_ candidates: [PriorCandidate], _ first: Plane, _ second: Plane) -> [PriorCandidate] {
        var result: [PriorCandidate] = []
        for candidate in Self.ranked(candidates) where result.count < kept {
            let isNew = result.allSatisfy { other in
                Self.difference(candidate.plane, other.plane, first, second) >= minimumDifference
            }
            if isNew || result.isEmpty { result.append(candidate) }
        }
        return result
    }

    private func compositions(of planes: [Plane], _ first: Plane, _ second: Plane) -> [(String, Plane)] {
        let objective = LocalObjective(first, second)
        let terms = planes.map(objective.terms)
        return emphases.map { emphasis in
            let scores = terms.map { term in
                term.structure
                    .combined(with: term.gradient) { $0 + emphasis.gradient * $1 }
                    .combined(with: term.brightness) { $0 + emphasis.brightness * $1 }
            }
            let plane = RegionSelection(side: windowSide).compose(planes, scores: scores)
            let name = "regions-\(windowSide) gradient \(Self.decimal(emphasis.gradient)) brightness \(Self.decimal(emphasis.brightness))"
            return (name, plane.confined(to: first, second))
        }
    }

    private func averages(
        of ranked: [PriorCandidate], _ first: Plane, _ second: Plane,
        _ judged: (String, Plane) throws -> PriorCandidate
    ) rethrows -> [PriorCandidate] {
        var result: [PriorCandidate] = []
        let top = ranked.prefix(blended)
        for (index, better) in top.enumerated() {
            for other in top.dropFirst(index + 1) {
                for share in blendShares {
                    let name = "\(Self.decimal(Double(share))) (\(better.name)) + \(Self.decimal(Double(1 - share))) (\(other.name))"
                    let plane = better.plane.combined(with: other.plane) { share * $0 + (1 - share) * $1 }
                    let candidate = try judged(name, plane.confined(to: first, second))
                    if candidate.score > better.score { result.append(candidate) }
                }
            }
        }
        return result
    }

    /// Best first; equal scores stay in the order of discovery.
    private static func ranked(_ candidates: [PriorCandidate]) -> [PriorCandidate] {
        candidates.enumerated()
            .sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
            .map(\.element)
    }

    /// The mean absolute difference over the pixels where a source is not 0; 0 where there are none.
    private static func difference(_ one: Plane, _ other: Plane, _ first: Plane, _ second: Plane) -> Float {
        var (sum, count) = (0.0, 0)
        for index in one.values.indices where first.values[index] != 0 || second.values[index] != 0 {
            sum += Double(abs(one.values[index] - other.values[index]))
            count += 1
        }
        return count > 0 ? Float(sum / Double(count)) : 0
    }

    private static func decimal(_ value: Double) -> String { String(format: "%.2f", value) }
}
