import Foundation
import Tensors
import Testing

@testable import Diffusion

struct ProcessTests {
    /// q(x_{t−1} | x_t, x_0) ∝ q(x_t | x_{t−1}) q(x_{t−1} | x_0), multiplied on a grid and integrated by sums.
    @Test(arguments: schedules)
    func posterior_IsBayesRule(_ schedule: NoiseSchedule) {
        for t in Set([2, 3, schedule.steps / 2, schedule.steps]) where t > 1 && t <= schedule.steps {
            let (x0, xt) = (0.4, -0.7)
            let (alpha, beta) = (1 - schedule.betas[t], schedule.betas[t])
            let (alphaBar, noise) = (schedule.alphaBars[t - 1], 1 - schedule.alphaBars[t - 1])
            // The product of two Gaussians in x_{t−1}: precisions add, and so do precision-weighted means.
            let precision = alpha / beta + 1 / noise
            let centre = (alpha.squareRoot() * xt / beta + alphaBar.squareRoot() * x0 / noise) / precision
            let width = 1 / precision.squareRoot()
            var (sum, first, second) = (0.0, 0.0, 0.0)
            for i in -4000...4000 {
                let x = centre + width * Double(i) / 400
                let forward = pow(xt - alpha.squareRoot() * x, 2) / beta + pow(x - alphaBar.squareRoot() * x0, 2) / noise
                let atCentre =
                    pow(xt - alpha.squareRoot() * centre, 2) / beta + pow(centre - alphaBar.squareRoot() * x0, 2) / noise
                let density = exp(-(forward - atCentre) / 2)
                sum += density
                first += density * (x - centre)
                second += density * (x - centre) * (x - centre)
            }
            let posterior = schedule.posterior(at: t)
            let mean = posterior.origin * x0 + posterior.current * xt
            #expect(abs(mean - (centre + first / sum)) < 1e-7 * width + 1e-8 * abs(mean))
            #expect(abs(posterior.variance / (second / sum - pow(first / sum, 2)) - 1) < 1e-7)
        }
    }

    /// μ_θ = 1/√α_t · (x_t − β_t/√(1−ᾱ_t) · ε) (Ho et al. 2020, eq. 11) is μ̃_t(x_t, x̃_0).
    @Test(arguments: schedules)
    func posteriorMean_IsTheNoiseParameterisation(_ schedule: NoiseSchedule) {
        for t in 1...schedule.steps {
            let (x, noise) = (0.8, -1.3)
            let alphaBar = schedule.alphaBars[t]
            let origin = (x - schedule.noiseVariances[t].squareRoot() * noise) / alphaBar.squareRoot()
            let posterior = schedule.posterior(at: t)
            let mean = (x - schedule.betas[t] / schedule.noiseVariances[t].squareRoot() * noise) / schedule.alphas[t].squareRoot()
            #expect(abs(posterior.origin * origin + posterior.current * x - mean) < 1e-9 * max(1, abs(mean)))
        }
    }

    /// The first step back ends at x_0 itself.
    @Test(arguments: schedules)
    func posterior_AtTheFirstTimestep_IsTheOrigin(_ schedule: NoiseSchedule) {
        #expect(schedule.posterior(at: 1) == Transition(origin: 1, current: 0, variance: 0))
        #expect(schedule.implicitTransition(from: schedule.steps, to: 0, eta: 1) == Transition(origin: 1, current: 0, variance: 0))
    }

    /// Applying the posterior to the forward marginal of x_t gives the forward marginal of x_{t−1}.
    @Test(arguments: schedules)
    func posterior_KeepsTheMarginals(_ schedule: NoiseSchedule) {
        for t in 1...schedule.steps {
            let posterior = schedule.posterior(at: t)
            let mean = posterior.origin + posterior.current * schedule.alphaBars[t].squareRoot()
            let variance = posterior.current * posterior.current * schedule.noiseVariances[t] + posterior.variance
            #expect(abs(mean - schedule.alphaBars[t - 1].squareRoot()) < 1e-12)
            #expect(abs(variance - schedule.noiseVariances[t - 1]) < 1e-12)
        }
    }

    /// DDIM's family has the forward marginals for every η and every jump (Song et al. 2020, lemma 1).
    @Test(arguments: schedules, [0, 0.3, 1])
    func implicitTransition_KeepsTheMarginals(_ schedule: NoiseSchedule, eta: Double) {
        for t in 1...schedule.steps {
            for s in Set([0, t / 3, t - 1]) {
                let step = schedule.implicitTransition(from: t, to: s, eta: eta)
                let mean = step.origin + step.current * schedule.alphaBars[t].squareRoot()
                let variance = step.current * step.current * schedule.noiseVariances[t] + step.variance
                #expect(abs(mean - schedule.alphaBars[s].squareRoot()) < 1e-12)
                #expect(abs(variance - schedule.noiseVariances[s]) < 1e-12)
                #expect(step.variance >= 0 && (eta > 0 || step.variance == 0))
            }
        }
    }

    @Test(arguments: schedules)
    func implicitTransition_WithFullNoise_IsThePosterior(_ schedule: NoiseSchedule) {
        for t in 1...schedule.steps {
            let (a, b) = (schedule.implicitTransition(from: t, to: t - 1, eta: 1), schedule.posterior(at: t))
            #expect(abs(a.origin - b.origin) < 1e-9)
            #expect(abs(a.current - b.current) < 1e-9)
            #expect(abs(a.variance - b.variance) <= 1e-9 * schedule.betas[t])
        }
    }

    /// x_t of one x_0 has mean √ᾱ_t x_0 and variance 1 − ᾱ_t, within five standard errors.
    @Test func diffused_HasTheMarginal() throws {
        let schedule = schedules[1]
        let shape = Shape(3, 128, 128, 2)
        let timesteps = [1, 250, 1000]
        let x = try schedule.diffused(Tensor(shape, repeating: 0.6), by: normal(shape, seed: 1), to: timesteps)
        let size = shape.count / 3
        for (sample, t) in timesteps.enumerated() {
            let part = Tensor(Shape(1, 128, 128, 2), Array(x.values[sample * size..<(sample + 1) * size])).moments()
            let variance = schedule.noiseVariances[t]
            #expect(abs(part.mean - schedule.alphaBars[t].squareRoot() * 0.6) < 5 * (variance / Double(size)).squareRoot())
            #expect(abs(part.variance - variance) < 5 * variance * (2 / Double(size)).squareRoot())
        }
    }

    /// Single steps of the chain, one after the other, reach the same marginal as the jump.
    @Test func diffused_IsTheChainOfSingleSteps() {
        let schedule = schedules[2]
        var (mean, variance) = (0.6, 0.0)
        for t in 1...schedule.steps {
            mean *= (1 - schedule.betas[t]).squareRoot()
            variance = (1 - schedule.betas[t]) * variance + schedule.betas[t]
            #expect(abs(mean - schedule.alphaBars[t].squareRoot() * 0.6) < 1e-14)
            #expect(abs(variance - schedule.noiseVariances[t]) < 1e-14)
        }
    }

    @Test(arguments: schedules)
    func originAndNoise_AreRecovered(_ schedule: NoiseSchedule) throws {
        let shape = Shape(2, 5, 7, 3)
        let (origin, noise) = (normal(shape, seed: 2), normal(shape, seed: 3))
        for t in Set([1, (schedule.steps + 1) / 2, schedule.steps]) {
            let timesteps = [t, max(1, t - 1)]
            let x = try schedule.diffused(origin, by: noise, to: timesteps)
            // Rounding of x_t (below 8, half an ulp 2.4e-7) and of the products, divided by √ᾱ_t or √(1−ᾱ_t).
            let smallest = timesteps.map { min(schedule.alphaBars[$0], schedule.noiseVariances[$0]) }.min()!
            let tolerance = 1e-6 / Float(smallest.squareRoot())
            #expect(try schedule.origin(of: x, noise: noise, at: timesteps).largestDifference(origin) < tolerance)
            #expect(try schedule.noise(in: x, origin: origin, at: timesteps).largestDifference(noise) < tolerance)
        }
    }

    @Test func posteriorMean_AppliesTheCoefficients() throws {
        let schedule = schedules[2]
        let x = Tensor(.vector(3), [1, -2, 0.5])
        let origin = Tensor(.vector(3), [0.25, 0.5, -1])
        let posterior = schedule.posterior(at: 4)
        let mean = try schedule.posteriorMean(of: x, origin: origin, at: [4])
        for i in 0..<3 {
            let expected = posterior.origin * Double(origin.values[i]) + posterior.current * Double(x.values[i])
            #expect(abs(Double(mean.values[i]) - expected) < 4e-7)
        }
    }

    @Test func arguments_ThatDoNotFit_AreRefused() {
        let schedule = schedules[2]
        let (x, y) = (Tensor(Shape(2, 1, 1, 3)), Tensor(Shape(2, 1, 3, 1)))
        #expect(throws: DiffusionError.shapes(expected: x.shape, found: y.shape)) { try schedule.diffused(x, by: y, to: [1, 1]) }
        #expect(throws: DiffusionError.count(expected: 2, found: 1)) { try schedule.diffused(x, by: x, to: [1]) }
        for t in [0, -1, 11, Int.max] {
            #expect(throws: DiffusionError.timestep(t, steps: 10)) { try schedule.origin(of: x, noise: x, at: [1, t]) }
            #expect(throws: DiffusionError.timestep(t, steps: 10)) { try schedule.noise(in: x, origin: x, at: [t, 1]) }
        }
    }
}
