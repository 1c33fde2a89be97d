import Foundation
import Imaging
import Networks
import TestSupport
import Testing

@testable import Fusion

/// Tiles against the whole picture.
struct TiledPlanTests {
    /// Rounding alone comes between the two, as between a plan and the networks.
    private static let tolerance = 1e-4

    /// Sides around the tile's: none to cut, one axis cut, both; cores that are one row of blocks, and last tiles that overlap more.
    @Test(arguments: [(176, 176), (176, 304), (336, 192), (288, 400)])
    func estimate_IsThatOfTheWholePicture(_ height: Int, _ width: Int) throws {
        for channels in [[16, 32], [32, 16, 48]] {
            let model = try Samples.model(Samples.description(channels: channels), seed: 5)
            let shape = Shape(1, height, width, 1)
            let (mri, other, x) = (
                Elementwise.clamp(.random(shape, seed: 1), -1, 1), Elementwise.clamp(.random(shape, seed: 2), -1, 1),
                Tensor.random(shape, seed: 3)
            )
            let plans: [any FusionPlan] = [
                InferencePlan(model, height: height, width: width), TiledPlan(model, height: height, width: width, side: 192),
            ]
            // Two steps: the second must not see the sums of the first.
            let estimates = [4, 2].map { t in
                plans.map { plan in
                    let refined = Tensor(uninitialized: shape)
                    plan.encode(mri: mri, other: other)
                    plan.estimate(x, at: t, into: refined)
                    return refined
                }
            }
            for pair in estimates {
                let problem = mismatch(pair[1], pair[0], tolerance: Self.tolerance * largest(pair[0]))
                #expect(problem == nil, "\(height)×\(width), channels \(channels): \(problem ?? "")")
            }
            #expect(mismatch(estimates[0][0], estimates[1][0], tolerance: Self.tolerance) != nil, "t must matter")
        }
    }

    /// Every pixel in one core, with a halo around it that ends at the picture's edge alone.
    @Test func tiling_CoversThePictureOnce() {
        for (height, width, side, halo) in [
            (64, 64, 64, 16), (80, 64, 64, 16), (208, 336, 96, 32), (640, 656, 640, 80), (1024, 2048, 640, 80),
        ] {
            let tile = (height: min(side, height), width: min(side, width))
            let tiling = Tiling(height: height, width: width, tile: tile, halo: halo)
            var count = [Int](repeating: 0, count: height * width)
            for tile in tiling.tiles {
                for y in tile.rows { for x in tile.columns { count[(tile.top + y) * width + tile.left + x] += 1 } }
                for (start, core, side, length) in [
                    (tile.top, tile.rows, tiling.height, height), (tile.left, tile.columns, tiling.width, width),
                ] {
                    #expect(
                        start >= 0 && start + side <= length && start % 16 == 0 && core.lowerBound % 16 == 0 && core.upperBound % 16 == 0)
                    #expect(start == 0 || core.lowerBound >= halo)
                    #expect(start + side == length || core.upperBound <= side - halo)
                }
            }
            #expect(count.allSatisfy { $0 == 1 }, "\(height)×\(width)")
        }
    }

    /// The shares of pixels that are a grey level or more apart, of the shipped model's pictures.
    @Test(.enabled(if: Samples.shipsCT, "no mri-ct.safetensors in Sources/Fusion/Models"), arguments: [sides])
    func seams_CannotBeMeasured(_ height: Int, _ width: Int) throws {
        let (mri, other) = Samples.images(width: width, height: height)
        var options = FusionOptions()
        options.guidance = 0
        var fuser = Fuser(try ModelRegistry.load(.ct))
        fuser.largestWhole = .max
        let whole = try fuser.pictures(mri: mri.luma(), other: other.luma(), options: options)[0]
        fuser.largestWhole = 0
        let tiled = try fuser.pictures(mri: mri.luma(), other: other.luma(), options: options)[0]
        let distances = zip(whole.values, tiled.values).map { abs($0 - $1) }
        let apart = distances.count { $0 >= 1 }
        print("tiled \(height)×\(width): \(apart) of \(distances.count) pixels a grey level apart, at most \(distances.max()!)")
        #expect(Double(apart) <= 0.001 * Double(distances.count))
        #expect(Set(whole.values.map { Int($0) }).count > 64, "a flat picture has no seams")
    }

    /// A size that needs tiles of the usual side; 1024×1024 where AMALGAM_LARGE is set.
    private static let sides = ProcessInfo.processInfo.environment["AMALGAM_LARGE"] == nil ? (208, 672) : (1024, 1024)
}
