import Foundation

/// The course of a training run: curves of its losses, fed line by line from the CSV that it logs, in memory that does not grow with it.
public struct TrainingCurves {
    /// A curve has at most twice as many points; then neighbours are joined.
    private static let points = 60

    private var names: [String] = []
    /// Sums over equal stretches of the run, each of the lines that it holds; the last may still fill.
    private var stretches: [(sum: [Double], lines: Int)] = []
    /// Lines that a stretch holds when it is full.
    private var length = 1

    public init() {}

    /// Takes up a line: first the columns' names, beginning with `step`, then numbers. Lines of another length are passed over. O(columns).
    public mutating func add(_ line: some StringProtocol) {
        let cells = line.split(separator: ",")
        guard !names.isEmpty else { return names = cells.map { String($0) } }
        guard cells.count == names.count else { return }
        let row = cells.map { Double($0) ?? .nan }
        if let last = stretches.last, last.lines < length {
            stretches[stretches.count - 1] = (zip(last.sum, row).map(+), last.lines + 1)
            return
        }
        if stretches.count == 2 * Self.points {
            stretches = stride(from: 0, to: stretches.count, by: 2).map { index in
                let (a, b) = (stretches[index], stretches[index + 1])
                return (zip(a.sum, b.sum).map(+), a.lines + b.lines)
            }
            length *= 2
        }
        stretches.append((row, 1))
    }

    /// The terms' curves, means over stretches, each as a share of its largest mean: losses and scores of different units fit into one plot.
    ///
    /// - Parameter leavingOut: columns that are not drawn.
    /// - Returns: nil where there is no line yet.
    public func plot(leavingOut ignored: Set<String> = ["learning_rate", "loss", "gradient_norm"]) -> ScatterPlot? {
        guard !stretches.isEmpty else { return nil }
        let means = stretches.map { stretch in stretch.sum.map { $0 / Double(stretch.lines) } }
        let series = names.indices.dropFirst().filter { !ignored.contains(names[$0]) }.map { column in
            let most = max(means.map { abs($0[column]) }.max() ?? 1, .leastNormalMagnitude)
            let name = names[column] + String(format: " (1 is %.3g)", most)
            return ScatterPlot.Series(name, means.map { (label: "", x: $0[0], y: $0[column] / most) }, isLine: true)
        }
        return ScatterPlot(title: "Training", axes: ("step", "share of the largest"), Array(series))
    }
}
