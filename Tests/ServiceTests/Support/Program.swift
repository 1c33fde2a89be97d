import Foundation
import Testing

/// The executable `amalgam`, as it was built beside these tests.
final class Program: Sendable {
    /// Beside the test bundle, which is the running program on Linux and inside the products folder elsewhere.
    static let url: URL = {
        let starts = [URL(filePath: CommandLine.arguments[0]), Bundle.main.bundleURL] + Bundle.allBundles.map(\.bundleURL)
        for start in starts {
            var folder = start.standardizedFileURL
            for _ in 0..<5 {
                folder.deleteLastPathComponent()
                let file = folder.appending(path: "amalgam")
                let isFile = (try? file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true
                if isFile && FileManager.default.isExecutableFile(atPath: file.path) { return file }
            }
        }
        fatalError("no executable amalgam beside \(starts.map(\.path))")
    }()

    /// Runs `amalgam` to its end.
    static func run(_ arguments: String..., in folder: Folder) async throws -> Outcome {
        try await Program(url, arguments, in: folder).outcome()
    }

    let process = Process()
    private let output: URL
    private let error: URL

    /// A process that is not started yet; what it writes goes to files, so that no pipe ever fills up.
    init(_ executable: URL, _ arguments: [String], in folder: Folder) throws {
        (output, error) = (folder.fresh("out"), folder.fresh("err"))
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = folder.url
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try Self.file(output)
        process.standardError = try Self.file(error)
    }

    var written: String { text(output) }
    var complaints: String { text(error) }

    /// Starts the process and waits for its end.
    func outcome() async throws -> Outcome {
        let ended = try start()
        await ended.value
        return Outcome(
            status: process.terminationStatus, isSignal: process.terminationReason == .uncaughtSignal, output: written, error: complaints)
    }

    /// Starts the process.
    ///
    /// - Returns: its end.
    func start() throws -> Task<Void, Never> {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        process.terminationHandler = { _ in continuation.finish() }
        // The files are the process's now: one that stays open here would be one for every request by curl.
        defer { for file in [process.standardOutput, process.standardError] { try? (file as? FileHandle)?.close() } }
        try process.run()
        return Task { for await _ in stream {} }
    }

    private func text(_ url: URL) -> String { (try? Data(contentsOf: url)).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    private static func file(_ url: URL) throws -> FileHandle {
        try Data().write(to: url)
        return try FileHandle(forWritingTo: url)
    }
}

/// How a process ended and what it said.
struct Outcome: Sendable {
    /// The exit code, or the signal that ended it.
    let status: Int32
    let isSignal: Bool
    let output: String
    let error: String

    var hasSucceeded: Bool { status == 0 && !isSignal }
}

/// A folder of a test's own, with everything in it gone when the test is over.
final class Folder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "amalgam-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    subscript(name: String) -> String { url.appending(path: name).path }

    /// A name that nothing has yet.
    func fresh(_ kind: String) -> URL { url.appending(path: "\(UUID().uuidString).\(kind)") }

    func bytes(_ name: String) throws -> Data { try Data(contentsOf: url.appending(path: name)) }

    /// Writes a file; returns its path.
    @discardableResult
    func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        try Data(bytes).write(to: url.appending(path: name))
        return self[name]
    }
}

/// Asks again and again until `value` is there.
func poll<Value>(_ what: String, _ value: () async throws -> Value?) async throws -> Value {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if let value = try await value() { return value }
        try await Task.sleep(for: .milliseconds(10))
    }
    throw Impatience(description: "waited in vain for \(what)")
}

struct Impatience: Error, CustomStringConvertible {
    let description: String
}
