import Diffusion
import Foundation
import Networks
import Testing

@testable import Fusion

@Suite("Model files") struct ModelFileTests {
    private func withFile<Result>(_ body: (URL) throws -> Result) throws -> Result {
        try Samples.withFolder { try body($0.appending(path: "model.safetensors")) }
    }

    @Test func model_ComesBackAsItWas() throws {
        var description = try Samples.description(.spect, channels: [16, 32])
        description.training = "by hand: ½ größer 融合"
        let model = try Samples.model(description)
        try withFile { file in
            try model.write(to: file)
            let read = try FusionModel(contentsOf: file)
            #expect(read.description == description)
            #expect(read.parameters.tensors.mapValues(\.values) == model.parameters.tensors.mapValues(\.values))
            #expect(read.parameters.names == model.parameters.names)
            #expect(read.parameters.variables.allSatisfy { !$0.isTracked })
            let bytes = try Data(contentsOf: file)
            try read.write(to: file)
            #expect(try Data(contentsOf: file) == bytes)
        }
    }

    @Test func filesThatAreNoModels_AreRefused() throws {
        try withFile { file in
            #expect(throws: CocoaError.self) { try FusionModel(contentsOf: file) }
            try Data("a picture, not weights".utf8).write(to: file)
            #expect(throws: Safetensors.Problem.self) { try FusionModel(contentsOf: file) }
            try Safetensors(tensors: ["x": Tensor(.vector(1))], metadata: ["format": "pt"]).write(to: file)
            let error = #expect(throws: ModelFileError.self) { try FusionModel(contentsOf: file) }
            #expect(error?.description.contains("it is not a model of Amalgam") == true)
            try Safetensors(tensors: [:], metadata: ["amalgam": "{}"]).write(to: file)
            #expect(throws: ModelFileError.self) { try FusionModel(contentsOf: file) }
        }
    }

    @Test func weightsThatDoNotFit_AreNamed() throws {
        let model = try Samples.model(Samples.description())
        func message(_ change: (inout [String: Tensor]) -> Void) throws -> String? {
            try withFile { file in
                var tensors = model.parameters.tensors
                change(&tensors)
                try Safetensors(tensors: tensors, metadata: model.description.metadata()).write(to: file)
                return #expect(throws: ParameterError.self) { try FusionModel(contentsOf: file) }?.description
            }
        }
        #expect(
            try message { $0["noise.head.bias"] = nil } == "the weights lack the tensor noise.head.bias: they belong to another network")
        #expect(
            try message { $0["noise.head.bias"] = Tensor(.vector(8)) }
                == "tensor noise.head.bias has shape (1, 1, 1, 8), the network needs (1, 1, 1, 4)")
        #expect(
            try message { $0["noise.tail.bias"] = Tensor(.vector(4)) }
                == "the weights hold tensors that the network has no place for: noise.tail.bias")
    }

    @Test func modelOfAnotherModality_IsRefused() throws {
        try withFile { file in
            try Samples.model(Samples.description(.ct)).write(to: file)
            #expect(try ModelRegistry.load(.ct, path: file.path).description.modality == .ct)
            let error = #expect(throws: ModelFileError.self) { try ModelRegistry.load(.pet, path: file.path) }
            #expect(error?.description == "the model tiny fuses MRI with ct, not with pet")
        }
    }

    @Test(arguments: Modality.allCases) func modalityWithoutWeights_SaysSo(modality: Modality) throws {
        if ModelRegistry.ships(modality) {
            #expect(try ModelRegistry.load(modality).description.modality == modality)
        } else {
            #expect(throws: ModelRegistry.Missing.self) { try ModelRegistry.load(modality) }
        }
    }

    /// Nothing that a description may say ends the program: these once did, or would have failed in the midst of a request.
    @Test(
        "descriptions of networks that cannot be are refused",
        arguments: [
            ([], 32, 2), ([16], 32, 2), ([16, 8], 32, 2), ([16, -16, 16], 32, 2), ([16, 16, 16, 16], 32, 2), ([1 << 40, 16], 32, 2),
            ([16, 16], 0, 2), ([16, 16], 12, 2), ([16, 16], -8, 2), ([16, 16], 1 << 40, 2), ([16, 16], 32, 0), ([16, 16], 32, 21),
        ] as [([Int], Int, Int)])
    func impossibleDescriptions(channels: [Int], embedding: Int, defaultSteps: Int) throws {
        var description = try Samples.description()
        (description.channels, description.embedding, description.defaultSteps) = (channels, embedding, defaultSteps)
        try withFile { file in
            try Safetensors(tensors: ["x": Tensor(.vector(1))], metadata: description.metadata()).write(to: file)
            #expect(throws: ModelFileError.self) { try FusionModel(contentsOf: file) }
        }
    }
}
