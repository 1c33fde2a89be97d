import ArgumentParser
import Diffusion
import Foundation
import Fusion
import Scores

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Scores a model and the classical fusion rules on a folder of pairs.",
        discussion: """
            DATA holds mri-ct/mri and mri-ct/ct (or mri-pet, mri-spect) with equal file names. Prints a report in Markdown: the means of \
            each score (SSIM, MI, VIF and SCD summed over both sources), and what else is asked for.
            """)

    @Option(help: "Folder with the pairs.") var data: String
    @Option(help: "The second modality: ct, pet or spect.") var modality: Modality = .ct
    @Option(help: "A model file instead of the shipped one.") var model: String?
    @Option(help: "service (SSIM of Wang et al. 2004) or published (uniform 7×7 window, as fusion tables use).")
    var convention: FusionScores.Convention = .published
    @Option(help: "Score this many of the pairs, evenly chosen.") var pairs: Int?
    @OptionGroup var sampling: SamplingOptions
    @Option(help: "Also the spread of the scores over this many seeds.") var seeds: Int?
    @Option(help: "Also what the uncertainty of this many samples tells: where it is low and high, and what it predicts.")
    var uncertainty: Int?
    @Option(
        parsing: .upToNextOption,
        help: "Also the scores, against the clean sources, of what is fused from noisy ones: standard deviations in grey levels.")
    var noise: [Double] = []
    @Flag(help: "Also the scores of other samplers and numbers of steps.") var sweep = false
    @Flag(help: "Also the scores with more and less guidance, of the model and of rules.") var frontier = false
    @Option(help: "Also the variational bound in bits per dimension, over this many pairs.") var bound: Int?
    @Option(help: "Write the report with picture strips, plots and every image's scores into this folder.") var report: String?
    @Flag(help: "Print the scores as JSON, each image's too.") var json = false
    @OptionGroup var engine: EngineOptions

    func validate() throws {
        guard pairs.map({ $0 >= 1 }) ?? true else { throw ValidationError("--pairs must be at least 1") }
        guard bound.map({ $0 >= 1 }) ?? true else { throw ValidationError("--bound must be at least 1") }
        guard seeds.map({ (2...Fuser.mostSamples).contains($0) }) ?? true else {
            throw ValidationError("--seeds must be from 2 to \(Fuser.mostSamples)")
        }
        guard uncertainty.map({ (2...Fuser.mostSamples).contains($0) }) ?? true else {
            throw ValidationError("--uncertainty must be from 2 to \(Fuser.mostSamples)")
        }
        guard noise.allSatisfy({ (0...255).contains($0) }) else { throw ValidationError("--noise must be from 0 to 255") }
    }

    func run() throws {
        engine.apply()
        let model = try readModel(modality, path: model)
        let all = try PairFolder.load(URL(filePath: data), modality)
        let chosen = pairs.map { spread(all, $0) } ?? all
        var table = ScoreTable(chosen, convention: convention)
        for method in FusionMethod.baselines(modality) + [.model(model, sampling.options)] { try add(method, chosen, to: &table) }
        if json { return print(try prettyJSON(table)) }

        let name = model.description.name
        var text = try EvaluationReport(title: "\(name) on \(chosen.count) pairs", folder: report.map { URL(filePath: $0) })
        text.add("Model", "\(name): \(model.parameters.count) parameters; trained: \(model.description.training).\n")
        text.add("Scores", table.markdown)
        if let seeds {
            let spread = try SeedSpread(of: model, on: chosen, options: sampling.options, seeds: seeds, convention: convention) {
                progress("seeds", $0, chosen.count)
            }
            text.add("Seeds", spread.text + "\n")
        }
        if let uncertainty {
            let study = try UncertaintyStudy(of: model, on: chosen, options: sampling.options, samples: uncertainty) {
                progress("uncertainty", $0, chosen.count)
            }
            text.add("Uncertainty", study.markdown)
        }
        if !noise.isEmpty { text.add("Noise", try noiseText(model, chosen)) }
        if sweep { try addSweep(model, chosen, to: &text) }
        if frontier { try addFrontier(model, chosen, to: &text) }
        if let bound { text.add("Variational bound", try boundText(model, spread(chosen, bound))) }
        if report != nil {
            text.add("Pictures", "")
            for pair in spread(chosen, 6) {
                try text.add(
                    PictureStrip(
                        pair, rules: FusionRules.bank.filter { Self.shown.contains($0.name) }, model: model, options: sampling.options),
                    of: pair.name)
            }
            text.add("Every image, \(name)", everyImage(table))
        }
        try text.write()
        print(text.markdown, terminator: "")
    }

    /// The rules that picture strips show.
    private static let shown = ["maximum", "laplacian-pyramid", "guided-filter"]

    private func add(_ method: FusionMethod, _ pairs: [ImagePair], to table: inout ScoreTable) throws {
        try table.add(method, on: pairs) { progress(method.name, $0, pairs.count) }
    }

    private func progress(_ name: String, _ done: Int, _ total: Int) {
        reportProgress("\(progressBar(done, total)) \(name) \(done)/\(total)", ends: done == total)
    }

    /// How many samples the mean is taken of that noise is tried on.
    private static let averaged = 8

    private func noiseText(_ model: FusionModel, _ pairs: [ImagePair]) throws -> String {
        var study = NoiseStudy(pairs, deviations: noise, convention: convention, seed: sampling.seed)
        var methods = FusionMethod.baselines(model.description.modality)
        for guidance in Set([sampling.guidance, 0]).sorted(by: >) {
            for samples in [1, Self.averaged] {
                var options = sampling.options
                (options.guidance, options.samples) = (guidance, samples)
                let name = model.description.name + (samples > 1 ? ", mean of \(samples)" : "") + (guidance == 0 ? ", guidance 0" : "")
                methods.append(.model(model, options, name: name))
            }
        }
        for method in methods {
            try study.add(method, on: pairs) { progress("noise: \(method.name)", $0, pairs.count * noise.count) }
        }
        return study.markdown
    }

    private func addSweep(_ model: FusionModel, _ pairs: [ImagePair], to text: inout EvaluationReport) throws {
        let settings = StepSweep.settings(sampling.options, timesteps: model.description.schedule.steps)
        var table = ScoreTable(pairs, convention: convention)
        for setting in settings { try add(.model(model, setting.options, name: setting.name), pairs, to: &table) }
        text.add("Steps", table.markdown)
        func line(_ name: String, _ eta: Double, _ score: (MeanScores) -> Double) -> ScatterPlot.Series {
            let points = zip(settings, table.rows).compactMap { setting, row in
                setting.options.eta == eta ? (label: "", x: Double(setting.options.steps ?? 1), y: score(row.mean)) : nil
            }
            return ScatterPlot.Series("\(name), η \(Int(eta))", points, isLine: true)
        }
        let lines = [0.0, 1].flatMap { [line("VIF", $0, \.vif), line("Qabf", $0, \.qabf), line("SSIM", $0, \.ssim)] }
        try text.add(ScatterPlot(title: "Scores over DDIM steps", axes: ("steps", "score"), isLogarithmic: true, lines), as: "steps")
    }

    /// Scores pull at each other: how far guidance moves the model's and the rules' images along the frontier.
    private func addFrontier(_ model: FusionModel, _ pairs: [ImagePair], to text: inout EvaluationReport) throws {
        var table = ScoreTable(pairs, convention: convention)
        var groups: [(String, Int)] = []
        let steps = [0, 5, 10, 20, 40, 80]
        for count in steps {
            var options = sampling.options
            options.guidance = count
            try add(.model(model, options, name: "\(model.description.name), guidance \(count)"), pairs, to: &table)
        }
        groups.append((model.description.name, steps.count))
        for rule in FusionRules.bank where ["maximum", "local-energy"].contains(rule.name) {
            for count in steps.dropFirst(2) { try add(.ascent(from: rule, model.description.modality, steps: count), pairs, to: &table) }
            groups.append(("\(rule.name) + guidance", steps.count - 2))
        }
        for rule in FusionRules.bank { try add(.rule(rule), pairs, to: &table) }
        text.add("Guidance", table.markdown)
        for (name, x, y) in [("VIF", \MeanScores.ssim, \MeanScores.vif), ("Qabf", \.mi, \.qabf)] {
            var rows = table.rows[...]
            var series: [ScatterPlot.Series] = groups.map { group in
                defer { rows = rows.dropFirst(group.1) }
                return ScatterPlot.Series(
                    group.0, rows.prefix(group.1).map { (label: "", x: $0.mean[keyPath: x], y: $0.mean[keyPath: y]) }, isLine: true)
            }
            series.append(.init("rules", rows.map { (label: $0.name, x: $0.mean[keyPath: x], y: $0.mean[keyPath: y]) }))
            let horizontal = name == "VIF" ? "SSIM" : "MI"
            try text.add(
                ScatterPlot(title: "\(name) over \(horizontal)", axes: (horizontal, name), series), as: "\(name)-\(horizontal)".lowercased()
            )
        }
    }

    /// The bound's terms in bits per dimension, the transitions in decades of t.
    private func boundText(_ model: FusionModel, _ pairs: [ImagePair]) throws -> String {
        let steps = model.description.schedule.steps
        let ends = [1, 10, 100].filter { $0 < steps } + [steps]
        let decades = zip(ends, ends.dropFirst()).map { $0 + 1...$1 }
        let spans = decades.reversed().map { "transitions t = \($0.lowerBound)…\($0.upperBound)" }
        let heads = ["pair", "prior L_T"] + spans + ["decoder", "all"]
        var lines = ["| \(heads.joined(separator: " | ")) |", String(repeating: "|---", count: heads.count) + "|"]
        func add(_ name: String, _ terms: [Double]) {
            lines.append("| \(name) | \(terms.map { String(format: "%.3f", $0) }.joined(separator: " | ")) |")
        }
        var found: [[Double]] = []
        for (index, pair) in pairs.enumerated() {
            let origin = try TrainingPrior.best(of: pair)
            let bound = try model.bound(of: origin.plane, pair) { done, total in
                reportProgress("\(progressBar(done, total)) bound \(index + 1)/\(pairs.count)", ends: done + 1 == total)
            }
            // The transition at t = 2 is the first of the list.
            let transitions = decades.reversed().map { bound.transitions[$0.lowerBound - 2...$0.upperBound - 2].reduce(0, +) }
            found.append([bound.prior] + transitions + [bound.decoder, bound.total])
            add(pair.name, found[index])
        }
        add("mean", found[0].indices.map { column in found.reduce(0) { $0 + $1[column] } / Double(found.count) })
        return "Bits per dimension, Σ = β̃.\n\n" + lines.joined(separator: "\n") + "\n"
    }

    private func everyImage(_ table: ScoreTable) -> String {
        let names = MeanScores.names
        var lines = ["| pair | \(names.joined(separator: " | ")) |", "|---|" + String(repeating: "---|", count: names.count)]
        for (pair, scores) in zip(table.pairs, table.rows.last?.images ?? []) {
            let values = MeanScores([scores]).values.map { String(format: "%.3f", $0) }
            lines.append("| \(pair) | \(values.joined(separator: " | ")) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
