import Diffusion
import Networks

/// The networks for pictures of any size, in the memory of one tile and 60 bytes per pixel: the condition, 48 bytes, and a few planes.
///
/// Tiles overlap by as much as convolutions reach, so that the core of each is what the whole picture would have; what attention needs of
/// the whole picture is gathered in sweeps (`PictureSums`): four and a last for the condition, one and a last for ε_θ, three and a last for
/// n_θ. The result differs from an untiled one by the rounding of sums in another order; there are no seams to hide. A fusion takes about
/// three times as long per pixel as by a whole plan.
final class TiledPlan: FusionPlan {
    /// Pixels that ε_θ and the condition reach from a pixel of the output, rounded up to whole pixels of all maps: from the head down to
    /// the bottom and up to the stem ε_θ's convolutions add up to 78, the condition's to 74.
    static let halo = 80
    /// The same for n_θ: 22.
    static let refinementHalo = 32
    /// Side of the tiles: 120 MB of maps, and the halo costs less than twice the work.
    static let side = 640

    private let plan: InferencePlan
    private let (tiling, refinementTiling): (Tiling, Tiling)
    private let sums = PictureSums()
    /// What ε_θ adds at each level, of the whole picture: (1, H/2, W/2, C₀), ...
    private let prepared: [Tensor]
    private let rough: Tensor
    private var sources: (mri: Tensor, other: Tensor)?

    /// - Precondition: all sides are multiples of `FusionModel.sideMultiple`.
    init(_ model: FusionModel, height: Int, width: Int, side: Int = TiledPlan.side) {
        let tile = (height: min(side, height), width: min(side, width))
        plan = InferencePlan(model, height: tile.height, width: tile.width)
        tiling = Tiling(height: height, width: width, tile: tile, halo: Self.halo)
        refinementTiling = Tiling(height: height, width: width, tile: tile, halo: Self.refinementHalo)
        prepared = model.description.channels.enumerated().map {
            Tensor(uninitialized: Shape(1, height >> ($0 + 1), width >> ($0 + 1), $1))
        }
        rough = Tensor(uninitialized: Shape(1, height, width, 1))
    }

    func encode(mri: Tensor, other: Tensor) {
        sources = (mri, other)
        sweep(tiling) { tile in
            guard plan.prepareCondition(mri: window(mri, tile), other: window(other, tile), sums: sums) else { return }
            for (level, map) in plan.maps.prepared.enumerated() {
                let scale = 2 << level
                map.copy(
                    rows: tile.rows.scaled(by: scale), columns: tile.columns.scaled(by: scale), to: FeatureMap(prepared[level]),
                    top: (tile.top + tile.rows.lowerBound) / scale, left: (tile.left + tile.columns.lowerBound) / scale)
            }
        }
    }

    func estimate(_ x: Tensor, at t: Int, into refined: Tensor) {
        guard let sources else { preconditionFailure("a pair is encoded before its first step") }
        let piece = Tensor(uninitialized: Shape(1, tiling.height, tiling.width, 1))
        sweep(tiling) { tile in
            Corners.gather(window(x, tile), into: plan.maps.corners)
            for (level, map) in plan.maps.prepared.enumerated() {
                let (top, left) = (tile.top / (2 << level), tile.left / (2 << level))
                FeatureMap(prepared[level]).copy(
                    rows: top..<top + map.height, columns: left..<left + map.width, to: map, top: 0, left: 0)
            }
            guard plan.predictNoise(t, sums: sums) else { return }
            plan.estimateOrigin(t)
            Corners.scatter(plan.maps.sources, into: piece)
            keep(piece, tile, in: rough)
        }
        sweep(refinementTiling) { tile in
            plan.show(mri: window(sources.mri, tile), other: window(sources.other, tile))
            Corners.gather(window(rough, tile), into: plan.maps.sources)
            guard plan.refine(t, sums: sums) else { return }
            plan.decide(into: piece)
            keep(piece, tile, in: refined)
        }
    }

    /// Calls `body` for all tiles, again and again until it had all sums: in the last sweep it sees to the core of each.
    private func sweep(_ tiling: Tiling, _ body: (Tiling.Tile) -> Void) {
        repeat {
            for tile in tiling.tiles {
                sums.begin(height: tiling.height, width: tiling.width, core: Block(rows: tile.rows, columns: tile.columns))
                body(tile)
            }
        } while !sums.endSweep()
    }

    private func window(_ picture: Tensor, _ tile: Tiling.Tile) -> Tensor {
        Padding.window(picture, top: tile.top, left: tile.left, height: tiling.height, width: tiling.width)
    }

    /// Copies the core of a tile's picture to its place in the whole.
    private func keep(_ piece: Tensor, _ tile: Tiling.Tile, in whole: Tensor) {
        FeatureMap(piece).copy(
            rows: tile.rows, columns: tile.columns, to: FeatureMap(whole), top: tile.top + tile.rows.lowerBound,
            left: tile.left + tile.columns.lowerBound)
    }
}

extension Range<Int> {
    /// In pixels of a map that is `scale` times as small.
    fileprivate func scaled(by scale: Int) -> Range<Int> { lowerBound / scale..<upperBound / scale }
}
