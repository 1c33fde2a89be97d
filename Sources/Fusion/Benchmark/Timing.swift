import Foundation

/// One line of a benchmark.
public struct Timing: Sendable, Codable, Equatable {
    public let name: String
    /// Median seconds of wall time.
    public let seconds: Double
    /// Median seconds of processor time over all threads.
    public let processorSeconds: Double
    /// Floating-point operations (a multiply-add counts as two), where they were counted.
    public let operations: Double?

    public init(name: String, seconds: Double, processorSeconds: Double, operations: Double?) {
        (self.name, self.seconds, self.processorSeconds, self.operations) = (name, seconds, processorSeconds, operations)
    }

    /// Operations per processor second: a busy machine disturbs it less than wall time.
    public var rate: Double? { operations.map { $0 / processorSeconds } }
}

/// Times `body` after one warm-up call: at least `runs` calls, medians.
func measure(_ name: String, operations: Double? = nil, runs: Int = 7, _ body: () throws -> Void) rethrows -> Timing {
    try body()
    var (wall, processor): ([Double], [Double]) = ([], [])
    for _ in 0..<max(1, runs) {
        let (start, used) = (ContinuousClock.now, processorTime())
        try body()
        wall.append(start.secondsSince())
        processor.append(processorTime() - used)
    }
    return Timing(name: name, seconds: wall.median, processorSeconds: processor.median, operations: operations)
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
