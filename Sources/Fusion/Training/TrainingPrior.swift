import Foundation
import Imaging
import Scores
import Tensors

/// The fusion knowledge prior Φ(P) of a whole training set: several good candidates per pair, cached on disk.
public enum TrainingPrior {
    /// What the search maximises, as a name for the cache: changing the score must change it.
    static let recipe = "bank-search-1, pixel-ascent-1: ssim7 + vif + q + mi/8 + scd/8"

    private static var search: PriorSearch {
        var search = PriorSearch()
        search.kept = 2
        return search
    }

    /// The quality of a fused image: the scores of method part 4 that the literature reports, brought to comparable sizes.
    static func score(_ first: Plane, _ second: Plane, _ fused: Plane) throws -> Double {
        let scores = try FusionScores(first: first, second: second, fused: fused, convention: .published)
        return (scores.ssim.sum ?? 0) + (scores.vif.sum ?? 0) + (scores.qabf.combined ?? 0)
            + (scores.mutualInformation.sum ?? 0) / 8 + (scores.scd.sum ?? 0) / 8
    }

    /// For the ablation of the prior: one candidate per pair, the maximum rule's image.
    public static func maxima(of pairs: [ImagePair]) throws -> [[PriorCandidate]] {
        try pairs.map { pair in
            let plane = MaximumRule().fuse(pair.mri, pair.other)
            return [PriorCandidate(name: "maximum", score: try score(pair.mri, pair.other, plane), plane: plane)]
        }
    }

    /// The candidates of every pair, in the order of the pairs; read from `folder` where they were kept.
    ///
    /// - Parameter progress: called with the pairs done.
    public static func candidates(
        of pairs: [ImagePair], cachedIn folder: URL, progress: @Sendable (Int) -> Void = { _ in }
    ) throws -> [[PriorCandidate]] {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var results: [[PriorCandidate]] = []
        for start in stride(from: 0, to: pairs.count, by: 8) {
            let batch = Array(pairs[start..<min(pairs.count, start + 8)])
            nonisolated(unsafe) var outcomes = [Result<[PriorCandidate], any Error>?](repeating: nil, count: batch.count)
            outcomes.withUnsafeMutableBufferPointer { slots in
                nonisolated(unsafe) let slots = slots
                ThreadPool.run(batch.count) { index in
                    let pair = batch[index]
                    slots[index] = Result {
                        let cache = PriorCache(first: pair.mri, second: pair.other, recipe: recipe)
                        return try cache.candidates(at: folder.appending(path: pair.name + ".prior")) { try found(for: pair) }
                    }
                }
            }
            results += try outcomes.map { try $0!.get() }
            progress(results.count)
        }
        return results
    }

    /// The best candidate of one pair, searched for anew.
    public static func best(of pair: ImagePair) throws -> PriorCandidate { try found(for: pair)[0] }

    private static func found(for pair: ImagePair) throws -> [PriorCandidate] {
        try climbed(search.candidates(pair.mri, pair.other, score: score), pair)
    }

    /// The candidates after pixel ascent from each, best first, without those far behind the best.
    private static func climbed(_ candidates: [PriorCandidate], _ pair: ImagePair) throws -> [PriorCandidate] {
        func levels(_ plane: Plane) -> Tensor { Tensor(Shape(1, plane.height, plane.width, 1), plane.values.map { $0 / 255 }) }
        let objective = FusionObjective(first: levels(pair.mri), second: levels(pair.other))
        let inside = Background(Tensor(normalizing: pair.mri), Tensor(normalizing: pair.other)).inside
        let results = try candidates.map { candidate in
            let arrived = PixelAscent()(from: levels(candidate.plane), objective, inside: inside)
            let plane = Plane(
                width: pair.mri.width, height: pair.mri.height, values: arrived.values.map { $0 * 255 })
            return PriorCandidate(
                name: candidate.name + ", climbed", score: try score(pair.mri, pair.other, plane), plane: plane)
        }
        let best = results.map(\.score).max() ?? 0
        return search.distinct(results, pair.mri, pair.other).filter { $0.score >= best - margin }
    }

    /// How far behind the best a candidate may be, in the score's units.
    private static let margin = 0.1
}
