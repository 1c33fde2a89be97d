import Diffusion
import Foundation
import Networks
import TestSupport
import Testing

@testable import Fusion

/// The forward pass against the PyTorch reference in Reference/, to 1e-4 of the largest element.
@Suite("Parity with PyTorch") struct ParityTests {
    @Test func smallRandomModel_GivesTheGoldenOutputs() throws {
        let model = try Parity.smallModel()
        let golden = try GoldenFile("parity.safetensors", in: Bundle.module.resourceURL).tensors
        let weights = try #require(golden["weights"])
        #expect(
            mismatch(Parity.digest(model), weights, tolerance: 1e-3) == nil,
            "weights are drawn in another way than when the golden was made: see Fixtures/make.py")
        let found = try Parity.outputs(of: model, golden)
        try Parity.compare(found, golden, "small random model")
    }

    @Test(.enabled(if: Parity.hasPyTorch, Parity.needsPyTorch)) func smallRandomModel_AgreesWithTheReference() throws {
        let model = try Parity.smallModel()
        try Samples.withFolder { folder in
            let file = folder.appending(path: "small.safetensors")
            try model.write(to: file)
            try Parity.compareWithReference(model, file: file, "small random model, read back by the reference")
        }
    }

    @Test(
        .enabled(if: Parity.hasPyTorch, Parity.needsPyTorch),
        .enabled(if: Samples.shipsCT, "no mri-ct.safetensors in Sources/Fusion/Models"))
    func shippedModel_AgreesWithTheReference() throws {
        let file = try #require(ModelRegistry.shipped(.ct))
        try Parity.compareWithReference(FusionModel(contentsOf: file), file: file, "shipped model")
    }

    @Test(.enabled(if: Parity.folder != nil, "AMALGAM_PARITY_FOLDER is not set: only Fixtures/make.py needs these files"))
    func writesWhatTheGoldenIsMadeOf() throws {
        let folder = URL(filePath: try #require(Parity.folder))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let model = try Parity.smallModel()
        try model.write(to: folder.appending(path: "model.safetensors"))
        var inputs = try Parity.inputs(for: model)
        inputs["weights"] = Parity.digest(model)
        try Safetensors(tensors: inputs).write(to: folder.appending(path: "inputs.safetensors"))
    }
}

enum Parity {
    static let folder = ProcessInfo.processInfo.environment["AMALGAM_PARITY_FOLDER"]
    static let needsPyTorch: Comment = "no python3 with torch and safetensors: name one in AMALGAM_PYTHON"

    private static let python = ProcessInfo.processInfo.environment["AMALGAM_PYTHON"].map { [$0] } ?? ["python3"]

    /// Whether the packages are there; they are not loaded, which would take seconds.
    static let hasPyTorch: Bool = {
        let question = "import sys; from importlib.util import find_spec as f; sys.exit(not (f('torch') and f('safetensors')))"
        return (try? run(["-c", question]))?.status == 0
    }()

    static func smallModel() throws -> FusionModel {
        var description = try Samples.description(channels: [16, 16, 32])
        description.schedule = try NoiseSchedule(.linear(start: 1e-6, end: 1e-2), steps: 1000)
        return try Samples.model(description, seed: 11)
    }

    /// Two phantoms of 48 × 32 pixels, noisy as at t = 1 and t = 700.
    static func inputs(for model: FusionModel) throws -> [String: Tensor] {
        let shape = Shape(2, 32, 48, 1)
        let images = (1...2).map { Samples.images(width: 48, height: 32, seed: UInt64($0)) }
        let mri = Tensor(shape, images.flatMap { Tensor(normalizing: $0.mri.luma()).values })
        let other = Tensor(shape, images.flatMap { Tensor(normalizing: $0.other.luma()).values })
        let x = try model.description.schedule.diffused(Elementwise.maximum(mri, other), by: .random(shape, seed: 3), to: [1, 700])
        return ["x": x, "mri": mri, "other": other, "timesteps": Tensor(.vector(2), [1, 700])]
    }

    static func outputs(of model: FusionModel, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
        let (mri, other) = (Variable(try #require(inputs["mri"])), Variable(try #require(inputs["other"])))
        let condition = model.encoder(mri: mri, other: other)
        let estimate = try model.estimate(
            Variable(try #require(inputs["x"])), mri: mri, other: other, prepared: model.predictor.prepare(condition),
            timesteps: try #require(inputs["timesteps"]).values.map { Int($0) })
        var outputs = ["noise": estimate.noise.value, "refined": estimate.refined.value]
        for (level, features) in condition.levels.enumerated() { outputs["condition\(level)"] = features.value }
        return outputs
    }

    /// The sum of each parameter's elements, in the order of the names.
    static func digest(_ model: FusionModel) -> Tensor {
        let sums = model.parameters.tensors.sorted { $0.key < $1.key }.map { Float(Reduction.sum($0.value)) }
        return Tensor(.vector(sums.count), sums)
    }

    static func compare(_ found: [String: Tensor], _ expected: [String: Tensor], _ what: String) throws {
        for (name, tensor) in found.sorted(by: { $0.key < $1.key }) {
            let reference = try #require(expected[name], "the reference has no \(name)")
            let bound = 1e-4 * largest(reference)
            let problem = mismatch(tensor, reference, tolerance: bound)
            #expect(problem == nil, "\(what), \(name): \(problem ?? "")")
            let worst = zip(tensor.values, reference.values).map { abs(Double($0) - Double($1)) }.max() ?? 0
            print("parity of the \(what), \(name): largest deviation \(worst), \(worst / largest(reference)) of the largest element")
        }
    }

    static func compareWithReference(_ model: FusionModel, file: URL, _ what: String) throws {
        let inputs = try inputs(for: model)
        try Samples.withFolder { folder in
            let (given, results) = (folder.appending(path: "inputs.safetensors"), folder.appending(path: "outputs.safetensors"))
            try Safetensors(tensors: inputs).write(to: given)
            let script = Samples.source.appending(path: "Reference/reference.py").path
            let (status, output) = try run(["-B", script, file.path, given.path, results.path])
            try #require(status == 0, "\(output)")
            try compare(try outputs(of: model, inputs), Safetensors(contentsOf: results).tensors, what)
        }
    }

    private static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let (process, pipe) = (Process(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = python + arguments
        (process.standardOutput, process.standardError) = (pipe, pipe)
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
