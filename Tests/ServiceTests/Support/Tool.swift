import Foundation

/// Programs of others that some tests ask; without them those tests say that they are skipped.
enum Tool: String {
    case promtool, chromium, chromedriver

    /// Its file, found by PATH.
    var path: String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.map { "\($0)/\(rawValue)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    var isInstalled: Bool { path != nil }

    /// The interpreter that AMALGAM_PYTHON names, where it has the package.
    static func python(with package: String) -> String? {
        guard let path = ProcessInfo.processInfo.environment["AMALGAM_PYTHON"] else { return nil }
        return succeeds(path, ["-c", "import \(package)"]) ? path : nil
    }

    /// Whether a process may mount a file system for itself alone.
    static let canMount = succeeds("/usr/bin/env", ["unshare", "-Urm", "mount", "-t", "tmpfs", "none", "/mnt"])

    private static func succeeds(_ program: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
