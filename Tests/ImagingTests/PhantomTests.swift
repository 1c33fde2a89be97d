import Testing

@testable import Imaging

@Suite struct PhantomTests {
    @Test(arguments: Phantom.Modality.allCases)
    func theSameSeedGivesTheSameImage(modality: Phantom.Modality) {
        let image = Phantom.render(modality, width: 96, height: 80, seed: 4)
        #expect(image.width == 96 && image.height == 80 && image.depth == .eight)
        #expect(image.colour == (modality == .mri || modality == .ct ? .grey : .rgb))
        #expect(image == Phantom.render(modality, width: 96, height: 80, seed: 4))
        #expect(image != Phantom.render(modality, width: 96, height: 80, seed: 5))
    }

    @Test(arguments: Phantom.Modality.allCases)
    func theBackgroundIsZero(modality: Phantom.Modality) {
        for seed in UInt64(0)..<10 {
            let image = Phantom.render(modality, width: 90, height: 64, seed: seed)
            let channels = image.colour.rawValue
            for y in 0..<64 {
                for x in 0..<90 where x < 10 || x >= 80 || y == 0 || y == 63 {
                    let first = (y * 90 + x) * channels
                    #expect(image.samples[first..<first + channels].allSatisfy { $0 == 0 })
                }
            }
        }
    }

    @Test func modalitiesShareOneGeometry() {
        for seed in UInt64(0)..<10 {
            let (mri, ct) = (
                Phantom.render(.mri, width: 128, height: 128, seed: seed), Phantom.render(.ct, width: 128, height: 128, seed: seed)
            )
            let outside = zip(mri.samples, ct.samples).map { ($0 == 0, $1 == 0) }
            #expect(outside.allSatisfy { $0 == $1 })
            let fraction = Float(outside.filter { !$0.0 }.count) / Float(outside.count)
            #expect(fraction > 0.4 && fraction < 0.7, "the head fills the picture")
            let luma = Phantom.render(.pet, width: 128, height: 128, seed: seed).luma()
            #expect(zip(luma.values, mri.samples).allSatisfy { $1 > 0 || $0 == 0 }, "no activity outside the head")
            // Bone is white in CT and dark in MRI.
            let bone = zip(ct.samples, mri.samples).filter { $0.0 == 255 }.map { Float($0.1) }
            #expect(bone.count > 500 && bone.reduce(0, +) / Float(bone.count) < 50)
        }
    }

    @Test func everyFindingIsSeenByOneModalityOnly() {
        let head = Head(seed: 3)
        let pixel: Float = 2 / 128
        var seen: [Tissue: Float] = [:]
        for y in -64...64 {
            for x in -64...64 {
                let p = Head.Point(Float(x), Float(y)) * pixel
                for finding in [Tissue.lesion, .calcification, .focus] {
                    let fractions = head.tissues(at: p, pixel: pixel, showing: finding)
                    #expect(fractions.sum() <= 1.0001)
                    seen[finding, default: 0] += fractions[finding.rawValue]
                    for other in [Tissue.lesion, .calcification, .focus] where other != finding { #expect(fractions[other.rawValue] == 0) }
                }
            }
        }
        for finding in [Tissue.lesion, .calcification, .focus] { #expect(seen[finding, default: 0] > 5) }
        #expect(Phantom.Modality.mri.look.finding == .lesion && Phantom.Modality.ct.look.finding == .calcification)
    }

    @Test func anySizeCanBeRendered() {
        for (width, height) in [(1, 1), (1, 40), (3, 2), (33, 7)] {
            for modality in Phantom.Modality.allCases {
                let image = Phantom.render(modality, width: width, height: height, seed: 1)
                #expect(image.samples.count == width * height * image.colour.rawValue)
            }
        }
    }

    /// The first numbers of the reference implementation (Vigna, splitmix64.c) from state 1234567.
    @Test func theGeneratorIsSplitMix64() {
        var random = SplitMix64(seed: 1_234_567)
        #expect((0..<3).map { _ in random.next() } == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
    }

    @Test func normalNumbersHaveMeanZeroAndVarianceOne() {
        var random = SplitMix64(seed: 1)
        let count = 100_000.0
        let numbers = (0..<Int(count)).map { _ in Double(random.normal()) }
        // Five standard errors: of the mean 1/√n, of the variance √((kurtosis − 1)/n) with kurtosis 2.7.
        let mean = numbers.reduce(0, +) / count
        let variance = numbers.map { $0 * $0 }.reduce(0, +) / count
        #expect(abs(mean) < 5 / count.squareRoot())
        #expect(abs(variance - 1) < 5 * (1.7 / count).squareRoot())
    }
}
