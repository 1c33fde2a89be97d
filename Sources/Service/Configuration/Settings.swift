import Configuration
import Foundation
import SystemPackage
import Yams

/// The configuration of a service from flags, environment and a file, the first that says something deciding, and where each value came from.
public struct Settings: Sendable {
    /// Where a value came from, the strongest first.
    public enum Source: String, Sendable, CaseIterable {
        case flag, environment, file, `default`
    }

    public let configuration: ServiceConfiguration
    /// By the setting's name.
    public let sources: [String: Source]

    /// - Parameters:
    ///   - flags: texts by setting; list items separated by commas.
    ///   - environment: variables by name.
    ///   - file: a YAML file of settings by name; nil for none.
    /// - Throws: `ServiceConfiguration.Refusal` naming the setting (and the file or variable) that is unknown, cannot be read or is out of
    ///   range.
    public init(
        flags: [String: String] = [:], environment: [String: String] = ProcessInfo.processInfo.environment, file: String? = nil
    ) async throws {
        var layers: [(source: Source, names: Set<String>, reader: ConfigReader)] = []
        try Self.refuse(unknown: flags.keys, in: "the command line")
        // Flags are texts as environment variables are, under the same names.
        layers.append((.flag, Set(flags.keys), Self.reader(variables: flags.reduce(into: [:]) { $0[Self.variable($1.key)] = $1.value })))
        let present = Setting.all.filter { environment[$0.variable] != nil }.map(\.name)
        layers.append((.environment, Set(present), Self.reader(variables: environment)))
        if let file {
            let names = try Self.names(inFile: file)
            try Self.refuse(unknown: names, in: file)
            // A file of comments alone is no mapping to the provider.
            if !names.isEmpty { layers.append((.file, Set(names), try await Self.reader(file: file))) }
        }
        var (configuration, sources) = (ServiceConfiguration(), [String: Source]())
        for setting in Setting.all {
            let layer = layers.first { $0.names.contains(setting.name) }
            sources[setting.name] = layer?.source ?? .default
            if let layer { try Self.read(setting, from: layer.reader, layer.source, into: &configuration) }
        }
        try configuration.check()
        (self.configuration, self.sources) = (configuration, sources)
    }

    /// Every setting with its value and where that came from, as YAML; keys are hidden.
    public var text: String {
        Setting.all.map { "\($0.name): \($0.shown(configuration))  # \(sources[$0.name]!.rawValue)\n" }.joined()
    }

    private static func variable(_ name: String) -> String {
        Setting.all.first { $0.name == name }?.variable ?? name
    }

    private static func reader(variables: [String: String]) -> ConfigReader {
        ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: variables)).scoped(to: "amalgam")
    }

    private static func reader(file: String) async throws -> ConfigReader {
        do {
            return ConfigReader(provider: try await FileProvider<YAMLSnapshot>(filePath: FilePath(file)))
        } catch {
            throw ServiceConfiguration.Refusal("\(file) cannot be read as YAML settings: \(error)")
        }
    }

    private static func refuse(unknown names: some Collection<String>, in place: String) throws {
        let known = Set(Setting.all.map(\.name))
        guard let unknown = names.filter({ !known.contains($0) }).min() else { return }
        throw ServiceConfiguration.Refusal(
            "there is no setting \"\(unknown)\" (in \(place)); Config/amalgam.yaml lists them: \(Setting.all.map(\.name).joined(separator: ", "))"
        )
    }

    /// The names at the top of a YAML file.
    private static func names(inFile path: String) throws -> [String] {
        do {
            let text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
            guard let content = try Yams.load(yaml: text) else { return [] }
            guard let mapping = content as? [String: Any] else {
                throw ServiceConfiguration.Refusal("\(path) must hold settings by name, such as \"port: 8080\"")
            }
            return Array(mapping.keys)
        } catch let error as ServiceConfiguration.Refusal {
            throw error
        } catch {
            throw ServiceConfiguration.Refusal("the configuration file \(path) cannot be read: \(error.localizedDescription)")
        }
    }

    private static func read(
        _ setting: Setting, from reader: ConfigReader, _ source: Source, into configuration: inout ServiceConfiguration
    ) throws {
        let key = ConfigKey(setting.name)
        func value<Value>(_ kind: String, _ read: () throws -> Value) throws -> Value {
            do {
                return try read()
            } catch {
                // The value is not repeated: it may be a key.
                throw ServiceConfiguration.Refusal("\(setting.name) (\(source.rawValue)) must be \(kind)")
            }
        }
        switch setting.place {
        case .number(let path, let range):
            configuration[keyPath: path] = try value("a whole number from \(range.lowerBound) to \(range.upperBound)") {
                try reader.requiredInt(forKey: key)
            }
        case .text(let path): configuration[keyPath: path] = try value("a text") { try reader.requiredString(forKey: key) }
        case .folder(let path): configuration[keyPath: path] = try value("a folder") { try reader.requiredString(forKey: key) }
        case .flag(let path): configuration[keyPath: path] = try value("true or false") { try reader.requiredBool(forKey: key) }
        case .list(let path, _):
            configuration[keyPath: path] = try value("a list of texts") { try reader.requiredStringArray(forKey: key) }
        }
    }
}
