import ArgumentParser
import Foundation
import Fusion

struct PriorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prior", abstract: "Searches for the fused images that a model learns from, and scores them.",
        discussion: """
            DATA holds mri-ct/mri and mri-ct/ct (or mri-pet, mri-spect) with equal file names. The candidates of each pair go into OUTPUT, \
            where `amalgam train` finds them if OUTPUT is the folder `prior` of its run. Prints means as Markdown tables: the rules of \
            the bank, and the candidates by their rank.
            """)

    @Option(help: "Folder with the pairs.") var data: String
    @Option(help: "Folder of the candidates.") var output: String
    @Option(help: "The second modality: ct, pet or spect.") var modality: Modality = .ct
    @OptionGroup var engine: EngineOptions

    func run() throws {
        engine.apply()
        let pairs = try PairFolder.load(URL(filePath: data), modality)
        let candidates = try TrainingPrior.candidates(of: pairs, cachedIn: URL(filePath: output)) { done in
            reportProgress("prior \(done)/\(pairs.count)", ends: done == pairs.count)
        }
        var table = ScoreTable(pairs)
        for rule in FusionRules.bank { try table.add(.rule(rule), on: pairs) }
        print(table.markdown, terminator: "")
        for rank in 0..<(candidates.map(\.count).max() ?? 0) {
            let chosen = zip(pairs, candidates).filter { rank < $0.1.count }
            let planes = Dictionary(uniqueKeysWithValues: chosen.map { ($0.0.name, $0.1[rank].plane) })
            var table = ScoreTable(chosen.map(\.0))
            try table.add(FusionMethod("candidate \(rank + 1)") { planes[$0.name]! }, on: chosen.map(\.0))
            print("\n" + table.markdown, terminator: "")
        }
    }
}
