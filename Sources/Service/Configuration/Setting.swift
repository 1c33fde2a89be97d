import Fusion

/// One setting: its name in a configuration file (`queue-capacity`), in the environment (`AMALGAM_QUEUE_CAPACITY`) and as a flag, what it may
/// be, and where it goes.
public struct Setting: Sendable {
    /// Where a setting goes, and its range.
    enum Place: @unchecked Sendable {
        // Unchecked: key paths without captures can be shared.
        case number(WritableKeyPath<ServiceConfiguration, Int>, ClosedRange<Int>)
        case text(WritableKeyPath<ServiceConfiguration, String>)
        case flag(WritableKeyPath<ServiceConfiguration, Bool>)
        /// Each one of the words, or any text where there are none.
        case list(WritableKeyPath<ServiceConfiguration, [String]>, words: [String] = [])
        case folder(WritableKeyPath<ServiceConfiguration, String?>)
    }

    public let name: String
    let place: Place

    init(_ name: String, _ place: Place) { (self.name, self.place) = (name, place) }

    /// The name in the environment.
    var variable: String { "AMALGAM_" + name.uppercased().map { $0 == "-" ? "_" : $0 } }

    /// All settings, in the order of Config/amalgam.yaml, which says what each means.
    public static let all = [
        Setting("host", .text(\.host)),
        Setting("port", .number(\.port, 0...65535)),
        Setting("data", .folder(\.data)),
        Setting("keys", .list(\.keys)),
        Setting("metrics-open", .flag(\.metricsOpen)),
        Setting("workers", .number(\.workers, 1...64)),
        Setting("threads", .number(\.threads, 0...1024)),
        Setting("modalities", .list(\.modalities, words: Modality.allCases.map(\.rawValue))),
        Setting("ct-model", .text(\.ctModel)),
        Setting("pet-model", .text(\.petModel)),
        Setting("spect-model", .text(\.spectModel)),
        Setting("queue-capacity", .number(\.queueCapacity, 1...1_000_000)),
        Setting("store-bytes", .number(\.storeBytes, 0...(1 << 46))),
        Setting("max-pixels", .number(\.maxPixels, 256...(1 << 28))),
        Setting("retention-seconds", .number(\.retentionSeconds, 1...31_536_000)),
        Setting("longest-wait-seconds", .number(\.longestWait, 0...3600)),
        Setting("grace-seconds", .number(\.graceSeconds, 0...3600)),
        Setting("max-body-bytes", .number(\.maxBodyBytes, 1024...(1 << 31))),
        Setting("upload-memory-bytes", .number(\.uploadMemoryBytes, 0...(1 << 40))),
        Setting("connections", .number(\.connections, 1...1_000_000)),
        Setting("connections-per-address", .number(\.connectionsPerAddress, 1...1_000_000)),
        Setting("request-line-bytes", .number(\.requestLineBytes, 256...65536)),
        Setting("header-bytes", .number(\.headerBytes, 1024...(1 << 20))),
        Setting("header-count", .number(\.headerCount, 8...1000)),
        Setting("pipelined-requests", .number(\.pipelinedRequests, 1...1_000_000)),
        Setting("header-seconds", .number(\.headerSeconds, 1...3600)),
        Setting("idle-seconds", .number(\.idleSeconds, 1...86400)),
        Setting("body-seconds", .number(\.bodySeconds, 1...3600)),
        Setting("body-bytes-per-second", .number(\.bodyBytesPerSecond, 1...(1 << 30))),
        Setting("write-seconds", .number(\.writeSeconds, 1...3600)),
    ]

    /// Throws `Refusal` where the value is outside its range.
    func check(_ configuration: ServiceConfiguration) throws {
        switch place {
        case .number(let path, let range):
            let value = configuration[keyPath: path]
            guard range.contains(value) else {
                throw ServiceConfiguration.Refusal("\(name) is \(value): it must be from \(range.lowerBound) to \(range.upperBound)")
            }
        case .list(let path, let words) where !words.isEmpty:
            let values = configuration[keyPath: path]
            guard !values.isEmpty, values.allSatisfy(words.contains) else {
                throw ServiceConfiguration.Refusal(
                    "\(name) is \(values.joined(separator: ", ")): it must list one or more of \(words.joined(separator: ", "))")
            }
        case .text, .flag, .list, .folder: break
        }
    }

    /// The value for people to read, as YAML; access keys by their owners alone.
    func shown(_ configuration: ServiceConfiguration) -> String {
        switch place {
        case .number(let path, _): "\(configuration[keyPath: path])"
        case .text(let path): "\"\(configuration[keyPath: path])\""
        case .flag(let path): "\(configuration[keyPath: path])"
        case .folder(let path): "\"\(configuration[keyPath: path] ?? "")\""
        case .list(let path, _):
            "[" + configuration[keyPath: path].map { $0.split(separator: ":").first ?? "" }.joined(separator: ", ") + "]"
        }
    }
}
