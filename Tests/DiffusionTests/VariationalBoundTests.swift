import Foundation
import Tensors
import Testing

@testable import Diffusion

struct VariationalBoundTests {
    /// Pixels of a Gaussian, rounded to the 256 levels.
    private func image(_ toy: Toy, _ shape: Shape) -> Tensor {
        Tensor(
            shape,
            normal(shape, seed: 31).values.map { z in
                let x = Float(toy.mean) + Float(toy.variance.squareRoot()) * z
                return min(255, max(0, ((x + 1) * 127.5).rounded())) / 127.5 - 1
            })
    }

    /// −log₂ of the levels' probabilities under the Gaussian they were drawn from, by the error function.
    private func trueBits(_ origin: Tensor, _ toy: Toy) -> Double {
        let scale = (2 * toy.variance).squareRoot()
        return origin.values.reduce(0) { sum, x in
            let offset = Double(x) - toy.mean
            return sum - log2(0.5 * (erf((offset + 1 / 255) / scale) - erf((offset - 1 / 255) / scale)))
        } / Double(origin.count)
    }

    /// KL of two Gaussians against ∫ p ln(p/q) by sums.
    @Test func divergence_IsTheIntegral() {
        for (v1, v2, difference) in [(1.0, 1.0, 0.0), (0.5, 1, 0.3), (2, 0.7, -1), (0.01, 0.011, 0.002)] {
            var sum = 0.0
            for i in -5000...5000 {
                let u = Double(i) / 500
                let x = u * v1.squareRoot()
                let logRatio = 0.5 * log(v2 / v1) - u * u / 2 + (x - difference) * (x - difference) / (2 * v2)
                sum += exp(-u * u / 2) / (2 * Double.pi).squareRoot() * logRatio / 500
            }
            let divergence = VariationalBound.divergence(v1, v2, squaredDifference: difference * difference)
            #expect(abs(divergence - sum) < 1e-12)
        }
    }

    @Test func divergence_KeepsItsDigits_WhereTheVariancesAreClose() {
        // ½(d − ln(1 + d)) = d²/4 − d³/6 + …
        for d in [1e-3, 1e-5, 1e-7] {
            let divergence = VariationalBound.divergence(1 + d, 1, squaredDifference: 0)
            #expect(abs(divergence / (d * d / 4 - d * d * d / 6) - 1) < max(d * d, 4e-16 / (d * d)))
        }
    }

    /// KL(N(√ᾱ x_0, 1−ᾱ) ‖ N(0, 1)) pixel by pixel.
    @Test(arguments: schedules)
    func prior_IsTheClosedForm(_ schedule: NoiseSchedule) throws {
        let origin = Tensor(.vector(4), [-1, -0.25, 0.5, 1])
        let alphaBar = schedule.alphaBars[schedule.steps]
        let expected = origin.values.reduce(0.0) { sum, x in
            sum + 0.5 * (alphaBar * Double(x * x) + (1 - alphaBar) - 1 - log(1 - alphaBar))
        }
        #expect(abs(try VariationalBound.prior(origin: origin, schedule: schedule) - expected / 4 / log(2)) < 1e-15)
    }

    /// L_{t−1} = E‖μ̃_t − μ_θ‖²/(2σ_t²) + C with the means computed as such.
    @Test(arguments: schedules, ReverseVariance.allCases)
    func transition_IsTheDistanceOfTheMeans(_ schedule: NoiseSchedule, variance: ReverseVariance) {
        for t in Set([2, schedule.steps / 2, schedule.steps]) where t >= 2 && t <= schedule.steps {
            let (x, noise, estimate) = (0.3, 0.8, 0.75)
            let mean = { (e: Double) in
                (x - schedule.betas[t] / (1 - schedule.alphaBars[t]).squareRoot() * e) / (1 - schedule.betas[t]).squareRoot()
            }
            let before = (1 - schedule.alphaBars[t - 1]) / (1 - schedule.alphaBars[t]) * schedule.betas[t]
            let sigma2 = variance == .beta ? schedule.betas[t] : before
            let difference = pow(mean(noise) - mean(estimate), 2) / (2 * sigma2)
            let constant = 0.5 * (log(sigma2 / before) + before / sigma2 - 1)
            let term = VariationalBound.transition(
                at: t, noiseError: pow(noise - estimate, 2), schedule: schedule, variance: variance)
            #expect(abs(term * log(2) - difference - constant) < 1e-6 * (difference + constant))
        }
    }

    @Test func transition_OfAPerfectPrediction_IsZeroWithThePosteriorsVariance() {
        for t in 2...1000 {
            #expect(VariationalBound.transition(at: t, noiseError: 0, schedule: schedules[1], variance: .posterior) == 0)
            #expect(VariationalBound.transition(at: t, noiseError: 0, schedule: schedules[1], variance: .beta) > 0)
        }
    }

    /// The bound's expectation over levels, noise and all, without any sampling, in bits.
    private func expectedBound(_ toy: Toy, _ levels: [(x: Double, probability: Double)], _ schedule: NoiseSchedule) -> Double {
        let average = { (f: (Double) -> Double) in levels.reduce(0) { $0 + $1.probability * f($1.x) } }
        let last = schedule.alphaBars[schedule.steps]
        let prior = 0.5 * (last * average { $0 * $0 } - last - log1p(-last)) / log(2)
        let spread = average { ($0 - toy.mean) * ($0 - toy.mean) }
        let transitions = (2...schedule.steps).reduce(0.0) { sum, t in
            // ε − ε̂ = ε ᾱs²/D − √(ᾱ(1−ᾱ)) (x_0 − m)/D, D = ᾱs² + 1 − ᾱ.
            let (alphaBar, noise) = (schedule.alphaBars[t], schedule.noiseVariances[t])
            let total = alphaBar * toy.variance + noise
            let error = pow(alphaBar * toy.variance / total, 2) + alphaBar * noise * spread / (total * total)
            return sum + VariationalBound.transition(at: t, noiseError: error, schedule: schedule, variance: .beta)
        }
        let (gain, offset) = toy.factors(schedule, 1)
        let sigma = schedule.betas[1].squareRoot()
        let decoder = average { x in
            (-60...60).reduce(0.0) { sum, i in
                let z = Double(i) / 10
                let mean = gain * (schedule.alphaBars[1].squareRoot() * x + sigma * z) + offset
                let edges = (x < -0.999 ? -.infinity : x - 1 / 255 - mean, x > 0.999 ? .infinity : x + 1 / 255 - mean)
                let bits = -VariationalBound.logProbability(edges.0 / sigma, edges.1 / sigma) / log(2)
                return sum + 0.1 * exp(-z * z / 2) / (2 * Double.pi).squareRoot() * bits
            }
        }
        return prior + transitions + decoder
    }

    /// The bound lies above the entropy of the data, and comes down to it as the steps become fine.
    @Test func bound_ClosesOnTheEntropy_AsTheStepsBecomeFine() throws {
        let toy = Toy(mean: 0.1, variance: 0.04)
        let levels = (0...255).map { level in
            let x = Double(level) / 127.5 - 1
            let edge = { (e: Double) in (x + e - toy.mean) / toy.variance.squareRoot() }
            return (
                x: x,
                probability: exp(
                    VariationalBound.logProbability(
                        level == 0 ? -.infinity : edge(-1 / 255), level == 255 ? .infinity : edge(1 / 255)))
            )
        }
        #expect(abs(levels.reduce(0) { $0 + $1.probability } - 1) < 1e-12)
        let entropy = -levels.reduce(0) { $0 + $1.probability * log2($1.probability) }
        let gaps = try [100, 400, 1600].map { steps in
            let schedule = try NoiseSchedule(.linear(start: 1e-4, end: 20 / Double(steps)), steps: steps)
            return expectedBound(toy, levels, schedule) - entropy
        }
        #expect(gaps[0] > gaps[1] && gaps[1] > gaps[2] && gaps[2] > 0)
        #expect(gaps[2] < 0.01)
    }

    /// The estimate agrees with the terms' expectations over data and noise, and no predictor does better than the best.
    @Test(arguments: ReverseVariance.allCases)
    func estimate_HasTheExpectedTerms(variance: ReverseVariance) throws {
        let toy = Toy(mean: 0.1, variance: 0.04)
        let schedule = schedules[4]
        let origin = image(toy, Shape(2, 128, 128, 1))
        let bound = try VariationalBound.estimate(
            origin: origin, schedule: schedule, variance: variance, seed: 1, predictor: toy.predictor(schedule))
        for t in 2...schedule.steps {
            let expected = VariationalBound.transition(
                at: t, noiseError: toy.noiseError(schedule, t), schedule: schedule, variance: variance)
            // The mean of n squares of Gaussians has the relative deviation √(2/n); the levels add (2/255)²/12 to s².
            #expect(abs(bound.transitions[t - 2] / expected - 1) < 5 * (2 / Double(origin.count)).squareRoot() + 2e-4)
        }
        #expect(bound.total > trueBits(origin, toy))
        let worse = try VariationalBound.estimate(
            origin: origin, schedule: schedule, variance: variance, seed: 1,
            predictor: Toy(mean: 0.2, variance: 0.04).predictor(schedule))
        #expect(worse.total > bound.total)
        #expect(worse.prior == bound.prior)
    }

    /// Given errors and estimated errors make the same bound.
    @Test func bound_FromErrors_IsTheEstimate() throws {
        let toy = Toy(mean: 0.1, variance: 0.04)
        let schedule = schedules[4]
        let origin = image(toy, Shape(1, 16, 16, 1))
        var (errors, last): ([Double], Tensor?) = ([], nil)
        let predictor = toy.predictor(schedule)
        let bound = try VariationalBound.estimate(origin: origin, schedule: schedule, variance: .beta, seed: 6) { x, t in
            let estimate = try predictor(x, t)
            if t == 1 {
                last = estimate
            } else {
                let truth = normal(origin.shape, seed: 6, stream: UInt64(t))
                let noise = try schedule.noise(in: x, origin: estimate, at: [t])
                errors.append(Elementwise.subtract(noise, truth).values.reduce(0) { $0 + Double($1 * $1) } / 256)
            }
            return estimate
        }
        let given = try VariationalBound(
            origin: origin, estimate: try #require(last), noiseErrors: errors, schedule: schedule, variance: .beta)
        #expect(given.prior == bound.prior && given.decoder == bound.decoder)
        for (a, b) in zip(given.transitions, bound.transitions) { #expect(abs(a / b - 1) < 1e-3) }
        #expect(abs(given.total - (given.prior + given.transitions.reduce(0, +) + given.decoder)) < 1e-12)
    }

    /// Under an orthonormal change of basis only the decoder must be told of the pixels.
    @Test func estimate_InAnotherBasis_DecodesThePixels() throws {
        let schedule = schedules[4]
        let origin = image(Toy(mean: 0.1, variance: 0.04), Shape(1, 8, 8, 1))
        let mirror = Elementwise.affine(origin, scale: -1)
        let direct = try VariationalBound.estimate(
            origin: origin, schedule: schedule, variance: .posterior, seed: 1, predictor: { _, _ in mirror })
        let mapped = try VariationalBound.estimate(
            origin: mirror, schedule: schedule, variance: .posterior, seed: 1,
            pixels: { Elementwise.affine($0, scale: -1) }, predictor: { _, _ in origin })
        #expect(abs(direct.total / mapped.total - 1) < 1e-12)
    }

    @Test func willStep_CountsTheTimesteps_AndEndsTheEstimation() throws {
        let origin = Tensor(.vector(3), [0, 0.2, -0.4])
        var calls: [[Int]] = []
        #expect(throws: CancellationError.self) {
            try VariationalBound.estimate(
                origin: origin, schedule: schedules[2], variance: .beta, seed: 0,
                willStep: { done, total in
                    calls.append([done, total])
                    if done == 2 { throw CancellationError() }
                }, predictor: { x, _ in x })
        }
        #expect(calls == [[0, 10], [1, 10], [2, 10]])
    }

    @Test func arguments_ThatDoNotFit_AreRefused() {
        let (origin, other) = (Tensor(.vector(3)), Tensor(.vector(2)))
        let schedule = schedules[2]
        #expect(throws: DiffusionError.count(expected: 9, found: 10)) {
            try VariationalBound(
                origin: origin, estimate: origin, noiseErrors: Array(repeating: 1, count: 10), schedule: schedule, variance: .beta)
        }
        #expect(throws: DiffusionError.shapes(expected: .vector(3), found: .vector(2))) {
            try VariationalBound.decoder(origin: origin, estimate: other, variance: 1)
        }
        for variance in [0, -1, .infinity] {
            #expect(throws: DiffusionError.variance(variance)) {
                try VariationalBound.decoder(origin: origin, estimate: origin, variance: variance)
            }
        }
        #expect(throws: DiffusionError.shape(.vector(0))) {
            try VariationalBound.prior(origin: Tensor(.vector(0)), schedule: schedule)
        }
        #expect(throws: DiffusionError.shapes(expected: .vector(3), found: .vector(2))) {
            try VariationalBound.estimate(origin: origin, schedule: schedule, variance: .beta, seed: 0) { _, _ in other }
        }
    }
}
