/// The sums that attention takes over all pixels of a picture that is worked on tile by tile.
///
/// A pixel of a network's output depends on the pixels near it, and on the rest of the picture through attention alone, which weighs
/// channels by sums over all pixels (`AttentionSums`). So the tiles are swept several times. In a sweep each tile adds the sums over its
/// core to those of the first attentions that still lack them, and stops there; the next sweep passes these with the sums of the whole
/// picture. A sweep that finds all sums complete computes what one plan of the whole picture would, up to the order of the sums.
///
/// One thread sweeps, in the order of the tiles: the same bytes whatever the number of threads inside a tile.
package final class PictureSums {
    private struct Sums {
        var values: [Double]
        var isComplete = false
    }

    private var sums: [Int: Sums] = [:]
    private var tile: (height: Int, width: Int, core: Block)?

    package init() {}

    /// Begins the next tile.
    ///
    /// - Parameters:
    ///   - height, width: of the tile, in pixels of the picture.
    ///   - core: the pixels that count; each of the picture counts in one tile. Its bounds are pixels of every map of the networks.
    package func begin(height: Int, width: Int, core: Block) { tile = (height, width, core) }

    /// Ends a sweep over all tiles.
    ///
    /// - Returns: whether all sums were complete in it; they are forgotten then, as other inputs have others.
    package func endSweep() -> Bool {
        let wereComplete = sums.values.allSatisfy(\.isComplete)
        if wereComplete { sums = [:] } else { for number in sums.keys { sums[number]!.isComplete = true } }
        return wereComplete
    }

    /// The attention of a number of the caller's choice.
    package func attention(_ number: Int) -> TileAttention { TileAttention(sums: self, number: number) }

    fileprivate func core(in map: FeatureMap) -> Block {
        guard let tile else { preconditionFailure("a tile is begun before the networks run on it") }
        func scaled(_ range: Range<Int>, _ side: Int, _ whole: Int) -> Range<Int> {
            range.lowerBound * side / whole..<range.upperBound * side / whole
        }
        return Block(rows: scaled(tile.core.rows, map.height, tile.height), columns: scaled(tile.core.columns, map.width, tile.width))
    }

    fileprivate func complete(_ number: Int, _ values: UnsafeMutablePointer<Float>, count: Int) -> Bool {
        var known = sums[number] ?? Sums(values: Array(repeating: 0, count: count))
        if known.isComplete {
            for i in 0..<count { values[i] = Float(known.values[i]) }
            return true
        }
        for i in 0..<count { known.values[i] += Double(values[i]) }
        sums[number] = known
        return false
    }
}

/// One attention of a network that works on a tile.
package struct TileAttention {
    fileprivate let sums: PictureSums
    fileprivate let number: Int

    /// The attention after this one.
    var next: TileAttention { TileAttention(sums: sums, number: number + 1) }
}

extension TileAttention? {
    /// The pixels of a map that count: all, where the map is that of the whole picture.
    func core(in map: FeatureMap) -> Block { self?.sums.core(in: map) ?? Block(rows: 0..<map.height, columns: 0..<map.width) }

    /// Makes the sums over the core those of the whole picture.
    ///
    /// - Returns: false where other tiles have yet to add theirs: the work on this tile ends here, until the next sweep.
    func complete(_ values: UnsafeMutablePointer<Float>, count: Int) -> Bool {
        self?.sums.complete(self!.number, values, count: count) ?? true
    }
}
