import Foundation
import TestSupport
import Testing

@testable import Jobs

/// What is erased is gone from every file, whatever was stored and erased around it.
@Suite struct ErasureTests {
    /// Bytes that tell whose they are wherever one looks.
    private func marked(_ number: Int, count: Int) -> Data {
        Data(String(repeating: "<\(number + 1_000_000)>", count: count / 9 + 1).utf8.prefix(count))
    }

    /// The numbers of the jobs that any file of the folder has a piece of.
    private func traces(in folder: TemporaryFolder) throws -> Set<Int> {
        var numbers = Set<Int>()
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let bytes = try [UInt8](Data(contentsOf: URL(filePath: folder.path + "/" + name)))
            var start = 0
            while let open = bytes[start...].firstIndex(of: 0x3C), open + 9 <= bytes.count {
                start = open + 1
                guard bytes[open + 8] == 0x3E, let number = Int(String(decoding: bytes[(open + 1)..<(open + 8)], as: UTF8.self)) else {
                    continue
                }
                numbers.insert(number - 1_000_000)
            }
        }
        return numbers
    }

    /// Small rows share pages, which SQLite rearranges as they come and go.
    @Test(arguments: 0..<2 as Range<UInt64>) func erasedJobs_LeaveNoTrace_InARandomHistory(_ seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let store = try JobStore.make(.file(folder.store), clock: clock) { $0.retention = .seconds(100) }
        try store.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = OFF") }
        let sizes = [20, 400, 900, 1500, 6000, 20_000]
        func any(_ number: Int) -> Data { marked(number, count: sizes.randomElement(using: &random)!) }
        func text(_ number: Int) -> String { String(decoding: marked(number, count: 9 * .random(in: 1..<40, using: &random)), as: UTF8.self) }
        var kept: [Int: Job.ID] = [:]
        for number in 0..<300 {
            let request = JobRequest.make(
                parameters: text(number), inputs: ["mri": any(number), "ct": any(number)], key: Bool.random(using: &random) ? text(number) : nil)
            kept[number] = try store.submitOne(request).id
            if Int.random(in: 0..<4, using: &random) > 0 {
                _ = try store.complete(store.claimOne().lease, with: JobOutput(result: any(number), outputs: ["fused": any(number)]))
            } else {
                try store.cancel(kept[number]!)
            }
            clock.advance(.seconds(1))
            if Bool.random(using: &random), let gone = kept.keys.sorted().randomElement(using: &random) {
                try store.delete(kept.removeValue(forKey: gone)!)
            }
            if number % 50 == 49 {
                #expect(try traces(in: folder) == Set(kept.keys), "after DELETE")
                try store.sweep()
                kept = kept.filter { $0.key > number - 99 }
                #expect(try traces(in: folder) == Set(kept.keys), "after expiry")
            }
        }
    }
}
