import Foundation
import Testing

/// What a server answered.
struct Answer: Sendable {
    let status: Int
    /// By lower-case name.
    let headers: [String: String]
    let body: Data

    /// Whether all of the announced body came.
    var isWhole: Bool { headers["content-length"] == "\(body.count)" }
    /// The body as JSON, null where it is none.
    var json: JSON { (try? JSON(body)) ?? .null }
    /// The id of the job that it describes.
    var id: String { json["id"].text ?? "(no id)" }
    var state: String { json["state"].text ?? "(no state)" }
}

/// One request by curl.
///
/// - Parameter arguments: of curl, the address included.
func curl(_ arguments: [String], in folder: Folder) async throws -> Answer {
    let (head, body) = (folder.fresh("head"), folder.fresh("body"))
    let fixed = ["curl", "-sS", "--max-time", "90", "--noproxy", "*", "-D", head.path, "-o", body.path]
    let outcome = try await Program(URL(filePath: "/usr/bin/env"), fixed + arguments, in: folder).outcome()
    let text = String(decoding: (try? Data(contentsOf: head)) ?? Data(), as: UTF8.self)
    // The last head is the answer's: those before it are of status 1xx.
    let lines = text.components(separatedBy: "\r\n\r\n").last { !$0.isEmpty }?.components(separatedBy: "\r\n") ?? []
    guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
        throw Impatience(description: "no answer to \(arguments): \(outcome.error)")
    }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
    }
    return Answer(status: status, headers: headers, body: (try? Data(contentsOf: body)) ?? Data())
}
