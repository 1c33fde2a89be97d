/// What the client would like (RFC 7240): a preference that is malformed or not known is as if it were not there (§2).
public struct Preferences: Sendable, Equatable {
    /// `wait`: how many seconds the client will wait for an answer (RFC 7240 §4.3).
    public var wait: Int?
    /// `respond-async`: the client takes 202 rather than wait (RFC 7240 §4.1).
    public var respondAsync = false

    public init(_ headers: HeaderFields) {
        var seen: Set<String> = []
        for text in headers.values("Prefer").flatMap(Self.elements) {
            var scanner = FieldScanner(text)
            scanner.skipWhitespace()
            guard let name = scanner.token()?.lowercased() else { continue }
            // Of a preference that comes twice, the first counts (§2).
            guard seen.insert(name).inserted else { continue }
            scanner.skipWhitespace()
            var value = ""
            if scanner.take(UInt8(ascii: "=")) {
                scanner.skipWhitespace()
                value = scanner.quotedString() ?? scanner.token() ?? ""
            }
            switch name {
            case "respond-async": respondAsync = true
            case "wait": if value.utf8.allSatisfy(Grammar.isDigit), value.utf8.count <= 9 { wait = Int(value) }
            default: break
            }
        }
    }

    /// The elements of a list, not split at a comma within quotes.
    private static func elements(_ field: String) -> [String] {
        var elements = [""]
        var (isQuoted, isEscaped) = (false, false)
        for scalar in field.unicodeScalars {
            if scalar == "," && !isQuoted {
                elements.append("")
                continue
            }
            if scalar == "\"" && !isEscaped { isQuoted.toggle() }
            isEscaped = scalar == "\\" && isQuoted && !isEscaped
            elements[elements.count - 1].unicodeScalars.append(scalar)
        }
        return elements
    }
}

extension Request {
    /// The Prefer field, read.
    public var preferences: Preferences { Preferences(headers) }
}
