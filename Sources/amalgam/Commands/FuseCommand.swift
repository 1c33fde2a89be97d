import ArgumentParser
import Foundation
import Fusion
import Imaging

struct FuseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuse", abstract: "Fuses an MRI slice with a CT (or PET, SPECT) slice of the same size.")

    @Argument(help: "The MRI, a PNG.") var mri: String
    @Argument(help: "The other modality, a PNG of the same size.") var other: String
    @Option(name: .shortAndLong, help: "Where the fused PNG goes.") var output: String
    @Option(help: "What the second image is: ct, pet or spect.") var modality: Modality = .ct
    @Option(help: "A model file instead of the shipped one.") var model: String?
    @OptionGroup var sampling: SamplingOptions
    @Option(help: "Where the uncertainty PNG goes (with --samples above 1): standard deviation, 16 bit, 1024 a grey level.")
    var uncertainty: String?
    @Flag(help: "Print scores and timings as JSON.") var json = false
    @OptionGroup var engine: EngineOptions

    func validate() throws {
        guard uncertainty == nil || sampling.samples > 1 else { throw ValidationError("--uncertainty needs --samples above 1") }
    }

    func run() throws {
        engine.apply()
        let fuser = Fuser(try readModel(modality, path: model))
        let first = try readPNG(mri, as: "the MRI")
        let second = try readPNG(other, as: "the \(modality.rawValue.uppercased())")
        let result = try fuser.fuse(mri: first, other: second, options: sampling.options)
        try writePNG(result.fused, to: output, as: "the fused image")
        if let uncertainty, let plane = result.uncertainty {
            try writePNG(uncertaintyImage(plane), to: uncertainty, as: "the uncertainty")
        }
        if json {
            let report = FuseReport(
                model: fuser.model.description.name, seed: sampling.seed, steps: result.steps, samples: sampling.samples,
                scores: AnyEncodable(result.scores.json(firstName: "mri", secondName: modality.rawValue)), seconds: result.timings)
            print(try prettyJSON(report))
        } else {
            print("\(output): \(result.fused.width)×\(result.fused.height), \(fuser.model.description.name), \(result.steps) steps")
            print(summary(result.scores, second: modality.rawValue))
        }
    }
}

private struct FuseReport: Encodable {
    let model: String
    let seed: UInt64
    let steps: Int
    let samples: Int
    let scores: AnyEncodable
    let seconds: FusionTimings
}

/// The options of the sampler, as every command that samples takes them.
struct SamplingOptions: ParsableArguments {
    @Option(help: "ddim or ddpm.") var sampler: FusionOptions.SamplerKind = .ddim
    @Option(help: "Sampling steps of ddim; the model's default unless given.") var steps: Int?
    @Option(help: "DDIM's eta, 0 to 1; 0 unless given.") var eta: Double?
    @Option(help: "Seed of the noise.") var seed: UInt64 = 42
    @Option(help: "Pictures that are drawn and averaged.") var samples = 1
    @Option(help: "Steps of pixel ascent that guide the last estimate; 0 leaves it to the networks.")
    var guidance = FusionOptions().guidance

    var options: FusionOptions {
        var options = FusionOptions()
        (options.sampler, options.steps, options.eta, options.seed, options.samples) = (sampler, steps, eta, seed, samples)
        options.guidance = guidance
        return options
    }
}

extension FusionOptions.SamplerKind: ExpressibleByArgument {}
extension Modality: ExpressibleByArgument {}
