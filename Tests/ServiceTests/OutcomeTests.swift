import Foundation
import Imaging
import Scores
import TestSupport
import Testing

@testable import Fusion
@testable import Service

/// No outcome is larger than the room that is kept for it.
@Suite struct OutcomeTests {
    /// What no compression makes smaller.
    private func noise(_ width: Int, _ height: Int, _ colour: ColourModel, _ depth: BitDepth) -> Image {
        var random = SplitMix(seed: UInt64(width * height))
        let most: UInt16 = depth == .sixteen ? .max : 255
        return Image(
            width: width, height: height, colour: colour, depth: depth,
            samples: (0..<(width * height * colour.rawValue)).map { _ in UInt16.random(in: 0...most, using: &random) })
    }

    @Test(arguments: [(16, 16), (17, 301), (640, 3), (500, 400)]) func pictures_FitIntoTheirBounds(_ width: Int, _ height: Int) throws {
        for (modality, colour) in [(Modality.ct, ColourModel.rgb), (.pet, .grey), (.pet, .rgb)] {
            for depth in [BitDepth.eight, .sixteen] {
                var parameters = FusionParameters(modality: modality)
                parameters.options.samples = 2
                let other = noise(width, height, colour, depth)
                let bounds = FusionForm.mostBytes(ofOutcome: parameters, mri: noise(width, height, .grey, .eight), other: other)
                let fused = modality == .ct ? noise(width, height, .grey, depth) : other
                for (picture, bound) in zip([fused, noise(width, height, .grey, .sixteen)], bounds.dropFirst()) {
                    let bytes = try PNG.encode(picture).count
                    #expect(bytes <= bound && bytes > bound * 9 / 10 - 1100, "a bound, and not a waste")
                }
            }
        }
    }

    @Test func uncertainty_TakesRoom_WhereThereIsOne() {
        let picture = noise(20, 20, .grey, .eight)
        let bounds = FusionForm.mostBytes(ofOutcome: FusionParameters(modality: .ct), mri: picture, other: picture)
        #expect(bounds.count == 2)
    }

    @Test func result_FitsIntoItsBound() throws {
        let planes = (0..<3).map { noise(60 + $0 / 9, 60, .grey, .sixteen).luma() }
        let scores = try FusionScores(first: planes[0], second: planes[1], fused: planes[2])
        let result = FusionResult(
            model: String(repeating: "m", count: 200), modelSHA256: String(repeating: "f", count: 64), width: 4096, height: 4096, steps: 1000,
            scores: scores, seconds: FusionTimings())
        let picture = noise(16, 16, .grey, .eight)
        let bounds = FusionForm.mostBytes(ofOutcome: FusionParameters(modality: .ct), mri: picture, other: picture)
        #expect(try JSONEncoder().encode(result).count < bounds[0] / 2)
    }
}
