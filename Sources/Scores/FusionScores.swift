import Imaging

/// One score against each source, and what the literature makes of the two by plain addition.
///
/// A value is `nil` where its definition gives no finite number for the images at hand; a sum or mean with such a part is `nil` too.
public struct PerSource: Sendable, Equatable {
    /// Against the first source.
    public let first: Double?
    /// Against the second source.
    public let second: Double?

    public init(first: Double?, second: Double?) {
        (self.first, self.second) = (first, second)
    }

    /// The sum over both sources.
    public var sum: Double? {
        guard let first, let second else { return nil }
        return first + second
    }

    /// The mean over both sources.
    public var mean: Double? { sum.map { $0 / 2 } }
}

/// One score against each source, and one of both that is neither their sum nor their mean: its formula joins the sources further inside.
///
/// A value is `nil` where its definition gives no finite number for the images at hand.
public struct CombinedScore: Sendable, Equatable {
    /// Against the first source.
    public let first: Double?
    /// Against the second source.
    public let second: Double?
    /// Against both: the value that the literature reports.
    public let combined: Double?

    public init(first: Double?, second: Double?, combined: Double?) {
        (self.first, self.second, self.combined) = (first, second, combined)
    }
}

/// Every score of one fused image against its two sources.
///
/// A score that has no finite value for these images is `nil`, and `null` in JSON:
///
/// - an image too small for the window: SSIM below 11×11 (`.published`: 7×7), SCC below 8×8, VIF below 41×41, SF and AG below 2×2;
/// - nothing to measure (0/0): VIF against a constant source, CC and SCD of a constant image or difference, Q^AB/F and its companions of
///   sources that are all zero;
/// - no error at all: PSNR of equal images, which would be infinite.
///
/// So a constant or tiny image never is an error, and no score is ever NaN or infinite.
public struct FusionScores: Sendable, Equatable {
    /// How the scores that have several conventions are computed.
    public enum Convention: String, Sendable, Codable, CaseIterable {
        /// Each as its paper defines it: `SSIM.wang`.
        case service
        /// As published fusion tables do: `SSIM.uniform7`.
        case published
    }

    /// The convention that `ssim` follows.
    public let convention: Convention
    /// Structural similarity, see `SSIM`; tables give the sum.
    public let ssim: PerSource
    /// Mutual information in nats, see `MutualInformation`; tables give the sum.
    public let mutualInformation: PerSource
    /// Visual information fidelity, see `VIF`; tables give the sum.
    public let vif: PerSource
    /// Edge preservation Q^AB/F, see `QABF`.
    public let qabf: CombinedScore
    /// Peak signal-to-noise ratio in decibels, see `PSNR`.
    public let psnr: CombinedScore
    /// Spatial correlation coefficient, see `SCC`; tables give the mean.
    public let scc: PerSource
    /// Correlations of differences, see `SCD`; tables give the sum.
    public let scd: PerSource
    /// Correlation, see `Statistics`; tables give the mean.
    public let correlation: PerSource
    /// Edges lost, L^AB/F, see `QABF`.
    public let labf: Double?
    /// Edges invented, N^AB/F, see `QABF`.
    public let nabf: Double?
    /// Entropy of the fused image in bits.
    public let entropy: Double?
    /// Standard deviation of the fused image.
    public let standardDeviation: Double?
    /// Spatial frequency of the fused image.
    public let spatialFrequency: Double?
    /// Average gradient of the fused image.
    public let averageGradient: Double?

    /// Calls a task once for each index below a count, in any order or side by side, and returns when all are done.
    public typealias Runner = (_ count: Int, _ task: (Int) -> Void) -> Void

    /// Scores `fused` against `first` and `second`, which must be of one size and hold finite numbers.
    ///
    /// - Parameter run: works through the scores, none of which waits for another: one after the other unless given.
    /// - Complexity: O(pixels) time; memory for about six images in double precision, and as many again with several at a time.
    public init(
        first: Plane, second: Plane, fused: Plane, convention: Convention = .service,
        run: Runner = { count, task in (0..<count).forEach(task) }
    ) throws(ScoreError) {
        let grids = try Grid.corresponding(first, second, fused)
        let (first, second, fused) = (grids[0], grids[1], grids[2])
        let similarity: SSIM = convention == .service ? .wang : .uniform7
        let detail = SCC.Detail(fused)
        let perSource: [(Grid) -> Double?] = [
            { VIF.score(source: $0, fused: fused) }, { similarity.score($0, fused) }, { SCC.score(SCC.Detail($0), detail) },
            { MutualInformation.score($0, fused) }, { Statistics.correlation($0, fused) },
        ]
        var scores = [Double?](repeating: nil, count: 2 * perSource.count)
        var edges: QABF?
        scores.withUnsafeMutableBufferPointer { scores in
            run(scores.count + 1) { index in
                if index < 2 * perSource.count {
                    scores[index] = perSource[index / 2](index % 2 == 0 ? first : second)
                } else {
                    edges = QABF(first: first, second: second, fused: fused)
                }
            }
        }
        let pairs = perSource.indices.map { PerSource(first: scores[2 * $0], second: scores[2 * $0 + 1]) }

        self.convention = convention
        (vif, ssim, scc, mutualInformation, correlation) = (pairs[0], pairs[1], pairs[2], pairs[3], pairs[4])
        (qabf, labf, nabf) = (edges!.kept, edges!.lost, edges!.artefacts)
        psnr = PSNR.scores(first: first, second: second, fused: fused)
        scd = SCD.scores(first: first, second: second, fused: fused)
        entropy = Statistics.entropy(fused)
        standardDeviation = Statistics.standardDeviation(fused)
        spatialFrequency = Statistics.spatialFrequency(fused)
        averageGradient = Statistics.averageGradient(fused)
    }
}
