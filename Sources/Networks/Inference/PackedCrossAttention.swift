/// Cross-attention between two modalities both ways, and the convolutions that merge the two results: at one level of the condition.
///
/// As in `PackedTransformer` queries and keys of a head live for two rows. All that follows the attention is linear (projection, merge,
/// and a further 1×1 convolution), and becomes one matrix for both inputs and one for both values:
///
///     out = P₁ᵀ a + P₂ᵀ b + (A₁ · W₁ · P₁)ᵀ V_b + (A₂ · W₂ · P₂)ᵀ V_a + bias
///
/// with P the product of merge and further convolution, and W the projections.
package struct PackedCrossAttention: Sendable {
    /// Query, key and value of one modality, as the other direction's weights stand side by side.
    private let projections: [LocalProjection]
    /// W·P of each direction: [channels][channels].
    private let after: [Tensor]
    private let temperatures: [Tensor]
    /// P₁ and P₂, one below the other.
    private let direct: PackedMatrix
    private let channels: Int

    /// - Parameters:
    ///   - first: a attends to b.
    ///   - second: b attends to a.
    ///   - merge: (1, 1, 2C, C).
    ///   - further: (1, 1, C, C).
    package init(_ first: CrossAttention, _ second: CrossAttention, merge: ConvolutionLayer, further: ConvolutionLayer) {
        let channels = merge.weight.shape.c
        self.channels = channels
        require(first.heads * AttentionSums.width == channels, "an inference plan has heads of \(AttentionSums.width) channels")
        projections = [(first, second), (second, first)].map { asking, answering in
            LocalProjection(
                matrix: PackedMatrix(normalised: [(asking.queryNorm, asking.query), (answering.keyValueNorm, answering.keyValue)]),
                filters: PackedDepthwise(PackedDepthwise(asking.queryLocal), PackedDepthwise(answering.keyValueLocal)))
        }
        temperatures = [first, second].map(\.temperature.value)

        /// x (rows × C) times y (C × C), in double.
        func product(_ rows: Int, _ x: (Int, Int) -> Double, _ y: (Int, Int) -> Double) -> [Double] {
            (0..<rows * channels).map { at in (0..<channels).reduce(0.0) { $0 + x(at / channels, $1) * y($1, at % channels) } }
        }
        func weight(_ layer: ConvolutionLayer) -> (Int, Int) -> Double {
            { Double(layer.weight.value.pointer[$0 * channels + $1]) }
        }
        func bias(_ layer: ConvolutionLayer) -> (Int, Int) -> Double { { Double(layer.bias.value.pointer[$1]) } }
        let merged = product(2 * channels, weight(merge), weight(further))
        var constant = product(1, bias(merge), weight(further))
        for o in 0..<channels { constant[o] += Double(further.bias.value.pointer[o]) }
        var after: [Tensor] = []
        for (side, attention) in [first, second].enumerated() {
            let rows = side * channels
            func onward(_ i: Int, _ o: Int) -> Double { merged[(rows + i) * channels + o] }
            after.append(Tensor(.matrix(channels, channels), product(channels, weight(attention.project), onward).map { Float($0) }))
            for (o, share) in product(1, bias(attention.project), onward).enumerated() { constant[o] += share }
        }
        self.after = after
        direct = PackedMatrix(inputs: 2 * channels, outputs: channels, bias: { constant[$0] }, weight: { merged[$0 * channels + $1] })
    }

    /// Floats of scratch memory of a thread.
    package var scratch: Int { 2 * projections[0].scratch + Block.widest * (8 * 16 + channels) }

    /// What is kept between the passes.
    package struct Memory: @unchecked Sendable {
        let values: [FeatureMap]
        let sums: [UnsafeMutablePointer<Float>]
        /// What is left to be done to the values of b, and below it to those of a.
        let matrix: PackedMatrix
    }

    /// Memory for maps of the size of `values`: two other maps than input and output.
    package func memory(values: (FeatureMap, FeatureMap), from arena: inout Arena) -> Memory {
        let cells = Block.cells(height: values.0.height, width: values.0.width)
        return Memory(
            values: [values.0, values.1], sums: (0..<2).map { _ in arena.reserve(cells * AttentionSums.count(channels: channels)) },
            matrix: PackedMatrix(inputs: 2 * channels, outputs: channels))
    }

    /// Computes both directions of `a` and `b` and merges them into `out`, another map.
    ///
    /// - Parameter tile: for maps that are a tile of larger ones: their part in the attention; the second direction's is the next.
    /// - Returns: false, with `out` untouched, where the tile has to wait for the sums of others.
    @discardableResult
    package func run(
        _ a: FeatureMap, _ b: FeatureMap, into out: FeatureMap, memory: Memory, tile: TileAttention? = nil, workers: Workers
    ) -> Bool {
        let (cells, core) = (Block.cells(height: a.height, width: a.width), tile.core(in: a))
        workers.blocks(a.height, a.width) { block, scratch in attend(block, a, b, core, memory, scratch) }
        let areComplete = [tile, tile?.next].enumerated().map { side, attention in
            AttentionSums.total(memory.sums[side], cells: cells, channels: channels)
            return attention.complete(memory.sums[side], count: AttentionSums.count(channels: channels))
        }
        guard areComplete == [true, true] else { return false }
        for side in 0..<2 {
            AttentionSums.fold(
                memory.sums[side], channels: channels, temperature: temperatures[side].pointer, projection: after[side].pointer,
                into: memory.matrix, firstRow: side * channels)
        }
        require(a.stride == b.stride && memory.values[0].stride == memory.values[1].stride, "both inputs of a product are walked alike")
        workers.rows(a.height) { rows, _ in
            for y in rows {
                // One operand of two runs that lie in two maps.
                func pair(_ first: FeatureMap, _ second: FeatureMap) -> PackedMatrix.Pixels {
                    .init(first.at(y), stride: first.stride, panel: second.at(y) - first.at(y))
                }
                let to = out.at(y)
                direct.multiply(pair(a, b), segments: 2, count: out.width, into: to, outStride: out.stride)
                memory.matrix.multiply(
                    pair(memory.values[1], memory.values[0]), segments: 2, count: out.width, into: to, outStride: out.stride,
                    adding: .init(to, stride: out.stride))
            }
        }
        return true
    }

    private func attend(
        _ block: Block, _ a: FeatureMap, _ b: FeatureMap, _ core: Block, _ memory: Memory, _ scratch: UnsafeMutablePointer<Float>
    ) {
        let (count, left, heads) = (block.columns.count, block.columns.lowerBound, channels / 16)
        let size = AttentionSums.count(channels: channels)
        // Queries of one modality, keys of it, and the same of the other.
        let queries = [scratch, scratch + 4 * count * 16]
        let unused = scratch + 8 * count * 16
        let inner = [unused + count * channels, unused + count * channels + projections[0].scratch]
        var windows = (0..<2).map { projections[$0].window(block, height: a.height, width: a.width, scratch: inner[$0]) }
        while windows[0].advance() && windows[1].advance() {
            let rows = windows[0].leaving
            for (side, x) in [a, b].enumerated() {
                let first = windows[side].filled.lowerBound
                projections[side].normalise(windows[side], stride: x.stride, scratch: inner[side]) { UnsafePointer(x.at($0, first)) }
            }
            for head in 0..<heads {
                for side in 0..<2 {
                    projections[side].run(
                        windows[side], panel: head, next: heads, scratch: inner[side], into: queries[side],
                        queries[side] + count * 16, outStride: 16, outNext: 2 * count * 16)
                }
                for y in rows {
                    for index in block.cells {
                        let cell = block.cell(index, inRow: y, width: a.width, core: core)
                        let first = ((y - rows.lowerBound) * count + cell.columns.lowerBound) * 16
                        for side in 0..<2 {
                            let sums = memory.sums[side] + cell.number * size
                            if head == 0 && Block.isFirst(row: y) { sums.update(repeating: 0, count: size) }
                            AttentionSums.add(
                                head: head, query: queries[side] + first, key: queries[1 - side] + first + 2 * count * 16,
                                count: cell.columns.count, channels: channels, to: sums)
                        }
                    }
                }
            }
            for side in 0..<2 {
                let values = memory.values[side]
                let upper = rows.isEmpty ? unused : values.at(rows.lowerBound, left)
                let lower = rows.count < 2 ? unused : values.at(rows.lowerBound + 1, left)
                for head in stride(from: 0, to: heads, by: 2) {
                    projections[side].run(
                        windows[side], panel: 2 * heads + head, next: head + 1 < heads ? 1 : nil, scratch: inner[side],
                        into: upper + head * 16, lower + head * 16, outStride: values.stride, outNext: 16)
                }
            }
        }
    }
}
