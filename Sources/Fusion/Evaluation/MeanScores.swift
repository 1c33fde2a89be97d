import Scores

/// Mean scores over pairs: the six that fusion tables report, and the artefacts.
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
    /// Share of the gradient strength that neither source has: artefacts, less is better.
    public var nabf = 0.0

    /// Means of `scores`, each over the images that have the score; NaN where none has.
    public init(_ scores: [FusionScores]) {
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

    /// How many of ``values``, from the first on, a rank counts: all but the artefacts.
    static let ranked = 6
}
