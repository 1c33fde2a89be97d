import Tensors
import TestSupport
import Testing

/// Draws do not depend on how they are asked for: in one piece or in parts, from a fresh generator or a saved position.
struct PhiloxOrderTests {
    @Test func parts_MakeTheWhole() {
        var whole = Philox(seed: 3, stream: 9)
        let expected = whole.normal(.vector(50_000)).values
        var parts = Philox(seed: 3, stream: 9)
        // A part of four numbers a block: parts of whole blocks join without a gap.
        let joined = [4, 8, 1_000, 40_000, 8_988].flatMap { parts.normal(.vector($0)).values }
        #expect(joined == expected)
        #expect(parts == whole)
    }

    @Test func brokenBlock_IsDropped() {
        var generator = Philox(seed: 1)
        let first = generator.normal(.vector(5)).values
        #expect(generator.position == 2)
        var again = Philox(seed: 1)
        #expect(again.normal(.vector(8)).values.prefix(5).elementsEqual(first))
        #expect(again == generator)
    }

    @Test func position_ResumesTheStream() {
        var generator = Philox(seed: 7, stream: 1)
        _ = generator.normal(.vector(333))
        _ = generator.next()
        var resumed = Philox(seed: 7, stream: 1, position: generator.position)
        #expect(resumed.normal(.vector(100)).values == generator.normal(.vector(100)).values)
    }

    @Test func streamsAndSeeds_Differ() {
        let draws = [(1, 0), (1, 1), (2, 0), (1 << 32, 0), (1, 1 << 32)].map { (seed: UInt64, stream: UInt64) in
            Tensor.random(.vector(16), seed: seed, stream: stream).values
        }
        #expect(Set(draws).count == draws.count)
    }

    /// Mean, variance and fourth moment of 200,000 draws within 5 standard errors of 0, 1 and 3.
    @Test func draws_AreNormal() {
        let x = Tensor.random(.vector(200_000), seed: 11).values.map(Double.init)
        let n = Double(x.count)
        #expect(abs(x.reduce(0, +) / n) < 5 / n.squareRoot())
        #expect(abs(x.reduce(0) { $0 + $1 * $1 } / n - 1) < 5 * (2 / n).squareRoot())
        #expect(abs(x.reduce(0) { $0 + $1 * $1 * $1 * $1 } / n - 3) < 5 * (96 / n).squareRoot())
        #expect(x.allSatisfy { $0.isFinite })
    }
}
