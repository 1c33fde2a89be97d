import Foundation
import Fusion

/// Two builds' reports beside each other: medians over the rounds of both.
struct BenchComparison {
    private let rows: [(name: String, ours: Double, theirs: Double)]

    /// - Parameters: reports of this build and of the other. Lines that only one side has are left out.
    init(_ ours: [BenchReport], with theirs: [BenchReport]) {
        func medians(_ reports: [BenchReport]) -> [String: Double] {
            Dictionary(grouping: reports.flatMap(\.timings), by: \.name).mapValues { $0.map(\.seconds).median }
        }
        let (here, there) = (medians(ours), medians(theirs))
        rows = (ours.first?.timings ?? []).compactMap { timing in
            there[timing.name].map { (timing.name, here[timing.name] ?? timing.seconds, $0) }
        }
    }

    /// One line for each timing that both have; a ratio above 1 says how many times as fast this build is.
    var text: String {
        let head = "".padded(to: 52) + "   this build     the other   ratio"
        return
            ([head]
            + rows.map { row in
                row.name.padded(to: 52)
                    + String(format: "%10.2f ms %10.2f ms %7.2f", row.ours * 1e3, row.theirs * 1e3, row.theirs / row.ours)
            }).joined(separator: "\n")
    }
}
