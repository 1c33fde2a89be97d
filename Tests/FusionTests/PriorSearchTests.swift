import Imaging
import Testing

@testable import Fusion

@Suite("Search for the prior")
struct PriorSearchTests {
    /// Nearness to an average that leans to the first source: an optimum that no rule hits, but averages approach.
    private func nearness(_ first: Plane, _ second: Plane, _ fused: Plane) -> Double {
        -zip(zip(first.values, second.values), fused.values).reduce(0.0) { sum, pixel in
            sum + Double(abs(0.6 * max(pixel.0.0, pixel.0.1) + 0.4 * pixel.0.0 - pixel.1))
        }
    }

    @Test("candidates are sorted, no worse than the best rule, and black where nobody saw anything", arguments: [1, 7, 33, 64])
    func search(side: Int) throws {
        let (first, second) = side == 1 ? (Plane(width: 1, height: 1), Plane(width: 1, height: 1)) : PriorSamples.pair(side: side)
        var calls = 0
        let candidates = PriorSearch().candidates(first, second) { first, second, fused in
            calls += 1
            return nearness(first, second, fused)
        }
        let best = try #require(FusionRules.bank.map { nearness(first, second, $0.fuse(first, second)) }.max())
        #expect((1...4).contains(candidates.count) && calls <= 14)
        #expect(candidates[0].score >= best)
        #expect(zip(candidates, candidates.dropFirst()).allSatisfy { $0.score >= $1.score })
        for candidate in candidates {
            #expect(candidate.score == nearness(first, second, candidate.plane))
            for index in first.values.indices where first.values[index] == 0 && second.values[index] == 0 {
                #expect(candidate.plane.values[index] == 0)
            }
        }
        #expect(candidates == PriorSearch().candidates(first, second, score: nearness))
    }

    @Test func averages_AreKept_WhenTheyScoreBetter() {
        let (first, second) = PriorSamples.pair(side: 48)
        var search = PriorSearch()
        search.rules = [MaximumRule(), MeanRule()]
        search.emphases = []
        let target = MaximumRule().fuse(first, second).combined(with: MeanRule().fuse(first, second)) { 0.75 * $0 + 0.25 * $1 }
        let candidates = search.candidates(first, second) { _, _, fused in -Double(PriorSamples.largestDifference(fused, target)) }
        #expect(candidates[0].name == "0.75 (maximum) + 0.25 (mean)")
        #expect(candidates[0].score == 0)
    }

    @Test func nearDuplicates_AreDropped_AndNaNIsWorst() {
        let (first, second) = PriorSamples.pair(side: 32)
        let plane = MaximumRule().fuse(first, second)
        let near = Plane(width: 32, height: 32, values: plane.values.map { max($0 - 1, 0) })
        let far = Plane(width: 32, height: 32, values: plane.values.map { max($0 - 9, 0) })
        let given = [("far", 1.0, far), ("near", 2.0, near), ("best", 3.0, plane)].map { PriorCandidate(name: $0, score: $1, plane: $2) }
        var search = PriorSearch()
        #expect(search.distinct(given, first, second).map(\.name) == ["best", "far"])
        search.minimumDifference = 0
        search.kept = 2
        #expect(search.distinct(given, first, second).map(\.name) == ["best", "near"])
        let all = search.candidates(first, second) { _, _, fused in fused == plane ? 0 : .nan }
        #expect(all[0].name == "maximum" && all[0].score == 0)
    }

    @Test("where windows agree a candidate passes unchanged", arguments: PriorSamples.sizes, [2, 8, 32])
    func agreement(size: (width: Int, height: Int), side: Int) {
        let plane = PriorSamples.noise(size.width, size.height, seed: 1)
        let other = PriorSamples.noise(size.width, size.height, seed: 2)
        let (zero, one) = (Grid(plane).map { _ in 0 }, Grid(plane).map { _ in 1 })
        let composed = RegionSelection(side: side).compose([other, plane], scores: [zero, one])
        #expect(PriorSamples.largestDifference(composed, plane) < 1e-3)
        // Equals go to the first.
        #expect(PriorSamples.largestDifference(RegionSelection(side: side).compose([other, plane], scores: [one, one]), other) < 1e-3)
    }

    @Test func compositions_ChangeSmoothly_BetweenRegions() {
        let (dark, bright) = (Plane(width: 128, height: 64, repeating: 0), Plane(width: 128, height: 64, repeating: 160))
        var left = Grid(dark)
        for index in left.values.indices where index % 128 < 64 { left.values[index] = 1 }
        let composed = RegionSelection(side: 32).compose([dark, bright], scores: [left, left.map { 1 - $0 }])
        #expect(composed[40, 32] == 0 && abs(composed[90, 32] - 160) < 1e-3)
        // The steepest a Hann profile of 32 pixels gets is π/32 per pixel.
        for x in 1..<128 { #expect(abs(composed[x, 32] - composed[x - 1, 32]) <= 160 * .pi / 32) }
    }

    /// At each pixel of a pair without overlap the picture that keeps both must beat either source alone.
    @Test func objective_PrefersThePictureThatKeepsBoth() {
        let texture = PriorSamples.noise(64, 32, seed: 8)
        var (first, second) = (Plane(width: 64, height: 32), Plane(width: 64, height: 32))
        for y in 0..<32 {
            for x in 0..<32 { (first[x, y], second[63 - x, y]) = (texture[x, y], texture[63 - x, y]) }
        }
        let objective = LocalObjective(first, second)
        func total(_ plane: Plane) -> [Double] {
            let terms = objective.terms(of: plane)
            return [terms.structure, terms.gradient, terms.brightness].map { $0.values.reduce(0, +) }
        }
        let both = total(texture)
        for alone in [total(first), total(second)] {
            #expect(zip(both, alone).allSatisfy { $0 > $1 })
        }
        #expect(both.allSatisfy { $0 <= 64 * 32 + 1e-6 })
    }
}
