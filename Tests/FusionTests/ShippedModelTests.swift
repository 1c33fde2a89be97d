import Foundation
import Imaging
import Scores
import Testing

@testable import Fusion

/// What the weights that ship are worth: more than the plainest rule, on pictures that they have not seen.
@Suite("Shipped weights") struct ShippedModelTests {
    @Test func everyModality_HasWeights() {
        #expect(Modality.allCases.allSatisfy(ModelRegistry.ships))
    }

    @Test(arguments: Modality.allCases) func phantom_IsFusedBetterThanByTheMean(_ modality: Modality) throws {
        let images = Samples.images(modality, width: 128, height: 128, seed: 77)
        try expectBetterThanMean(modality, [ImagePair(name: "phantom", mri: images.mri.luma(), other: images.other.luma())])
    }

    @Test(
        .enabled(if: Samples.validation != nil, "no validation pairs beside the package: name their folder in AMALGAM_SHARED"),
        arguments: Modality.allCases)
    func validationPairs_AreFusedBetterThanByTheMean(_ modality: Modality) throws {
        let pairs = try PairFolder.load(try #require(Samples.validation), modality)
        try expectBetterThanMean(modality, (0..<5).map { pairs[$0 * pairs.count / 5] })
    }

    @Test func seedsDiffer_SoThatTheSamplerHasSomethingToDecide() throws {
        let (mri, ct) = Samples.images(width: 64, height: 64)
        var options = FusionOptions()
        options.samples = 2
        let pictures = try Fuser(ModelRegistry.load(.ct)).pictures(mri: mri.luma(), other: ct.luma(), options: options)
        #expect(PriorSamples.largestDifference(pictures[0], pictures[1]) > 0.1)
    }

    @Test(
        .enabled(if: Samples.validation != nil, "no validation pairs beside the package: name their folder in AMALGAM_SHARED"),
        arguments: Modality.allCases)
    func uncertainty_IsLowInsideTissue_AndHigherWhereTheSourcesDisagree(_ modality: Modality) throws {
        let fuser = Fuser(try ModelRegistry.load(modality))
        let pairs = try PairFolder.load(try #require(Samples.validation), modality)
        var options = FusionOptions()
        options.samples = 3
        for pair in [pairs[pairs.count / 4], pairs[3 * pairs.count / 4]] {
            let means = PairRegions(pair).means(try fuser.uncertainty(mri: pair.mri, other: pair.other, options: options))
            print("uncertainty of \(modality) \(pair.name): \(means)")
            #expect(means.disagreement > 1.2 * means.uniform && means.disagreement > 2)
        }
    }

    private func expectBetterThanMean(_ modality: Modality, _ pairs: [ImagePair]) throws {
        var table = ScoreTable(pairs)
        let model = try table.add(.model(ModelRegistry.load(modality)), on: pairs)
        let mean = try table.add(.rule(MeanRule()), on: pairs)
        print("shipped weights on \(pairs.count) pairs: \(model); the mean: \(mean)")
        #expect(model.vif > mean.vif && model.qabf > mean.qabf)
    }
}
