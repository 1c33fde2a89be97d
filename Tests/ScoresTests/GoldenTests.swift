import Foundation
import Imaging
import Testing

@testable import Scores

/// Agreement with the reference values on real slices, where those are at hand.
///
/// They are outside the package: in the folder that AMALGAM_SHARED names, or else in "shared" beside the package or one of its parents.
@Suite(.enabled(if: Golden.shared != nil, "no shared/golden/metrics.json beside the package, and AMALGAM_SHARED names none"))
struct GoldenTests {
    @Test func scores_AgreeWithGoldens_OnRealSlices() throws {
        let golden = try Golden.load()
        #expect(golden.values.count == 10)
        var largest = (error: 0.0, name: "")
        for reference in golden.values {
            for (name, value, expected) in try compare(reference) {
                let error = relativeError(value, expected)
                #expect(error < 1e-4, "\(reference.pair) \(reference.rule) \(name): \(String(describing: value)) instead of \(expected)")
                if error >= largest.error { largest = (error, "\(name) of \(reference.pair) \(reference.rule)") }
            }
        }
        print("largest relative error against the goldens: \(largest.error), \(largest.name)")
    }

    private func compare(_ reference: Golden.Value) throws -> [(String, Double?, Double)] {
        let mri = try Golden.plane("mri", reference.pair)
        let ct = try Golden.plane("ct", reference.pair)
        let fused = fuse(mri, ct, by: reference.rule)
        let scores = try FusionScores(first: mri, second: ct, fused: fused)
        let published = try FusionScores(first: mri, second: ct, fused: fused, convention: .published)
        return [
            ("ssim_mri", scores.ssim.first, reference.ssim_mri),
            ("ssim_ct", scores.ssim.second, reference.ssim_ct),
            ("ssim_uniform7_mri", published.ssim.first, reference.ssim_uniform7_mri),
            ("ssim_uniform7_ct", published.ssim.second, reference.ssim_uniform7_ct),
            ("mi_nats_mri", scores.mutualInformation.first, reference.mi_nats_mri),
            ("mi_nats_ct", scores.mutualInformation.second, reference.mi_nats_ct),
            ("vif_mri", scores.vif.first, reference.vif_mri),
            ("vif_ct", scores.vif.second, reference.vif_ct),
            ("scc_mri", scores.scc.first, reference.scc_torchmetrics_mri),
            ("scc_ct", scores.scc.second, reference.scc_torchmetrics_ct),
            ("qabf", scores.qabf.combined, reference.qabf),
            ("scd", scores.scd.sum, reference.scd),
            ("psnr", scores.psnr.combined, reference.psnr_255_mean_mse),
            ("entropy", scores.entropy, reference.entropy_bits),
            ("sd", scores.standardDeviation, reference.sd),
            ("sf", scores.spatialFrequency, reference.sf),
            ("ag", scores.averageGradient, reference.ag),
            ("cc", scores.correlation.mean, reference.cc),
        ]
    }
}

/// The reference values of shared/golden/metrics.json.
struct Golden: Decodable {
    let values: [Value]

    struct Value: Decodable {
        let pair, rule: String
        let ssim_mri, ssim_ct, ssim_uniform7_mri, ssim_uniform7_ct, mi_nats_mri, mi_nats_ct, vif_mri, vif_ct: Double
        let scc_torchmetrics_mri, scc_torchmetrics_ct, qabf, scd, psnr_255_mean_mse, entropy_bits, sd, sf, ag, cc: Double
    }

    static let shared: URL? = {
        let exists = { (folder: URL) in FileManager.default.fileExists(atPath: folder.appending(path: "golden/metrics.json").path) }
        if let named = ProcessInfo.processInfo.environment["AMALGAM_SHARED"] {
            return [URL(fileURLWithPath: named)].first(where: exists)
        }
        var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            if exists(folder.appending(path: "shared")) { return folder.appending(path: "shared") }
        }
        return nil
    }()

    static func load() throws -> Golden {
        try JSONDecoder().decode(Golden.self, from: Data(contentsOf: #require(shared).appending(path: "golden/metrics.json")))
    }

    /// A grey slice of the validation set.
    static func plane(_ modality: String, _ name: String) throws -> Plane {
        let image = try PNG.decode(Data(contentsOf: #require(shared).appending(path: "data/val/mri-ct/\(modality)/\(name)")))
        try #require(image.colour == .grey && image.depth == .eight)
        return Plane(width: image.width, height: image.height, values: image.samples.map { Float($0) })
    }
}
