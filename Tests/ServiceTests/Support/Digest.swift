import Foundation
import Testing

/// SHA-256 of a file by a program that is not ours.
func sha256sum(_ path: String, in folder: Folder) async throws -> String {
    let outcome = try await Program(URL(filePath: "/usr/bin/env"), ["sha256sum", path], in: folder).outcome()
    return try String(#require(outcome.output.split(separator: " ").first))
}
