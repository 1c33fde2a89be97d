import Diffusion
import Imaging
import Testing

@testable import Fusion

@Suite("Options of a fusion") struct FusionOptionsTests {
    private func message(_ change: (inout FusionOptions) -> Void) throws -> String? {
        let fuser = try Samples.fuser()
        let (mri, ct) = Samples.images(width: 16, height: 16)
        var options = FusionOptions()
        change(&options)
        return #expect(throws: FusionError.self) { try fuser.fuse(mri: mri, other: ct, options: options) }?.description
    }

    @Test func valuesOutsideTheirRanges_AreRefused() throws {
        #expect(try message { $0.steps = 0 } == "steps is 0: it must be from 1 to 20")
        #expect(try message { $0.steps = 21 } == "steps is 21: it must be from 1 to 20")
        #expect(try message { $0.steps = .min }?.hasSuffix("it must be from 1 to 20") == true)
        #expect(try message { $0.eta = -1 } == "eta is -1.0: it must be from 0 to 1")
        #expect(try message { $0.eta = 1.000_001 }?.hasSuffix("it must be from 0 to 1") == true)
        #expect(try message { $0.eta = .nan } == "eta is nan: it must be from 0 to 1")
        #expect(try message { $0.samples = 0 } == "samples is 0: it must be from 1 to 64")
        #expect(try message { $0.samples = 65 } == "samples is 65: it must be from 1 to 64")
        #expect(
            try message { ($0.sampler, $0.steps) = (.ddpm, 5) }
                == "steps is 5: it must be 20 (all timesteps) with the ddpm sampler, or left out")
    }

    @Test func stepsLeftOut_AreTheModels_OrAll() throws {
        let fuser = try Samples.fuser()
        var options = FusionOptions()
        #expect(try fuser.sampler(options).steps == [20, 10])
        options.steps = 20
        #expect(try fuser.sampler(options).steps == (1...20).reversed())
        options.sampler = .ddpm
        #expect(try fuser.sampler(options) is DDPMSampler)
        options.steps = nil
        #expect(try fuser.sampler(options).steps == (1...20).reversed())
    }

    /// Method, part 1: η = 1 on all timesteps is ancestral sampling with the posterior's variance.
    @Test func implicitSampling_WithAllTheNoise_IsAncestralSampling() throws {
        let fuser = try Samples.fuser(timesteps: 6)
        let (mri, ct) = Samples.images(width: 32, height: 32)
        func plane(_ change: (inout FusionOptions) -> Void) throws -> Plane {
            var options = FusionOptions()
            change(&options)
            return try fuser.pictures(mri: mri.luma(), other: ct.luma(), options: options)[0]
        }
        let ancestral = try plane { $0.sampler = .ddpm }
        let implicit = try plane { ($0.steps, $0.eta) = (6, 1) }
        #expect(PriorSamples.largestDifference(ancestral, implicit) < 0.01)
        #expect(PriorSamples.largestDifference(ancestral, try plane { $0.steps = 6 }) > 1)
    }
}
