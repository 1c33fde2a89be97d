import Foundation
import Tensors

@testable import Diffusion

/// x_0 ~ N(mean, variance) for each element: what a perfect network would answer is known.
struct Toy {
    let mean: Double
    let variance: Double

    /// The factors (a, b) of E[x_0 | x_t] = a x_t + b, by the conditional of a joint Gaussian: Cov(x_0, x_t) = √ᾱ s².
    func factors(_ schedule: NoiseSchedule, _ t: Int) -> (Double, Double) {
        let alphaBar = schedule.alphaBars[t]
        let gain = alphaBar.squareRoot() * variance / (alphaBar * variance + 1 - alphaBar)
        return (gain, mean - gain * alphaBar.squareRoot() * mean)
    }

    func predictor(_ schedule: NoiseSchedule) -> OriginPredictor {
        { x, t in
            let (a, b) = factors(schedule, t)
            return Elementwise.affine(x, scale: Float(a), offset: Float(b))
        }
    }

    /// E[(ε − E[ε | x_t])²] = ᾱ s² / (ᾱ s² + 1 − ᾱ).
    func noiseError(_ schedule: NoiseSchedule, _ t: Int) -> Double {
        let signal = schedule.alphaBars[t] * variance
        return signal / (signal + 1 - schedule.alphaBars[t])
    }
}

extension Tensor {
    func moments() -> (mean: Double, variance: Double) {
        let values = values.map(Double.init)
        let mean = values.reduce(0, +) / Double(values.count)
        return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
    }

    func largestDifference(_ other: Tensor) -> Float {
        zip(values, other.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }
}

/// Schedules of every kind and size that the tests run through.
let schedules: [NoiseSchedule] = [
    try! NoiseSchedule(.linear(start: 1e-6, end: 1e-2), steps: 1000),
    try! NoiseSchedule(.linear(start: 1e-4, end: 2e-2), steps: 1000),
    try! NoiseSchedule(.linear(start: 1e-3, end: 0.5), steps: 10),
    try! NoiseSchedule(.cosine(), steps: 1000),
    try! NoiseSchedule(.cosine(), steps: 25),
    try! NoiseSchedule(.linear(start: 0.3, end: 0.9), steps: 1),
]

func normal(_ shape: Shape, seed: UInt64, stream: UInt64 = 1 << 40) -> Tensor {
    var source = Philox(seed: seed, stream: stream)
    return source.normal(shape)
}
