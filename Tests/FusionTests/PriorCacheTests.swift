import Foundation
import Imaging
import Tensors
import Testing

@testable import Fusion

@Suite("Cache of the prior")
struct PriorCacheTests {
    private let first = PriorSamples.noise(5, 3, seed: 1)
    private let second = PriorSamples.noise(5, 3, seed: 2)
    private var cache: PriorCache { PriorCache(first: first, second: second, recipe: "test") }
    private var candidates: [PriorCandidate] {
        [
            PriorCandidate(name: "maximum", score: 1.25, plane: MaximumRule().fuse(first, second)),
            PriorCandidate(name: "½ größer 融合", score: -.infinity, plane: GuidedFilterRule().fuse(first, second)),
        ]
    }

    @Test func candidates_ComeBackBitByBit() throws {
        let data = try cache.encoded(candidates)
        #expect(try cache.decoded(data) == candidates)
        #expect(try cache.encoded(candidates) == data)
        #expect(try cache.decoded(cache.encoded([])).isEmpty)
        #expect(data.count == 32 + (4 + 7 + 8 + 60) + (4 + candidates[1].name.utf8.count + 8 + 60) + 8)
    }

    @Test func otherSourcesOrRecipes_MakeItStale() throws {
        let data = try cache.encoded(candidates)
        var touched = first
        touched.values[7] = touched.values[7].nextUp
        let rotated = (Plane(width: 3, height: 5, values: first.values), Plane(width: 3, height: 5, values: second.values))
        for other in [
            PriorCache(first: touched, second: second, recipe: "test"),
            PriorCache(first: second, second: first, recipe: "test"),
            PriorCache(first: first, second: second, recipe: "other"),
            PriorCache(first: rotated.0, second: rotated.1, recipe: "test"),
        ] {
            #expect(throws: PriorCacheError.stale) { try other.decoded(data) }
        }
    }

    @Test func everyDamage_IsNoticed() throws {
        let data = try cache.encoded(candidates)
        for length in 0..<data.count {
            #expect(throws: PriorCacheError.self) { try cache.decoded(data.prefix(length)) }
        }
        for index in data.indices {
            var wrong = data
            wrong[index] ^= 0x10
            #expect(throws: PriorCacheError.self) { try cache.decoded(wrong) }
        }
        #expect(throws: PriorCacheError.damaged) { try cache.decoded(data + [0]) }
        #expect(throws: PriorCacheError.notACache) { try cache.decoded(Data("PNG or other".utf8)) }
        var newer = data
        newer[8] = 9
        #expect(throws: PriorCacheError.unsupportedVersion(9)) { try cache.decoded(newer) }
    }

    @Test func aCandidateOfAnotherSize_IsRefused() {
        let wrong = PriorCandidate(name: "wrong", score: 0, plane: Plane(width: 2, height: 2))
        #expect(throws: PriorCacheError.unfit("wrong differs in size from the sources")) { try cache.encoded([wrong]) }
    }

    /// A sound checksum does not make sound contents: counts and lengths are still checked.
    @Test func liesUnderAValidChecksum_AreNoticed() throws {
        let data = try cache.encoded(candidates)
        for (offset, name) in [(28, "count"), (32, "length of the first name"), (36, "first byte of the first name")] {
            var wrong = data.dropLast(8)
            wrong[offset] = 0xff
            wrong.append(FNV1a.hash(wrong))
            #expect(throws: PriorCacheError.damaged, "\(name)") { try cache.decoded(Data(wrong)) }
        }
    }

    @Test func theSearch_RunsOnce_AndAgainWhenTheFileIsUseless() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).prior")
        defer { try? FileManager.default.removeItem(at: file) }
        var searches = 0
        func obtain() throws -> [PriorCandidate] {
            try cache.candidates(at: file) {
                searches += 1
                return candidates
            }
        }
        #expect(try obtain() == candidates && obtain() == candidates)
        #expect(searches == 1)
        try Data("junk".utf8).write(to: file)
        #expect(try obtain() == candidates && obtain() == candidates)
        #expect(searches == 2)
        #expect(throws: PriorCacheError.stale) { try PriorCache(first: first, second: second, recipe: "").load(from: file) }
    }

    @Test func fnv1a_MatchesItsPublishedVectors() {
        #expect(FNV1a.hash(Data()) == 0xcbf2_9ce4_8422_2325)
        #expect(FNV1a.hash(Data("a".utf8)) == 0xaf63_dc4c_8601_ec8c)
        #expect(FNV1a.hash(Data("foobar".utf8)) == 0x8594_4171_f739_67e8)
    }
}
