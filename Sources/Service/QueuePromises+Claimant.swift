import Crypto
import Foundation
import HTTP

extension QueuePromises {
    /// What a request can be known by when it returns, before its body is read: where it comes from, its key, what its client calls it, and
    /// how long it is, as pairs of pictures are hardly ever of one length. A digest of all that, which gives no key away.
    struct Claimant: Sendable, Equatable {
        private let digest: SIMD2<UInt64>

        init(_ request: Request) {
            let fields = ["Authorization", "Idempotency-Key", "Content-Length"].map { request.headers[$0] ?? "" }
            let hash = SHA256.hash(data: Data(([request.remoteAddress] + fields).joined(separator: "\n").utf8))
            // Half of it is enough to tell some thousands apart.
            digest = hash.withUnsafeBytes { $0.loadUnaligned(as: SIMD2<UInt64>.self) }
        }
    }
}
