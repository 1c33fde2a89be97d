import Foundation
import Fusion
import Testing

@testable import Service

/// What a job keeps of its request outlives the program that wrote it.
@Suite struct FusionParametersTests {
    private var full: FusionParameters {
        var parameters = FusionParameters(modality: .pet)
        (parameters.options.sampler, parameters.options.steps, parameters.options.eta) = (.ddim, 7, 0.25)
        (parameters.options.seed, parameters.options.samples, parameters.options.guidance) = (.max, 3, 0)
        parameters.resize = .bilinear
        parameters.sources = ["mri": SourceDescription(sha256: "ab", width: 16, height: 17, depth: 8, colour: false)]
        parameters.notes = [Note(field: "pet", code: .resized, text: "resized")]
        return parameters
    }

    @Test(arguments: [true, false]) func parameters_ComeBackAsTheyWere(_ isFull: Bool) throws {
        let parameters = isFull ? full : FusionParameters(modality: .ct)
        let bytes = try parameters.encoded()
        #expect(try JSONDecoder().decode(FusionParameters.self, from: bytes) == parameters)
        #expect(try parameters.encoded() == bytes, "equal parameters give equal bytes")
    }

    @Test func options_AreEachKept() throws {
        let object = try JSON(try full.encoded())
        #expect(FusionOption.all.allSatisfy { object[$0.name] != .null })
        #expect(Set(FusionOption.all.map(\.name)).count == FusionOption.all.count)
    }

    @Test func parameters_OfAnOlderVersion_HaveTheirDefaults() throws {
        let old = Data(#"{"modality":"ct","sampler":"ddpm","samples":2,"seed":18446744073709551615}"#.utf8)
        let parameters = try JSONDecoder().decode(FusionParameters.self, from: old)
        #expect(parameters.options.seed == .max && parameters.options.samples == 2 && parameters.options.sampler == .ddpm)
        #expect(parameters.options.guidance == FusionOptions().guidance && parameters.options.steps == nil && parameters.notes == [])
    }

    @Test func texts_SetTheOption_OrAreRefused() throws {
        var options = FusionOptions()
        let table = Dictionary(uniqueKeysWithValues: FusionOption.all.map { ($0.name, $0) })
        for (name, text) in [
            ("sampler", "ddpm"), ("steps", "9"), ("eta", "0.5"), ("seed", "18446744073709551615"), ("samples", "4"), ("guidance", "3"),
        ] {
            #expect(table[name]?.set(text, &options) == true, "\(name)")
        }
        #expect(options.sampler == .ddpm && options.steps == 9 && options.eta == 0.5 && options.seed == .max)
        #expect(options.samples == 4 && options.guidance == 3)
        for option in FusionOption.all { #expect(!option.set("none", &options), "\(option.name)") }
    }
}
