import Imaging
import Testing

@testable import Scores

/// Every score against independent public implementations on small synthetic images: see Fixtures/make.py.
@Suite struct ReferenceTests {
    /// Both sides compute in double precision; the longest sum has 96·80 terms.
    static let tolerance = 1e-9

    @Test func everyFixtureIsThere() {
        #expect(Fixture.all.count == 15)
    }

    @Test(arguments: Fixture.all)
    func scores_AgreeWithPublicImplementations(_ fixture: Fixture) throws {
        let (first, second, fused) = try fixture.planes()
        let scores = try FusionScores(first: first, second: second, fused: fused)
        let published = try FusionScores(first: first, second: second, fused: fused, convention: .published)
        let expected = fixture.expected

        check(scores.ssim, expected.ssim, "ssim")
        check(published.ssim, expected.ssim_uniform7, "ssim_uniform7")
        check(scores.mutualInformation, expected.mi, "mi")
        check(scores.vif, expected.vif, "vif")
        check(scores.scc, expected.scc, "scc")
        check(scores.scd, expected.scd, "scd")
        check(scores.correlation, expected.correlation, "correlation")
        check(scores.qabf, expected.qabf, "qabf")
        check(scores.psnr, expected.psnr, "psnr")
        check(scores.labf, expected.fused["labf"], "labf")
        check(scores.nabf, expected.fused["nabf"], "nabf")
        check(scores.entropy, expected.fused["entropy"], "entropy")
        check(scores.standardDeviation, expected.fused["standard_deviation"], "standard_deviation")
        check(scores.spatialFrequency, expected.fused["spatial_frequency"], "spatial_frequency")
        check(scores.averageGradient, expected.fused["average_gradient"], "average_gradient")
    }

    private func check(_ score: PerSource, _ reference: [String: Double?], _ name: String) {
        check(score.first, reference["first"], "\(name).first")
        check(score.second, reference["second"], "\(name).second")
    }

    private func check(_ score: CombinedScore, _ reference: [String: Double?], _ name: String) {
        check(score.first, reference["first"], "\(name).first")
        check(score.second, reference["second"], "\(name).second")
        check(score.combined, reference["combined"], "\(name).combined")
    }

    /// The outer `nil` is a reference that the script did not write, the inner one a score that does not exist.
    private func check(_ score: Double?, _ reference: Double??, _ name: String) {
        guard let reference else {
            Issue.record("no reference for \(name)")
            return
        }
        // Correlations that happen to be near 0 are held to an absolute bound.
        let near = score.flatMap { score in reference.map { abs(score - $0) < 1e-12 } } ?? false
        let error = relativeError(score, reference)
        #expect(near || error < Self.tolerance, "\(name): \(String(describing: score)) instead of \(String(describing: reference))")
    }
}
