import Imaging
import Testing

@testable import Fusion

@Suite("Noise in the sources") struct NoiseStudyTests {
    private static let pair = Samples.pairs(1)[0]

    @Test func noise_HasItsDeviation_InsideTheHeadAlone() {
        let flat = Plane(width: 128, height: 128, values: (0..<128 * 128).map { $0 % 128 < 64 ? 0 : 100 })
        let pair = ImagePair(name: "flat", mri: flat, other: flat)
        let noisy = pair.noisy(10, seed: 1)
        let head = flat.values.indices.filter { flat.values[$0] != 0 }
        for plane in [noisy.mri, noisy.other] {
            #expect(plane.values.indices.allSatisfy { flat.values[$0] != 0 || plane.values[$0] == 0 })
            #expect(plane.values.allSatisfy { $0 == $0.rounded() })
            let mean = head.reduce(0) { $0 + plane.values[$1] } / Float(head.count)
            let variance = head.reduce(0) { $0 + (plane.values[$1] - mean) * (plane.values[$1] - mean) } / Float(head.count)
            // Standard errors of 8192 draws: 0.11 of the mean, 0.08 of the deviation.
            #expect(abs(mean - 100) < 0.5 && abs(variance.squareRoot() - 10) < 0.4)
        }
        // The sources' noises are independent of each other, of other seeds and of other pairs.
        let product = head.reduce(0) { $0 + (noisy.mri.values[$1] - 100) * (noisy.other.values[$1] - 100) } / Float(head.count)
        #expect(abs(product) < 5)
        #expect(pair.noisy(10, seed: 1).mri == noisy.mri && pair.noisy(10, seed: 2).mri != noisy.mri)
        #expect(ImagePair(name: "other", mri: flat, other: flat).noisy(10, seed: 1).mri != noisy.mri)
    }

    @Test func values_StayThoseOfAPicture() {
        let noisy = Self.pair.noisy(200, seed: 3)
        #expect(noisy.mri.values.contains(255) && noisy.mri.values.allSatisfy { (0...255).contains($0) })
    }

    @Test func noisySources_AreScoredAgainstTheCleanOnes() throws {
        let pairs = [Self.pair]
        var study = NoiseStudy(pairs, deviations: [0, 12], seed: 4)
        try study.add(FusionMethod("copy", \.mri), on: pairs)
        try study.add(.rule(MeanRule()), on: pairs)
        #expect(study.levels.map(\.deviation) == [0, 12] && study.levels.allSatisfy { $0.table.rows.map(\.name) == ["copy", "mean"] })
        // Phantoms are whole numbers: without noise nothing changes.
        #expect(study.levels[0].passed == [0, 0])
        let noisy = Self.pair.noisy(12, seed: 4)
        let expected = try ScoreTable.scores(of: MeanRule().fuse(noisy.mri, noisy.other), Self.pair, .published)
        #expect(study.levels[1].table.rows[1].images == [expected])
        let head = noisy.mri.values.indices.filter { Self.pair.mri.values[$0] != 0 || Self.pair.other.values[$0] != 0 }
        let distances = noisy.mri.combined(with: Self.pair.mri) { $0 - $1 }
        let squares = head.reduce(0) { $0 + Double(distances.values[$1] * distances.values[$1]) }
        #expect(abs(study.levels[1].passed[0] - (squares / Double(head.count)).squareRoot()) < 1e-4)
        #expect(study.levels[1].passed[1] < study.levels[1].passed[0], "the mean of two noises is less than one")
        #expect(study.markdown.contains("Noise of 12.0 grey levels"))
    }
}
