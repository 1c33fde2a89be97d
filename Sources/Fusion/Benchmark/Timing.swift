import Foundation
import Networks

/// One line of a benchmark.
public struct Timing: Sendable, Codable, Equatable {
    public let name: String
    /// Median seconds of wall time.
    public let seconds: Double
    /// Median seconds of processor time over all threads.
    public let processorSeconds: Double
    /// Floating-point operations (a multiply-add counts as two), where they were counted.
    public let operations: Double?
    /// Median share of the peak that was measured beside each run, where it was.
    public let shareOfPeak: Double?

    public init(name: String, seconds: Double, processorSeconds: Double, operations: Double?, shareOfPeak: Double? = nil) {
        (self.name, self.seconds, self.processorSeconds) = (name, seconds, processorSeconds)
        (self.operations, self.shareOfPeak) = (operations, shareOfPeak)
    }

    /// Operations per processor second: a busy machine disturbs it less than wall time.
    public var rate: Double? { operations.map { $0 / processorSeconds } }
}

/// Times `body` after one warm-up call: at least `runs` calls, medians.
///
/// - Parameter besidePeak: whether one core's peak is measured before and after each call, which is held against the mean of both.
func measure(
    _ name: String, operations: Double? = nil, runs: Int = 7, besidePeak: Bool = false, _ body: () throws -> Void
) rethrows -> Timing {
    try body()
    var (wall, processor, shares): ([Double], [Double], [Double]) = ([], [], [])
    for _ in 0..<max(1, runs) {
        let before = besidePeak ? PeakRate.measured(tries: 1) : 0
        let (start, used) = (ContinuousClock.now, processorTime())
        try body()
        wall.append(start.secondsSince())
        processor.append(processorTime() - used)
        if besidePeak, let operations {
            shares.append(operations / processor.last! / ((before + PeakRate.measured(tries: 1)) / 2))
        }
    }
    return Timing(
        name: name, seconds: wall.median, processorSeconds: processor.median, operations: operations,
        shareOfPeak: shares.isEmpty ? nil : shares.median)
}

extension [Double] {
    /// The upper median; of at least one number.
    package var median: Double { sorted()[count / 2] }
}

/// Processor seconds of this process, over all threads.
private func processorTime() -> Double {
    var usage = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &usage)
    return Double(usage.tv_sec) + Double(usage.tv_nsec) * 1e-9
}
