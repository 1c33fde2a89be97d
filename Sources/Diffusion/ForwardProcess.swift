import Tensors

/// The forward process and its inverses, sample by sample: `timesteps` holds one timestep for each sample of the batch.
///
/// In all of them x_t, x_0 and ε have one shape (N, H, W, C).
extension NoiseSchedule {
    /// x_t = √ᾱ_t x_0 + √(1−ᾱ_t) ε (Ho et al. 2020, eq. 4). O(count).
    ///
    /// - Throws: `shapes`, `count` or `timestep` where the arguments do not fit.
    public func diffused(_ origin: Tensor, by noise: Tensor, to timesteps: [Int]) throws(DiffusionError) -> Tensor {
        try combine(origin, noise, timesteps) { t in
            (alphaBars[t].squareRoot(), noiseVariances[t].squareRoot())
        }
    }

    /// x̃_0 = (x_t − √(1−ᾱ_t) ε) / √ᾱ_t, the estimate of the image from the estimate of the noise. O(count).
    ///
    /// - Throws: `shapes`, `count` or `timestep` where the arguments do not fit.
    public func origin(of x: Tensor, noise: Tensor, at timesteps: [Int]) throws(DiffusionError) -> Tensor {
        try combine(x, noise, timesteps, originFactors)
    }

    /// The factors of x_t and ε in x̃_0, for t in 1...T.
    public func originFactors(at t: Int) -> (x: Double, noise: Double) {
        (1 / alphaBars[t].squareRoot(), -(noiseVariances[t] / alphaBars[t]).squareRoot())
    }

    /// ε = (x_t − √ᾱ_t x_0) / √(1−ᾱ_t), the noise that leads from the image to x_t. O(count).
    ///
    /// - Throws: `shapes`, `count` or `timestep` where the arguments do not fit.
    public func noise(in x: Tensor, origin: Tensor, at timesteps: [Int]) throws(DiffusionError) -> Tensor {
        try combine(x, origin, timesteps) { t in
            (1 / noiseVariances[t].squareRoot(), -(alphaBars[t] / noiseVariances[t]).squareRoot())
        }
    }

    /// μ̃_t(x_t, x_0), the mean of q(x_{t−1} | x_t, x_0) (Ho et al. 2020, eq. 7). O(count).
    ///
    /// - Throws: `shapes`, `count` or `timestep` where the arguments do not fit.
    public func posteriorMean(of x: Tensor, origin: Tensor, at timesteps: [Int]) throws(DiffusionError) -> Tensor {
        try combine(origin, x, timesteps) { t in
            let posterior = posterior(at: t)
            return (posterior.origin, posterior.current)
        }
    }

    /// a(t) · x + b(t) · y with each sample's own timestep.
    private func combine(
        _ x: Tensor, _ y: Tensor, _ timesteps: [Int], _ factors: (Int) -> (Double, Double)
    ) throws(DiffusionError) -> Tensor {
        guard x.shape == y.shape else { throw .shapes(expected: x.shape, found: y.shape) }
        guard timesteps.count == x.shape.n else { throw .count(expected: x.shape.n, found: timesteps.count) }
        for t in timesteps where t < 1 || t > steps { throw .timestep(t, steps: steps) }
        let result = Tensor(uninitialized: x.shape)
        let size = x.shape.h * x.shape.w * x.shape.c
        for (sample, t) in timesteps.enumerated() {
            let factors = factors(t)
            let (a, b) = (Float(factors.0), Float(factors.1))
            let offset = sample * size
            let (px, py, out) = (UnsafePointer(x.pointer) + offset, UnsafePointer(y.pointer) + offset, result.pointer + offset)
            ThreadPool.ranges(size, grain: 16_384) { range in
                for i in range { out[i] = (a * px[i]).addingProduct(b, py[i]) }
            }
        }
        return result
    }
}
