import Foundation
import Synchronization

@testable import Jobs

/// A folder of its own for one test, gone with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("jobs-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var store: String { path + "/jobs.sqlite" }

    /// What a power cut would leave at this moment: the database and its log as they are, the lock not held.
    func crashed() throws -> TemporaryFolder {
        let copy = try TemporaryFolder()
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: store + suffix) {
            try FileManager.default.copyItem(atPath: store + suffix, toPath: copy.store + suffix)
        }
        return copy
    }

    /// Whether any file of the folder holds these bytes.
    func holds(_ bytes: Data) throws -> Bool {
        try FileManager.default.contentsOfDirectory(atPath: path).contains {
            try Data(contentsOf: URL(fileURLWithPath: path + "/" + $0)).range(of: bytes) != nil
        }
    }
}

/// Time that moves when it is told to.
final class ManualClock: Sendable {
    private let time = Mutex(Date(milliseconds: 1_800_000_000_000))

    var now: Date { time.withLock { $0 } }

    func advance(_ duration: Duration) {
        time.withLock { $0 = $0 + duration }
    }
}

extension JobStore {
    static func make(
        _ location: Location = .memory, clock: ManualClock? = nil, _ adjust: (inout Configuration) -> Void = { _ in }
    ) throws -> JobStore {
        var configuration = Configuration()
        configuration.retryDelay = .zero
        if let clock { configuration.clock = { clock.now } }
        adjust(&configuration)
        return try JobStore(location, configuration: configuration)
    }

    func submitOne(_ request: JobRequest = .make()) throws -> Job {
        try submit(request).job
    }

    func claimOne() throws -> ClaimedJob {
        try present(claimNext())
    }
}

struct Missing: Error {}

/// The value, or an error.
func present<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Missing() }
    return value
}

extension JobRequest {
    static func make(
        owner: String? = nil, parameters: String = "{}", seed: UInt64 = 7, inputs: [String: Data] = ["mri": Data([1, 2, 3])],
        outcome: [Int] = [100, 100], key: String? = nil
    ) -> JobRequest {
        JobRequest(
            kind: "fusion", owner: owner, parameters: Data(parameters.utf8), seed: seed, inputs: inputs, outcomeBytes: outcome,
            idempotencyKey: key)
    }
}

extension JobOutput {
    static func make(_ fused: Data = Data([9])) -> JobOutput {
        JobOutput(result: Data("{\"qabf\":0.7}".utf8), outputs: ["fused": fused])
    }
}

/// Something that tests wait for: opened once, by anyone.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func open() { semaphore.signal() }

    /// Blocks the calling thread; false after a hundred seconds.
    @discardableResult
    func pass() -> Bool {
        guard semaphore.wait(timeout: .now() + 100) == .success else { return false }
        semaphore.signal()
        return true
    }
}
