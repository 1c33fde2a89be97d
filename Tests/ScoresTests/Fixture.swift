import Foundation
import Imaging
import TestSupport
import Testing

@testable import Scores

/// One fusion of the synthetic images, and what other people's code says of it: see Fixtures/make.py.
struct Fixture: Decodable, Sendable, CustomTestStringConvertible {
    let images: String
    let width: Int
    let height: Int
    let rule: String
    let expected: Expected

    /// The scores that the script expects; each dictionary by "first", "second", "combined" or the name of the statistic.
    struct Expected: Decodable, Sendable {
        let ssim, ssim_uniform7, mi, vif, qabf, psnr, scc, scd, correlation, fused: [String: Double?]
    }

    var testDescription: String { "\(images) \(rule)" }

    static let all: [Fixture] = {
        guard let data = try? Data(contentsOf: folder.appending(path: "expected.json")) else { return [] }
        return (try? JSONDecoder().decode([Fixture].self, from: data)) ?? []
    }()

    private static let folder = Bundle.module.resourceURL!.appending(path: "Fixtures")

    func plane(_ role: String) throws -> Plane {
        let bytes = try Data(contentsOf: Self.folder.appending(path: "\(images)-\(role).u8"))
        return Plane(width: width, height: height, values: bytes.map { Float($0) })
    }

    func planes() throws -> (first: Plane, second: Plane, fused: Plane) {
        let (first, second) = (try plane("first"), try plane("second"))
        return (first, second, rule == "stored" ? try plane("fused") : fuse(first, second, by: rule))
    }
}

/// The plain fusion rules of the references.
func fuse(_ first: Plane, _ second: Plane, by rule: String) -> Plane {
    let pairs = zip(first.values, second.values)
    let values: [Float] =
        switch rule {
        case "maximum": pairs.map { max($0, $1) }
        case "average": pairs.map { (($0 + $1 + 1) / 2).rounded(.down) }
        case "mean": pairs.map { ($0 + $1) / 2 }
        default: fatalError("no rule is called \(rule)")
        }
    return Plane(width: first.width, height: first.height, values: values)
}

/// How far a value is from its reference, relative to that; infinite where only one of them exists.
func relativeError(_ value: Double?, _ reference: Double?) -> Double {
    switch (value, reference) {
    case (nil, nil): 0
    case (let value?, let reference?): abs(value - reference) / max(abs(reference), 1e-12)
    default: .infinity
    }
}

extension Plane {
    /// Whole or broken grey levels, the same for the same seed.
    static func random(width: Int, height: Int, seed: UInt64, whole: Bool = true) -> Plane {
        var random = SplitMix(seed: seed)
        let values = (0..<width * height).map { _ in Float.random(in: 0...255, using: &random) }
        return Plane(width: width, height: height, values: whole ? values.map { $0.rounded() } : values)
    }

    func mapped(_ transform: (Float) -> Float) -> Plane {
        Plane(width: width, height: height, values: values.map(transform))
    }

    /// With the columns in the opposite order.
    var mirrored: Plane {
        var result = self
        for y in 0..<height { for x in 0..<width { result[x, y] = self[width - 1 - x, y] } }
        return result
    }
}

extension FusionScores {
    /// Every number in it that exists.
    var values: [Double] {
        let pairs = [ssim, mutualInformation, vif, scc, scd, correlation].flatMap { [$0.first, $0.second, $0.sum, $0.mean] }
        let combined = [qabf, psnr].flatMap { [$0.first, $0.second, $0.combined] }
        let single = [labf, nabf, entropy, standardDeviation, spatialFrequency, averageGradient]
        return (pairs + combined + single).compactMap { $0 }
    }
}
