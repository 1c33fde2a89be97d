import ArgumentParser
import Foundation
import Fusion
import Tensors

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Times the engine's operations and the networks' parts.",
        discussion:
            "Medians over runs. GFLOP/s count a multiply-add as two operations and refer to processor time, which a busy machine disturbs less."
    )

    @Option(help: "A model file instead of the shipped one.") var model: String?
    @Option(help: "Side of the images, a multiple of 16.") var size = 256
    @Option(help: "Runs per line.") var runs = 15
    @OptionGroup var engine: EngineOptions
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard size >= 16 && size % 16 == 0 && size <= 4096 else { throw ValidationError("--size must be a multiple of 16, at most 4096") }
        guard runs >= 1 else { throw ValidationError("--runs must be at least 1") }
    }

    func run() throws {
        engine.apply()
        let timings =
            NetworkBenchmark.operations(runs: runs)
            + NetworkBenchmark.run(try readModel(.ct, path: model), side: size, runs: runs)
        if json { return print(try prettyJSON(timings)) }
        print("\(ThreadPool.threads) threads; networks at \(size)×\(size)")
        for timing in timings {
            let rate = timing.operations.map { String(format: "%7.1f GFLOP/s", $0 / timing.processorSeconds / 1e9) } ?? ""
            let name = timing.name.padding(toLength: 34, withPad: " ", startingAt: 0)
            print(name + String(format: "%8.2f ms  %8.2f ms cpu  ", timing.seconds * 1e3, timing.processorSeconds * 1e3) + rate)
        }
    }
}
