/// The parts of a Haar-Transformer block: the low band goes through a Transformer block; the details are filtered, activated, mixed and
/// joined to it again while their rows are in the cache. The bands of the details are never stored: each pass makes them anew.
package struct PackedHaarTransformer: Sendable {
    private let transformer: PackedTransformer
    private let local: PackedDepthwise
    private let mix: PackedMatrix
    private var channels: Int { mix.inputs / 3 }

    package init(_ transformer: TransformerBlock, detailLocal: DepthwiseLayer, detailMix: ConvolutionLayer) {
        self.transformer = PackedTransformer(transformer)
        (local, mix) = (PackedDepthwise(detailLocal), PackedMatrix(detailMix))
    }

    /// Floats of scratch memory of a thread.
    package var scratch: Int {
        max(transformer.scratch, RowWindow.scratch(channels: 3 * channels) + Block.widest * (2 + 1) * 3 * channels)
    }

    /// What the block needs beside its input and output.
    package struct Memory: @unchecked Sendable {
        let (low, attended): (FeatureMap, FeatureMap)
        let transformer: PackedTransformer.Memory
    }

    /// Memory for a map of the given size.
    package func memory(_ height: Int, _ width: Int, from arena: inout Arena) -> Memory {
        let maps = (0..<3).map { _ in arena.map(height / 2, width / 2, channels) }
        return Memory(low: maps[0], attended: maps[1], transformer: transformer.memory(values: maps[2], from: &arena))
    }

    /// Computes the block of `x`; `out` is another map of its size. With `tile` as in `PackedTransformer.run`.
    @discardableResult
    package func run(_ x: FeatureMap, into out: FeatureMap, memory: Memory, tile: TileAttention? = nil, workers: Workers) -> Bool {
        require(x.stride == x.channels && out.stride == out.channels, "the pixels of a Haar transform lie side by side")
        let low = memory.low
        workers.rows(low.height) { rows, _ in
            for y in rows {
                PixelRows.haarLow(x.at(2 * y), x.at(2 * y + 1), channels: channels, count: low.width, into: low.at(y))
            }
        }
        guard transformer.run(low, into: memory.attended, memory: memory.transformer, tile: tile, workers: workers) else { return false }
        workers.blocks(low.height, low.width) { block, scratch in join(block, x, memory.attended, out, scratch) }
        return true
    }

    private func join(_ block: Block, _ x: FeatureMap, _ low: FeatureMap, _ out: FeatureMap, _ scratch: UnsafeMutablePointer<Float>) {
        let (count, left, wide) = (block.columns.count, block.columns.lowerBound, 3 * channels)
        let filtered = scratch
        let mixed = filtered + 2 * count * wide
        var window = RowWindow(block, height: low.height, width: low.width, channels: wide, memory: mixed + count * wide)
        let filled = window.filled
        while window.advance() {
            for y in window.entering {
                PixelRows.haarDetails(
                    x.at(2 * y, 2 * filled.lowerBound), x.at(2 * y + 1, 2 * filled.lowerBound), channels: channels, count: filled.count,
                    into: window.start(y, panel: 0), panel: window.panel)
            }
            guard !window.leaving.isEmpty else { continue }
            for panel in 0..<wide / 16 {
                let to = filtered + panel * 2 * count * 16
                local.rows(panel: panel, window.lines(panel: panel), count: count, into: to, to + count * 16, outStride: 16)
                PixelRows.silu(to, count: 2 * count * 16)
            }
            for (place, y) in window.leaving.enumerated() {
                let details = place == 0 ? window.lines(panel: 0).1 : window.lines(panel: 0).2
                mix.multiply(
                    .init(filtered + place * count * 16, stride: 16, panel: 2 * count * 16), segments: wide / 16, count: count,
                    into: mixed, outStride: wide, adding: .init(details + 16, stride: 16, panel: window.panel))
                PixelRows.inverseHaar(
                    low: low.at(y, left), details: mixed, channels: channels, count: count, out.at(2 * y, 2 * left),
                    out.at(2 * y + 1, 2 * left))
            }
        }
    }
}
