import Foundation
import Tensors
import Testing

@testable import Diffusion

@Suite(.serialized)
struct SamplerTests {
    let toy = Toy(mean: 0.2, variance: 0.3)
    let shape = Shape(1, 9, 7, 3)

    /// Algorithm 2 of Ho et al. 2020 in its own words, with ε and in double precision, on the documented streams.
    private func ancestral(_ schedule: NoiseSchedule, _ variance: ReverseVariance, seed: UInt64) -> [Double] {
        var x = normal(shape, seed: seed, stream: 0).values.map(Double.init)
        for t in (1...schedule.steps).reversed() {
            let z = normal(shape, seed: seed, stream: UInt64(t)).values.map(Double.init)
            let alphaBar = schedule.alphaBars[t]
            let before = schedule.alphaBars[t - 1]
            let beta = schedule.betas[t]
            let sigma = (variance == .beta ? beta : (1 - before) / (1 - alphaBar) * beta).squareRoot()
            let (a, b) = toy.factors(schedule, t)
            for i in x.indices {
                let noise = (x[i] - alphaBar.squareRoot() * (a * x[i] + b)) / (1 - alphaBar).squareRoot()
                x[i] = (x[i] - beta / (1 - alphaBar).squareRoot() * noise) / (1 - beta).squareRoot() + (t > 1 ? sigma * z[i] : 0)
            }
        }
        return x
    }

    @Test(arguments: schedules, ReverseVariance.allCases)
    func ddpm_IsAlgorithmTwo(_ schedule: NoiseSchedule, variance: ReverseVariance) throws {
        let sampler = DDPMSampler(schedule: schedule, variance: variance)
        let sample = try sampler.sample(shape: shape, seed: 17, predictor: toy.predictor(schedule))
        let expected = ancestral(schedule, variance, seed: 17)
        // The chain contracts: each step's rounding (half an ulp of values below 8, thrice) is not amplified, and T add up.
        let tolerance = 1e-6 * Double(schedule.steps).squareRoot() + 1e-6
        for (a, b) in zip(sample.values, expected) { #expect(abs(Double(a) - b) < tolerance) }
    }

    /// Step for step: the predictor sees the same x_t at every timestep.
    @Test(arguments: schedules)
    func ddim_WithFullNoiseOnAllTimesteps_IsDDPM(_ schedule: NoiseSchedule) throws {
        let full = try DDIMSampler(schedule: schedule, count: schedule.steps, eta: 1)
        let ddpm = DDPMSampler(schedule: schedule, variance: .posterior)
        #expect(full.steps == ddpm.steps)
        var traces: [[Tensor]] = []
        for sampler in [full, ddpm] as [any Sampler] {
            var trace: [Tensor] = []
            let predictor = toy.predictor(schedule)
            let result = try sampler.sample(shape: shape, seed: 4) { x, t in
                trace.append(x)
                return try predictor(x, t)
            }
            traces.append(trace + [result])
        }
        #expect(traces[0].count == schedule.steps + 1)
        for (index, (a, b)) in zip(traces[0], traces[1]).enumerated() {
            #expect(a.largestDifference(b) < 1e-6 * Float(index + 1).squareRoot() + 1e-6, "after \(index) steps")
        }
        #expect(traces[0][0].values == traces[1][0].values)
    }

    @Test func ddim_WithoutNoise_IsAFunctionOfTheStart() throws {
        let schedule = schedules[1]
        let sampler = try DDIMSampler(schedule: schedule, count: 8)
        let start = normal(shape, seed: 5)
        let samples = try [1, 2].map { try sampler.sample(from: start, seed: $0, predictor: toy.predictor(schedule)).values }
        #expect(samples[0] == samples[1])
        let noisy = try DDIMSampler(schedule: schedule, count: 8, eta: 0.5)
        let others = try [1, 2].map { try noisy.sample(from: start, seed: $0, predictor: toy.predictor(schedule)).values }
        #expect(others[0] != others[1])
        #expect(others[0] != samples[0])
    }

    /// A predictor that knows the image ends there on every path.
    @Test func samplers_ReturnTheLastEstimate() throws {
        let origin = normal(shape, seed: 8)
        let schedule = schedules[4]
        let samplers: [any Sampler] = [
            DDPMSampler(schedule: schedule, variance: .beta), DDPMSampler(schedule: schedule),
            try DDIMSampler(schedule: schedule, count: 3), try DDIMSampler(schedule: schedule, steps: [20, 7], eta: 1),
        ]
        for sampler in samplers {
            #expect(try sampler.sample(shape: shape, seed: 1) { _, _ in origin }.values == origin.values)
        }
    }

    /// On the way the estimate is mixed with the noise of the right size: x_s − √ᾱ_s x_0 has the variance 1 − ᾱ_s.
    @Test(arguments: [0, 0.6, 1])
    func samplers_KeepTheNoiseLevel(eta: Double) throws {
        let schedule = schedules[1]
        let wide = Shape(1, 128, 128, 2)
        let origin = Tensor(wide, repeating: 0.5)
        let sampler = try DDIMSampler(schedule: schedule, count: 5, eta: eta)
        _ = try sampler.sample(shape: wide, seed: 2) { x, t in
            let (mean, variance) = x.moments()
            let noise = schedule.noiseVariances[t]
            // The start has mean 0 and variance 1 instead of √ᾱ_T x_0 and 1 − ᾱ_T: √4e-5 · 0.5 = 0.0032.
            #expect(abs(mean - schedule.alphaBars[t].squareRoot() * 0.5) < 0.0033 + 5 * (noise / Double(wide.count)).squareRoot())
            #expect(abs(variance - noise) < 1e-4 + 5 * noise * (2 / Double(wide.count)).squareRoot())
            return origin
        }
    }

    @Test func noisePredictor_StandsForAnOriginPredictor() throws {
        let schedule = schedules[4]
        let direct = toy.predictor(schedule)
        let adapted = schedule.originPredictor { x, t in
            try schedule.noise(in: x, origin: direct(x, t), at: Array(repeating: t, count: x.shape.n))
        }
        let sampler = DDPMSampler(schedule: schedule)
        let (a, b) = (
            try sampler.sample(shape: Shape(2, 4, 4, 1), seed: 3, predictor: direct),
            try sampler.sample(shape: Shape(2, 4, 4, 1), seed: 3, predictor: adapted)
        )
        #expect(a.largestDifference(b) < 1e-3)  // 1/√ᾱ_T is about 800 for 25 cosine steps
        let clamped = schedule.originPredictor(clampedTo: -0.1...0.1) { x, _ in Elementwise.affine(x, scale: -1) }
        let estimate = try clamped(normal(shape, seed: 1), 25)
        #expect(estimate.values.allSatisfy { abs($0) <= 0.1 })
        #expect(estimate.values.contains(0.1) && estimate.values.contains(-0.1))
    }

    @Test func willStep_CountsTheSteps_AndEndsTheSampling() throws {
        let schedule = schedules[2]
        let sampler = DDPMSampler(schedule: schedule)
        var (calls, predictions): ([[Int]], [Int]) = ([], [])
        _ = try sampler.sample(shape: shape, seed: 0, willStep: { calls.append([$0, $1]) }) { x, t in
            predictions.append(t)
            return x
        }
        #expect(calls == (0..<10).map { [$0, 10] })
        #expect(predictions == (1...10).reversed())
        predictions = []
        #expect(throws: CancellationError.self) {
            try sampler.sample(shape: shape, seed: 0, willStep: { done, _ in if done == 3 { throw CancellationError() } }) { x, t in
                predictions.append(t)
                return x
            }
        }
        #expect(predictions == [10, 9, 8])
    }

    @Test func predictor_ThatThrowsOrChangesTheShape_EndsTheSampling() {
        let sampler = DDPMSampler(schedule: schedules[2])
        #expect(throws: CocoaError.self) { try sampler.sample(shape: shape, seed: 0) { _, _ in throw CocoaError(.userCancelled) } }
        #expect(throws: DiffusionError.shapes(expected: shape, found: .vector(3))) {
            try sampler.sample(shape: shape, seed: 0) { _, _ in Tensor(.vector(3)) }
        }
    }

    @Test func arguments_OutOfRange_AreRefused() throws {
        let schedule = schedules[2]
        for eta in [-0.1, 1.1, .infinity] {
            #expect(throws: DiffusionError.eta(eta)) { try DDIMSampler(schedule: schedule, count: 2, eta: eta) }
        }
        #expect(throws: DiffusionError.self) { try DDIMSampler(schedule: schedule, count: 2, eta: .nan) }
        for count in [-1, 0, 11] {
            #expect(throws: DiffusionError.subsequence(count: count, steps: 10)) { try DDIMSampler(schedule: schedule, count: count) }
        }
        #expect(throws: DiffusionError.subsequence(count: 0, steps: 10)) { try DDIMSampler(schedule: schedule, steps: []) }
        #expect(throws: DiffusionError.timestep(11, steps: 10)) { try DDIMSampler(schedule: schedule, steps: [11, 1]) }
        #expect(throws: DiffusionError.timestep(0, steps: 10)) { try DDIMSampler(schedule: schedule, steps: [10, 0]) }
        #expect(throws: DiffusionError.order(7, after: 7)) { try DDIMSampler(schedule: schedule, steps: [10, 7, 7]) }
        for shape in [Shape(0, 1, 1, 1), Shape(1, -1, -1, 1), Shape(1, Int.max, 2, 1), Shape(1, 1 << 31, 1 << 31, 1)] {
            #expect(throws: DiffusionError.shape(shape)) {
                try DDPMSampler(schedule: schedule).sample(shape: shape, seed: 0) { x, _ in x }
            }
        }
    }

    /// 128·130·3 floats are several pieces for every kernel on the way.
    @Test func samples_HaveTheSameBytes_WithOneAndTwoThreads() throws {
        let before = ThreadPool.threads
        defer { ThreadPool.threads = before }
        let schedule = schedules[4]
        let samplers: [any Sampler] = [DDPMSampler(schedule: schedule), try DDIMSampler(schedule: schedule, count: 6, eta: 0.7)]
        for sampler in samplers {
            var samples: [[UInt32]] = []
            for threads in [1, 2, 1] {
                ThreadPool.threads = threads
                let sample = try sampler.sample(shape: Shape(1, 128, 130, 3), seed: 12, predictor: toy.predictor(schedule))
                samples.append(sample.values.map(\.bitPattern))
            }
            #expect(samples[0] == samples[1])
            #expect(samples[0] == samples[2])
        }
    }

    @Test func seeds_GiveDifferentSamples() throws {
        let sampler = try DDIMSampler(schedule: schedules[4], count: 4)
        let samples = try (0..<8).map { seed in
            try sampler.sample(shape: shape, seed: seed, predictor: toy.predictor(schedules[4])).values
        }
        #expect(Set(samples).count == 8)
    }
}
