import Networks

/// x̄_0 from x_t for one pair whose condition is encoded: by a plan, or by the networks' definition where a model has no plan.
enum Estimator {
    case plan(any FusionPlan)
    case networks(FusionModel, mri: Variable, other: Variable, prepared: Condition)

    /// - Parameters:
    ///   - mri: (1, H, W, 1) in −1...1, sides multiples of `FusionModel.sideMultiple`.
    ///   - other: the other modality, the same shape.
    ///   - largestWhole: pixels up to which a picture is planned as a whole; larger ones in tiles.
    init(_ model: FusionModel, mri: Tensor, other: Tensor, largestWhole: Int) {
        if model.description.ablation == nil {
            let (height, width) = (mri.shape.h, mri.shape.w)
            let plan: any FusionPlan =
                height * width <= largestWhole
                ? InferencePlan(model, height: height, width: width) : TiledPlan(model, height: height, width: width)
            plan.encode(mri: mri, other: other)
            self = .plan(plan)
        } else {
            let (mri, other) = (Variable(mri), Variable(other))
            self = .networks(model, mri: mri, other: other, prepared: model.predictor.prepare(model.encoder(mri: mri, other: other)))
        }
    }

    func callAsFunction(_ x: Tensor, at t: Int) throws -> Tensor {
        switch self {
        case .plan(let plan):
            let refined = Tensor(uninitialized: x.shape)
            plan.estimate(x, at: t, into: refined)
            return refined
        case .networks(let model, let mri, let other, let prepared):
            return try model.estimate(Variable(x), mri: mri, other: other, prepared: prepared, timesteps: [t]).refined.value
        }
    }
}
