import Foundation

/// A server-sent event as the WHATWG HTML standard has it parsed, section 9.2.6.
struct ServerEvent: Equatable, Sendable {
    var event = ""
    var id: String?
    var data: String?

    var json: JSON { (try? JSON(Data((data ?? "").utf8))) ?? .null }

    /// The events of a stream that is over; an event without data is none.
    static func parse(_ stream: Data) -> [ServerEvent] {
        let blocks = String(decoding: stream, as: UTF8.self).components(separatedBy: "\n\n").dropLast()
        return blocks.compactMap { block in
            var event = ServerEvent()
            for line in block.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                let value = parts.count > 1 ? String(parts[1].trimmingPrefix(" ")) : ""
                switch parts[0] {
                case "event": event.event = value
                case "id": event.id = value
                case "data": event.data = event.data.map { $0 + "\n" + value } ?? value
                default: break
                }
            }
            return event.data == nil ? nil : event
        }
    }
}
