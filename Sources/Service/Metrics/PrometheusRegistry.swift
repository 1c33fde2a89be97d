import CoreMetrics
import Synchronization

/// A backend of swift-metrics that Prometheus can scrape: keeps every series in memory and writes them as text.
///
/// Metrics that were described are of their described kind; others are of the kind that they were made as. A series lives as long as the
/// registry, so labels must have few values.
final class PrometheusRegistry: MetricsFactory {
    private struct Family {
        let kind: MetricDescription.Kind
        let help: String?
        var series: [[String]: any MetricSeries] = [:]
        var labels: [[String]: [(String, String)]] = [:]
    }

    private let families: Mutex<[String: Family]>

    init(_ descriptions: [MetricDescription] = []) {
        families = Mutex(
            Dictionary(uniqueKeysWithValues: descriptions.map { ($0.name, Family(kind: $0.kind, help: $0.help)) }))
    }

    /// The series of a name and labels, made by `make` unless it is there. Labels are one set, in whatever order they come.
    private func series<Series: MetricSeries>(
        _ name: String, _ labels: [(String, String)], as kind: MetricDescription.Kind, _ make: (MetricDescription.Kind) -> Series
    ) -> Series {
        let sorted = labels.sorted { $0.0 < $1.0 }
        let key = sorted.flatMap { [$0.0, $0.1] }
        return families.withLock { families in
            var family = families[name] ?? Family(kind: kind, help: nil)
            guard let known = family.series[key] else {
                let series = make(family.kind)
                family.series[key] = series
                family.labels[key] = sorted
                families[name] = family
                return series
            }
            guard let series = known as? Series else { preconditionFailure("the metric \(name) is of another kind: \(type(of: known))") }
            return series
        }
    }

    private func histogram(_ name: String, _ labels: [(String, String)]) -> HistogramSeries {
        series(name, labels, as: .requestSeconds) { kind in
            guard case .histogram(let bounds) = kind else { preconditionFailure("the metric \(name) is described as a \(kind.word)") }
            return HistogramSeries(bounds: bounds)
        }
    }

    // MARK: MetricsFactory

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, as: .counter) { _ in CounterSeries() }
    }

    func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        series(label, dimensions, as: .counter) { _ in CounterSeries() }
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, as: .gauge) { _ in GaugeSeries() }
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? histogram(label, dimensions) : series(label, dimensions, as: .gauge) { _ in GaugeSeries() }
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { histogram(label, dimensions) }

    // A series that was once exposed stays: one that vanished would read as a counter's reset.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    // MARK: Exposition

    /// All series in the text format, version 0.0.4 (prometheus.io, "Exposition formats"), ordered by name and labels.
    ///
    /// Complexity: O(series).
    var text: String {
        let families = families.withLock { $0 }
        var text = PrometheusText()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) where !family.series.isEmpty {
            text.begin(name, family.kind, help: family.help)
            for (key, series) in family.series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                for sample in series.samples { text.add(sample, of: name, labels: family.labels[key] ?? []) }
            }
        }
        return text.lines
    }
}
