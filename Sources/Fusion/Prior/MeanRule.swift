import Imaging

/// The average of the sources: the oldest rule, and the one of least noise and least contrast.
public struct MeanRule: FusionRule {
    public let name = "mean"

    public init() {}

    public func combine(_ first: Plane, _ second: Plane) -> Plane {
        first.combined(with: second) { ($0 + $1) / 2 }
    }
}
