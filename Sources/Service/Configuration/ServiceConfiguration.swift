import Foundation
import Fusion
import HTTP

/// What a service is told at its start. ``Setting`` says the name, range and meaning of each.
public struct ServiceConfiguration: Sendable, Equatable {
    public var host = "127.0.0.1"
    public var port = 8080
    /// The folder of the job store; nil keeps jobs in memory, for tests.
    public var data: String? = "amalgam-data"
    /// Lines as ``AccessKey/init(_:)`` reads them.
    public var keys: [String] = []
    public var metricsOpen = false

    public var workers = 1
    public var threads = 0
    public var modalities = Modality.allCases.map(\.rawValue)
    public var ctModel = ""
    public var petModel = ""
    public var spectModel = ""

    public var queueCapacity = 1000
    /// 0 for as much as the disk holds.
    public var storeBytes = 0
    public var maxPixels = 2048 * 2048
    public var retentionSeconds = 24 * 3600
    public var longestWait = 300
    public var graceSeconds = 30

    public var maxBodyBytes = 64 << 20
    public var uploadMemoryBytes = 64 << 20
    public var connections = 16384
    public var connectionsPerAddress = 1024
    public var requestLineBytes = 8192
    public var headerBytes = 16384
    public var headerCount = 100
    public var pipelinedRequests = 1000
    public var headerSeconds = 10
    public var idleSeconds = 60
    public var bodySeconds = 20
    public var bodyBytesPerSecond = 1024
    public var writeSeconds = 30

    public init() {}

    /// A setting that the service cannot start with.
    public struct Refusal: Error, CustomStringConvertible {
        public let description: String

        public init(_ description: String) { self.description = description }
    }

    /// Throws `Refusal` for a setting outside its range, or one that another forbids.
    public func check() throws {
        for setting in Setting.all { try setting.check(self) }
        let keys = try accessKeys
        guard !keys.isEmpty || ["127.0.0.1", "::1"].contains(host) else {
            throw Refusal(
                "host is \(host): without access keys only a loopback address is served (127.0.0.1 or ::1); "
                    + "make a key with `amalgam key`, or put a reverse proxy with authentication in front")
        }
    }

    /// The keys that open the service.
    var accessKeys: [AccessKey] {
        get throws {
            try keys.enumerated().map { number, line in
                // The line is not repeated: it may hold a secret that was put there by mistake.
                guard let key = AccessKey(line) else {
                    throw Refusal(
                        "keys: line \(number + 1) is no key; it must be owner:sha256 or owner:sha256:YYYY-MM-DD, as `amalgam key` makes it")
                }
                return key
            }
        }
    }

    /// The store's file.
    var store: String? { data.map { URL(filePath: $0).appending(path: "jobs.sqlite").path } }

    /// The modalities that are served.
    public var served: Set<Modality> { Set(modalities.compactMap(Modality.init)) }

    /// Model files by modality, where they are named.
    public var modelPaths: [Modality: String] {
        [Modality.ct: ctModel, .pet: petModel, .spect: spectModel].filter { !$0.value.isEmpty }
    }

    /// What the server is told.
    var serving: HTTPServer.Configuration {
        var serving = HTTPServer.Configuration(host: host, port: port)
        (serving.limits.bodyBytes, serving.limits.connections) = (maxBodyBytes, connections)
        (serving.limits.connectionsPerAddress, serving.limits.requestLineBytes) = (connectionsPerAddress, requestLineBytes)
        (serving.limits.headerBytes, serving.limits.headerCount) = (headerBytes, headerCount)
        serving.limits.pipelinedRequests = pipelinedRequests
        (serving.timeouts.header, serving.timeouts.idle) = (.seconds(headerSeconds), .seconds(idleSeconds))
        (serving.timeouts.body, serving.timeouts.bodyBytesPerSecond) = (.seconds(bodySeconds), bodyBytesPerSecond)
        serving.timeouts.write = .seconds(writeSeconds)
        return serving
    }
}
