import Dispatch
import Foundation
import Imaging
import Testing

@testable import Scores

/// What the definitions promise for any image.
@Suite struct PropertyTests {
    @Test func identity_ScoresAsDefined() throws {
        let x = try #require(Fixture.all.first).plane("first")
        #expect(relativeError(try SSIM.wang.score(x, x), 1) < 1e-12)
        #expect(relativeError(try SSIM.uniform7.score(x, x), 1) < 1e-12)
        #expect(relativeError(try VIF.score(source: x, fused: x), 1) < 1e-8)
        #expect(relativeError(try MutualInformation.score(x, x), try Statistics.entropy(x) * log(2)) < 1e-12)
        #expect(try PSNR.score(x, x) == nil)
        #expect(relativeError(try Statistics.correlation(x, x), 1) < 1e-12)
        let edges = try QABF(first: x, second: x, fused: x)
        #expect(relativeError(edges.kept.combined, 0.9994 * 0.9879 / (1 + exp(-22 * 0.2))) < 1e-3)
        #expect(edges.artefacts == 0)
    }

    @Test func spatialCorrelationOfAnImageWithItself_IsTheShareOfWindowsThatAreNotFlat() throws {
        let noise = Plane.random(width: 20, height: 18, seed: 1)
        #expect(relativeError(try SCC.score(noise, noise), 1) < 1e-12)
        var halfBlack = Plane(width: 40, height: 40)
        for y in 0..<40 { for x in 0..<20 { halfBlack[x, y] = noise[x % 20, y % 18] } }
        // Detail reaches one column beyond column 19, and a window four columns before and three behind its pixel.
        #expect(relativeError(try SCC.score(halfBlack, halfBlack), 25.0 / 40) < 1e-12)
    }

    @Test func allScores_AreTheSameInAnyOrder() throws {
        let planes = (1...3).map { Plane.random(width: 50, height: 45, seed: $0) }
        let expected = try FusionScores(first: planes[0], second: planes[1], fused: planes[2])
        #expect(
            expected.vif
                == PerSource(
                    first: try VIF.score(source: planes[0], fused: planes[2]), second: try VIF.score(source: planes[1], fused: planes[2])))
        #expect(expected.scc == PerSource(first: try SCC.score(planes[0], planes[2]), second: try SCC.score(planes[1], planes[2])))
        let runners: [FusionScores.Runner] = [
            { count, task in (0..<count).reversed().forEach(task) },
            { count, task in
                withoutActuallyEscaping(task) { task in
                    nonisolated(unsafe) let task = task
                    DispatchQueue.concurrentPerform(iterations: count) { task($0) }
                }
            },
        ]
        for run in runners { #expect(try FusionScores(first: planes[0], second: planes[1], fused: planes[2], run: run) == expected) }
    }

    @Test func symmetricScores_AreSymmetric() throws {
        for seed in 0..<20 as Range<UInt64> {
            let x = Plane.random(width: 23, height: 19, seed: 2 * seed, whole: seed.isMultiple(of: 2))
            let y = Plane.random(width: 23, height: 19, seed: 2 * seed + 1, whole: seed.isMultiple(of: 2))
            for similarity in [SSIM.wang, .uniform7] {
                #expect(relativeError(try similarity.score(x, y), try similarity.score(y, x)) < 1e-9)
            }
            #expect(abs(try MutualInformation.score(x, y) - MutualInformation.score(y, x)) < 1e-12)
            #expect(abs(try #require(try SCC.score(x, y)) - #require(try SCC.score(y, x))) < 1e-12)
            #expect(try PSNR.score(x, y) == PSNR.score(y, x))
            #expect(abs(try #require(try Statistics.correlation(x, y)) - #require(try Statistics.correlation(y, x))) < 1e-12)
        }
    }

    @Test func swappingTheSources_SwapsTheScores() throws {
        for fixture in Fixture.all {
            let (first, second, fused) = try fixture.planes()
            let scores = try FusionScores(first: first, second: second, fused: fused)
            let swapped = try FusionScores(first: second, second: first, fused: fused)
            #expect(scores.ssim.first == swapped.ssim.second && scores.vif.first == swapped.vif.second)
            #expect(scores.scd.first == swapped.scd.second && scores.scc.first == swapped.scc.second)
            #expect(relativeError(scores.qabf.combined, swapped.qabf.combined) < 1e-12)
            #expect(relativeError(scores.psnr.combined, swapped.psnr.combined) < 1e-12)
            #expect(relativeError(scores.nabf, swapped.nabf) < 1e-12)
        }
    }

    @Test func edgesKeptLostAndInvented_MakeOne() throws {
        for fixture in Fixture.all {
            let (first, second, fused) = try fixture.planes()
            let edges = try QABF(first: first, second: second, fused: fused)
            let parts = try [#require(edges.kept.combined), #require(edges.lost), #require(edges.artefacts)]
            #expect(parts.allSatisfy { (0...1).contains($0) })
            #expect(abs(parts.reduce(0, +) - 1) < 1e-12)
        }
    }

    @Test func mirroringAllImages_ChangesNoScore() throws {
        for fixture in Fixture.all {
            let (first, second, fused) = try fixture.planes()
            let scores = try FusionScores(first: first, second: second, fused: fused)
            let mirrored = try FusionScores(first: first.mirrored, second: second.mirrored, fused: fused.mirrored)
            #expect(relativeError(scores.ssim.sum, mirrored.ssim.sum) < 1e-9)
            #expect(scores.mutualInformation == mirrored.mutualInformation)
            #expect(relativeError(scores.psnr.combined, mirrored.psnr.combined) < 1e-9)
            #expect(relativeError(scores.scd.sum, mirrored.scd.sum) < 1e-9)
            #expect(relativeError(scores.spatialFrequency, mirrored.spatialFrequency) < 1e-9)
            #expect(relativeError(scores.averageGradient, mirrored.averageGradient) < 1e-9)
        }
    }

    @Test func noise_LowersEveryFidelity() throws {
        let fixture = try #require(Fixture.all.first)
        let source = try fixture.plane("first")
        var scores: [[Double]] = []
        for amplitude in [2, 8, 32] as [Float] {
            let noise = Plane.random(width: source.width, height: source.height, seed: 3, whole: false)
            var noisy = source
            for index in noisy.values.indices { noisy.values[index] += amplitude * (noise.values[index] / 127.5 - 1) }
            scores.append([
                try #require(try SSIM.wang.score(source, noisy)), try #require(try SSIM.uniform7.score(source, noisy)),
                try #require(try VIF.score(source: source, fused: noisy)), try MutualInformation.score(source, noisy),
                try #require(try PSNR.score(source, noisy)), try #require(try Statistics.correlation(source, noisy)),
                try #require(try QABF(first: source, second: source, fused: noisy).kept.combined),
            ])
        }
        for (less, more) in zip(scores, scores.dropFirst()) {
            for (before, after) in zip(less, more) { #expect(before > after) }
        }
    }

    @Test func contrastEnhancement_LiftsInformationFidelityAboveOne() throws {
        let source = try #require(Fixture.all.first).plane("first")
        let enhanced = source.mapped { $0 * 1.5 }
        #expect(try #require(try VIF.score(source: source, fused: enhanced)) > 1)
    }

    @Test func artefacts_GrowWithEdgesThatNoSourceHas() throws {
        let fixture = try #require(Fixture.all.first { $0.rule == "maximum" })
        let (first, second, clean) = try fixture.planes()
        var dirty = clean
        for y in 20..<60 { for x in 30..<60 where (x + y).isMultiple(of: 3) { dirty[x, y] = 255 } }
        let before = try #require(try QABF(first: first, second: second, fused: clean).artefacts)
        let after = try #require(try QABF(first: first, second: second, fused: dirty).artefacts)
        #expect(after > before + 0.02)
    }
}
