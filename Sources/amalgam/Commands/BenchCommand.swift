import ArgumentParser
import Foundation
import Fusion
import Tensors

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Times the engine's operations, the networks, whole fusions and training steps.",
        discussion: """
            Medians over runs. GFLOP/s count a multiply-add as two operations and refer to processor time, which a busy machine disturbs \
            less; the share is that of the multiply-adds one core can do, measured at the start, for kernels beside each run. Winograd's \
            algorithm needs fewer than are counted: layers of 3×3 convolutions may pass 100 %.
            """)

    @Argument(help: "What is timed: \(BenchReport.Part.names); all unless given.") var parts: [BenchReport.Part] = []
    @Option(help: "A model file instead of the shipped one.") var model: String?
    @Option(help: "Side of the images, a multiple of 16.") var size = 256
    @Option(help: "Runs per line.") var runs = 15
    @OptionGroup var engine: EngineOptions
    @Flag(help: "Print JSON.") var json = false
    @Option(help: "Compare with another build of this program, run in turn with this one, or with a file saved from --json.")
    var against: String?
    @Option(help: "How often each build runs with --against a build.") var rounds = 3

    func validate() throws {
        guard size >= 16 && size % 16 == 0 && size <= 4096 else { throw ValidationError("--size must be a multiple of 16, at most 4096") }
        guard runs >= 1 else { throw ValidationError("--runs must be at least 1") }
        guard rounds >= 1 else { throw ValidationError("--rounds must be at least 1") }
        guard against == nil || !json else { throw ValidationError("--against prints a table: leave out --json") }
    }

    func run() throws {
        engine.apply()
        if let against { return try compare(with: against) }
        let report = try report()
        print(json ? try prettyJSON(report) : report.text)
    }

    private func report() throws -> BenchReport {
        let model = try readModel(.ct, path: model)
        guard model.description.ablation == nil else {
            throw ValidationError("\(model.description.name) goes without a part of the method and has no plan to time: name a whole model")
        }
        return try BenchReport(parts.isEmpty ? BenchReport.Part.allCases : parts, of: model, side: size, runs: runs)
    }

    /// Prints each line's time here and there.
    private func compare(with path: String) throws {
        if let saved = try BenchReport.read(path) { return print(BenchComparison([try report()], with: [saved]).text) }
        let program = Bundle.main.executablePath ?? CommandLine.arguments[0]
        var (ours, theirs): ([BenchReport], [BenchReport]) = ([], [])
        for _ in 0..<rounds {
            ours.append(try BenchReport.run(program, arguments))
            theirs.append(try BenchReport.run(path, arguments))
        }
        print(BenchComparison(ours, with: theirs).text)
    }

    /// The arguments that let a build measure the same.
    private var arguments: [String] {
        let model = model.map { ["--model", $0] } ?? []
        return ["bench"] + parts.map(\.rawValue) + model
            + ["--size", "\(size)", "--runs", "\(runs)", "--threads", "\(ThreadPool.threads)", "--json"]
    }
}

extension BenchReport.Part: ExpressibleByArgument {}
