import Foundation
import Scores
import Tensors

/// How much the scores of a model depend on the seed, which decides x_T and the noise of the steps.
public struct SeedSpread: Sendable, Encodable {
    public let seeds: Int
    /// The mean over the pairs and seeds.
    public let mean: MeanScores
    /// The standard deviation over the seeds of each mean score, in percent of its mean, in the order of ``MeanScores/names``.
    public let percent: [Double]
    /// The mean over the pairs of the pixelwise standard deviation over the seeds, in grey levels, where a source is not 0.
    public let greyLevels: Double

    /// - Parameters:
    ///   - seeds: how many, from `options.seed` on; at least 2.
    ///   - progress: called with the pairs done.
    public init(
        of model: FusionModel, on pairs: [ImagePair], options: FusionOptions, seeds: Int,
        convention: FusionScores.Convention = .published, progress: (Int) -> Void = { _ in }
    ) throws {
        precondition(seeds >= 2, "a spread needs two seeds")
        var options = options
        options.samples = seeds
        let fuser = Fuser(model)
        var scores = [[FusionScores]](repeating: [], count: seeds)
        var deviations: [Double] = []
        for (index, pair) in pairs.enumerated() {
            let planes = try fuser.pictures(mri: pair.mri, other: pair.other, options: options)
            for (seed, plane) in planes.enumerated() { scores[seed].append(try ScoreTable.scores(of: plane, pair, convention)) }
            let seen = pair.mri.values.indices.filter { pair.mri.values[$0] != 0 || pair.other.values[$0] != 0 }
            let deviation = Fuser.deviation(planes.map { Tensor(normalizing: $0) })
            deviations.append(seen.reduce(0) { $0 + Double(deviation.values[$1]) } / Double(max(1, seen.count)))
            progress(index + 1)
        }
        self.seeds = seeds
        mean = MeanScores(scores.flatMap(\.self))
        let values = scores.map { MeanScores($0).values }
        percent = mean.values.indices.map { column in
            let own = values.map { $0[column] }
            let centre = own.reduce(0, +) / Double(seeds)
            let variance = own.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(seeds - 1)
            return 100 * variance.squareRoot() / abs(centre)
        }
        greyLevels = deviations.reduce(0, +) / Double(max(1, deviations.count))
    }

    /// One sentence.
    public var text: String {
        let parts = zip(MeanScores.names, percent).map { "\($0) \(String(format: "%.2f", $1))" }
        return "Standard deviation over \(seeds) seeds in percent of the mean: \(parts.joined(separator: ", ")); "
            + "pixelwise \(String(format: "%.2f", greyLevels)) grey levels."
    }
}
