import Imaging
import Networks
import Scores
import TestSupport
import Testing

@testable import Fusion

/// The differentiable forms of the scores against the scores themselves, and their gradients against central differences.
struct MetricLossTests {
    /// A phantom pair and its maximum in 0...1, 96×96.
    private static let planes = [Phantom.Modality.mri, .ct].map { Phantom.render($0, width: 96, height: 96, seed: 3).luma() }
    private static let fused = LocalEnergyRule().fuse(planes[0], planes[1])

    private static func levels(_ plane: Plane) -> Variable {
        Variable(Elementwise.affine(Tensor(normalizing: plane), scale: 0.5, offset: 0.5))
    }

    /// The two treat negative gains and flat regions differently, which moves the score by a few hundredths at most.
    @Test func informationFidelity_IsTheScore_UpToFlatRegions() throws {
        for source in Self.planes {
            let score = try #require(try VIF.score(source: source, fused: Self.fused))
            let loss = Losses.informationFidelity(Self.levels(source), Self.levels(Self.fused)).value.scalar
            #expect(abs(Double(loss) - score) < 0.03)
            #expect(abs(Losses.informationFidelity(Self.levels(source), Self.levels(source)).value.scalar - 1) < 1e-2)
        }
    }

    @Test func edgePreservation_IsTheScore_UpToAngles() throws {
        let score = try #require(try QABF(first: Self.planes[0], second: Self.planes[1], fused: Self.fused).kept.combined)
        let loss = Losses.edgePreservation(Self.levels(Self.planes[0]), Self.levels(Self.planes[1]), Self.levels(Self.fused)).value.scalar
        #expect(abs(Double(loss) - score) < 0.05)
    }

    /// Smooth random images keep the kinks (equal strengths, negative gains) rare; the direction is the gradient itself.
    @Test func gradients_PointUphill_AsFarAsTheyPromise() {
        func random(_ seed: UInt64) -> Tensor {
            let noise = Tensor.random(Shape(1, 60, 64, 1), seed: seed)
            let smooth = ImageFilter.separable(noise, rows: Losses.gaussian, columns: Losses.gaussian)
            return Elementwise.affine(smooth, scale: 1, offset: 0.5)
        }
        let (a, b) = (Variable(random(1)), Variable(random(2)))
        for loss in [
            { Losses.informationFidelity(a, $0) }, { Losses.edgePreservation(a, b, $0) }, { Losses.dissimilarity(a, $0) },
        ] as [(Variable) -> Variable] {
            let x = Variable(Elementwise.combine(a.value, 0.6, random(3), 0.4), isTracked: true)
            let y = loss(x)
            y.backward()
            let gradient = x.gradient!
            let squared = (0..<gradient.count).reduce(0.0) { $0 + Double(gradient.pointer[$1]) * Double(gradient.pointer[$1]) }
            // A step that should change the loss by 2e-3, taken both ways.
            let step = Float(1e-3 / squared)
            let up = loss(Variable(Elementwise.combine(x.value, 1, gradient, step))).value.scalar
            let down = loss(Variable(Elementwise.combine(x.value, 1, gradient, -step))).value.scalar
            #expect(abs(Double(up - down) / 2e-3 - 1) < 0.05)
        }
    }
}
