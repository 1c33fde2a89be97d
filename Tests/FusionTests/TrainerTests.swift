import Foundation
import Imaging
import Networks
import Testing

@testable import Fusion

@Suite("Training") struct TrainerTests {
    @Test func resumedRun_GoesOnBitByBit() throws {
        try Samples.withFolder { folder in
            let (whole, broken) = (try Samples.trainer(), try Samples.trainer())
            for _ in 0..<3 { _ = try (whole.advance(), broken.advance()) }
            let file = folder.appending(path: "checkpoint.safetensors")
            try broken.saveCheckpoint(to: file)
            let resumed = try Trainer.resume(
                from: file, Samples.configuration(), pairs: Samples.pairs(), candidates: Samples.candidates(of: Samples.pairs()))
            #expect(resumed.step == 3 && resumed.model.description == whole.model.description)
            for _ in 0..<3 {
                let (a, b) = (try whole.advance(), try resumed.advance())
                #expect(a.step == b.step && a.loss == b.loss && a.gradientNorm == b.gradientNorm && a.learningRate == b.learningRate)
                #expect(a.terms.map(\.value) == b.terms.map(\.value))
            }
            #expect(try Run(whole, in: folder) == Run(resumed, in: folder))
        }
    }

    @Test func otherSettings_AreRefused_ButForMoreSteps() throws {
        try Samples.withFolder { folder in
            let file = folder.appending(path: "checkpoint.safetensors")
            try Samples.trainer().saveCheckpoint(to: file)
            func resume(_ change: (inout TrainingConfiguration) -> Void) throws -> Trainer {
                var configuration = Samples.configuration()
                change(&configuration)
                return try Trainer.resume(
                    from: file, configuration, pairs: Samples.pairs(), candidates: Samples.candidates(of: Samples.pairs()))
            }
            for change: (inout TrainingConfiguration) -> Void in [
                { $0.seed = 1 }, { $0.crop = 48 }, { $0.batch = 1 }, { $0.learningRate = 1 }, { $0.warmup = 0 }, { $0.averaging = 0.5 },
                { $0.modality = .pet },
            ] {
                let error = #expect(throws: TrainingError.self) { try resume(change) }
                #expect(error?.description.contains("same settings") == true)
            }
            #expect(try resume { $0.steps = 500 }.step == 0)
        }
    }

    @Test func filesThatAreNoCheckpoints_AreRefused() throws {
        try Samples.withFolder { folder in
            let file = folder.appending(path: "model.safetensors")
            try Samples.model(Samples.description()).write(to: file)
            let error = #expect(throws: TrainingError.self) {
                try Trainer.resume(
                    from: file, Samples.configuration(), pairs: Samples.pairs(), candidates: Samples.candidates(of: Samples.pairs()))
            }
            #expect(error?.description == "model.safetensors is no training checkpoint")

            try Samples.trainer().saveCheckpoint(to: file)
            for prefix in ["weight.", "average.", "adam.mean.", "adam.square."] {
                var damaged = try Safetensors(contentsOf: file)
                damaged.tensors[prefix + "noise.head.bias"] = nil
                let other = folder.appending(path: "damaged.safetensors")
                try damaged.write(to: other)
                #expect(throws: ParameterError.self, "\(prefix)") {
                    try Trainer.resume(
                        from: other, Samples.configuration(), pairs: Samples.pairs(), candidates: Samples.candidates(of: Samples.pairs()))
                }
            }
        }
    }

    @Test func loss_Falls_OnOnePair() throws {
        let trainer = try Samples.trainer(Samples.configuration(steps: 60), pairs: Samples.pairs(1))
        let losses = try (0..<60).map { _ in try trainer.advance().loss }
        let (first, last) = (losses.prefix(10).reduce(0, +) / 10, losses.suffix(10).reduce(0, +) / 10)
        #expect(last < 0.7 * first, "\(first) to \(last)")
        #expect(losses.allSatisfy { $0.isFinite })
    }

    @Test func averagedModel_IsFrozenAndApartFromTheRun() throws {
        let trainer = try Samples.trainer()
        _ = try trainer.advance()
        let model = try trainer.averagedModel()
        let before = model.parameters.tensors.mapValues(\.values)
        for _ in 0..<2 { _ = try trainer.advance() }
        #expect(model.parameters.tensors.mapValues(\.values) == before)
        #expect(model.parameters.variables.allSatisfy { !$0.isTracked })
        #expect(model.description.training == "1 steps of 2 crops of 32×32 on \(Samples.pairs().count) pairs, seed 42")
    }

    @Test func learningRate_RisesThenFallsToAHundredth() throws {
        var configuration = Samples.configuration(steps: 104)
        let trainer = try Samples.trainer(configuration)
        let peak = configuration.learningRate
        for (step, factor): (Int, Float) in [(0, 0.25), (1, 0.5), (3, 1), (4, 1), (54, 0.505), (104, 0.01), (5000, 0.01)] {
            #expect(abs(trainer.learningRate(step) - factor * peak) < 1e-6 * peak, "step \(step)")
        }
        for step in 4..<104 { #expect(trainer.learningRate(step + 1) < trainer.learningRate(step)) }
        configuration.warmup = 0
        #expect(try Samples.trainer(configuration).learningRate(0) == peak)
        configuration.steps = 0
        #expect(try Samples.trainer(configuration).learningRate(0).isFinite)
    }
}

/// Everything that a checkpoint holds.
struct Run: Equatable {
    let tensors: [String: [Float]]

    init(_ trainer: Trainer, in folder: URL) throws {
        let file = folder.appending(path: "\(UUID()).safetensors")
        try trainer.saveCheckpoint(to: file)
        tensors = try Safetensors(contentsOf: file).tensors.mapValues(\.values)
    }
}
