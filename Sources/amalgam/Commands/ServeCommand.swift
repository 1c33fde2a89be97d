import ArgumentParser
import Dispatch
import Foundation
import Fusion
import Logging
import Service

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves fusions over HTTP.",
        discussion: "Stops on SIGTERM or SIGINT: accepts no more, finishes or hands back what runs, and exits 0.")

    @Option(help: "Loopback address to listen on.") var host = ServiceConfiguration().host
    @Option(help: "Port; 0 lets the system pick one.") var port = ServiceConfiguration().port
    @Option(help: "Folder of the job store.") var data = "amalgam-data"
    @Option(help: "Jobs that run at once.") var workers = ServiceConfiguration().workers
    @Option(help: "Jobs that may wait.") var queueCapacity = ServiceConfiguration().queueCapacity
    @Option(help: "Largest request body in bytes.") var maxBodyBytes = ServiceConfiguration().maxBodyBytes
    @Option(help: "Most pixels of one image.") var maxPixels = ServiceConfiguration().maxPixels
    @Option(help: "Seconds that finished jobs are kept.") var retentionSeconds = ServiceConfiguration().retentionSeconds
    @Option(help: "Seconds that a stop waits for what is in flight.") var graceSeconds = ServiceConfiguration().graceSeconds
    @Option(name: .customLong("modality"), help: "A modality that is served beside the MRI; repeat it for several. All unless given.")
    var modalities: [Modality] = []
    @Option(help: "A model file for MRI with CT instead of the shipped one.") var ctModel: String?
    @Option(help: "A model file for MRI with PET.") var petModel: String?
    @Option(help: "A model file for MRI with SPECT.") var spectModel: String?
    @OptionGroup var engine: EngineOptions

    @Option(help: "Folder with mri.png and ct.png, named in the curl line that is printed at the start.") var sample: String?

    private var settings: ServiceConfiguration {
        var settings = ServiceConfiguration()
        (settings.host, settings.port, settings.workers, settings.queueCapacity) = (host, port, workers, queueCapacity)
        (settings.maxBodyBytes, settings.maxPixels) = (maxBodyBytes, maxPixels)
        (settings.retentionSeconds, settings.graceSeconds) = (retentionSeconds, graceSeconds)
        settings.store = URL(filePath: data).appending(path: "jobs.sqlite")
        return settings
    }

    func validate() throws {
        do {
            try settings.check()
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func run() async throws {
        engine.apply()
        // Before jobs begin to run: from here on a signal stops them in order.
        let signals = StopSignals()
        try makeFolder(data, as: "the data folder")
        let paths = [Modality.ct: ctModel, .pet: petModel, .spect: spectModel].compactMapValues(\.self)
        let shelf = try naming("a model file, \(paths.values.sorted().joined(separator: " or ")), cannot be read") {
            try ModelShelf(Set(modalities.isEmpty ? Modality.allCases : modalities), paths: paths)
        }
        let logger = Logger(label: "amalgam") { _ in JSONLogHandler.standardError() }
        let service = try FusionService(settings, shelf: shelf, logger: logger)
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
