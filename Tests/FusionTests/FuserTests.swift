import Diffusion
import Imaging
import Networks
import Testing

@testable import Fusion

@Suite("Fusion of pairs") struct FuserTests {
    @Test("any size works, and the background is exactly 0", arguments: [(16, 16), (17, 31), (61, 67), (64, 48), (16, 33)])
    func sizes(width: Int, height: Int) throws {
        let fuser = try Samples.fuser()
        let (mri, ct) = Samples.images(width: width, height: height)
        let fused = try fuser.fuse(mri: mri, other: ct).fused
        #expect(fused.width == width && fused.height == height && fused.colour == .grey && fused.depth == .eight)
        let background = fused.samples.indices.filter { mri.samples[$0] == 0 && ct.samples[$0] == 0 }
        #expect(!background.isEmpty && background.allSatisfy { fused.samples[$0] == 0 })
        #expect(Set(fused.samples).count > 16)
    }

    @Test func pairsThatCannotBeFused_AreRefused() throws {
        let fuser = try Samples.fuser()
        let (mri, ct) = Samples.images(width: 20, height: 24)
        func message(_ first: Image, _ second: Image) -> String? {
            #expect(throws: FusionError.self) { try fuser.fuse(mri: first, other: second) }?.description
        }
        let turned = Samples.images(width: 24, height: 20).other
        #expect(
            message(mri, turned)
                == "the MRI is 20×24 and the CT 24×20: co-registered images have one size; resample one of them onto the other's grid")
        let (narrow, low) = (Samples.images(width: 15, height: 40), Samples.images(width: 40, height: 15))
        #expect(message(narrow.mri, narrow.other) == "the images are 15×40: both sides need at least 16 pixels")
        #expect(message(low.mri, low.other) == "the images are 40×15: both sides need at least 16 pixels")
        #expect(throws: Never.self) { try fuser.check(mri: mri, other: ct) }
    }

    @Test func sixteenBitsIn_GiveSixteenBitsOut() throws {
        let fuser = try Samples.fuser()
        let (mri, ct) = Samples.images(width: 32, height: 32)
        var fine = Image(mri.luma(), depth: .sixteen)
        #expect(try fuser.fuse(mri: fine, other: ct).fused.depth == .sixteen)
        let swapped = try fuser.fuse(mri: mri, other: Image(ct.luma(), depth: .sixteen)).fused
        #expect(swapped.depth == .sixteen)
        // The same values at another depth are the same picture, in finer steps.
        let coarse = try fuser.fuse(mri: mri, other: ct).fused
        #expect(zip(coarse.samples, swapped.samples).allSatisfy { abs(Float($0) - Float($1) / 257) <= 0.51 })
        #expect(Set(swapped.samples).count > Set(coarse.samples).count)
        // The least 16-bit sample is no background.
        let dark = try #require(fine.samples.indices.first { mri.samples[$0] == 0 && ct.samples[$0] == 0 })
        fine.samples[dark] = 1
        #expect(Background(Tensor(normalizing: fine.luma()), Tensor(normalizing: ct.luma())).inside.pointer[dark] == 1)
    }

    @Test("colour sources keep their chroma", arguments: [Modality.pet, .spect]) func chroma(modality: Modality) throws {
        let fuser = try Samples.fuser(modality)
        let (mri, colour) = Samples.images(modality, width: 40, height: 40)
        let output = try fuser.fuse(mri: mri, other: colour)
        #expect(output.fused.colour == .rgb)
        let luma = try fuser.pictures(mri: mri.luma(), other: colour.luma(), options: .init())[0]
        let (before, after) = (YCbCr(colour), YCbCr(output.fused))
        // Where no channel is cut off, only rounding to whole samples comes between.
        let whole = luma.values.indices.filter { i in output.fused.samples[3 * i..<3 * i + 3].allSatisfy { $0 > 0 && $0 < 255 } }
        #expect(whole.count > 100)
        #expect(whole.allSatisfy { abs(after.y.values[$0] - luma.values[$0]) <= 0.51 })
        #expect(whole.allSatisfy { abs(after.cb.values[$0] - before.cb.values[$0]) <= 0.6 })
        #expect(whole.allSatisfy { abs(after.cr.values[$0] - before.cr.values[$0]) <= 0.72 })
        let background = luma.values.indices.filter { i in
            mri.samples[i] == 0 && colour.samples[3 * i..<3 * i + 3].allSatisfy { $0 == 0 }
        }
        #expect(!background.isEmpty && background.allSatisfy { i in output.fused.samples[3 * i..<3 * i + 3].allSatisfy { $0 == 0 } })
        // A grey picture of the activity gives a grey result.
        #expect(try fuser.fuse(mri: mri, other: Image(colour.luma())).fused.colour == .grey)
    }

    @Test func cTInColours_IsFusedAsGrey() throws {
        let (mri, ct) = Samples.images(width: 24, height: 24)
        let painted = YCbCr(ct).image()
        let fuser = try Samples.fuser()
        #expect(painted.colour == .rgb)
        #expect(try fuser.fuse(mri: mri, other: painted).fused == fuser.fuse(mri: mri, other: ct).fused)
    }

    @Test func sameSeed_GivesTheSameBytes_AnotherSeedOthers() throws {
        let (mri, ct) = Samples.images(width: 40, height: 32)
        var options = FusionOptions()
        let first = try Samples.fuser().fuse(mri: mri, other: ct, options: options).fused
        #expect(try Samples.fuser().fuse(mri: mri, other: ct, options: options).fused == first)
        options.seed = 43
        #expect(try Samples.fuser().fuse(mri: mri, other: ct, options: options).fused != first)
    }

    @Test func samples_GiveTheirMean_Guided() throws {
        let fuser = try Samples.fuser()
        let (mri, ct) = Samples.images(width: 32, height: 32)
        func sample(seed: UInt64) throws -> Tensor {
            var options = FusionOptions()
            options.seed = seed
            return try fuser.draw(mri: mri.luma(), other: ct.luma(), options: options).samples[0]
        }
        // The seeds of further samples follow the first, around the end of the range too.
        for seed in [7, UInt64.max] {
            var options = FusionOptions()
            (options.seed, options.samples) = (seed, 2)
            let (a, b) = (try sample(seed: seed), try sample(seed: seed &+ 1))
            #expect(a.values != b.values)
            let mean = Elementwise.affine(Elementwise.add(a, b), scale: 0.5, offset: 0)
            let fused = try fuser.fuse(mri: mri, other: ct, options: options).fused
            #expect(fused == Image(fuser.finished(mean, mri: mri.luma(), other: ct.luma(), options: options)))
        }
    }

    @Test func uncertaintyImage_HoldsAQuarterOfTheRange() {
        let image = uncertaintyImage(Plane(width: 4, height: 1, values: [0, 1, 63.5, 99]))
        #expect(image.samples == [0, 1024, 65024, 65535] && image.depth == .sixteen && image.colour == .grey)
    }

    @Test func progress_CountsTheStepsOfAllSamples() throws {
        let (mri, ct) = Samples.images(width: 16, height: 16)
        var options = FusionOptions()
        (options.steps, options.samples) = (3, 2)
        var seen: [[Int]] = []
        let output = try Samples.fuser().fuse(mri: mri, other: ct, options: options) { seen.append([$0, $1]) }
        let total = 6 + 2 * PriorDraws.mostSteps
        #expect(seen == (0..<total).map { [$0, total] })
        #expect(output.steps == 3)
        #expect(output.timings.sampling > 0 && output.timings.condition > 0 && output.timings.scoring > 0)
    }

    @Test func whatTheHookThrows_EndsTheFusionAtOnce() throws {
        let (mri, ct) = Samples.images(width: 16, height: 16)
        var options = FusionOptions()
        (options.steps, options.samples) = (3, 2)
        var calls = 0
        #expect(throws: CancellationError.self) {
            try Samples.fuser().fuse(mri: mri, other: ct, options: options) { done, _ in
                calls += 1
                if done == 4 { throw CancellationError() }
            }
        }
        #expect(calls == 5)
    }
}
