import Foundation
import Imaging
import Scores

/// Mean scores over pairs: the six that fusion tables report.
public struct MeanScores: Sendable, Codable, Equatable {
    /// Sum over both sources.
    public var ssim = 0.0
    /// Sum over both sources, in nats.
    public var mi = 0.0
    /// Sum over both sources.
    public var vif = 0.0
    public var qabf = 0.0
    /// 255² over the mean of the two squared errors, in dB.
    public var psnr = 0.0
    public var scd = 0.0
    /// Share of the gradient strength that neither source has: artefacts.
    public var nabf = 0.0

    /// Means of `scores`, each over the images that have the score.
    init(_ scores: [FusionScores]) {
        func mean(_ value: (FusionScores) -> Double?) -> Double {
            let values = scores.compactMap(value)
            return values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
        }
        (ssim, mi, vif) = (mean(\.ssim.sum), mean(\.mutualInformation.sum), mean(\.vif.sum))
        (qabf, psnr, scd, nabf) = (mean(\.qabf.combined), mean(\.psnr.combined), mean(\.scd.sum), mean(\.nabf))
    }

    /// The names of the scores, in the order of ``values``.
    public static let names = ["SSIM", "MI", "VIF", "Qabf", "PSNR", "SCD", "Nabf"]

    /// The scores in the order of ``names``.
    public var values: [Double] { [ssim, mi, vif, qabf, psnr, scd, nabf] }
}

/// Scores of a model, and of the classical rules, over pairs.
public enum Validation {
    /// Mean scores of a model's fusions, as 8-bit pictures.
    ///
    /// - Parameter progress: called with the pairs done.
    public static func scores(
        of model: FusionModel, on pairs: [ImagePair], options: FusionOptions = .init(),
        convention: FusionScores.Convention = .published, progress: (Int) -> Void = { _ in }
    ) throws -> MeanScores {
        let fuser = Fuser(model)
        return try scores(on: pairs, convention: convention, progress: progress) { pair in
            let planes = try fuser.sample(mri: pair.mri, other: pair.other, options: options).planes
            return Fuser.statistics(planes).mean
        }
    }

    /// Mean scores of a rule of the bank.
    public static func scores(
        of rule: any FusionRule, on pairs: [ImagePair], convention: FusionScores.Convention = .published
    ) throws -> MeanScores {
        try scores(on: pairs, convention: convention) { rule.fuse($0.mri, $0.other) }
    }

    /// Mean scores of fused images by whatever means.
    public static func scores(
        of fused: [(pair: ImagePair, plane: Plane)], convention: FusionScores.Convention = .published
    ) throws -> MeanScores {
        MeanScores(
            try fused.map {
                try FusionScores(first: $0.pair.mri, second: $0.pair.other, fused: Image($0.plane).luma(), convention: convention)
            })
    }

    private static func scores(
        on pairs: [ImagePair], convention: FusionScores.Convention, progress: (Int) -> Void = { _ in }, _ fuse: (ImagePair) throws -> Plane
    ) throws -> MeanScores {
        try scores(
            of: pairs.enumerated().map { index, pair in
                defer { progress(index + 1) }
                return (pair, try fuse(pair))
            }, convention: convention)
    }
}
