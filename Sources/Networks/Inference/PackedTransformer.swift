/// The Transformer block of Restormer in two passes over the image.
///
/// The first pass leaves the values V and the sums of QᵀK; queries and keys of a head live for two rows. Between the passes softmax and
/// projection become one small matrix M (`AttentionSums.fold`). The second pass computes y = x + V·M, and from it the gated feed-forward;
/// the four-fold expanded features live for four rows.
package struct PackedTransformer: Sendable {
    private let attention: LocalProjection
    private let projection: Tensor
    private let projectionBias: Tensor
    private let temperature: Tensor
    private let feedForward: LocalProjection
    private let project: PackedMatrix
    private let channels: Int
    private var hidden: Int { project.inputs }

    package init(_ block: TransformerBlock) {
        attention = LocalProjection(block.attentionNorm, block.attention.expand, block.attention.local)
        projection = block.attention.project.weight.value
        projectionBias = block.attention.project.bias.value
        temperature = block.attention.temperature.value
        feedForward = LocalProjection(block.feedForwardNorm, block.feedForward.expand, block.feedForward.local)
        project = PackedMatrix(block.feedForward.project)
        channels = projection.shape.c
        require(temperature.count * AttentionSums.width == channels, "an inference plan has heads of \(AttentionSums.width) channels")
    }

    /// Floats of scratch memory of a thread.
    package var scratch: Int {
        let row = Block.widest + 2
        return max(attention.scratch + 4 * row * 16 + row * channels, feedForward.scratch + 4 * row * (channels + 16) + 2 * row * hidden)
    }

    /// What one image's attention is kept in between the passes.
    package struct Memory: @unchecked Sendable {
        let values: FeatureMap
        let sums: UnsafeMutablePointer<Float>
        let matrix: PackedMatrix
    }

    /// Memory for maps of the size of `values`, another map than input and output.
    package func memory(values: FeatureMap, from arena: inout Arena) -> Memory {
        let matrix = PackedMatrix(inputs: channels, outputs: channels)
        matrix.bias.update(from: projectionBias.pointer, count: channels)
        return Memory(
            values: values,
            sums: arena.reserve(Block.cells(height: values.height, width: values.width) * AttentionSums.count(channels: channels)),
            matrix: matrix)
    }

    /// Computes the block of `x`; `out` is another map.
    ///
    /// - Parameter tile: for a map that is a tile of a larger one: its part in the attention.
    /// - Returns: false, with `out` untouched, where the tile has to wait for the sums of others.
    @discardableResult
    package func run(_ x: FeatureMap, into out: FeatureMap, memory: Memory, tile: TileAttention? = nil, workers: Workers) -> Bool {
        let core = tile.core(in: x)
        workers.blocks(x.height, x.width) { block, scratch in attend(block, x, core, memory, scratch) }
        AttentionSums.total(memory.sums, cells: Block.cells(height: x.height, width: x.width), channels: channels)
        guard tile.complete(memory.sums, count: AttentionSums.count(channels: channels)) else { return false }
        AttentionSums.fold(
            memory.sums, channels: channels, temperature: temperature.pointer, projection: projection.pointer, into: memory.matrix)
        workers.blocks(x.height, x.width) { block, scratch in feed(block, x, out, memory, scratch) }
        return true
    }

    /// The first pass over one block: values everywhere, sums over the core.
    private func attend(_ block: Block, _ x: FeatureMap, _ core: Block, _ memory: Memory, _ scratch: UnsafeMutablePointer<Float>) {
        let (count, left, heads) = (block.columns.count, block.columns.lowerBound, channels / 16)
        let size = AttentionSums.count(channels: channels)
        let (query, unused) = (scratch, scratch + 4 * count * 16)
        let inner = unused + count * channels
        var window = attention.window(block, height: x.height, width: x.width, scratch: inner)
        while window.advance() {
            let rows = window.leaving
            attention.normalise(window, stride: x.stride, scratch: inner) { UnsafePointer(x.at($0, window.filled.lowerBound)) }
            for head in 0..<heads {
                attention.run(
                    window, panel: head, next: heads, scratch: inner, into: query, query + count * 16, outStride: 16,
                    outNext: 2 * count * 16)
                for y in rows {
                    for index in block.cells {
                        let cell = block.cell(index, inRow: y, width: x.width, core: core)
                        let sums = memory.sums + cell.number * size
                        if head == 0 && Block.isFirst(row: y) { sums.update(repeating: 0, count: size) }
                        let from = query + ((y - rows.lowerBound) * count + cell.columns.lowerBound) * 16
                        AttentionSums.add(
                            head: head, query: from, key: from + 2 * count * 16, count: cell.columns.count, channels: channels, to: sums)
                    }
                }
            }
            let values = memory.values
            let upper = rows.isEmpty ? unused : values.at(rows.lowerBound, left)
            let lower = rows.count < 2 ? unused : values.at(rows.lowerBound + 1, left)
            for head in stride(from: 0, to: heads, by: 2) {
                attention.run(
                    window, panel: 2 * heads + head, next: head + 1 < heads ? 1 : nil, scratch: inner, into: upper + head * 16,
                    lower + head * 16, outStride: values.stride, outNext: 16)
            }
        }
    }

    /// The second pass over one block.
    private func feed(_ block: Block, _ x: FeatureMap, _ out: FeatureMap, _ memory: Memory, _ scratch: UnsafeMutablePointer<Float>) {
        let (count, left, panels) = (block.columns.count, block.columns.lowerBound, hidden / 16)
        let attended = scratch
        let expanded = attended + 4 * (Block.widest + 2) * channels
        let gated = expanded + 4 * count * 16
        let inner = gated + 2 * count * hidden
        var window = feedForward.window(block, height: x.height, width: x.width, scratch: inner)
        let filled = window.filled
        func attendedRow(_ y: Int) -> UnsafeMutablePointer<Float> { attended + y % 4 * (Block.widest + 2) * channels }
        while window.advance() {
            for y in window.entering {
                memory.matrix.multiply(
                    .init(memory.values.at(y, filled.lowerBound), stride: memory.values.stride), count: filled.count,
                    into: attendedRow(y), outStride: channels, adding: .init(x.at(y, filled.lowerBound), stride: x.stride))
            }
            feedForward.normalise(window, stride: channels, scratch: inner) { UnsafePointer(attendedRow($0)) }
            for panel in 0..<panels {
                feedForward.run(
                    window, panel: panel, next: panels, scratch: inner, into: expanded, expanded + count * 16, outStride: 16,
                    outNext: 2 * count * 16)
                PixelRows.gate(
                    expanded, expanded + 2 * count * 16, count: window.leaving.count * count * 16, into: gated + panel * 2 * count * 16)
            }
            for (place, y) in window.leaving.enumerated() {
                project.multiply(
                    .init(gated + place * count * 16, stride: 16, panel: 2 * count * 16), segments: panels, count: count,
                    into: out.at(y, left), outStride: out.stride,
                    adding: .init(attendedRow(y) + (left - filled.lowerBound) * channels, stride: channels))
            }
        }
    }
}
