import Imaging

extension Plane {
    /// How near a source counts as the source, in grey levels.
    static let snap: Float = 3

    /// The plane with the value of the nearer source wherever it is within ``snap`` of it.
    ///
    /// A fused image follows one source or the other nearly everywhere. What remains between them, a grey level or two, nobody sees, but
    /// in flat places (saturated bone, air) it is haze where the source has none.
    func snapped(to first: Plane, _ second: Plane) -> Plane {
        var result = self
        for i in values.indices {
            let nearer = abs(values[i] - first.values[i]) <= abs(values[i] - second.values[i]) ? first.values[i] : second.values[i]
            if abs(values[i] - nearer) <= Self.snap { result.values[i] = nearer }
        }
        return result
    }
}
