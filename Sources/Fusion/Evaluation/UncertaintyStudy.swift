import Foundation
import Imaging
import Networks

/// What the uncertainty is worth: whether it is low inside uniform tissue and higher where the sources disagree, and what it predicts.
public struct UncertaintyStudy: Sendable {
    public let samples: Int
    /// The mean standard deviation in grey levels over the pairs, by what the sources show: of what `uncertainty.png` holds, and for
    /// comparison of what n_θ makes of the same seeds, before guidance and as finished pictures.
    public private(set) var spreads: [(name: String, means: PairRegions.Means)] = []
    /// The pixels of all pairs' heads by tenths, the least uncertain first.
    public private(set) var tenths: [Tenth] = []
    /// Spearman's rank correlation of the uncertainty with each distance of ``Tenth``, mean over the pairs.
    public private(set) var correlations = Distances()

    /// How far, in grey levels, things lie from what the uncertainty was measured on.
    public struct Distances: Sendable, Equatable {
        /// Further draws from the mean of the draws: calibrated where it is the uncertainty · √(1 + 1/draws).
        public var draws = 0.0
        /// The best candidate of Φ(P), found by a search that no network takes part in, from the mean of the draws.
        public var prior = 0.0
        /// The same candidate from the finished picture.
        public var picture = 0.0

        var values: [Double] { [draws, prior, picture] }
    }

    /// Root mean squares over a tenth of the pixels.
    public struct Tenth: Sendable, Equatable {
        public var uncertainty: Double
        public var distances: Distances
    }

    /// - Parameters:
    ///   - samples: over how many the standard deviations are taken, at least 2; as many further draws test them.
    ///   - progress: called with the pairs done.
    public init(
        of model: FusionModel, on pairs: [ImagePair], options: FusionOptions, samples: Int, progress: (Int) -> Void = { _ in }
    ) throws {
        precondition(samples >= 2, "a standard deviation needs two samples")
        self.samples = samples
        var options = options
        options.samples = samples
        let fuser = Fuser(model)
        var spreads = [[PairRegions.Means]](repeating: [], count: 3)
        var pixels: [Pixel] = []
        var correlations: [Distances] = []
        for (index, pair) in pairs.enumerated() {
            let regions = PairRegions(pair)
            let refined = try fuser.draw(mri: pair.mri, other: pair.other, options: options).samples
            let pictures = refined.map { fuser.finished($0, mri: pair.mri, other: pair.other, options: options) }
            let result = fuser.finished(Fuser.mean(refined), mri: pair.mri, other: pair.other, options: options)
            let draws = try PriorDraws(model, mri: pair.mri, other: pair.other)
            func drawn(_ range: Range<Int>) throws -> [Tensor] { try range.map { try draws(seed: options.seed &+ UInt64($0)) } }
            let (seen, further) = (try drawn(0..<samples), try drawn(samples..<2 * samples))
            let uncertainty = Fuser.deviation(seen)
            let kinds = [uncertainty, Fuser.deviation(refined), Fuser.deviation(pictures.map { Tensor(normalizing: $0) })]
            for (kind, plane) in kinds.enumerated() { spreads[kind].append(regions.means(plane)) }

            let (mean, prior) = (Fuser.mean(seen).plane(), try TrainingPrior.best(of: pair).plane)
            let others = further.map { $0.plane() }
            let own = regions.head.map { i in
                let squares = others.reduce(0) { $0 + ($1.values[i] - mean.values[i]) * ($1.values[i] - mean.values[i]) }
                return Pixel(
                    uncertainty: uncertainty.values[i],
                    distances: SIMD3(
                        (squares / Float(samples)).squareRoot(), abs(prior.values[i] - mean.values[i]),
                        abs(prior.values[i] - result.values[i])))
            }
            let ranks = Self.ranks(own.map(\.uncertainty))
            let found = (0..<3).map { column in Self.correlation(ranks, Self.ranks(own.map { $0.distances[column] })) }
            correlations.append(Distances(draws: found[0], prior: found[1], picture: found[2]))
            pixels += own
            progress(index + 1)
        }
        let names = ["uncertainty.png", "n_θ's samples, before guidance", "finished pictures"]
        self.spreads = zip(names, spreads).map { ($0, Self.mean($1)) }
        pixels.sort { $0.uncertainty < $1.uncertainty }
        tenths = (0..<10).map { Self.tenth(pixels[pixels.count * $0 / 10..<pixels.count * ($0 + 1) / 10]) }
        func mean(_ value: (Distances) -> Double) -> Double {
            correlations.reduce(0) { $0 + value($1) } / Double(max(1, correlations.count))
        }
        self.correlations = Distances(draws: mean(\.draws), prior: mean(\.prior), picture: mean(\.picture))
    }

    private struct Pixel {
        let uncertainty: Float
        let distances: SIMD3<Float>
    }

    private static func tenth(_ pixels: ArraySlice<Pixel>) -> Tenth {
        func root(_ value: (Pixel) -> Float) -> Double {
            (pixels.reduce(0) { $0 + Double(value($1) * value($1)) } / Double(max(1, pixels.count))).squareRoot()
        }
        return Tenth(
            uncertainty: root(\.uncertainty),
            distances: Distances(draws: root(\.distances.x), prior: root(\.distances.y), picture: root(\.distances.z)))
    }

    /// The mean over the pairs that have pixels of the kind.
    private static func mean(_ all: [PairRegions.Means]) -> PairRegions.Means {
        func mean(_ value: (PairRegions.Means) -> Double) -> Double {
            let values = all.map(value).filter { !$0.isNaN }
            return values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
        }
        return .init(head: mean(\.head), uniform: mean(\.uniform), agreement: mean(\.agreement), disagreement: mean(\.disagreement))
    }

    /// The ranks of values from 0 on; equal values share the mean of theirs. O(n log n).
    static func ranks(_ values: [Float]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for index in order[start..<end] { ranks[index] = Double(start + end - 1) / 2 }
            start = end
        }
        return ranks
    }

    /// Pearson's correlation; 0 where a side does not vary.
    static func correlation(_ x: [Double], _ y: [Double]) -> Double {
        let (mx, my) = (x.reduce(0, +) / Double(max(1, x.count)), y.reduce(0, +) / Double(max(1, y.count)))
        var (xx, yy, xy) = (0.0, 0.0, 0.0)
        for (a, b) in zip(x, y) {
            xx += (a - mx) * (a - mx)
            yy += (b - my) * (b - my)
            xy += (a - mx) * (b - my)
        }
        return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : 0
    }

    /// Two tables.
    public var markdown: String {
        func row(_ name: String, _ values: [Double]) -> String {
            "| \(name) | \(values.map { $0.isNaN ? "–" : String(format: "%.2f", $0) }.joined(separator: " | ")) |"
        }
        var lines = [
            "Mean standard deviation of \(samples), in grey levels:\n",
            "| | head | uniform tissue | edges that agree | edges that disagree |", "|---|---|---|---|---|",
        ]
        lines += spreads.map { row($0.name, $0.means.values) }
        lines += [
            "\nThe head's pixels in tenths by uncertainty, root mean squares in grey levels:\n",
            "| tenth | uncertainty | further draws from their mean | prior from their mean | prior from the picture |",
            "|---|---|---|---|---|",
        ]
        lines += tenths.enumerated().map { row("\($0 + 1)", [$1.uncertainty] + $1.distances.values) }
        let found = correlations.values.map { String(format: "%.2f", $0) }
        lines.append("| rank correlation | | \(found.joined(separator: " | ")) |")
        return lines.joined(separator: "\n") + "\n"
    }
}
