import ArgumentParser
import Foundation
import Fusion
import Scores

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Scores a model and the classical fusion rules on a folder of pairs.",
        discussion: "DATA holds mri-ct/mri and mri-ct/ct (or mri-pet, mri-spect) with equal file names. Prints means as a Markdown table.")

    @Option(help: "Folder with the pairs.") var data: String
    @Option(help: "The second modality: ct, pet or spect.") var modality: Modality = .ct
    @Option(help: "A model file instead of the shipped one.") var model: String?
    @Option(help: "service (SSIM of Wang et al. 2004) or published (uniform 7×7 window, as fusion tables use).")
    var convention: FusionScores.Convention = .published
    @OptionGroup var sampling: SamplingOptions
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var engine: EngineOptions

    func run() throws {
        engine.apply()
        let model = try readModel(modality, path: model)
        let pairs = try PairFolder.load(URL(filePath: data), modality)
        var rows: [(name: String, scores: MeanScores)] = []
        for rule in FusionRules.bank { rows.append((rule.name, try Validation.scores(of: rule, on: pairs, convention: convention))) }
        let ours = try Validation.scores(of: model, on: pairs, options: sampling.options, convention: convention) { done in
            reportProgress("\(model.description.name) \(done)/\(pairs.count)", ends: done == pairs.count)
        }
        rows.append((model.description.name, ours))
        if json {
            print(try prettyJSON(Dictionary(uniqueKeysWithValues: rows)))
        } else {
            printTable(rows, title: "\(pairs.count) pairs, \(convention.rawValue)")
        }
    }
}
