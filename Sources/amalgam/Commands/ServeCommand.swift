import ArgumentParser
import Dispatch
import Foundation
import Fusion
import Logging
import Service
import Tensors

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves fusions over HTTP.",
        discussion: "Stops on SIGTERM or SIGINT: accepts no more, finishes or hands back what runs, and exits 0.")

    @Option(help: "A YAML file of settings, as Config/amalgam.yaml; AMALGAM_CONFIG names it too.") var config: String?
    @Flag(help: "Only check the settings and print what is in force, and where each value comes from.") var check = false
    @Option(help: "Address to listen on; without access keys a loopback address.") var host: String?
    @Option(help: "Port; 0 lets the system pick one.") var port: String?
    @Option(help: "Folder of the job store.") var data: String?
    @Option(help: "Jobs that run at once.") var workers: String?
    @Option(help: "Threads of the engine; 0 for all processors.") var threads: String?
    @Option(help: "Jobs that may wait.") var queueCapacity: String?
    @Option(help: "Largest request body in bytes.") var maxBodyBytes: String?
    @Option(help: "Most pixels of one image.") var maxPixels: String?
    @Option(help: "Seconds that finished jobs are kept.") var retentionSeconds: String?
    @Option(help: "Seconds that a stop waits for what is in flight.") var graceSeconds: String?
    @Option(help: "What is served beside the MRI: ct, pet, spect, separated by commas.") var modalities: String?
    @Option(help: "A model file for MRI with CT instead of the shipped one.") var ctModel: String?
    @Option(help: "A model file for MRI with PET.") var petModel: String?
    @Option(help: "A model file for MRI with SPECT.") var spectModel: String?
    @Option(name: .customLong("set"), help: "Any other setting of Config/amalgam.yaml, as NAME=VALUE; may be repeated.")
    var others: [String] = []

    @Option(help: "Folder with mri.png and ct.png, named in the curl line that is printed at the start.") var sample: String?

    private var flags: [String: String] {
        get throws {
            var flags = [
                "host": host, "port": port, "data": data, "workers": workers, "threads": threads, "queue-capacity": queueCapacity,
                "max-body-bytes": maxBodyBytes, "max-pixels": maxPixels, "retention-seconds": retentionSeconds,
                "grace-seconds": graceSeconds, "modalities": modalities, "ct-model": ctModel, "pet-model": petModel,
                "spect-model": spectModel,
            ].compactMapValues(\.self)
            for other in others {
                guard let equals = other.firstIndex(of: "=") else { throw ValidationError("--set takes NAME=VALUE, not \(other)") }
                flags[String(other[..<equals])] = String(other[other.index(after: equals)...])
            }
            return flags
        }
    }

    /// - Throws: `ValidationError` naming the setting that cannot be served with.
    private func settings() async throws -> Settings {
        do {
            return try await Settings(flags: flags, file: config ?? ProcessInfo.processInfo.environment["AMALGAM_CONFIG"])
        } catch let refusal as ServiceConfiguration.Refusal {
            throw ValidationError(refusal.description)
        }
    }

    func run() async throws {
        let settings = try await settings()
        if check { return print(settings.text, terminator: "") }
        let configuration = settings.configuration
        if configuration.threads > 0 { ThreadPool.threads = configuration.threads }
        // Before jobs begin to run: from here on a signal stops them in order.
        let signals = StopSignals()
        if let data = configuration.data { try makeFolder(data, as: "the data folder") }
        let paths = configuration.modelPaths
        let shelf = try naming("a model file, \(paths.values.sorted().joined(separator: " or ")), cannot be read") {
            try ModelShelf(configuration.served, paths: paths)
        }
        let logger = Logger(label: "amalgam") { _ in JSONLogHandler.standardError() }
        let service = try FusionService(configuration, shelf: shelf, logger: logger)
        let address = try await service.start()
        // Written at once, not buffered: scripts wait for the address.
        try FileHandle.standardOutput.write(contentsOf: Data(greeting("http://\(address)").utf8))
        await signals.wait()
        await service.stop()
    }
}

extension ServeCommand {
    /// The address, and where there is a sample pair a line to try.
    private func greeting(_ address: String) -> String {
        var text = "Amalgam listens on \(address)\n"
        if let sample {
            text +=
                "Try in another terminal:\n"
                + "  curl -H 'Prefer: wait=60' -F mri=@\(sample)/mri.png -F ct=@\(sample)/ct.png \(address)/v1/fusions\n"
        }
        return text
    }
}

/// SIGTERM and SIGINT as something to wait for.
private struct StopSignals: @unchecked Sendable {
    private let stream: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        self.stream = stream
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
    }

    func wait() async {
        for await _ in stream { return }
    }
}
