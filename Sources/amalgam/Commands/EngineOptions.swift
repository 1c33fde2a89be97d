import ArgumentParser
import Tensors

/// The options of the tensor engine, as every command that computes takes them.
struct EngineOptions: ParsableArguments {
    @Option(help: "Threads of the engine; all processors unless given.") var threads: Int?

    func validate() throws {
        guard threads.map({ $0 >= 1 }) ?? true else { throw ValidationError("--threads must be at least 1") }
    }

    /// Puts the options into force for the whole process.
    func apply() {
        if let threads { ThreadPool.threads = threads }
    }
}
