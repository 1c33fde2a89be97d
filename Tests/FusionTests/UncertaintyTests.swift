import Imaging
import Networks
import Testing

@testable import Fusion

@Suite("Uncertainty") struct UncertaintyTests {
    private static let pair = Samples.pairs(1)[0]

    private static func options(samples: Int, seed: UInt64 = 42) -> FusionOptions {
        var options = FusionOptions()
        (options.samples, options.seed) = (samples, seed)
        return options
    }

    @Test func deviation_IsThatOfDrawsWithTheSamplesSeeds() throws {
        let fuser = try Samples.fuser()
        let (mri, ct) = Samples.images(width: 40, height: 33)
        let draws = try PriorDraws(fuser.model, mri: mri.luma(), other: ct.luma())
        for seed in [7, UInt64.max] {
            let (a, b) = (try draws(seed: seed).plane(), try draws(seed: seed &+ 1).plane())
            let output = try fuser.fuse(mri: mri, other: ct, options: Self.options(samples: 2, seed: seed))
            // With n − 1 the deviation of two numbers is their distance over √2.
            let expected = a.combined(with: b) { abs($0 - $1) / Float(2).squareRoot() }
            let found = try #require(output.uncertainty)
            #expect(PriorSamples.largestDifference(found, expected) < 1e-2)
            #expect(found.values.contains { $0 > 0.1 })
            let background = found.values.indices.filter { mri.samples[$0] == 0 && ct.samples[$0] == 0 }
            #expect(!background.isEmpty && background.allSatisfy { found.values[$0] == 0 })
        }
        #expect(try fuser.fuse(mri: mri, other: ct).uncertainty == nil)
    }

    @Test func guidanceAndSampler_DoNotMoveIt() throws {
        let fuser = try Samples.fuser()
        var options = Self.options(samples: 2)
        func found() throws -> Plane { try fuser.uncertainty(mri: Self.pair.mri, other: Self.pair.other, options: options) }
        let plain = try found()
        (options.guidance, options.steps, options.eta) = (0, 3, 0.5)
        #expect(try found() == plain)
        options.seed = 9
        #expect(try found() != plain)
    }

    @Test func draws_AreTheChainOfTheNoiseNetworkAlone() throws {
        // The same chain by the networks' definition: a model without its refinement ends in x̃_0.
        var description = try Samples.description()
        let whole = try Samples.model(description)
        description.ablation = .refinement
        let bare = try FusionModel(description, weights: .tensors(whole.parameters.tensors, tracked: false))
        let (mri, other) = (Self.pair.mri, Self.pair.other)
        let fast = try PriorDraws(whole, mri: mri, other: other)(seed: 3)
        let defined = try PriorDraws(bare, mri: mri, other: other)(seed: 3)
        #expect(PriorSamples.largestDifference(fast.plane(), defined.plane()) < 0.1)
        #expect(PriorSamples.largestDifference(fast.plane(), try PriorDraws(whole, mri: mri, other: other)(seed: 4).plane()) > 1)
    }

    @Test func directRegression_HasNone() throws {
        var description = try Samples.description()
        description.ablation = .diffusion
        let found = try Fuser(Samples.model(description)).uncertainty(
            mri: Self.pair.mri, other: Self.pair.other, options: Self.options(samples: 3))
        #expect(found.values.allSatisfy { $0 < 1e-4 })
    }

    @Test func largePictures_AreHalvedForIt() throws {
        var fuser = try Samples.fuser()
        let images = Samples.images(width: 77, height: 64)
        let (mri, ct) = (images.mri.luma(), images.other.luma())
        fuser.largestDrawn = 40 * 40
        let found = try fuser.uncertainty(mri: mri, other: ct, options: Self.options(samples: 2))
        let small = try fuser.uncertainty(
            mri: mri.resized(width: 39, height: 32), other: ct.resized(width: 39, height: 32), options: Self.options(samples: 2))
        let expected = small.resized(width: 77, height: 64)
        #expect(found.width == 77 && found.height == 64)
        for i in found.values.indices {
            #expect(found.values[i] == (mri.values[i] == 0 && ct.values[i] == 0 ? 0 : expected.values[i]))
        }
    }

    // MARK: What it is worth

    @Test func regions_FollowTheSlopesOfBothSources() {
        // The MRI rises at column 4 and at column 12; the other source at 4 alone.
        var (mri, other) = (Plane(width: 20, height: 9, repeating: 50), Plane(width: 20, height: 9, repeating: 60))
        for y in 0..<9 {
            for x in 0..<20 {
                mri[x, y] = x < 4 ? 50 : x < 12 ? 100 : 180
                other[x, y] = x < 4 ? 60 : 110
            }
        }
        (mri[17, 4], other[17, 4]) = (0, 0)
        let regions = PairRegions(ImagePair(name: "steps", mri: mri, other: other))
        let columns = { (pixels: [Int]) in Set(pixels.map { $0 % 20 }) }
        // Around the hole both sources fall, by 180 and by 110 levels: less than half apart.
        #expect(columns(regions.agreement) == [3, 4, 16, 17, 18])
        #expect(columns(regions.disagreement) == [11, 12])
        #expect(columns(regions.uniform.filter { $0 % 20 < 15 }) == [1, 6, 7, 8, 9, 14])
        #expect(regions.head.count == 18 * 7 - 1 && !regions.head.contains(4 * 20 + 17))
        let means = regions.means(Plane(width: 20, height: 9, values: (0..<180).map { $0 % 20 == 12 ? 3 : 1 }))
        #expect(means.uniform == 1 && means.disagreement == 2)
    }

    @Test func study_MeasuresWhatTheServiceGives() throws {
        let fuser = try Samples.fuser()
        let pairs = Samples.pairs(2)
        var options = Self.options(samples: 1)
        options.guidance = 2
        let study = try UncertaintyStudy(of: fuser.model, on: pairs, options: options, samples: 3)
        options.samples = 3
        let expected = try pairs.map { PairRegions($0).means(try fuser.uncertainty(mri: $0.mri, other: $0.other, options: options)) }
        #expect(study.spreads.count == 3)
        #expect(abs(study.spreads[0].means.head - (expected[0].head + expected[1].head) / 2) < 1e-3)
        #expect(abs(study.spreads[0].means.disagreement - (expected[0].disagreement + expected[1].disagreement) / 2) < 1e-3)
        #expect(study.tenths.count == 10 && zip(study.tenths, study.tenths.dropFirst()).allSatisfy { $0.uncertainty <= $1.uncertainty })
        #expect(study.tenths.allSatisfy { $0.distances.draws > 0 && $0.distances.prior > 0 })
        // Further draws are those of the seeds that follow, measured from the mean of the first.
        let squares = try pairs.map { pair in
            let draws = try PriorDraws(fuser.model, mri: pair.mri, other: pair.other)
            let planes = try (0..<6).map { try draws(seed: 42 + $0).plane() }
            return PairRegions(pair).head.flatMap { i in
                let mean = planes[..<3].reduce(0) { $0 + $1.values[i] } / 3
                return planes[3...].map { ($0.values[i] - mean) * ($0.values[i] - mean) }
            }
        }.flatMap(\.self)
        let found = study.tenths.reduce(0) { $0 + $1.distances.draws * $1.distances.draws } / 10
        let all = squares.reduce(0) { $0 + Double($1) } / Double(squares.count)
        // Tenths differ by a pixel in their counts.
        #expect(abs(found / all - 1) < 0.01)
        #expect(study.markdown.split(separator: "\n").count { $0.hasPrefix("|") } == 5 + 13)
    }

    @Test func ranks_OfEqualValues_AreTheirMean() {
        #expect(UncertaintyStudy.ranks([5, 1, 5, 0]) == [2.5, 1, 2.5, 0])
        #expect(abs(UncertaintyStudy.correlation([0, 1, 2], [4, 6, 8]) - 1) < 1e-12)
        #expect(abs(UncertaintyStudy.correlation([0, 1, 2], [3, 0, -3]) + 1) < 1e-12)
        #expect(UncertaintyStudy.correlation([1, 1], [0, 5]) == 0)
    }
}
