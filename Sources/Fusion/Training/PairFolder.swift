import Foundation
import Imaging

/// A co-registered pair of slices as luma planes.
public struct ImagePair: Sendable {
    /// The file name without its ending: case number and slice.
    public let name: String
    public let mri: Plane
    public let other: Plane
}

/// A folder of pairs: `ROOT/mri-ct/mri/NAME.png` with `ROOT/mri-ct/ct/NAME.png`, and the same for PET and SPECT.
public struct PairFolder: Sendable {
    public enum Problem: Error, CustomStringConvertible {
        case empty(String)
        case noPartner(String)
        case sizes(String)

        public var description: String {
            switch self {
            case .empty(let path): "no PNG pairs in \(path): it should hold the folders mri and ct (or pet, spect) with equal file names"
            case .noPartner(let path): "\(path) is missing: every slice needs its partner of the same name"
            case .sizes(let name): "the two images of \(name) differ in size"
            }
        }
    }

    /// Reads all pairs of one kind, ordered by name.
    ///
    /// - Throws: `Problem`, or `PNGError` for a file that cannot be read.
    public static func load(_ root: URL, _ modality: Modality) throws -> [ImagePair] {
        let folder = root.appending(path: "mri-\(modality.rawValue)")
        let mriFolder = folder.appending(path: "mri")
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: mriFolder.path)) ?? []).filter { $0.hasSuffix(".png") }.sorted()
        if names.isEmpty { throw Problem.empty(folder.path) }
        return try names.map { name in
            let partner = folder.appending(path: modality.rawValue).appending(path: name)
            guard FileManager.default.fileExists(atPath: partner.path) else { throw Problem.noPartner(partner.path) }
            let mri = try PNG.decode(Data(contentsOf: mriFolder.appending(path: name))).luma()
            let other = try PNG.decode(Data(contentsOf: partner)).luma()
            guard mri.width == other.width && mri.height == other.height else { throw Problem.sizes(name) }
            return ImagePair(name: String(name.dropLast(4)), mri: mri, other: other)
        }
    }
}
