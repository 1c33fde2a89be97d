import Foundation
import Tensors
import Testing

@testable import Diffusion

/// Images of independent Gaussian pixels: the best predictor is linear, and every moment of the reverse chain is known.
struct GaussianToyTests {
    let toy = Toy(mean: 0.3, variance: 0.16)

    /// Mean and variance at the end of the ancestral chain, by recursion over Ho et al. 2020, eq. 11:
    /// x_{t−1} = (x_t − β_t/√(1−ᾱ_t) ε̂)/√α_t + σ_t z with ε̂ = g x_t + h.
    private func ancestralMoments(_ schedule: NoiseSchedule, _ kind: ReverseVariance) -> (mean: Double, variance: Double) {
        var (mean, variance) = (0.0, 1.0)
        for t in (1...schedule.steps).reversed() {
            let (alphaBar, beta) = (schedule.alphaBars[t], schedule.betas[t])
            let noise = 1 - alphaBar
            // E[ε | x_t] = √(1−ᾱ)(x_t − √ᾱ m)/(ᾱ s² + 1 − ᾱ).
            let gain = noise.squareRoot() / (alphaBar * toy.variance + noise)
            let offset = -gain * alphaBar.squareRoot() * toy.mean
            let factor = (1 - beta / noise.squareRoot() * gain) / (1 - beta).squareRoot()
            mean = factor * mean - beta / noise.squareRoot() * offset / (1 - beta).squareRoot()
            let added = kind == .beta ? beta : (1 - schedule.alphaBars[t - 1]) / noise * beta
            variance = factor * factor * variance + (t > 1 ? added : 0)
        }
        return (mean, variance)
    }

    /// The same by DDIM's eq. 12 with ε̂.
    private func implicitMoments(_ sampler: DDIMSampler) -> (mean: Double, variance: Double) {
        var (mean, variance) = (0.0, 1.0)
        for (index, t) in sampler.steps.enumerated() {
            let s = index + 1 < sampler.steps.count ? sampler.steps[index + 1] : 0
            let (now, next) = (sampler.schedule.alphaBars[t], sampler.schedule.alphaBars[s])
            let gain = (1 - now).squareRoot() / (now * toy.variance + 1 - now)
            let offset = -gain * now.squareRoot() * toy.mean
            let sigma2 = sampler.eta * sampler.eta * (1 - next) / (1 - now) * (1 - now / next)
            let direction = max(0, 1 - next - sigma2).squareRoot() - (next / now * (1 - now)).squareRoot()
            let factor = (next / now).squareRoot() + direction * gain
            mean = factor * mean + direction * offset
            variance = factor * factor * variance + sigma2
        }
        return (mean, variance)
    }

    private func check(_ sample: Tensor, _ expected: (mean: Double, variance: Double)) {
        let (mean, variance) = sample.moments()
        let n = Double(sample.count)
        #expect(abs(mean - expected.mean) < 5 * (expected.variance / n).squareRoot())
        #expect(abs(variance - expected.variance) < 5 * expected.variance * (2 / n).squareRoot())
    }

    @Test(arguments: schedules, ReverseVariance.allCases)
    func ddpm_ReachesTheMomentsOfTheRecursion(_ schedule: NoiseSchedule, variance: ReverseVariance) throws {
        let sampler = DDPMSampler(schedule: schedule, variance: variance)
        let sample = try sampler.sample(shape: Shape(1, 128, 128, 1), seed: 21, predictor: toy.predictor(schedule))
        check(sample, ancestralMoments(schedule, variance))
    }

    @Test(arguments: [0, 0.5, 1], TimestepSpacing.allCases)
    func ddim_ReachesTheMomentsOfTheRecursion(eta: Double, spacing: TimestepSpacing) throws {
        let sampler = try DDIMSampler(schedule: schedules[1], count: 10, spacing: spacing, eta: eta)
        let sample = try sampler.sample(shape: Shape(1, 128, 128, 2), seed: 22, predictor: toy.predictor(schedules[1]))
        check(sample, implicitMoments(sampler))
    }

    /// With a thousand steps the chain ends at the data's own distribution, up to its discretisation.
    @Test(arguments: ReverseVariance.allCases)
    func ddpm_ReachesTheData(variance: ReverseVariance) {
        let moments = ancestralMoments(schedules[1], variance)
        #expect(abs(moments.mean - toy.mean) < 0.005)
        #expect(abs(moments.variance / toy.variance - 1) < 0.02)
    }

    /// DDIM without noise integrates an ordinary differential equation, at first order: ten times the steps, a tenth of the error.
    @Test func ddim_ConvergesAtFirstOrder() throws {
        let errors = try [10, 100, 1000].map { count in
            let sampler = try DDIMSampler(schedule: schedules[3], count: count)
            return abs(implicitMoments(sampler).variance / toy.variance - 1)
        }
        #expect(errors[1] < errors[0] / 5)
        #expect(errors[2] < errors[1] / 5)
        #expect(errors[2] < 0.01)
    }
}
