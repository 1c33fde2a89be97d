import Foundation

/// Programs of others that some tests ask; without them those tests say that they are skipped.
enum Tool: String {
    case promtool, chromium

    /// Its file, found by PATH.
    var path: String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.map { "\($0)/\(rawValue)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    var isInstalled: Bool { path != nil }
}
