import Imaging

/// The brighter source, pixel by pixel: bone from the CT and tissue from the MRI, without regard to neighbours.
///
/// It is also the intensity target of learned fusion, e.g. Diff-IF (Yi et al. 2024, doi:10.1016/j.inffus.2024.102450).
public struct MaximumRule: FusionRule {
    public let name = "maximum"

    public init() {}

    public func combine(_ first: Plane, _ second: Plane) -> Plane {
        first.combined(with: second) { max($0, $1) }
    }
}
