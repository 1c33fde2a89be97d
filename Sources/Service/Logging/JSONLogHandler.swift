import Foundation
import Logging

/// Writes a JSON object a line (RFC 8259), for programs that collect logs: time, level, message, and beside them the metadata.
///
/// Numbers and booleans stay what they are. Metadata that is named like one of the three has its name prefixed by "metadata.".
public struct JSONLogHandler: LogHandler {
    public var logLevel = Logger.Level.info
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private let write: @Sendable (Data) -> Void

    /// - Parameter write: takes whole lines, line break included; called from any thread.
    public init(_ write: @escaping @Sendable (Data) -> Void) { self.write = write }

    /// To standard error, a line at a time; what cannot be written is lost, and the program goes on.
    public static func standardError() -> JSONLogHandler {
        JSONLogHandler { try? FileHandle.standardError.write(contentsOf: $0) }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var merged = metadata
        for more in [metadataProvider?.get(), event.metadata] { merged.merge(more ?? [:]) { $1 } }
        write(Self.line(time: Date(), level: event.level, message: event.message, metadata: merged))
    }

    /// The members in a fixed order: time, level, message, then the metadata by name.
    static func line(time: Date, level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata) -> Data {
        let own: [(String, Value)] = [
            ("time", .text(time.timestamp)), ("level", .text(level.rawValue)), ("message", .text("\(message)")),
        ]
        let names = Set(own.map(\.0))
        let rest = metadata.sorted { $0.key < $1.key }.map { (names.contains($0.key) ? "metadata." + $0.key : $0.key, Value($0.value)) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        func json(_ value: some Encodable) -> String { (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null" }
        let members = (own + rest).map { json($0.0) + ":" + json($0.1) }
        return Data(("{" + members.joined(separator: ",") + "}\n").utf8)
    }
}

/// A value of a log's metadata as JSON.
private indirect enum Value: Encodable {
    case text(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case list([Value])
    case members([String: Value])

    init(_ value: Logger.Metadata.Value) {
        switch value {
        case .string(let text): self = .text(text)
        case .stringConvertible(let value as any BinaryInteger): self = .integer(Int(clamping: value))
        case .stringConvertible(let value as Double) where value.isFinite: self = .number(value)
        case .stringConvertible(let value as Bool): self = .boolean(value)
        case .stringConvertible(let value): self = .text("\(value)")
        case .array(let values): self = .list(values.map(Value.init))
        case .dictionary(let members): self = .members(members.mapValues(Value.init))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .boolean(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .members(let members): try container.encode(members)
        }
    }
}
