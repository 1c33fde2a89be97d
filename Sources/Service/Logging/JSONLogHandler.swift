import Foundation
import HTTP
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
    ///
    /// Written by hand: a line is written for every request, and encoders would take most of the time that a short answer takes.
    static func line(time: Date, level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata) -> Data {
        let own = [("time", time.timestamp), ("level", level.rawValue), ("message", "\(message)")]
        var line = own.map { "\"\($0.0)\":" + JSONText.quoted($0.1) }.joined(separator: ",")
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
            let isTaken = own.contains { $0.0 == name }
            line += "," + JSONText.quoted(isTaken ? "metadata." + name : name) + ":" + json(value)
        }
        return Data("{\(line)}\n".utf8)
    }

    private static func json(_ value: Logger.Metadata.Value) -> String {
        switch value {
        case .string(let text): JSONText.quoted(text)
        case .stringConvertible(let value as any BinaryInteger): "\(value)"
        case .stringConvertible(let value as Double) where value.isFinite: "\(value)"
        case .stringConvertible(let value as Bool): "\(value)"
        case .stringConvertible(let value): JSONText.quoted("\(value)")
        case .array(let values): "[" + values.map(json).joined(separator: ",") + "]"
        case .dictionary(let members):
            "{" + members.sorted { $0.key < $1.key }.map { JSONText.quoted($0.key) + ":" + json($0.value) }.joined(separator: ",") + "}"
        }
    }
}
