import Testing

@testable import Diffusion

struct TimestepSpacingTests {
    @Test func timesteps_AreTheExpectedOnes() throws {
        #expect(try TimestepSpacing.trailing.timesteps(4, of: 1000) == [1000, 750, 500, 250])
        #expect(try TimestepSpacing.trailing.timesteps(3, of: 10) == [10, 7, 3])
        #expect(try TimestepSpacing.leading.timesteps(4, of: 1000) == [751, 501, 251, 1])
        #expect(try TimestepSpacing.leading.timesteps(3, of: 10) == [7, 4, 1])
        #expect(try TimestepSpacing.quadratic.timesteps(4, of: 1000) == [1000, 563, 250, 63])
        #expect(try TimestepSpacing.quadratic.timesteps(5, of: 10) == [10, 6, 4, 2, 1])
    }

    @Test(arguments: TimestepSpacing.allCases)
    func timesteps_DescendWithinTheSchedule(_ spacing: TimestepSpacing) throws {
        for steps in Array(1...60) + [1000, 100_000] {
            for count in Set([1, 2, 3, steps / 7, steps / 2, steps - 1, steps]) where count >= 1 && count <= steps {
                let timesteps = try spacing.timesteps(count, of: steps)
                #expect(timesteps.count == count)
                #expect(zip(timesteps, timesteps.dropFirst()).allSatisfy { $0 > $1 })
                #expect(timesteps.last! >= 1)
                #expect(spacing == .leading ? timesteps.last! == 1 : timesteps.first! == steps)
            }
            #expect(try spacing.timesteps(steps, of: steps) == (1...steps).reversed())
        }
    }

    @Test(arguments: TimestepSpacing.allCases, [Int.min, -1, 0, 11, Int.max])
    func count_OutOfRange_IsRefused(_ spacing: TimestepSpacing, count: Int) {
        #expect(throws: DiffusionError.subsequence(count: count, steps: 10)) { try spacing.timesteps(count, of: 10) }
        #expect(throws: DiffusionError.steps(0)) { try spacing.timesteps(count, of: 0) }
    }
}
