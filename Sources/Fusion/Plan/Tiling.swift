import Networks

/// A picture cut into tiles of one size that overlap by twice a halo. Every pixel lies in the core of exactly one tile; around it the tile
/// sees the picture for at least a halo, or to the picture's edge.
struct Tiling {
    struct Tile: Equatable {
        /// Where the tile begins in the picture.
        let (top, left): (Int, Int)
        /// The core, counted from there.
        let (rows, columns): (Range<Int>, Range<Int>)
    }

    let (height, width): (Int, Int)
    /// Row by row.
    let tiles: [Tile]

    /// - Parameters:
    ///   - height, width: of the picture, multiples of `FusionModel.sideMultiple`, as all that follow.
    ///   - tile: height and width of the tiles, at most those of the picture and over two halos.
    init(height: Int, width: Int, tile: (height: Int, width: Int), halo: Int) {
        (self.height, self.width) = tile
        let columns = Self.cut(width, tile.width, halo)
        tiles = Self.cut(height, tile.height, halo).flatMap { top, rows in
            columns.map { Tile(top: top, left: $0, rows: rows, columns: $1) }
        }
    }

    /// The beginnings of the tiles along one axis, and their cores.
    private static func cut(_ length: Int, _ side: Int, _ halo: Int) -> [(start: Int, core: Range<Int>)] {
        require(
            side <= length && (side == length || side > 2 * halo), "tiles of \(side) pixels do not cover \(length) with halos of \(halo)")
        var (result, covered): ([(Int, Range<Int>)], Int) = ([], 0)
        while covered < length {
            // The last tile ends with the picture and overlaps more.
            let start = min(max(0, covered - halo), length - side)
            let end = start + side == length ? length : start + side - halo
            result.append((start, covered - start..<end - start))
            covered = end
        }
        return result
    }
}
