/// What an operator reads about a metric, and how it is counted.
struct MetricDescription: Sendable {
    enum Kind: Sendable {
        /// Only rises, until the process ends.
        case counter
        /// Rises and falls.
        case gauge
        /// Counts observations by upper bounds, in ascending order; one of +Inf is added.
        case histogram([Double])
    }

    /// By the conventions of Prometheus: a prefix, the base unit at the end, `_total` for counters.
    let name: String
    let kind: Kind
    let help: String

    init(_ name: String, _ kind: Kind, _ help: String) { (self.name, self.kind, self.help) = (name, kind, help) }
}

extension MetricDescription.Kind {
    /// Bounds in seconds for what takes from a millisecond to a minute.
    static let requestSeconds = Self.histogram([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60])
    /// Bounds in seconds for what takes from a tenth of a second to hours.
    static let jobSeconds = Self.histogram([0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400])

    /// The word of a TYPE line.
    var word: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }
}
