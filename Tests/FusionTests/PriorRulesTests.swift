import Imaging
import Testing

@testable import Fusion

@Suite("Fusion rules")
struct PriorRulesTests {
    @Test("a picture fused with itself is that picture", arguments: FusionRules.bank.indices, PriorSamples.sizes)
    func identity(rule: Int, size: (width: Int, height: Int)) {
        let plane = PriorSamples.noise(size.width, size.height, seed: 1)
        let fused = FusionRules.bank[rule].fuse(plane, plane)
        #expect(fused.width == size.width && fused.height == size.height)
        #expect(PriorSamples.largestDifference(fused, plane) < 1e-3, "\(FusionRules.bank[rule].name)")
    }

    @Test("results stay in range and do not depend on the order of the sources", arguments: FusionRules.bank.indices, PriorSamples.sizes)
    func rangeAndSymmetry(rule: Int, size: (width: Int, height: Int)) {
        for seed: UInt64 in 0..<10 {
            let first = PriorSamples.noise(size.width, size.height, seed: 2 * seed)
            let second = PriorSamples.noise(size.width, size.height, seed: 2 * seed + 1)
            let fused = FusionRules.bank[rule].fuse(first, second)
            #expect(fused.values.allSatisfy { (0...255).contains($0) })
            #expect(PriorSamples.largestDifference(fused, FusionRules.bank[rule].fuse(second, first)) < 1e-3)
        }
    }

    @Test("the background is exactly 0 where both sources are, and nowhere else by decree", arguments: FusionRules.bank.indices)
    func background(rule: Int) {
        let (first, second) = PriorSamples.pair(side: 64)
        let fused = FusionRules.bank[rule].fuse(first, second)
        var seen = 0
        for index in fused.values.indices {
            if first.values[index] == 0, second.values[index] == 0 {
                #expect(fused.values[index] == 0)
            } else if fused.values[index] > 0 {
                seen += 1
            }
        }
        #expect(seen > 64 * 64 / 4)
    }

    @Test func meanAndMaximum_AreThoseOfThePixels() {
        let (first, second) = (PriorSamples.noise(5, 3, seed: 1), PriorSamples.noise(5, 3, seed: 2))
        let (mean, maximum) = (MeanRule().fuse(first, second), MaximumRule().fuse(first, second))
        for index in first.values.indices {
            #expect(mean.values[index] == (first.values[index] + second.values[index]) / 2)
            #expect(maximum.values[index] == Swift.max(first.values[index], second.values[index]))
        }
    }

    /// A flat source has no detail: every detail must come from the other.
    @Test func pyramidAndHaar_KeepTheDetailsOfTheTexturedSource() {
        let texture = PriorSamples.noise(32, 32, seed: 3)
        let half = Plane(width: 32, height: 32, values: texture.values.map { 64 + $0 / 4 })
        let flat = Plane(width: 32, height: 32, repeating: 96)
        for fused in [LaplacianPyramidRule().fuse(half, flat), HaarEnergyRule().fuse(half, flat)] {
            for y in 0..<32 {
                for x in 1..<32 {
                    // Steps between neighbours are those of the texture, but for half of the smooth base.
                    #expect(abs((fused[x, y] - fused[x - 1, y]) - (half[x, y] - half[x - 1, y])) < 3)
                }
            }
        }
    }

    @Test func localEnergy_TakesEachSideFromTheBrighterSource_WithAShortRamp() {
        var (first, second) = (Plane(width: 40, height: 20, repeating: 50), Plane(width: 40, height: 20, repeating: 50))
        for y in 0..<20 {
            for x in 0..<20 { first[x, y] = 200 }
            for x in 20..<40 { second[x, y] = 120 }
        }
        first[30, 10] = 121  // an island too small to win the vote
        let fused = LocalEnergyRule().fuse(first, second)
        for y in 0..<20 {
            #expect((0..<16).allSatisfy { fused[$0, y] == 200 })
            #expect((28..<40).allSatisfy { fused[$0, y] == 120 })
        }
    }

    @Test func guidedFilterFusion_KeepsTheSourceThatHasTheEdges() {
        let texture = PriorSamples.noise(64, 64, seed: 9)
        let flat = Plane(width: 64, height: 64, repeating: 128)
        // With saliency everywhere on one side the weights are 1 and 0, and the fusion is that source.
        #expect(PriorSamples.largestDifference(GuidedFilterRule().fuse(texture, flat), texture) < 1e-3)
    }
}
