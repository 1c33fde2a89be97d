import Crypto
import Foundation

/// What the store keeps of an idempotency key: enough to know it again. A key may hold what must be erasable, and rows of a table are not.
enum IdempotencyDigest {
    /// SHA-256 (FIPS 180-4) of owner and key: equal keys of two owners have nothing in common.
    static func of(_ key: String, owner: String?) -> Data {
        Data(SHA256.hash(data: Data("\(owner ?? "")\0\(key)".utf8)))
    }
}

extension JobRequest {
    var idempotencyDigest: Data? { idempotencyKey.map { IdempotencyDigest.of($0, owner: owner) } }
}
