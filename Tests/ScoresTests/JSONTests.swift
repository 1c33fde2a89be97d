import Foundation
import Imaging
import Testing

@testable import Scores

/// How scores are written down.
@Suite struct JSONTests {
    private func scores(_ width: Int, _ height: Int) throws -> FusionScores {
        let planes = (0..<3).map { Plane.random(width: width, height: height, seed: $0) }
        return try FusionScores(first: planes[0], second: planes[1], fused: planes[2])
    }

    @Test func json_NamesTheSourcesAsTheCallerDoes() throws {
        let scores = try scores(48, 44)
        let data = try JSONEncoder().encode(scores.json(firstName: "mri", secondName: "pet"))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            Set(object.keys) == [
                "convention", "ssim", "mi", "vif", "qabf", "psnr", "scc", "scd", "correlation", "labf", "nabf", "entropy",
                "standard_deviation", "spatial_frequency", "average_gradient",
            ])
        let ssim = try #require(object["ssim"] as? [String: Double])
        check(ssim, ["mri": scores.ssim.first, "pet": scores.ssim.second, "sum": scores.ssim.sum, "mean": scores.ssim.mean])
        let psnr = try #require(object["psnr"] as? [String: Double])
        check(psnr, ["mri": scores.psnr.first, "pet": scores.psnr.second, "combined": scores.psnr.combined])
        #expect(object["convention"] as? String == "service")
        #expect(relativeError(object["entropy"] as? Double, scores.entropy) < 1e-14)
    }

    /// Reading decimals back by `JSONSerialization` may cost the last bit.
    private func check(_ found: [String: Double], _ expected: [String: Double?]) {
        #expect(Set(found.keys) == Set(expected.keys))
        for (name, value) in expected { #expect(relativeError(found[name], value) < 1e-14, "\(name)") }
    }

    @Test func json_WritesNullForScoresWithoutAValue() throws {
        let plane = Plane(width: 10, height: 10)
        let scores = try FusionScores(first: plane, second: plane, fused: plane)
        let data = try JSONEncoder().encode(scores.json(firstName: "mri", secondName: "ct"))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let vif = try #require(object["vif"] as? [String: Any])
        #expect(Set(vif.keys) == ["mri", "ct", "sum", "mean"] && vif.values.allSatisfy { $0 is NSNull })
        let psnr = try #require(object["psnr"] as? [String: Any])
        #expect(Set(psnr.keys) == ["mri", "ct", "combined"] && psnr.values.allSatisfy { $0 is NSNull })
        #expect(object["nabf"] is NSNull && object["labf"] is NSNull)
    }

    @Test(arguments: [(48, 44), (16, 16), (1, 1)])
    func scores_SurviveCoding(_ size: (Int, Int)) throws {
        let scores = try scores(size.0, size.1)
        let decoded = try JSONDecoder().decode(FusionScores.self, from: JSONEncoder().encode(scores))
        #expect(decoded == scores)
    }
}
