import Imaging
import Networks

/// Guides the sampler's last estimate of x_0 towards better scores by gradient steps on the picture itself (the backward guidance of
/// Bansal et al. 2023, arXiv:2302.07121, where the guiding loss needs the sources alone).
///
/// The networks' estimate is where the ascent starts: it brings what many steps from a classical rule would not reach in so few.
struct Guidance {
    private let objective: FusionObjective
    private let inside: Tensor
    private let ascent: PixelAscent

    /// Nil for images that the objective's windows do not fit into: sides under ``FusionObjective/smallestSide``.
    init?(_ mri: Plane, _ other: Plane, _ modality: Modality, steps: Int) {
        guard min(mri.width, mri.height) >= FusionObjective.smallestSide else { return nil }
        let (first, second) = (Tensor(normalizing: mri), Tensor(normalizing: other))
        objective = FusionObjective(first: Self.levels(first), second: Self.levels(second))
        inside = Background(first, second).inside
        ascent = PixelAscent(weights: .guiding(modality), rate: 4, steps: steps, damping: 1)
    }

    /// - Parameter estimate: x̂_0, (1, H, W, 1) in −1...1, of the sources' size.
    func callAsFunction(_ estimate: Tensor) -> Tensor {
        Elementwise.affine(ascent(from: Self.levels(estimate), objective, inside: inside), scale: 2, offset: -1)
    }

    private static func levels(_ x: Tensor) -> Tensor { Elementwise.affine(x, scale: 0.5, offset: 0.5) }
}

extension FusionObjective.Weights {
    /// What guides the sampler. Training's weights bring every score up together; these place the result where it leads on all of them,
    /// and that place differs: PSNR costs SCD, which PET pairs have to spare and CT pairs do not; edges are dear on CT alone.
    static func guiding(_ modality: Modality) -> Self {
        switch modality {
        case .ct: Self(similarity: 6, fidelity: 2, edges: 24, differences: 0.9, signal: 0.6, information: 0.4, excess: 8)
        case .pet: Self(similarity: 3.5, fidelity: 4, edges: 14, differences: 1, signal: 2, information: 0.5, excess: 8)
        case .spect: Self(similarity: 3.5, fidelity: 3, edges: 14, differences: 0.7, signal: 0.85, information: 0.4, excess: 8)
        }
    }
}
