/// The content of a request: read it as a sequence of chunks, or collected up to a limit.
///
/// A streamed body passes by once. Reading is what asks the client for more: while a handler does not, at most `Limits.bufferBytes` wait
/// in memory and the socket is left alone, and a client that sent `Expect: 100-continue` is told to go on at the first read
/// (RFC 9110 §10.1.1).
public struct RequestBody: AsyncSequence, Sendable {
    enum Source: Sendable {
        case none
        case bytes([UInt8])
        case channel(BodyChannel)
    }

    let source: Source
    /// The Content-Length, where one was sent (RFC 9110 §8.6).
    public let declaredLength: Int?

    /// No body and no framing that announces one.
    public static let none = RequestBody(source: .none, declaredLength: nil)

    /// A body that is there already.
    public static func bytes(_ bytes: [UInt8]) -> RequestBody { RequestBody(source: .bytes(bytes), declaredLength: bytes.count) }

    init(source: Source, declaredLength: Int?) { (self.source, self.declaredLength) = (source, declaredLength) }

    /// Whether the request announced a body, be it an empty one.
    public var isPresent: Bool {
        if case .none = source { false } else { true }
    }

    /// The whole body. Complexity: O(bytes).
    ///
    /// - Throws: `Problem` 413 for a body over `limit`: by its declared length before a byte is read (RFC 9110 §15.5.14).
    public func collect(upTo limit: Int) async throws -> [UInt8] {
        let tooLarge = Problem(.contentTooLarge, detail: "Keep the body within \(limit) bytes (RFC 9110 §15.5.14).")
        if let declaredLength, declaredLength > limit { throw tooLarge }
        if case .bytes(let bytes) = source { return bytes }
        var collected: [UInt8] = []
        collected.reserveCapacity(declaredLength ?? 0)
        for try await chunk in self {
            guard chunk.count <= limit - collected.count else { throw tooLarge }
            collected += chunk
        }
        return collected
    }

    public func makeAsyncIterator() -> Iterator { Iterator(source: source) }

    public struct Iterator: AsyncIteratorProtocol {
        var source: Source

        public mutating func next() async throws -> [UInt8]? {
            switch source {
            case .none: return nil
            case .bytes(let bytes):
                source = .none
                return bytes.isEmpty ? nil : bytes
            case .channel(let channel): return try await channel.next()
            }
        }
    }
}
