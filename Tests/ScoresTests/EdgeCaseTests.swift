import Imaging
import Testing

@testable import Scores

/// Images for which some score has no value, and images that cannot be scored.
@Suite struct EdgeCaseTests {
    @Test func smallImage_GetsEveryScoreThatIsDefined() throws {
        let planes = (0..<3).map { Plane.random(width: 16, height: 16, seed: $0) }
        let scores = try FusionScores(first: planes[0], second: planes[1], fused: planes[2])
        #expect(scores.ssim.mean != nil && scores.scc.mean != nil && scores.qabf.combined != nil && scores.psnr.combined != nil)
        #expect(scores.scd.sum != nil && scores.correlation.sum != nil && scores.averageGradient != nil)
        #expect(scores.vif == PerSource(first: nil, second: nil))
    }

    /// Score and the shortest side for which it exists.
    @Test func windows_FitFromTheirMinimumSideOn() throws {
        func sides(_ minimum: Int, _ score: (Plane, Plane) throws -> Double?) rethrows {
            for (width, height) in [(minimum, minimum), (minimum, minimum + 5), (minimum + 3, minimum)] {
                let x = Plane.random(width: width, height: height, seed: 1)
                #expect(try score(x, .random(width: width, height: height, seed: 2)) != nil)
            }
            for (width, height) in [(minimum - 1, minimum), (minimum, minimum - 1), (minimum + 9, minimum - 1)] {
                let x = Plane.random(width: width, height: height, seed: 1)
                #expect(try score(x, .random(width: width, height: height, seed: 2)) == nil)
            }
        }
        try sides(SSIM.wang.minimumSide) { try SSIM.wang.score($0, $1) }
        try sides(SSIM.uniform7.minimumSide) { try SSIM.uniform7.score($0, $1) }
        try sides(VIF.minimumSide) { try VIF.score(source: $0, fused: $1) }
        try sides(SCC.minimumSide) { try SCC.score($0, $1) }
        try sides(2) { x, _ in try Statistics.averageGradient(x) }
        try sides(2) { x, _ in try Statistics.spatialFrequency(x) }
        #expect(SSIM.wang.minimumSide == 11 && SSIM.uniform7.minimumSide == 7 && VIF.minimumSide == 41 && SCC.minimumSide == 8)
    }

    @Test func onePixel_IsNotAnError() throws {
        let pixel = Plane(width: 1, height: 1, repeating: 7)
        let scores = try FusionScores(first: pixel, second: pixel, fused: pixel)
        #expect(scores.entropy == 0 && scores.standardDeviation == 0 && scores.mutualInformation.sum == 0)
        #expect(scores.ssim.mean == nil && scores.psnr.combined == nil && scores.averageGradient == nil)
    }

    @Test(arguments: [0, 0.1, 77.7, 255] as [Float])
    func constantImages_ScoreNothingThatIsNotDefined(_ value: Float) throws {
        let constant = Plane(width: 50, height: 45, repeating: value)
        let scores = try FusionScores(first: constant, second: constant, fused: constant)
        #expect(relativeError(scores.ssim.mean, 1) < 1e-6)
        #expect(scores.mutualInformation.sum == 0 && scores.entropy == 0 && scores.standardDeviation == 0)
        #expect(scores.vif.sum == nil && scores.scd.sum == nil && scores.correlation.sum == nil && scores.psnr.combined == nil)
        #expect(scores.averageGradient == 0 && scores.spatialFrequency == 0)
        #expect((scores.qabf.combined == nil) == (value == 0))
        if value == 0 { #expect(scores.scc.sum == 0 && scores.labf == nil && scores.nabf == nil) }
    }

    /// Kinds of images that a score might stumble over.
    private static let kinds: [@Sendable (Int, Int, UInt64) -> Plane] = [
        { Plane.random(width: $0, height: $1, seed: $2) },
        { Plane.random(width: $0, height: $1, seed: $2, whole: false) },
        { width, height, _ in Plane(width: width, height: height) },
        { width, height, _ in Plane(width: width, height: height, repeating: 0.1) },
        { width, height, _ in
            var plane = Plane(width: width, height: height)
            plane[0, 0] = 1
            return plane
        },
        // Beyond the nominal range, as an unclamped sample of the model is; and as far as single precision goes.
        { Plane.random(width: $0, height: $1, seed: $2, whole: false).mapped { $0 * 3 - 200 } },
        { Plane.random(width: $0, height: $1, seed: $2, whole: false).mapped { ($0 / 127.5 - 1) * .greatestFiniteMagnitude } },
        { Plane.random(width: $0, height: $1, seed: $2).mapped { $0 * .leastNonzeroMagnitude } },
    ]

    /// Every kind meets every other in every two of the three roles.
    @Test(arguments: kinds.indices)
    func noScore_IsEverNaNOrInfinite(_ fusedKind: Int) throws {
        for (width, height) in [(1, 1), (1, 9), (2, 2), (3, 50), (7, 8), (16, 16), (41, 41)] {
            for (firstKind, first) in Self.kinds.enumerated() {
                let secondKind = (firstKind + fusedKind) % Self.kinds.count
                for convention in FusionScores.Convention.allCases {
                    let scores = try FusionScores(
                        first: first(width, height, 1), second: Self.kinds[secondKind](width, height, 2),
                        fused: Self.kinds[fusedKind](width, height, 3), convention: convention)
                    let finite = scores.values.allSatisfy { $0.isFinite }
                    #expect(finite, "\(width)×\(height), kinds \(firstKind), \(secondKind), \(fusedKind): \(scores)")
                }
            }
        }
    }

    @Test func sizesThatDiffer_AreAnError() {
        let (x, y) = (Plane(width: 20, height: 30), Plane(width: 30, height: 20))
        let error = ScoreError.sizesDiffer(expected: .init(width: 20, height: 30), found: .init(width: 30, height: 20))
        #expect(throws: error) { try FusionScores(first: x, second: x, fused: y) }
        #expect(throws: error) { try FusionScores(first: x, second: y, fused: x) }
        #expect(throws: error) { try SSIM.wang.score(x, y) }
        #expect(throws: error) { try VIF.score(source: x, fused: y) }
        #expect(throws: error) { try MutualInformation.score(x, y) }
        #expect(throws: error) { try SCC.score(x, y) }
        #expect(throws: error) { try SCD.scores(first: x, second: x, fused: y) }
        #expect(throws: error) { try PSNR.scores(first: x, second: y, fused: x) }
        #expect(throws: error) { try QABF(first: x, second: y, fused: x) }
        #expect(throws: error) { try Statistics.correlation(x, y) }
        #expect("\(error)" == "the images must be of one size, but one is 20×30 and another 30×20")
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func valuesThatAreNoNumbers_AreAnError(_ value: Float) {
        var plane = Plane(width: 12, height: 13)
        plane[4, 9] = value
        let good = Plane(width: 12, height: 13)
        #expect(throws: ScoreError.notFinite(column: 4, row: 9)) { try FusionScores(first: good, second: good, fused: plane) }
        #expect(throws: ScoreError.notFinite(column: 4, row: 9)) { try Statistics.entropy(plane) }
    }
}
