/// The Transformer block of Restormer in two passes over the image.
///
/// The first pass leaves the values V and the sums of QᵀK; queries and keys live for one row. Between the passes softmax and projection
/// become one small matrix M (`AttentionSums.fold`). The second pass computes y = x + V·M, and from it the gated feed-forward; the four-fold
/// expanded features live for three rows.
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
        let rows = Block.widest + 2
        return max(attention.scratch + rows * 2 * channels, feedForward.scratch + 3 * rows * channels + rows * 3 * hidden)
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
        let count = block.columns.count
        let (queryKey, inner) = (scratch, scratch + count * 2 * channels)
        var window = attention.window(block, height: x.height, width: x.width, scratch: inner)
        let filled = window.filled
        while let rows = window.next({ y, line in
            attention.fill(x.at(y, filled.lowerBound), stride: x.stride, count: filled.count, into: line, scratch: inner)
        }) {
            attention.filter(rows, count: count, channels: 0..<2 * channels, into: queryKey, stride: 2 * channels)
            attention.filter(
                rows, count: count, channels: 2 * channels..<3 * channels, into: memory.values.at(rows.y, block.columns.lowerBound),
                stride: memory.values.stride)
            let counted = block.columns(of: core, inRow: rows.y)
            let query = queryKey + counted.lowerBound * 2 * channels
            let sums = memory.sums + block.cell(inRow: rows.y, width: x.width) * AttentionSums.count(channels: channels)
            if Block.isFirst(row: rows.y) { sums.update(repeating: 0, count: AttentionSums.count(channels: channels)) }
            AttentionSums.add(query: query, key: query + channels, stride: 2 * channels, channels: channels, count: counted.count, to: sums)
        }
    }

    /// The second pass over one block.
    private func feed(_ block: Block, _ x: FeatureMap, _ out: FeatureMap, _ memory: Memory, _ scratch: UnsafeMutablePointer<Float>) {
        let (count, left) = (block.columns.count, block.columns.lowerBound)
        let attended = scratch
        let expanded = attended + 3 * (Block.widest + 2) * channels
        let gated = expanded + count * 2 * hidden
        let inner = gated + count * hidden
        var window = feedForward.window(block, height: x.height, width: x.width, scratch: inner)
        let filled = window.filled
        func attendedRow(_ y: Int) -> UnsafeMutablePointer<Float> { attended + (y + 3) % 3 * (Block.widest + 2) * channels }
        while let rows = window.next({ y, line in
            memory.matrix.multiply(
                memory.values.at(y, filled.lowerBound), leftStride: memory.values.stride, count: filled.count,
                into: attendedRow(y), outStride: channels, adding: x.at(y, filled.lowerBound), residualStride: x.stride)
            feedForward.fill(attendedRow(y), stride: channels, count: filled.count, into: line, scratch: inner)
        }) {
            feedForward.filter(rows, count: count, channels: 0..<2 * hidden, into: expanded, stride: 2 * hidden)
            PixelRows.gate(expanded, hidden: hidden, count: count, into: gated)
            project.multiply(
                gated, leftStride: hidden, count: count, into: out.at(rows.y, left), outStride: out.stride,
                adding: attendedRow(rows.y) + (left - filled.lowerBound) * channels, residualStride: channels)
        }
    }
}
