import Tensors

/// The estimate of x_0 (N, H, W, C) from x_t, of the same shape, at timestep t.
///
/// A network that predicts noise and refines the image computes ε̂, then x̃_0 by `NoiseSchedule.origin(of:noise:at:)`, then the
/// refined x̂_0, and returns the last; what is passed on as noise then follows from (x_t, x̂_0).
public typealias OriginPredictor = (_ x: Tensor, _ t: Int) throws -> Tensor

/// The estimate of ε from x_t, of the same shape, at timestep t.
public typealias NoisePredictor = (_ x: Tensor, _ t: Int) throws -> Tensor

/// A reverse chain: from noise to an image in the order of `steps`.
///
/// Randomness is a pure function of the seed: x_T is stream 0 of `Philox(seed:)`, the noise of the step that leaves timestep t is
/// stream t. The same seed gives the same bytes with any number of threads, and samplers that visit the same timesteps see
/// the same noise.
public protocol Sampler: Sendable {
    /// The variances of the forward chain.
    var schedule: NoiseSchedule { get }
    /// The timesteps at which the predictor is asked, strictly descending, within 1...schedule.steps. Not empty.
    var steps: [Int] { get }
    /// The step from timestep t to s, the next of `steps`, or 0 at the end. O(1).
    func transition(from t: Int, to s: Int) -> Transition
}

extension Sampler {
    /// Draws an image: x_T ~ N(0, I), then all steps. One call of the predictor for each step.
    ///
    /// - Parameters:
    ///   - shape: (N, H, W, C), each at least 1.
    ///   - seed: the key of all randomness.
    ///   - willStep: called before each step with the number of steps done and their total. Throws to end the sampling.
    ///   - predictor: the estimate of x_0 at each of `steps`.
    /// - Returns: the last estimate of x_0: the last step adds no noise.
    /// - Throws: `DiffusionError.shape`, `.shapes` where the predictor changes the shape, and what the closures throw.
    public func sample(
        shape: Shape, seed: UInt64, willStep: (_ completed: Int, _ total: Int) throws -> Void = { _, _ in },
        predictor: OriginPredictor
    ) throws -> Tensor {
        guard shape.isDrawable else { throw DiffusionError.shape(shape) }
        var source = Philox(seed: seed, stream: 0)
        return try sample(from: source.normal(shape), seed: seed, willStep: willStep, predictor: predictor)
    }

    /// Draws an image from a given x at the first of `steps` instead of stream 0; the step noise and the rest are those of
    /// `sample(shape:seed:willStep:predictor:)`.
    ///
    /// - Throws: `DiffusionError.shapes` where the predictor changes the shape, and what the closures throw.
    public func sample(
        from start: Tensor, seed: UInt64, willStep: (_ completed: Int, _ total: Int) throws -> Void = { _, _ in },
        predictor: OriginPredictor
    ) throws -> Tensor {
        var x = start
        for (index, t) in steps.enumerated() {
            try willStep(index, steps.count)
            let origin = try predictor(x, t)
            guard origin.shape == x.shape else { throw DiffusionError.shapes(expected: x.shape, found: origin.shape) }
            // A step to 0 has the factors 1 and 0 and no variance.
            guard index + 1 < steps.count else { return origin }
            let step = transition(from: t, to: steps[index + 1])
            x = Elementwise.combine(origin, Float(step.origin), x, Float(step.current))
            if step.variance > 0 {
                var source = Philox(seed: seed, stream: UInt64(t))
                x = Elementwise.combine(x, 1, source.normal(x.shape), Float(step.variance.squareRoot()))
            }
        }
        return x
    }
}

extension NoiseSchedule {
    /// Lets a predictor of noise stand where an estimate of x_0 is asked for: x̃_0 = (x_t − √(1−ᾱ_t) ε̂)/√ᾱ_t.
    ///
    /// - Parameters:
    ///   - range: limits of x̃_0, such as -1...1 (Ho et al. 2020 clip so in sampling); none when nil.
    ///   - noise: the estimate of ε.
    public func originPredictor(
        clampedTo range: ClosedRange<Float>? = nil, noise: @escaping NoisePredictor
    ) -> OriginPredictor {
        { x, t in
            let estimate = try noise(x, t)
            let origin = try self.origin(of: x, noise: estimate, at: Array(repeating: t, count: x.shape.n))
            return range.map { Elementwise.clamp(origin, $0.lowerBound, $0.upperBound) } ?? origin
        }
    }
}

extension Shape {
    /// Whether every axis is at least 1 and the bytes can be counted.
    var isDrawable: Bool {
        var count = MemoryLayout<Float>.stride
        for axis in [n, h, w, c] {
            let product = count.multipliedReportingOverflow(by: axis)
            guard axis >= 1, !product.overflow, product.partialValue <= Int.max / 4 else { return false }
            count = product.partialValue
        }
        return true
    }
}
