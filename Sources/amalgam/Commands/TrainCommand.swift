import ArgumentParser
import Diffusion
import Foundation
import Fusion

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains a model on a folder of pairs (Algorithm 1).",
        discussion: """
            DATA holds mri-ct/mri and mri-ct/ct (or mri-pet, mri-spect) with equal file names. The run writes checkpoint.safetensors, \
            model.safetensors (averaged weights), losses.csv, curves.svg, validation.csv and the prior's cache into OUTPUT, and resumes from there.
            """)

    @Option(help: "Folder with the training pairs.") var data: String
    @Option(help: "Folder with the validation pairs.") var validation: String?
    @Option(help: "Folder of the run.") var output: String
    @Option(help: "The second modality: ct, pet or spect.") var modality: Modality = .ct
    @Option(help: "Name of the model.") var name: String?
    @Option(help: "A model file whose weights the run starts from, instead of random ones.") var initial: String?
    @Option(help: "Steps in all.") var steps = TrainingConfiguration().steps
    @Option(help: "Images per step.") var batch = TrainingConfiguration().batch
    @Option(help: "Side of the crops, a multiple of 16.") var crop = TrainingConfiguration().crop
    @Option(help: "Peak learning rate.") var learningRate = TrainingConfiguration().learningRate
    @Option(help: "Seed of weights, batches and noise.") var seed = TrainingConfiguration().seed
    @Option(help: "A part of the method to go without, to measure what it is worth.") var without: Ablation?
    @Option(help: "Timesteps T of the schedule.") var timesteps = 1000
    @Option(help: "Steps between checkpoints.") var checkpointEvery = 200
    @Option(help: "Steps between validations.") var validateEvery = 500
    @Option(help: "Validation pairs that are scored, evenly chosen.") var validationPairs = 6
    @OptionGroup var engine: EngineOptions

    func validate() throws {
        guard crop >= 32 && crop % 16 == 0 else { throw ValidationError("--crop must be a multiple of 16, at least 32") }
        guard batch >= 1 && steps >= 1 && checkpointEvery >= 1 && validateEvery >= 1 && validationPairs >= 1 else {
            throw ValidationError("--batch, --steps, --checkpoint-every, --validate-every and --validation-pairs must be at least 1")
        }
        guard learningRate > 0 && learningRate.isFinite else { throw ValidationError("--learning-rate must be above 0") }
    }

    func run() throws {
        engine.apply()
        let folder = URL(filePath: output)
        try makeFolder(output, as: "the output folder")
        let pairs = try PairFolder.load(URL(filePath: data), modality)
        let held = try validation.map { spread(try PairFolder.load(URL(filePath: $0), modality), validationPairs) } ?? []
        let candidates =
            if without == .prior { try TrainingPrior.maxima(of: pairs) } else {
                try TrainingPrior.candidates(of: pairs, cachedIn: folder.appending(path: "prior")) { done in
                    reportProgress("prior \(done)/\(pairs.count)", ends: done == pairs.count)
                }
            }
        if !held.isEmpty {
            var table = ScoreTable(held)
            for rule in FusionRules.bank { try table.add(.rule(rule), on: held) }
            reportProgress(table.markdown, ends: true)
        }

        var configuration = TrainingConfiguration()
        (configuration.modality, configuration.crop, configuration.batch, configuration.steps) = (modality, crop, batch, steps)
        (configuration.learningRate, configuration.seed) = (learningRate, seed)
        let checkpoint = folder.appending(path: "checkpoint.safetensors")
        let trainer: Trainer
        if FileManager.default.fileExists(atPath: checkpoint.path) {
            trainer = try Trainer.resume(from: checkpoint, configuration, pairs: pairs, candidates: candidates)
            let found = trainer.model.description
            guard found.schedule.steps == timesteps, name.map({ $0 == found.name }) ?? true, initial == nil, found.ablation == without
            else {
                throw FileError(
                    description: "\(checkpoint.path) is a run of the model \(found.name) with \(found.schedule.steps) timesteps: "
                        + "leave out --initial and give the same --name, --timesteps and --without, or choose another --output")
            }
            print("resumed at step \(trainer.step)")
        } else {
            var description = ModelDescription(
                name: name ?? "mri-\(modality.rawValue)", modality: modality,
                schedule: try NoiseSchedule(.linear(start: 1e-6, end: 1e-2), steps: timesteps))
            description.ablation = without
            let start = try initial.map { try readModel(modality, path: $0) }
            if let start { description.training = start.description.training }
            trainer = try Trainer(
                configuration, description: description, pairs: pairs, candidates: candidates,
                weights: start.map { .tensors($0.parameters.tensors, tracked: true) })
        }
        print("\(trainer.model.parameters.count) parameters, \(pairs.count) pairs, \(candidates.reduce(0) { $0 + $1.count }) candidates")
        try train(trainer, held: held, checkpoint: checkpoint, folder: folder)
    }

    private func train(_ trainer: Trainer, held: [ImagePair], checkpoint: URL, folder: URL) throws {
        var curves = TrainingCurves()
        let losses = try LogFile(folder.appending(path: "losses.csv"), upTo: trainer.step) { curves.add($0) }
        let scores = try LogFile(folder.appending(path: "validation.csv"), upTo: trainer.step)
        let (start, first) = (Date(), trainer.step)
        var smooth: [String: Float] = [:]
        while trainer.step < steps {
            let step = try trainer.advance()
            let head = "step,learning_rate,loss,gradient_norm," + step.terms.map(\.name).joined(separator: ",")
            let numbers = [step.learningRate, step.loss, step.gradientNorm] + step.terms.map(\.value)
            for line in (losses.isEmpty ? [head] : []) + ["\(step.step)," + numbers.map { "\($0)" }.joined(separator: ",")] {
                try losses.write(line)
                curves.add(line)
            }
            for term in step.terms { smooth[term.name] = (smooth[term.name] ?? term.value) * 0.98 + term.value * 0.02 }
            let elapsed = Date().timeIntervalSince(start)
            let left = elapsed / Double(step.step - first) * Double(steps - step.step)
            let done = step.step == steps
            let terms = step.terms.map { "\($0.name) \(String(format: "%.4f", smooth[$0.name]!))" }.joined(separator: "  ")
            reportProgress("\(progressBar(step.step, steps)) \(step.step)/\(steps)  \(terms)  \(clock(left)) left", ends: done)
            if step.step % checkpointEvery == 0 || done {
                try trainer.saveCheckpoint(to: checkpoint)
                try trainer.averagedModel().write(to: folder.appending(path: "model.safetensors"))
                try curves.plot()?.svg.write(to: folder.appending(path: "curves.svg"), atomically: true, encoding: .utf8)
            }
            if !held.isEmpty && (step.step % validateEvery == 0 || done) {
                var table = ScoreTable(held)
                let mean = try table.add(.model(trainer.averagedModel()), on: held)
                if scores.isEmpty { try scores.write("step," + MeanScores.names.joined(separator: ",")) }
                try scores.write("\(step.step)," + mean.values.map { "\($0)" }.joined(separator: ","))
                reportProgress("step \(step.step): \(line(mean))", ends: true)
            }
        }
    }

    private func line(_ scores: MeanScores) -> String {
        zip(MeanScores.names, scores.values).map { "\($0) \(String(format: "%.3f", $1))" }.joined(separator: "  ")
    }
}

extension Ablation: ExpressibleByArgument {}

/// Hours, minutes and seconds.
private func clock(_ seconds: Double) -> String {
    let whole = Int(seconds)
    return String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
}

/// A CSV file that grows by lines, each beginning with its step.
private final class LogFile {
    private let handle: FileHandle
    private(set) var isEmpty: Bool

    /// Opens the log of a run that goes on after `step`: lines of later steps, which will be taken again, are dropped.
    ///
    /// - Parameter kept: called with each line that stays.
    init(_ url: URL, upTo step: Int, kept body: (Substring) -> Void = { _ in }) throws {
        let lines = (try? String(contentsOf: url, encoding: .utf8))?.split(separator: "\n") ?? []
        let kept = step == 0 ? [] : lines.filter { line in Int(line.prefix { $0 != "," }).map { $0 <= step } ?? true }
        try Data(kept.map { $0 + "\n" }.joined().utf8).write(to: url)
        kept.forEach(body)
        handle = try FileHandle(forWritingTo: url)
        isEmpty = try handle.seekToEnd() == 0
    }

    func write(_ line: String) throws {
        try handle.write(contentsOf: Data((line + "\n").utf8))
        isEmpty = false
    }
}
