import Crypto
import Foundation

/// A key that opens the service to one owner. The secret itself is never stored: a configuration holds its SHA-256, which is enough for a
/// secret of 256 random bits.
public struct AccessKey: Sendable, Equatable {
    /// Whose jobs the key makes and sees; several keys may have one owner.
    public let owner: String
    /// SHA-256 of the secret.
    let digest: [UInt8]
    /// The end of its last day, UTC; nil for a key without end.
    let expires: Date?

    /// Reads a line of the configuration: `owner:sha256`, or `owner:sha256:YYYY-MM-DD` for a key with a last day. Nil for anything else.
    ///
    /// An owner has 1 to 64 letters, digits, dots, dashes and underscores; the digest is hexadecimal.
    public init?(_ line: String) {
        let parts = line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), Self.isOwner(parts[0]), let digest = Self.bytes(hexadecimal: parts[1]) else { return nil }
        (owner, self.digest) = (parts[0], digest)
        guard parts.count == 3 else {
            expires = nil
            return
        }
        guard let end = Self.end(ofDay: parts[2]) else { return nil }
        expires = end
    }

    /// A new key from the system's secure generator.
    ///
    /// - Parameters:
    ///   - owner: see `init(_:)`.
    ///   - lastDay: `YYYY-MM-DD`, UTC.
    /// - Returns: the secret, to be shown once, and the line for the configuration; nil where an argument has not its form.
    public static func make(owner: String, lastDay: String? = nil) -> (secret: String, line: String)? {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let secret = "amalgam_" + bytes.hexadecimal
        let line = ([owner, Self.digest(of: secret).hexadecimal] + [lastDay].compactMap(\.self)).joined(separator: ":")
        return AccessKey(line).map { _ in (secret, line) }
    }

    /// Whether this is the key of a secret with that digest. Takes the same time wherever the two differ.
    func opens(_ digest: [UInt8]) -> Bool {
        zip(self.digest, digest).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0 && digest.count == self.digest.count
    }

    static func digest(of secret: String) -> [UInt8] { Array(SHA256.hash(data: Data(secret.utf8))) }

    private static func isOwner(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5a).contains($0 & 0xdf) || [0x2d, 0x2e, 0x5f].contains($0) }
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard text.utf8.count == 64, digits.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private static func end(ofDay text: String) -> Date? {
        guard text.utf8.count == 10, let start = try? Date(text, strategy: .iso8601.year().month().day()) else { return nil }
        return start.addingTimeInterval(24 * 3600)
    }
}
