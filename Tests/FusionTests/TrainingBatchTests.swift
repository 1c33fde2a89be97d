import Imaging
import Networks
import Testing

@testable import Fusion

@Suite("Training batches") struct TrainingBatchTests {
    private let pairs: [ImagePair] = (0..<2).map { index in
        ImagePair(
            name: "noise\(index)", mri: PriorSamples.noise(40, 44, seed: UInt64(index)),
            other: PriorSamples.noise(40, 44, seed: UInt64(index) + 10))
    }

    private func source(seed: UInt64 = 42) throws -> BatchSource {
        var configuration = Samples.configuration()
        (configuration.seed, configuration.batch) = (seed, 4)
        return try BatchSource(pairs, Samples.candidates(of: pairs), configuration, timesteps: 20)
    }

    private func contents(_ batch: TrainingBatch) -> [[Float]] {
        [batch.mri, batch.other, batch.origin, batch.noise].map(\.values) + [batch.timesteps.map { Float($0) }]
    }

    @Test func batch_IsAFunctionOfSeedAndStepAlone() throws {
        let source = try source()
        let (first, later) = (contents(source.batch(0)), contents(source.batch(7)))
        let (again, anew) = (contents(source.batch(7)), contents(try self.source().batch(7)))
        #expect(again == later && anew == later)
        #expect(zip(first, later).allSatisfy { $0 != $1 })
        let otherSeed = contents(try self.source(seed: 43).batch(7))
        #expect(zip(otherSeed, later).allSatisfy { $0 != $1 })
    }

    @Test func everyTimestep_IsDrawn_AndNoOther() throws {
        let source = try source()
        #expect(Set((0..<100).flatMap { source.batch($0).timesteps }) == Set(1...20))
    }

    /// Each crop is a window of one pair, turned and mirrored alike in both sources and a candidate of that pair.
    @Test func crops_AreTheSameWindow_OfSourcesAndCandidate() throws {
        let source = try source()
        let candidates = Samples.candidates(of: pairs)
        var orientations: Set<Int> = []
        for step in 0..<8 {
            let batch = source.batch(step)
            for n in 0..<4 {
                let found = try #require(place(of: batch.mri, n))
                orientations.insert(found.orientation)
                #expect(window(pairs[found.pair].other, found) == crop(batch.other, n))
                #expect(candidates[found.pair].contains { window($0.plane, found) == crop(batch.origin, n) })
            }
        }
        #expect(orientations == [0, 1, 2, 3])
    }

    @Test func imagesSmallerThanTheCrop_AreRefused() {
        let small = [ImagePair(name: "7001", mri: Plane(width: 31, height: 64), other: Plane(width: 31, height: 64))]
        let error = #expect(throws: FusionError.self) {
            try BatchSource(small, Samples.candidates(of: small), Samples.configuration(), timesteps: 20)
        }
        #expect(error?.description == "crop is 32: it must be at most the sides of 7001, 31×64")
    }

    private struct Place {
        var pair: Int, top: Int, left: Int, orientation: Int
    }

    private func crop(_ x: Tensor, _ n: Int) -> [Float] { Array(x.values[n * 1024..<(n + 1) * 1024]) }

    private func window(_ plane: Plane, _ place: Place) -> [Float] {
        let all = Tensor(normalizing: plane).values
        return (0..<1024).map { i in
            let (y, x) = (i / 32, i % 32)
            let (row, column) = (place.orientation & 1 == 1 ? 31 - y : y, place.orientation & 2 == 2 ? 31 - x : x)
            return all[(place.top + row) * plane.width + place.left + column]
        }
    }

    private func place(of x: Tensor, _ n: Int) -> Place? {
        let wanted = crop(x, n)
        for (index, pair) in pairs.enumerated() {
            for top in 0...12 {
                for left in 0...8 {
                    for orientation in 0..<4 {
                        let place = Place(pair: index, top: top, left: left, orientation: orientation)
                        if window(pair.mri, place) == wanted { return place }
                    }
                }
            }
        }
        return nil
    }
}
