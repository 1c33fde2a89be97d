/// A validator of a representation (RFC 9110 §8.8.3).
public struct EntityTag: Sendable, Equatable, CustomStringConvertible {
    public let opaque: String
    public let isWeak: Bool

    /// - Precondition: etagc alone: visible ASCII without the double quote.
    public init(_ opaque: String, isWeak: Bool = false) {
        precondition(opaque.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 }, "an entity tag holds visible ASCII")
        (self.opaque, self.isWeak) = (opaque, isWeak)
    }

    public var description: String { (isWeak ? "W/\"" : "\"") + opaque + "\"" }

    /// Strong comparison: neither is weak (RFC 9110 §8.8.3.2).
    func matchesStrongly(_ other: EntityTag) -> Bool { opaque == other.opaque && !isWeak && !other.isWeak }

    /// Weak comparison: the opaque parts alone (RFC 9110 §8.8.3.2).
    func matchesWeakly(_ other: EntityTag) -> Bool { opaque == other.opaque }
}

/// What If-Match and If-None-Match name: tags, or whatever there is (RFC 9110 §13.1.1, §13.1.2).
enum EntityTagList: Equatable {
    case any
    case tags([EntityTag])

    /// Reads a field's combined value; nil where it breaks the grammar.
    init?(_ field: String) {
        if field == "*" {
            self = .any
            return
        }
        var tags: [EntityTag] = []
        var rest = Array(field.utf8)[...]
        func isSeparator(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == UInt8(ascii: ",") }
        while true {
            rest = rest.drop(while: isSeparator)
            guard !rest.isEmpty else { break }
            let isWeak = rest.starts(with: "W/".utf8)
            if isWeak { rest = rest.dropFirst(2) }
            guard rest.popFirst() == 0x22, let end = rest.firstIndex(of: 0x22) else { return nil }
            // obs-text is allowed in a tag; no tag of ours has it, so such a one matches nothing (RFC 9110 §8.8.3).
            let opaque = rest[..<end]
            guard opaque.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
            if opaque.allSatisfy({ $0 < 0x7F }) { tags.append(EntityTag(String(decoding: opaque, as: UTF8.self), isWeak: isWeak)) }
            rest = rest[(end + 1)...]
            guard rest.first.map(isSeparator) ?? true else { return nil }
        }
        self = .tags(tags)
    }

    func contains(_ tag: EntityTag, by matches: (EntityTag, EntityTag) -> Bool) -> Bool {
        switch self {
        case .any: true
        case .tags(let tags): tags.contains { matches($0, tag) }
        }
    }
}
