import Foundation
import Imaging
import Tensors

/// What a cache of prior candidates can say against being used.
public enum PriorCacheError: Error, Equatable, CustomStringConvertible {
    /// The file does not begin as a prior cache does.
    case notACache
    /// The file was written in another version of the format.
    case unsupportedVersion(UInt32)
    /// The file is sound, but of other sources or another recipe.
    case stale
    /// The file breaks off, or its contents do not match its checksum.
    case damaged
    /// The candidates cannot be stored, e.g. one differs in size from the sources.
    case unfit(String)

    public var description: String {
        switch self {
        case .notACache: "not a prior cache"
        case .unsupportedVersion(let version): "prior cache of version \(version); this program reads version \(PriorCache.version)"
        case .stale: "the prior cache belongs to other sources or another recipe"
        case .damaged: "the prior cache is damaged"
        case .unfit(let reason): "the candidates cannot be cached: \(reason)"
        }
    }
}

/// The candidates of one pair in one binary file, so that the prior is searched for once.
///
/// All numbers little-endian:
///
///     8 bytes  "AMLPRIOR"          u32  version
///     u64      fingerprint of the sources and the recipe
///     u32      width               u32  height               u32  candidates
///     each:    u32 bytes of the name, the name in UTF-8, f64 score, f32 × width·height values
///     u64      FNV-1a of all bytes before it
///
/// The values are stored as they are, so that training from the cache equals training from the search, bit by bit.
public struct PriorCache: Sendable {
    /// The version of the format this program reads and writes.
    public static let version: UInt32 = 1
    private static let magic = Array("AMLPRIOR".utf8)

    /// What the candidates were made from: FNV-1a of the sources' sizes and values and of the recipe.
    public let fingerprint: UInt64
    private let width: Int
    private let height: Int

    /// - Parameters:
    ///   - first: a source.
    ///   - second: the other source, of the same size.
    ///   - recipe: names everything else the candidates depend on, e.g. the settings of the search and the scoring function:
    ///     with another recipe a cache is stale.
    /// - Complexity: O(pixels).
    public init(first: Plane, second: Plane, recipe: String) {
        precondition(first.width == second.width && first.height == second.height, "the sources differ in size")
        (width, height) = (first.width, first.height)
        var hash = FNV1a()
        for plane in [first, second] {
            hash.add(UInt32(plane.width))
            hash.add(UInt32(plane.height))
            for value in plane.values { hash.add(value.bitPattern) }
        }
        for byte in recipe.utf8 { hash.add(byte) }
        fingerprint = hash.value
    }

    /// The candidates in `file`; if it is missing, stale, damaged or of another version, those that `search` finds, and saves them.
    public func candidates(at file: URL, orFrom search: () throws -> [PriorCandidate]) throws -> [PriorCandidate] {
        do {
            return try load(from: file)
        } catch is PriorCacheError {
        } catch CocoaError.fileReadNoSuchFile {}
        let found = try search()
        try save(found, to: file)
        return found
    }

    /// Writes the candidates, replacing the file whole or not at all.
    public func save(_ candidates: [PriorCandidate], to file: URL) throws {
        try encoded(candidates).write(to: file, options: .atomic)
    }

    /// Reads the candidates, in the order in which they were saved.
    ///
    /// - Throws: ``PriorCacheError`` if the file is not what this cache would have written, or the reading error of Foundation.
    public func load(from file: URL) throws -> [PriorCandidate] {
        try decoded(Data(contentsOf: file))
    }

    func encoded(_ candidates: [PriorCandidate]) throws -> Data {
        var data = Data(Self.magic)
        data.append(Self.version)
        data.append(fingerprint)
        for number in [width, height, candidates.count] { data.append(UInt32(number)) }
        for candidate in candidates {
            guard candidate.plane.width == width, candidate.plane.height == height else {
                throw PriorCacheError.unfit("\(candidate.name) differs in size from the sources")
            }
            data.append(UInt32(candidate.name.utf8.count))
            data.append(contentsOf: candidate.name.utf8)
            data.append(candidate.score.bitPattern)
            candidate.plane.values.map(\.bitPattern.littleEndian).withUnsafeBytes { data.append(contentsOf: $0) }
        }
        data.append(FNV1a.hash(data))
        return data
    }

    func decoded(_ data: Data) throws -> [PriorCandidate] {
        var reader = PriorCacheReader(bytes: Array(data))
        guard Array(data.prefix(Self.magic.count)) == Self.magic else { throw PriorCacheError.notACache }
        reader.offset = Self.magic.count
        let version: UInt32 = try reader.number()
        guard version == Self.version else { throw PriorCacheError.unsupportedVersion(version) }
        guard reader.bytes.count >= 8, FNV1a.hash(data.dropLast(8)) == reader.trailingNumber() else { throw PriorCacheError.damaged }
        let written: UInt64 = try reader.number()
        let (storedWidth, storedHeight, count): (UInt32, UInt32, UInt32) = try (reader.number(), reader.number(), reader.number())
        guard written == fingerprint, storedWidth == width, storedHeight == height else { throw PriorCacheError.stale }

        var candidates: [PriorCandidate] = []
        for _ in 0..<count {
            let length: UInt32 = try reader.number()
            guard let name = String(validating: try reader.take(Int(length)), as: UTF8.self) else { throw PriorCacheError.damaged }
            let score = Double(bitPattern: try reader.number())
            let values = try reader.floats(width * height)
            candidates.append(PriorCandidate(name: name, score: score, plane: Plane(width: width, height: height, values: values)))
        }
        guard reader.offset == reader.bytes.count - 8 else { throw PriorCacheError.damaged }
        return candidates
    }
}
