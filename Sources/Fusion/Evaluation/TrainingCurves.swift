import Foundation

/// The course of a training run, from the CSV that it logs: one column per term, one line per step.
public enum TrainingCurves {
    /// Points of a curve: so many means over equal stretches of the run.
    private static let points = 60

    /// The terms' curves, each as a share of its largest mean: losses and scores of different units fit into one plot.
    ///
    /// - Parameters:
    ///   - csv: a header that begins with `step`, then numbers.
    ///   - leavingOut: columns that are not drawn.
    /// - Returns: nil where there is no line yet. O(text).
    public static func plot(_ csv: String, leavingOut ignored: Set<String> = ["learning_rate", "loss", "gradient_norm"]) -> ScatterPlot? {
        let lines = csv.split(separator: "\n").map { $0.split(separator: ",") }
        guard let names = lines.first?.map(String.init), lines.count > 1 else { return nil }
        let rows = lines.dropFirst().map { $0.map { Double($0) ?? .nan } }.filter { $0.count == names.count }
        let stretch = max(1, (rows.count + points - 1) / points)
        let means = stride(from: 0, to: rows.count, by: stretch).map { start in
            let part = rows[start..<min(rows.count, start + stretch)]
            return names.indices.map { column in part.reduce(0) { $0 + $1[column] } / Double(part.count) }
        }
        let series = names.indices.dropFirst().filter { !ignored.contains(names[$0]) }.map { column in
            let most = max(means.map { abs($0[column]) }.max() ?? 1, .leastNormalMagnitude)
            let name = names[column] + String(format: " (1 is %.3g)", most)
            return ScatterPlot.Series(name, means.map { (label: "", x: $0[0], y: $0[column] / most) }, isLine: true)
        }
        return ScatterPlot(title: "Training", axes: ("step", "share of the largest"), Array(series))
    }
}
