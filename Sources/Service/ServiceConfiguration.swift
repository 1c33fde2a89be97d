import Foundation
import Fusion

/// What a service is told at its start.
public struct ServiceConfiguration: Sendable {
    /// The address to listen on: without access keys, a loopback address.
    public var host = "127.0.0.1"
    /// The port; 0 lets the system pick one.
    public var port = 8080
    /// The file of the job store; nil keeps jobs in memory, for tests.
    public var store: URL?
    /// Jobs that run at once. One job uses all threads of the engine.
    public var workers = 1
    /// Jobs that may wait.
    public var queueCapacity = 1000
    /// The largest body of a request in bytes.
    public var maxBodyBytes = 64 << 20
    /// The most pixels of one image: a fusion takes up to 1 KiB of memory per pixel.
    public var maxPixels = 2048 * 2048
    /// How long a finished job is kept, in seconds.
    public var retentionSeconds = 24 * 3600
    /// The longest `Prefer: wait`, in seconds.
    public var longestWait = 300
    /// How long a stop waits for requests and jobs in flight, in seconds.
    public var graceSeconds = 30

    public init() {}

    /// A setting that the service cannot start with.
    public struct Refusal: Error, CustomStringConvertible {
        public let description: String
    }

    /// Throws `Refusal` for a setting outside its range.
    public func check() throws {
        guard ["127.0.0.1", "::1"].contains(host) else {
            throw Refusal(
                description: "host is \(host): without access keys only a loopback address is served (127.0.0.1 or ::1); "
                    + "put a reverse proxy with authentication in front")
        }
        let ranges: [(String, Int, ClosedRange<Int>)] = [
            ("port", port, 0...65535), ("workers", workers, 1...64), ("queue-capacity", queueCapacity, 1...1_000_000),
            ("max-body-bytes", maxBodyBytes, 1024...(1 << 31)), ("max-pixels", maxPixels, 256...(1 << 28)),
            ("retention-seconds", retentionSeconds, 1...31_536_000), ("grace-seconds", graceSeconds, 0...3600),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw Refusal(description: "\(name) is \(value): it must be from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
