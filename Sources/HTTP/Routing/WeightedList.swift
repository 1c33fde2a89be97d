/// A list whose elements carry weights, as in `text/html;q=0.8, */*;q=0.1` (RFC 9110 §12.4.2).
struct WeightedList {
    struct Element {
        /// In lower case, without its parameters.
        let value: String
        /// 0 to 1000: thousandths.
        let weight: Int
    }

    private(set) var elements: [Element] = []

    /// Reads a field's combined value. An element that breaks the grammar is left out: the field is advice.
    init(_ field: String) {
        for text in field.split(separator: ",") {
            let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmingOptionalWhitespace().lowercased() }
            guard !parts[0].isEmpty else { continue }
            let weights = parts.dropFirst().filter { $0.hasPrefix("q=") }.map { Self.weight($0.dropFirst(2)) }
            guard weights.count <= 1, let weight = weights.first ?? 1000 else { continue }
            elements.append(Element(value: parts[0], weight: weight))
        }
    }

    /// qvalue: 0 to 1 with up to three digits behind the point (RFC 9110 §12.4.2).
    private static func weight(_ text: Substring) -> Int? {
        let bytes = Array(text.utf8)
        guard (1...5).contains(bytes.count), bytes[0] == 0x30 || bytes[0] == 0x31, bytes.count == 1 || bytes[1] == UInt8(ascii: "."),
            bytes.dropFirst(2).allSatisfy(Grammar.isDigit)
        else { return nil }
        let digits = bytes.dropFirst(2) + [UInt8](repeating: 0x30, count: 3 - bytes.dropFirst(2).count)
        let thousandths = digits.reduce(Int(bytes[0] - 0x30)) { $0 * 10 + Int($1 - 0x30) }
        return thousandths <= 1000 ? thousandths : nil
    }

    /// The weight of the first pattern that the list names; nil where it names none.
    func weight(ofFirst patterns: [String]) -> Int? {
        for pattern in patterns {
            if let element = elements.first(where: { $0.value == pattern }) { return element.weight }
        }
        return nil
    }
}

extension Request {
    /// Which of these media types to answer with: the one that Accept weighs most, the earlier of equals (RFC 9110 §12.5.1). Put
    /// "Vary: Accept" into an answer that depends on it.
    ///
    /// - Parameter available: types without parameters, such as "application/json".
    /// - Throws: `Problem` 406 with the members `available` where the client accepts none (RFC 9110 §15.5.7).
    public func negotiate(_ available: [String]) throws -> String {
        guard let field = headers["Accept"], let first = available.first else { return available.first ?? "*/*" }
        let list = WeightedList(field)
        // A field without one sound element says nothing.
        guard !list.elements.isEmpty else { return first }
        var best: (type: String, weight: Int)?
        for type in available {
            // The most specific range counts, whatever the order.
            let range = String(type.prefix { $0 != "/" }) + "/*"
            let weight = list.weight(ofFirst: [type.lowercased(), range.lowercased(), "*/*"]) ?? 0
            if weight > best?.weight ?? 0 { best = (type, weight) }
        }
        guard let best else {
            throw Problem(
                .notAcceptable, detail: "Accept one of \(available.joined(separator: ", ")) (RFC 9110 §15.5.7).",
                members: ["available": .array(available.map(Problem.Value.string))], headers: ["Vary": "Accept"])
        }
        return best.type
    }

    /// Whether the client takes gzip and does not like the plain bytes better (RFC 9110 §12.5.3).
    var acceptsGzip: Bool {
        guard let field = headers["Accept-Encoding"] else { return false }
        let list = WeightedList(field)
        let gzip = list.weight(ofFirst: ["gzip", "x-gzip", "*"]) ?? 0
        return gzip > 0 && gzip >= list.weight(ofFirst: ["identity"]) ?? 0
    }
}
