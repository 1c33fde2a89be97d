import Foundation

/// JSON of any shape; what is not there is null.
enum JSON: Decodable, Equatable, Sendable {
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(_ bytes: Data) throws { self = try JSONDecoder().decode(JSON.self, from: bytes) }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    subscript(name: String) -> JSON {
        if case .object(let members) = self { members[name] ?? .null } else { .null }
    }

    var text: String? { if case .string(let value) = self { value } else { nil } }
    var number: Double? { if case .number(let value) = self { value } else { nil } }
    var list: [JSON] { if case .array(let values) = self { values } else { [] } }

    /// Whether two values have one shape and numbers that differ by `tolerance` at most.
    func isClose(to other: JSON, within tolerance: Double) -> Bool {
        switch (self, other) {
        case (.number(let a), .number(let b)): abs(a - b) <= tolerance
        case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.isClose(to: $1, within: tolerance) }
        case (.object(let a), .object(let b)):
            a.keys == b.keys && a.allSatisfy { b[$0.key]!.isClose(to: $0.value, within: tolerance) }
        default: self == other
        }
    }

    /// The numbers in it, at any depth.
    var numbers: [Double] {
        switch self {
        case .number(let value): [value]
        case .array(let values): values.flatMap(\.numbers)
        case .object(let members): members.values.flatMap(\.numbers)
        case .null, .boolean, .string: []
        }
    }
}
