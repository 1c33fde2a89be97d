/// Cross-attention between two modalities both ways, and the convolutions that merge the two results: at one level of the condition.
///
/// As in `PackedTransformer` queries and keys live for one row. All that follows the attention is linear (projection, merge, and a further
/// 1×1 convolution), and becomes one matrix for each of its four inputs:
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
    private let direct: [PackedMatrix]
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
        var (after, direct): ([Tensor], [PackedMatrix]) = ([], [])
        for (side, attention) in [first, second].enumerated() {
            let rows = side * channels
            func onward(_ i: Int, _ o: Int) -> Double { merged[(rows + i) * channels + o] }
            after.append(Tensor(.matrix(channels, channels), product(channels, weight(attention.project), onward).map { Float($0) }))
            for (o, share) in product(1, bias(attention.project), onward).enumerated() { constant[o] += share }
            direct.append(PackedMatrix(inputs: channels, outputs: channels, bias: { _ in 0 }, weight: onward))
        }
        for o in 0..<channels { direct[0].bias[o] = Float(constant[o]) }
        (self.after, self.direct) = (after, direct)
    }

    /// Floats of scratch memory of a thread.
    package var scratch: Int { 2 * projections[0].scratch + Block.widest * 4 * channels }

    /// What is kept between the passes.
    package struct Memory: @unchecked Sendable {
        let values: [FeatureMap]
        let sums: [UnsafeMutablePointer<Float>]
        let matrices: [PackedMatrix]
    }

    /// Memory for maps of the size of `values`: two other maps than input and output.
    package func memory(values: (FeatureMap, FeatureMap), from arena: inout Arena) -> Memory {
        let cells = Block.cells(height: values.0.height, width: values.0.width)
        return Memory(
            values: [values.0, values.1], sums: (0..<2).map { _ in arena.reserve(cells * AttentionSums.count(channels: channels)) },
            matrices: (0..<2).map { _ in PackedMatrix(inputs: channels, outputs: channels) })
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
                into: memory.matrices[side])
        }
        workers.rows(a.height) { rows, _ in
            for y in rows {
                func add(_ x: FeatureMap, _ matrix: PackedMatrix, isFirst: Bool = false) {
                    matrix.multiply(
                        x.at(y), leftStride: x.stride, count: x.width, into: out.at(y), outStride: out.stride,
                        adding: isFirst ? nil : UnsafePointer(out.at(y)), residualStride: out.stride)
                }
                add(a, direct[0], isFirst: true)
                add(b, direct[1])
                add(memory.values[1], memory.matrices[0])
                add(memory.values[0], memory.matrices[1])
            }
        }
        return true
    }

    private func attend(
        _ block: Block, _ a: FeatureMap, _ b: FeatureMap, _ core: Block, _ memory: Memory, _ scratch: UnsafeMutablePointer<Float>
    ) {
        let (count, size) = (block.columns.count, AttentionSums.count(channels: channels))
        let queryKey = (scratch, scratch + count * 2 * channels)
        let inner = (scratch + count * 4 * channels, scratch + count * 4 * channels + projections[0].scratch)
        var windows = (
            projections[0].window(block, height: a.height, width: a.width, scratch: inner.0),
            projections[1].window(block, height: a.height, width: a.width, scratch: inner.1)
        )
        let filled = windows.0.filled
        func fill(_ side: Int, _ x: FeatureMap, _ y: Int, _ line: UnsafeMutablePointer<Float>, _ inner: UnsafeMutablePointer<Float>) {
            projections[side].fill(x.at(y, filled.lowerBound), stride: x.stride, count: filled.count, into: line, scratch: inner)
        }
        while let one = windows.0.next({ fill(0, a, $0, $1, inner.0) }), let two = windows.1.next({ fill(1, b, $0, $1, inner.1) }) {
            for (side, rows, queryKey) in [(0, one, queryKey.0), (1, two, queryKey.1)] {
                projections[side].filter(rows, count: count, channels: 0..<2 * channels, into: queryKey, stride: 2 * channels)
                projections[side].filter(
                    rows, count: count, channels: 2 * channels..<3 * channels,
                    into: memory.values[side].at(rows.y, block.columns.lowerBound), stride: memory.values[side].stride)
            }
            let counted = block.columns(of: core, inRow: one.y)
            let first = counted.lowerBound * 2 * channels
            let cell = block.cell(inRow: one.y, width: a.width)
            for (query, key, sums) in [(queryKey.0, queryKey.1, memory.sums[0]), (queryKey.1, queryKey.0, memory.sums[1])] {
                let sums = sums + cell * size
                if Block.isFirst(row: one.y) { sums.update(repeating: 0, count: size) }
                AttentionSums.add(
                    query: query + first, key: key + first + channels, stride: 2 * channels, channels: channels, count: counted.count,
                    to: sums)
            }
        }
    }
}
