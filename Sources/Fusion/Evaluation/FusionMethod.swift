import Imaging
import Tensors

/// A way to fuse a pair, by name: what a table of scores has a row for.
public struct FusionMethod {
    public let name: String
    /// The fused plane of a pair, of the pair's size.
    public let fuse: (ImagePair) throws -> Plane

    public init(_ name: String, _ fuse: @escaping (ImagePair) throws -> Plane) { (self.name, self.fuse) = (name, fuse) }

    /// A rule of the bank.
    public static func rule(_ rule: any FusionRule) -> FusionMethod {
        FusionMethod(rule.name) { rule.fuse($0.mri, $0.other) }
    }

    /// What the service would give: a model's sample, or the mean of several, guided.
    public static func model(_ model: FusionModel, _ options: FusionOptions = .init(), name: String? = nil) -> FusionMethod {
        let fuser = Fuser(model)
        return FusionMethod(name ?? model.description.name) { pair in
            let samples = try fuser.draw(mri: pair.mri, other: pair.other, options: options).samples
            return fuser.finished(Fuser.mean(samples), mri: pair.mri, other: pair.other, options: options)
        }
    }

    /// What the method makes of noisy sources.
    public func fromNoisySources(_ deviation: Double, seed: UInt64) -> FusionMethod {
        FusionMethod(name) { try fuse($0.noisy(deviation, seed: seed)) }
    }

    /// Pixel ascent from a rule's image: what the model's guidance would do without the model.
    public static func ascent(from rule: any FusionRule, _ modality: Modality, steps: Int) -> FusionMethod {
        FusionMethod("\(rule.name) + \(steps) steps of guidance") { pair in
            let start = rule.fuse(pair.mri, pair.other)
            guard let guidance = Guidance(pair.mri, pair.other, modality, steps: steps) else { return start }
            return guidance(Tensor(normalizing: start)).plane()
        }
    }

    /// What every table compares with: the rules of the bank, and copies of the sources, which single scores flatter.
    public static func baselines(_ modality: Modality) -> [FusionMethod] {
        FusionRules.bank.map(rule) + [
            FusionMethod("copy of the MRI", \.mri), FusionMethod("copy of the \(modality.rawValue.uppercased())", \.other),
        ]
    }
}
