import Foundation
import Synchronization

extension Job {
    /// A job's name: 32 letters and digits, safe in a URL.
    ///
    /// 56 bits of microseconds, then 104 bits from the system's secure generator, in Crockford's base 32. Identifiers of one store
    /// sort in the order of submission, and knowing one does not help to guess another.
    public struct ID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
        public let description: String

        static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
        static let length = 32

        /// Nil unless `text` has the form of an identifier; says nothing about whether such a job exists.
        public init?(_ text: String) {
            guard text.utf8.count == Self.length, text.utf8.allSatisfy(Self.alphabet.contains) else { return nil }
            description = text
        }

        /// - Precondition: `microseconds` fits in 56 bits (until the year 4253).
        init(microseconds: UInt64) {
            precondition(microseconds >> 56 == 0)
            let time = (0..<7).map { UInt8(truncatingIfNeeded: microseconds >> (48 - 8 * $0)) }
            description = Self.base32(time + secureBytes(13))
        }

        /// What the store itself wrote.
        init(stored text: String) {
            description = text
        }

        /// The time it was made from; zero for text that no generator made.
        var microseconds: UInt64 {
            description.utf8.prefix(12).reduce(0 as UInt64) { sum, character in
                sum << 5 | UInt64(Self.alphabet.firstIndex(of: character) ?? 0)
            } >> 4
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            guard let id = try Self(container.decode(String.self)) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a job id")
            }
            self = id
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(description)
        }

        public static func < (left: Self, right: Self) -> Bool { left.description < right.description }

        /// Five bits a character, most significant first. - Precondition: `bytes.count` is a multiple of five.
        private static func base32(_ bytes: [UInt8]) -> String {
            var text: [UInt8] = []
            var (pending, bits) = (0 as UInt32, 0)
            for byte in bytes {
                (pending, bits) = (pending << 8 | UInt32(byte), bits + 8)
                while bits >= 5 {
                    bits -= 5
                    text.append(alphabet[Int(pending >> UInt32(bits)) & 31])
                }
            }
            return String(decoding: text, as: UTF8.self)
        }
    }
}

/// Makes identifiers that only ever rise, whatever the clock does.
final class IDGenerator: Sendable {
    private let latest: Mutex<UInt64>

    init(after last: Job.ID?) {
        latest = Mutex(last?.microseconds ?? 0)
    }

    func next(at time: Date) -> Job.ID {
        latest.withLock { latest in
            latest = max(latest + 1, UInt64(max(0, time.timeIntervalSince1970) * 1e6))
            return Job.ID(microseconds: latest)
        }
    }
}

/// Bytes from the system's cryptographically secure generator.
func secureBytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
}
