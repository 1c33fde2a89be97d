import Foundation
import Imaging
import Scores

/// Mean scores over pairs, in the convention of published tables.
public struct MeanScores: Sendable, CustomStringConvertible {
    public var ssim = 0.0, mi = 0.0, vif = 0.0, qabf = 0.0, psnr = 0.0, scd = 0.0
    private var count = 0.0

    /// Adds one result.
    mutating func add(_ scores: FusionScores) {
        let values = [
            scores.ssim.sum, scores.mutualInformation.sum, scores.vif.sum, scores.qabf.combined, scores.psnr.combined, scores.scd.sum,
        ]
        let all = [\MeanScores.ssim, \.mi, \.vif, \.qabf, \.psnr, \.scd]
        for (path, value) in zip(all, values) { self[keyPath: path] = (self[keyPath: path] * count + (value ?? 0)) / (count + 1) }
        count += 1
    }

    public var description: String {
        String(format: "SSIM %.3f  MI %.3f  VIF %.3f  Qabf %.3f  PSNR %.2f  SCD %.3f", ssim, mi, vif, qabf, psnr, scd)
    }
}

/// Scores of a model, and of the classical rules, over pairs.
public enum Validation {
    /// Mean scores of a model's fusions.
    public static func scores(of model: FusionModel, on pairs: [ImagePair], options: FusionOptions = .init()) throws -> MeanScores {
        let fuser = Fuser(model)
        var mean = MeanScores()
        for pair in pairs {
            let fused = Image(try fuser.sample(mri: pair.mri, other: pair.other, options: options).planes[0]).luma()
            mean.add(try FusionScores(first: pair.mri, second: pair.other, fused: fused, convention: .published))
        }
        return mean
    }

    /// Mean scores of a rule of the bank.
    public static func scores(of rule: any FusionRule, on pairs: [ImagePair]) throws -> MeanScores {
        var mean = MeanScores()
        for pair in pairs {
            let fused = Image(rule.fuse(pair.mri, pair.other)).luma()
            mean.add(try FusionScores(first: pair.mri, second: pair.other, fused: fused, convention: .published))
        }
        return mean
    }
}
