import Foundation
import Testing

@testable import Diffusion

struct NoiseScheduleTests {
    @Test func linear_RunsFromStartToEnd() throws {
        let schedule = try NoiseSchedule(.linear(start: 1e-4, end: 2e-2), steps: 1000)
        #expect(schedule.betas[1] == 1e-4)
        #expect(abs(schedule.betas[1000] - 2e-2) < 1e-17)
        for t in 2...1000 { #expect(abs(schedule.betas[t] - schedule.betas[t - 1] - 1.99e-2 / 999) < 1e-16) }
        // ∏(1 − β_t) by logarithms; the well-known end of the schedule of Ho et al. is 4.04e-5.
        let product = exp((1...1000).reduce(0.0) { $0 + log1p(-(1e-4 + 1.99e-2 * Double($1 - 1) / 999)) })
        #expect(abs(schedule.alphaBars[1000] / product - 1) < 1e-11)
        #expect(abs(schedule.alphaBars[1000] - 4.04e-5) < 5e-8)
    }

    /// The cosine schedule in its plainest form: quotients of squared cosines, clipped, against the code's sines.
    @Test(arguments: [10, 25, 1000, 4000])
    func cosine_HasTheQuotientsOfSquaredCosines(steps: Int) throws {
        let schedule = try NoiseSchedule(.cosine(), steps: steps)
        let f = { (t: Int) in pow(cos((Double(t) / Double(steps) + 0.008) / 1.008 * .pi / 2), 2) }
        for t in 1...steps {
            #expect(abs(schedule.betas[t] - min(0.999, 1 - f(t) / f(t - 1))) < 1e-12)
        }
        // Where nothing has been clipped yet the product telescopes to f(t)/f(0).
        let middle = steps / 2
        #expect(abs(schedule.alphaBars[middle] - f(middle) / f(0)) < 1e-12)
        #expect(schedule.betas[steps] == 0.999)
    }

    @Test(arguments: schedules)
    func coefficients_ObeyTheirDefinitions(_ schedule: NoiseSchedule) {
        #expect(schedule.alphaBars[0] == 1 && schedule.betas[0] == 0 && schedule.noiseVariances[0] == 0)
        for values in [schedule.betas, schedule.alphas, schedule.alphaBars, schedule.noiseVariances, schedule.posteriorVariances] {
            #expect(values.count == schedule.steps + 1)
        }
        var product = 1.0
        for t in 1...schedule.steps {
            product *= 1 - schedule.betas[t]
            #expect(schedule.alphas[t] == 1 - schedule.betas[t])
            #expect(abs(schedule.alphaBars[t] / product - 1) < 1e-12)
            #expect(schedule.alphaBars[t] < schedule.alphaBars[t - 1])
            #expect(abs(schedule.noiseVariances[t] + schedule.alphaBars[t] - 1) < 1e-12)
            #expect(schedule.posteriorVariances[t] < schedule.betas[t])
        }
        #expect(schedule.posteriorVariances[1] == 0)
        #expect(schedule.noiseVariances[1] == schedule.betas[1])
    }

    @Test(arguments: [Int.min, -1, 0, 100_001, Int.max])
    func steps_OutOfRange_AreRefused(steps: Int) {
        #expect(throws: DiffusionError.steps(steps)) { try NoiseSchedule(.cosine(), steps: steps) }
    }

    @Test(arguments: [0, 1, -1e-4, 1.5, .infinity, -.infinity])
    func beta_OutOfRange_IsRefused(beta: Double) {
        #expect(throws: DiffusionError.beta(beta)) { try NoiseSchedule(.linear(start: beta, end: 0.5), steps: 10) }
        #expect(throws: DiffusionError.beta(beta)) { try NoiseSchedule(.linear(start: 0.5, end: beta), steps: 10) }
        #expect(throws: DiffusionError.beta(beta)) { try NoiseSchedule(.cosine(maximumBeta: beta), steps: 10) }
    }

    @Test func notANumber_IsRefused() {
        #expect(throws: DiffusionError.self) { try NoiseSchedule(.linear(start: .nan, end: 0.5), steps: 10) }
        #expect(throws: DiffusionError.self) { try NoiseSchedule(.linear(start: 0.5, end: .nan), steps: 10) }
        #expect(throws: DiffusionError.self) { try NoiseSchedule(.cosine(offset: .nan), steps: 10) }
        #expect(throws: DiffusionError.self) { try NoiseSchedule(.cosine(offset: 0.008, maximumBeta: .nan), steps: 10) }
    }

    @Test func offset_OutOfRange_IsRefused() {
        for offset in [-0.1, .infinity] {
            #expect(throws: DiffusionError.offset(offset)) { try NoiseSchedule(.cosine(offset: offset), steps: 10) }
        }
    }

    @Test func scheduleWithoutSignalOrNoise_IsRefused() throws {
        // 0.05^24 is the first power below 1e-30.
        #expect(throws: DiffusionError.degenerate(timestep: 24)) { try NoiseSchedule(.linear(start: 0.95, end: 0.95), steps: 50) }
        #expect(throws: DiffusionError.degenerate(timestep: 1)) { try NoiseSchedule(.linear(start: 1e-40, end: 0.1), steps: 50) }
    }

    @Test(arguments: schedules)
    func description_SurvivesJSON(_ schedule: NoiseSchedule) throws {
        let data = try JSONEncoder().encode(schedule)
        #expect(data.count < 200)
        let decoded = try JSONDecoder().decode(NoiseSchedule.self, from: data)
        #expect(decoded == schedule)
        #expect(decoded.alphaBars == schedule.alphaBars)
    }

    @Test(arguments: [
        #"{"kind":{"linear":{"start":1e-4,"end":2e-2}},"steps":0}"#,
        #"{"kind":{"linear":{"start":1e-4,"end":2e-2}},"steps":1000000000000}"#,
        #"{"kind":{"linear":{"start":1e-4,"end":2}},"steps":1000}"#,
        #"{"kind":{"cosine":{"offset":-1,"maximumBeta":0.999}},"steps":1000}"#,
        #"{"kind":{"cubic":{}},"steps":1000}"#,
        #"{"steps":1000}"#,
    ])
    func description_OutOfRange_IsCorrupted(json: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(NoiseSchedule.self, from: Data(json.utf8)) }
    }

    @Test func schedules_AreEqual_WhenTheirDescriptionsAre() throws {
        for (i, a) in schedules.enumerated() {
            for (j, b) in schedules.enumerated() { #expect((a == b) == (i == j)) }
        }
    }
}
