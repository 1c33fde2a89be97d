/// The fields of a header or trailer section, in order: names match without regard to case and may repeat (RFC 9110 §5).
///
/// All names and values stand in one block of bytes, so that a parsed header costs two allocations however many fields it has;
/// strings are made when asked for.
public struct HeaderFields: Sendable, ExpressibleByDictionaryLiteral {
    private struct Entry: Sendable {
        var name: Range<Int>
        var value: Range<Int>
    }

    private var text: [UInt8] = []
    private var entries: [Entry] = []

    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }

    /// The number of field lines.
    public var count: Int { entries.count }

    public var isEmpty: Bool { entries.isEmpty }

    /// Every field line in order. Complexity: O(bytes).
    public var all: [(name: String, value: String)] {
        entries.map { (string($0.name), string($0.value)) }
    }

    /// The combined value of a field: its lines joined by ", " (RFC 9110 §5.3); nil where it is absent. Setting replaces all lines.
    /// Complexity: O(fields).
    public subscript(name: String) -> String? {
        get {
            let found = values(name)
            return found.isEmpty ? nil : found.count == 1 ? found[0] : found.joined(separator: ", ")
        }
        set {
            remove(name)
            if let newValue { append(name, newValue) }
        }
    }

    /// The value of each line of a field, in order.
    public func values(_ name: String) -> [String] {
        var found: [String] = []
        for entry in entries where matches(entry.name, name) { found.append(string(entry.value)) }
        return found
    }

    public func contains(_ name: String) -> Bool { entries.contains { matches($0.name, name) } }

    /// Adds a line. A name that is no token is left out, and in the value every control character becomes a space (RFC 9110 §5.5), so
    /// that no caller can split a response.
    public mutating func append(_ name: String, _ value: String) {
        reserve(bytes: 128, fields: 4)
        let start = text.count
        text.append(contentsOf: name.utf8)
        let middle = text.count
        guard middle > start, text[start...].allSatisfy(Grammar.isTokenByte) else {
            text.removeSubrange(start...)
            return
        }
        for byte in value.utf8 { text.append(Grammar.isFieldByte(byte) ? byte : 0x20) }
        entries.append(Entry(name: start..<middle, value: middle..<text.count))
    }

    public mutating func remove(_ name: String) {
        if contains(name) { entries = entries.filter { !matches($0.name, name) } }
    }

    /// The elements of a comma-separated field, trimmed, empty ones dropped (RFC 9110 §5.6.1), lowercased: for lists of tokens alone.
    public func tokens(_ name: String) -> [String] {
        guard contains(name) else { return [] }
        return values(name).flatMap { $0.split(separator: ",") }
            .map { $0.trimmingOptionalWhitespace().lowercased() }
            .filter { !$0.isEmpty }
    }

    /// Adds a line that the parser has checked already.
    mutating func append(checkedName name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        reserve(bytes: 384, fields: 12)
        let start = text.count
        text.append(contentsOf: name)
        let middle = text.count
        text.append(contentsOf: value)
        entries.append(Entry(name: start..<middle, value: middle..<text.count))
    }

    /// Has room for a usual section from the first line on: growing to it step by step costs an allocation each.
    private mutating func reserve(bytes: Int, fields: Int) {
        guard entries.isEmpty else { return }
        text.reserveCapacity(bytes)
        entries.reserveCapacity(fields)
    }

    /// Writes every line with its CRLF, but for those whose name `excluding` names.
    func write(to output: inout [UInt8], excluding: (UnsafeRawBufferPointer) -> Bool) {
        text.withUnsafeBytes { bytes in
            for entry in entries {
                let name = UnsafeRawBufferPointer(rebasing: bytes[entry.name])
                if excluding(name) { continue }
                output.append(contentsOf: name)
                output.append(contentsOf: [UInt8(ascii: ":"), 0x20])
                output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[entry.value]))
                output.append(contentsOf: [13, 10])
            }
        }
    }

    /// Calls `body` with every line's name and value as bytes.
    func forEach<Failure: Error>(
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        for entry in entries {
            let result = text.withUnsafeBytes { bytes -> Result<Void, Failure> in
                do throws(Failure) {
                    try body(UnsafeRawBufferPointer(rebasing: bytes[entry.name]), UnsafeRawBufferPointer(rebasing: bytes[entry.value]))
                    return .success(())
                } catch { return .failure(error) }
            }
            try result.get()
        }
    }

    private func string(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }

    private func matches(_ range: Range<Int>, _ name: String) -> Bool {
        let utf8 = name.utf8
        guard range.count == utf8.count else { return false }
        return text.withUnsafeBytes { Grammar.equalsIgnoringCase(UnsafeRawBufferPointer(rebasing: $0[range]), utf8) }
    }
}

extension StringProtocol {
    /// Without leading and trailing OWS (RFC 9110 §5.6.3).
    func trimmingOptionalWhitespace() -> String {
        let utf8 = Array(self.utf8)
        guard let first = utf8.firstIndex(where: { $0 != 0x20 && $0 != 0x09 }),
            let last = utf8.lastIndex(where: { $0 != 0x20 && $0 != 0x09 })
        else { return "" }
        return String(decoding: utf8[first...last], as: UTF8.self)
    }
}
