import Foundation
import Fusion
import Tensors

/// What `amalgam bench` measured.
struct BenchReport: Codable, Equatable {
    /// What can be measured.
    enum Part: String, CaseIterable {
        /// The kernels of training.
        case operations
        /// The kernels of inference, each beside the peak.
        case kernels
        /// The layers of inference.
        case layers
        /// Condition, ε_θ, n_θ and a step.
        case networks
        /// A fusion from pictures to picture and scores.
        case fusion
        /// Training steps.
        case training

        static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
    }

    let threads: Int
    /// Side of the images.
    let size: Int
    /// Floating-point operations per second that one core can do.
    let peak: Double
    let timings: [Timing]

    init(_ parts: [Part], of model: FusionModel, side: Int, runs: Int) throws {
        (threads, size, peak) = (ThreadPool.threads, side, PeakRate.measured())
        timings = try Part.allCases.filter(parts.contains).flatMap { part in
            switch part {
            case .operations: OperationBenchmark.run(runs: runs)
            case .kernels: KernelBenchmark.run(runs: runs)
            case .layers: LayerBenchmark.run(model, side: side, runs: runs)
            case .networks: NetworkBenchmark.parts(model, side: side, runs: runs)
            case .fusion: try NetworkBenchmark.fusion(model, side: side, runs: runs)
            case .training: try TrainingBenchmark.run(model.description, runs: runs)
            }
        }
    }

    /// One line for each timing.
    var text: String {
        let lines = timings.map { timing in
            let rate =
                timing.rate.map {
                    String(format: "  %7.1f GFLOP/s  %4.0f %% of peak", $0 / 1e9, 100 * (timing.shareOfPeak ?? $0 / peak))
                } ?? ""
            return timing.name.padded(to: 52)
                + String(format: "%9.2f ms  %9.2f ms cpu", timing.seconds * 1e3, timing.processorSeconds * 1e3)
                + rate
        }
        let head = String(format: "\(threads) threads; networks at \(size)×\(size); peak of one core %.1f GFLOP/s", peak / 1e9)
        return ([head] + lines).joined(separator: "\n")
    }

    // MARK: Reports of others

    /// The report in a file; nil where the file is a program.
    static func read(_ path: String) throws -> BenchReport? {
        let data = try naming("what to compare with, \(path), cannot be read") { try Data(contentsOf: URL(filePath: path)) }
        if data.first != UInt8(ascii: "{") { return nil }
        return try decode(data, from: path)
    }

    /// What another build prints.
    static func run(_ program: String, _ arguments: [String]) throws -> BenchReport {
        let (process, pipe) = (Process(), Pipe())
        (process.executableURL, process.arguments, process.standardOutput) = (URL(filePath: program), arguments, pipe)
        try naming("\(program) cannot be run") { try process.run() }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw FileError(description: "\(program) \(arguments.joined(separator: " ")) ended with status \(process.terminationStatus)")
        }
        return try decode(output, from: program)
    }

    private static func decode(_ data: Data, from path: String) throws -> BenchReport {
        do {
            return try JSONDecoder().decode(BenchReport.self, from: data)
        } catch {
            throw FileError(description: "\(path) gives no report of this version's bench --json")
        }
    }
}

extension String {
    /// With spaces behind it up to a width.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
