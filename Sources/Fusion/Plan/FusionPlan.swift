import Tensors

/// The networks laid out for one size of picture: what the sampler asks of them for one pair.
protocol FusionPlan {
    /// Encodes the sources (1, H, W, 1) in −1...1: once per pair.
    func encode(mri: Tensor, other: Tensor)

    /// The estimate x̄_0 of the fused image from x_t, both (1, H, W, 1), written to `refined`: see `FusionModel.estimate`.
    func estimate(_ x: Tensor, at t: Int, into refined: Tensor)
}
