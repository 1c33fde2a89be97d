/// Writes the text format of Prometheus, version 0.0.4 (prometheus.io, "Exposition formats").
struct PrometheusText {
    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var lines = ""

    /// The lines before a metric's samples.
    mutating func begin(_ name: String, _ kind: MetricDescription.Kind, help: String?) {
        if let help { lines += "# HELP \(name) \(Self.escaped(help, quotes: false))\n" }
        lines += "# TYPE \(name) \(kind.word)\n"
    }

    mutating func add(_ sample: MetricSample, of name: String, labels: [(String, String)]) {
        var pairs = labels.map { "\($0.0)=\"\(Self.escaped($0.1, quotes: true))\"" }
        if let bound = sample.bound { pairs.append("le=\"\(Self.number(bound))\"") }
        lines += name + sample.suffix + (pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}") + " \(Self.number(sample.value))\n"
    }

    /// As Go's ParseFloat reads it; whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int(exactly: value).map(String.init) ?? "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        return quotes ? escaped.replacing("\"", with: "\\\"") : escaped
    }
}
