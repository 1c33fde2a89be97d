/// An exponential moving average of parameters (Ho et al. 2020 take 0.9999): what is validated and shipped.
public final class MovingAverage {
    /// The largest weight of the past; early steps use less, (1 + steps) / (10 + steps).
    public let decay: Float
    public private(set) var steps: Int
    /// The averages, in the order of the parameters.
    public private(set) var tensors: [Tensor]

    public init(_ variables: [Variable], decay: Float) {
        self.decay = decay
        steps = 0
        tensors = variables.map { $0.value.copy() }
    }

    /// Takes up the averages of a checkpoint.
    public init(tensors: [Tensor], steps: Int, decay: Float) {
        (self.tensors, self.steps, self.decay) = (tensors, steps, decay)
    }

    /// Moves the averages towards the current parameters. O(parameters).
    public func update(_ variables: [Variable]) {
        let weight = min(decay, Float(1 + steps) / Float(10 + steps))
        steps += 1
        for (average, variable) in zip(tensors, variables) {
            let (a, w) = (average.pointer, variable.value.pointer)
            for i in 0..<average.count { a[i] += (1 - weight) * (w[i] - a[i]) }
        }
    }
}
