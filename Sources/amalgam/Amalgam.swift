import ArgumentParser

/// The commands of `amalgam`: parsing and printing only.
@main
struct Amalgam: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "amalgam",
        abstract: "Fuses co-registered medical images with a conditional diffusion model, on plain CPUs.",
        subcommands: [
            ServeCommand.self, KeyCommand.self, FuseCommand.self, ScoreCommand.self, EvaluateCommand.self, PriorCommand.self,
            TrainCommand.self,
            BenchCommand.self, PhantomCommand.self,
        ])

    static func main() async {
        Processor.check()
        await main(nil)
    }
}
