import Testing

@testable import Tensors

struct PhiloxTests {
    struct KnownAnswer: Sendable {
        /// The counter's words, least significant first: position, then stream.
        let counter: [UInt32]
        /// The key's words, least significant first.
        let key: [UInt32]
        let block: [UInt32]
    }

    /// `philox4x32 10` of the known-answer file of Random123 (Salmon et al. 2011).
    static let knownAnswers = [
        KnownAnswer(
            counter: [0, 0, 0, 0], key: [0, 0],
            block: [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
        KnownAnswer(
            counter: [.max, .max, .max, .max], key: [.max, .max],
            block: [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
        KnownAnswer(
            counter: [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], key: [0xa409_3822, 0x299f_31d0],
            block: [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]),
    ]

    private func joined(_ low: UInt32, _ high: UInt32) -> UInt64 { UInt64(high) << 32 | UInt64(low) }

    @Test(arguments: knownAnswers)
    func block_IsThePublishedOne(_ answer: KnownAnswer) {
        let block = Philox.block(
            seed: joined(answer.key[0], answer.key[1]), stream: joined(answer.counter[2], answer.counter[3]),
            position: joined(answer.counter[0], answer.counter[1]))
        #expect([block.x, block.y, block.z, block.w] == answer.block)
    }

    @Test func next_IsTheLowerHalfOfTheBlock_AndStepsTheCounter() {
        var source = Philox(seed: 0)
        #expect(source.next() == 0xe169_c58d_6627_e8d5)
        #expect(source.position == 1)
        var resumed = Philox(seed: 0, position: 1)
        #expect(source.next() == resumed.next())
    }

    @Test func next_WrapsAroundAtTheCountersEnd() {
        var source = Philox(seed: 3, stream: 5, position: .max)
        _ = source.next()
        #expect(source == Philox(seed: 3, stream: 5, position: 0))
    }

    /// Every prefix of a draw is the draw of the prefix, and the counter moves by whole blocks.
    @Test func normal_DependsOnThePositionAlone() {
        var whole = Philox(seed: 9, stream: 2)
        let values = whole.normal(.vector(100_003)).values
        #expect(whole.position == 25_001)
        for count in [1, 2, 3, 4, 5, 8_193] {
            var part = Philox(seed: 9, stream: 2)
            #expect(part.normal(.vector(count)).values == Array(values[..<count]))
        }
        var later = Philox(seed: 9, stream: 2, position: 1_000)
        #expect(later.normal(.vector(64)).values == Array(values[4_000..<4_064]))
    }

    @Test func normal_DiffersBetweenSeedsAndStreams() {
        var sources = [Philox(seed: 1), Philox(seed: 2), Philox(seed: 1, stream: 1), Philox(seed: 1 << 32, stream: 0)]
        let draws = Set(sources.indices.map { sources[$0].normal(.vector(16)).values })
        #expect(draws.count == sources.count)
    }

    /// The sample moments of n draws lie within five standard errors: Var(z) = 1, Var(z²) = 2, Var(z³) = 15, Var(z⁴) = 96.
    @Test(arguments: [0, 42, .max] as [UInt64])
    func normal_HasTheMomentsOfTheNormalDistribution(seed: UInt64) {
        var source = Philox(seed: seed, stream: 7)
        let n = 1 << 20
        let values = source.normal(.vector(n)).values.map(Double.init)
        for (power, mean, variance) in [(1, 0.0, 1.0), (2, 1, 2), (3, 0, 15), (4, 3, 96)] {
            let moment = values.reduce(0) { sum, z in sum + (0..<power).reduce(1) { product, _ in product * z } } / Double(n)
            #expect(abs(moment - mean) < 5 * (variance / Double(n)).squareRoot(), "power \(power)")
        }
    }

    /// How many of n draws exceed k in magnitude is binomial with the two-sided tail's probability.
    @Test func normal_HasTheTailsOfTheNormalDistribution() {
        var source = Philox(seed: 11)
        let n = 1 << 21
        let values = source.normal(.vector(n)).values
        for (limit, tail) in [(Float(1), 0.317_310_507_863), (2, 0.045_500_263_896), (3, 0.002_699_796_063), (4, 6.334_248_37e-5)] {
            let upper = values.count { $0 > limit }
            let lower = values.count { $0 < -limit }
            for count in [upper, lower] {
                let expected = Double(n) * tail / 2
                #expect(abs(Double(count) - expected) < 5 * expected.squareRoot(), "beyond \(limit)")
            }
        }
        #expect(values.allSatisfy { $0.isFinite && abs($0) < 6.7 })  // √(−2 ln 2^−32) = 6.66
    }

    /// Box-Muller makes neighbours from one pair of uniforms: they must not tell of each other, nor may their magnitudes.
    @Test func normal_HasUncorrelatedNeighbours() {
        var source = Philox(seed: 5)
        let n = 1 << 20
        let values = source.normal(.vector(n + 4)).values.map(Double.init)
        for lag in 1...4 {
            let products = (0..<n).reduce(0) { $0 + values[$1] * values[$1 + lag] } / Double(n)
            let squares = (0..<n).reduce(0) { sum, i in
                sum + (values[i] * values[i] - 1) * (values[i + lag] * values[i + lag] - 1)
            }
            #expect(abs(products) < 5 / Double(n).squareRoot())
            #expect(abs(squares / Double(n)) < 5 * 2 / Double(n).squareRoot())
        }
    }

    @Test func normal_OfNothing_IsEmpty() {
        var source = Philox(seed: 1)
        #expect(source.normal(Shape(0, 4, 4, 1)).values.isEmpty)
        #expect(source.position == 0)
    }
}
