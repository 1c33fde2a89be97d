import Synchronization

/// Totals that are kept elsewhere, as they were last seen: the API of metrics counts by differences.
final class Totals: Sendable {
    private let seen = Mutex<[String: Double]>([:])

    /// By how much a total is above what it was at the last call; never negative.
    func growth(of name: String, to total: Double) -> Double {
        seen.withLock { seen in
            let growth = max(0, total - seen[name, default: 0])
            seen[name, default: 0] += growth
            return growth
        }
    }
}
