import Imaging
import Tensors
import Scores
import TestSupport
import Testing

@testable import Fusion

/// The differentiable forms of the scores against the scores themselves, and their gradients against central differences.
@Suite("Objective") struct ObjectiveTests {
    /// A phantom pair and one of its fusions, 96×96.
    private static let planes = [Phantom.Modality.mri, .ct].map { Phantom.render($0, width: 96, height: 96, seed: 3).luma() }
    private static let fused = LocalEnergyRule().fuse(planes[0], planes[1])

    /// Sources of pure texture, and a mixture of the two with a little noise.
    private static let textures = (1...2).map { PriorSamples.noise(64, 48, seed: $0) }
    private static let mixture = textures[0].combined(with: textures[1]) { 0.7 * $0 + 0.3 * $1 }

    private static func tensor(_ plane: Plane) -> Tensor {
        Tensor(Shape(1, plane.height, plane.width, 1), plane.values.map { $0 / 255 })
    }

    private static func terms(_ sources: [Plane], _ fused: Plane) -> FusionObjective.Terms {
        FusionObjective(first: tensor(sources[0]), second: tensor(sources[1]))(tensor(fused)).terms
    }

    @Test("the terms are the scores, up to constants, angles and flat places")
    func terms_AreTheScores() throws {
        let found = Self.terms(Self.planes, Self.fused)
        let scores = try FusionScores(first: Self.planes[0], second: Self.planes[1], fused: Self.fused, convention: .published)
        // Negative gains and flat regions are treated differently, which moves VIF by a few hundredths at most.
        #expect(abs(Double(found.fidelity) - scores.vif.sum!) < 0.06)
        #expect(abs(Double(found.edges) - scores.qabf.combined!) < 0.05)
        #expect(abs(Double(found.differences) - scores.scd.sum!) < 1e-3)
        #expect(abs(Double(found.signal) - scores.psnr.combined!) < 1e-4)
    }

    @Test("where variances are large the constants of SSIM do not matter")
    func similarity_IsTheTables_OnTextures() throws {
        let expected = try Self.textures.reduce(0.0) { $0 + (try #require(try SSIM.uniform7.score($1, Self.mixture))) }
        #expect(abs(Double(Self.terms(Self.textures, Self.mixture).similarity) - expected) < 2e-3)
    }

    @Test("of a source itself: VIF 1, no edge beyond the sources'")
    func terms_OfASource() {
        let copy = Self.terms(Self.planes, Self.planes[0])
        let levels = Elementwise.affine(Self.tensor(Self.planes[0]), scale: 255)
        let fidelity = InformationFidelity(first: levels, second: levels, extents: RowExtents(levels, levels))
        #expect(abs(fidelity(levels, weight: 0, into: Tensor(levels.shape)) - 2) < 2e-2)
        #expect(copy.excess == 0)
        var exaggerated = Self.planes[0]
        for i in exaggerated.values.indices { exaggerated.values[i] = 1.5 * exaggerated.values[i] - 60 }
        #expect(Self.terms(Self.planes, exaggerated).excess > 0.01)
    }

    @Test("the weighted sum, term by term")
    func total_IsTheWeightedSum() {
        let terms = Self.terms(Self.planes, Self.fused)
        let values = [terms.similarity, terms.fidelity, terms.edges, terms.differences, terms.signal, terms.information, terms.excess]
        let weights = FusionObjective.Weights(similarity: 1, fidelity: 2, edges: 3, differences: 5, signal: 13, information: 7, excess: 11)
        let expected = zip([1, 2, 3, 5, 13, 7, -11], values).reduce(Float(0)) { $0 + $1.0 * $1.1 }
        #expect(abs(terms.total(weights) - expected) < 1e-4 * abs(expected))
    }

    /// Smooth random images keep the kinks (equal strengths, negative gains, borders of bins) rare; the direction is the gradient itself.
    @Test("gradients point uphill as far as they promise", arguments: 0..<7)
    func gradients_PointUphill(index: Int) {
        func random(_ seed: UInt64) -> Tensor {
            let window = gaussianWindow(taps: 11, sigma: 1.5)
            let smooth = ImageFilter.separable(Tensor.random(Shape(1, 60, 64, 1), seed: seed), rows: window, columns: window)
            return Elementwise.clamp(Elementwise.affine(smooth, scale: 1, offset: 0.5), 0, 1)
        }
        let objective = FusionObjective(first: random(1), second: random(2))
        var weights = FusionObjective.Weights(
            similarity: 0, fidelity: 0, edges: 0, differences: 0, signal: 0, information: 0, excess: 0)
        let paths: [WritableKeyPath<FusionObjective.Weights, Float>] = [
            \.similarity, \.fidelity, \.edges, \.differences, \.signal, \.information, \.excess,
        ]
        weights[keyPath: paths[index]] = 1
        func value(_ x: Tensor) -> Float { objective(x, weights).terms.total(weights) }
        let x = Elementwise.combine(random(1), 0.6, random(3), 0.4)
        let gradient = objective(x, weights).slope
        let squared = (0..<gradient.count).reduce(0.0) { $0 + Double(gradient.pointer[$1]) * Double(gradient.pointer[$1]) }
        // A step that should change the term by 2e-3, taken both ways.
        let step = Float(1e-3 / squared)
        let change = value(Elementwise.combine(x, 1, gradient, step)) - value(Elementwise.combine(x, 1, gradient, -step))
        #expect(abs(Double(change) / 2e-3 - 1) < 0.06, "term \(index)")
    }

    @Test("the smallest image that has all windows")
    func smallestSide() {
        let (a, b) = (PriorSamples.noise(17, 17, seed: 1), PriorSamples.noise(17, 17, seed: 2))
        #expect(Self.terms([a, b], a).total(.init()).isFinite)
    }
}

@Suite("Pixel ascent") struct PixelAscentTests {
    @Test("climbs, leaves the background alone and does not depend on the threads")
    func ascent() {
        let (first, second) = PriorSamples.pair(side: 64)
        func tensor(_ plane: Plane) -> Tensor { Tensor(Shape(1, 64, 64, 1), plane.values.map { $0 / 255 }) }
        let objective = FusionObjective(first: tensor(first), second: tensor(second))
        let inside = Background(Tensor(normalizing: first), Tensor(normalizing: second)).inside
        let start = tensor(MaximumRule().fuse(first, second))
        var ascent = PixelAscent()
        ascent.steps = 12
        func value(_ x: Tensor) -> Float { objective(x).terms.total(ascent.weights) }
        let arrived = ascent(from: start, objective, inside: inside)
        #expect(value(arrived) > value(start) + 0.1)
        for i in 0..<start.count where inside.values[i] == 0 { #expect(arrived.values[i] == 0) }
        #expect(arrived.values.allSatisfy { $0 >= 0 && $0 <= 1 })
        #expect(start.values == tensor(MaximumRule().fuse(first, second)).values)
        ascent.damping = 1
        let damped = ascent(from: start, objective, inside: inside)
        func moved(_ x: Tensor) -> Float { zip(x.values, start.values).reduce(0) { $0 + abs($1.0 - $1.1) } }
        #expect(value(damped) > value(start) + 0.05 && moved(damped) < 0.8 * moved(arrived))
        ascent.damping = 0
        let threads = ThreadPool.threads
        ThreadPool.threads = 1
        defer { ThreadPool.threads = threads }
        #expect(ascent(from: start, objective, inside: inside).values == arrived.values)
    }
}

@Test("values near a source take its value, others stay")
func snapped_TakesTheNearerSource() {
    func plane(_ values: [Float]) -> Plane { Plane(width: values.count, height: 1, values: values) }
    let (first, second) = (plane([10, 10, 10, 0, 255]), plane([13, 20, 20, 0, 250]))
    #expect(plane([12, 15, 18.6, 1, 254]).snapped(to: first, second).values == [13, 15, 20, 0, 255])
}
