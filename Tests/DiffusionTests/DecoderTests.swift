import Foundation
import Tensors
import Testing

@testable import Diffusion

struct DecoderTests {
    /// The levels' probabilities sum to one wherever the mean lies and however narrow the decoder is.
    @Test(arguments: [1e-6, 1e-4, 1e-2, 1])
    func decoder_IsADistribution(variance: Double) throws {
        for mean in [-1.3, -1, -0.503, 0, 0.2, 1] as [Float] {
            let total = try (0...255).reduce(0.0) { sum, level in
                let origin = Tensor(.vector(1), [Float(level) / 127.5 - 1])
                let bits = try VariationalBound.decoder(origin: origin, estimate: Tensor(.vector(1), [mean]), variance: variance)
                return sum + exp2(-bits)
            }
            // The levels are floats: their edges miss each other by 6e-8, against a deviation of at least 1e-3.
            #expect(abs(total - 1) < 1e-4)
        }
    }

    @Test func decoder_OfAVagueEstimate_IsTheDensityTimesTheWidth() throws {
        let origin = Tensor(.vector(2), [1 / 127.5 * 20, -1 / 127.5 * 60])
        let bits = try VariationalBound.decoder(origin: origin, estimate: Tensor(.vector(2), [0.1, -0.2]), variance: 4)
        let expected = zip(origin.values, [0.1, -0.2]).reduce(0.0) { sum, pair in
            sum - log2(exp(-pow(Double(pair.0) - pair.1, 2) / 8) / (8 * Double.pi).squareRoot() * 2 / 255)
        }
        #expect(abs(bits - expected / 2) < 1e-5)
    }

    /// Against Simpson's rule on the density relative to its value at the nearer edge.
    @Test func logProbability_ReachesFarIntoTheTails() {
        for (a, b) in [(-1.0, 1.0), (0, 0.01), (0.5, 0.7), (4.9, 5.1), (5, 5.5), (12, 12.1), (60, 60.5), (-300, -299.9), (-0.2, 3)] {
            let edge = a * b < 0 ? 0 : min(abs(a), abs(b))
            let n = 20_000
            let h = (b - a) / Double(n)
            let sum = (0...n).reduce(0.0) { sum, i in
                let x = a + h * Double(i)
                let weight = i == 0 || i == n ? 1.0 : (i % 2 == 1 ? 4 : 2)
                return sum + weight * exp(-(abs(x) - edge) * (abs(x) + edge) / 2)
            }
            let expected = log(sum * h / 3) - edge * edge / 2 - 0.5 * log(2 * Double.pi)
            #expect(abs(VariationalBound.logProbability(a, b) - expected) < 1e-9 * max(1, abs(expected)), "\(a)...\(b)")
        }
        #expect(VariationalBound.logProbability(-.infinity, .infinity) == 0)
        #expect(abs(VariationalBound.logProbability(-.infinity, 0) + log(2)) < 1e-15)
        // Q(10) = 7.619853024160527e-24, either side.
        #expect(abs(VariationalBound.logProbability(10, .infinity) / log(7.619853024160527e-24) - 1) < 1e-13)
        #expect(abs(VariationalBound.logProbability(-.infinity, -10) / log(7.619853024160527e-24) - 1) < 1e-13)
    }

    /// β̃_1 = 0 cannot decode: β̃_2 = β_1 β_2/(1 − ᾱ_2) stands for it.
    @Test(arguments: schedules)
    func decoderVariance_IsPositive(_ schedule: NoiseSchedule) {
        #expect(VariationalBound.decoderVariance(schedule: schedule, variance: .beta) == schedule.betas[1])
        let clipped = VariationalBound.decoderVariance(schedule: schedule, variance: .posterior)
        if schedule.steps == 1 {
            #expect(clipped == schedule.betas[1])
        } else {
            let expected = schedule.betas[1] * schedule.betas[2] / (1 - schedule.alphaBars[2])
            #expect(abs(clipped / expected - 1) < 1e-9)
        }
    }
}
