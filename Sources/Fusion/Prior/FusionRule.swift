import Imaging

/// A classical way to make one picture of two: hand-written, without training, fast.
///
/// A rule says only how to combine; ``fuse(_:_:)`` adds what all rules owe the fusion knowledge prior, so that none can forget it:
/// values in 0...255, and exactly 0 wherever both sources are exactly 0.
public protocol FusionRule: Sendable {
    /// A short name that identifies the rule in candidates and caches.
    var name: String { get }

    /// The raw combination of two planes of the same size, any size from 1×1 up. Values may leave 0...255.
    func combine(_ first: Plane, _ second: Plane) -> Plane
}

extension FusionRule {
    /// Fuses two co-registered planes: clamped to 0...255, and 0 where both sources are 0.
    ///
    /// - Precondition: both planes have the same size.
    /// - Complexity: O(pixels) for every rule of the bank.
    public func fuse(_ first: Plane, _ second: Plane) -> Plane {
        precondition(first.width == second.width && first.height == second.height, "the sources differ in size")
        return combine(first, second).confined(to: first, second)
    }
}

/// The rules that the fusion knowledge prior draws on.
public enum FusionRules {
    /// Mean, maximum, Laplacian pyramid, Haar energy, guided filter and local energy, each with its default settings.
    public static let bank: [any FusionRule] = [
        MeanRule(), MaximumRule(), LaplacianPyramidRule(), HaarEnergyRule(), GuidedFilterRule(), LocalEnergyRule(),
    ]
}

extension Plane {
    /// The plane clamped to 0...255 and set to 0 where both sources are 0: there nobody saw anything.
    func confined(to first: Plane, _ second: Plane) -> Plane {
        var result = self
        for index in values.indices {
            let seen = first.values[index] != 0 || second.values[index] != 0
            result.values[index] = seen ? min(max(values[index], 0), 255) : 0
        }
        return result
    }

    /// A plane of this size made of two planes, value by value.
    @inline(__always)
    func combined(with other: Plane, _ operation: (Float, Float) -> Float) -> Plane {
        var result = self
        for index in values.indices {
            result.values[index] = operation(values[index], other.values[index])
        }
        return result
    }
}

/// The value of larger magnitude; the mean where the magnitudes are equal, so that the order of the sources does not matter.
@inline(__always)
func strongest(_ first: Float, _ second: Float) -> Float {
    let (a, b) = (abs(first), abs(second))
    return a > b ? first : a < b ? second : (first + second) / 2
}
