/// A product of pixels in a row with sixteen columns, or with twice sixteen.
struct RowProduct {
    let left: PackedMatrix.Pixels
    /// Runs of a pixel's channels, and the channels of one.
    let segments, length: Int
    /// [segments][length][16]
    let right: UnsafePointer<Float>
    /// Floats from the panel to the second one; nil for one alone.
    let next: Int?
    /// What the sums begin with.
    let start, nextStart: Panel
    let out: UnsafeMutablePointer<Float>
    /// Floats from one pixel's outputs to the next one's, and from those of the panel to those of the second one.
    let outStride, outNext: Int
    /// What is added to the sums; it may be `out` itself.
    let residual: PackedMatrix.Pixels?
    /// Floats from the residual of the panel to that of the second one.
    let residualNext: Int

    /// Computes the first `count` pixels. Each output is one sum in the order of k that begins with `start`, then the residual.
    func run(_ count: Int) {
        if let next { run(TwoPanelBlock.self, next: next, count) } else { run(OnePanelBlock.self, next: 0, count) }
    }

    @inline(__always)
    private func run<Block: RegisterBlock>(_ block: Block.Type, next: Int, _ count: Int) {
        let whole = count / Block.rows * Block.rows
        // The channels of the networks as constants: of 1×1 convolutions, of rows of 3×3 ones and of stems.
        switch (left.stride, length) {
        case (16, 16): run(block, Sixteen.self, Sixteen.self, next: next, whole)
        case (32, 32): run(block, ThirtyTwo.self, ThirtyTwo.self, next: next, whole)
        case (48, 48): run(block, FortyEight.self, FortyEight.self, next: next, whole)
        case (64, 64): run(block, SixtyFour.self, SixtyFour.self, next: next, whole)
        case (32, 96): run(block, ThirtyTwo.self, Thrice<ThirtyTwo>.self, next: next, whole)
        case (48, 144): run(block, FortyEight.self, Thrice<FortyEight>.self, next: next, whole)
        case (64, 192): run(block, SixtyFour.self, Thrice<SixtyFour>.self, next: next, whole)
        case (4, 12): run(block, Four.self, Thrice<Four>.self, next: next, whole)
        default: run(block, next: next, 0..<whole, rows: Block.rows, stride: left.stride, length: length, ahead: 0)
        }
        if whole < count { run(block, next: next, whole..<count, rows: count - whole, stride: left.stride, length: length, ahead: 0) }
    }

    /// How many products of a block's rows go between the stores of the one before it.
    ///
    /// Of twelve stores in a row a Zen 3 holds up those behind the eighth, and the multiply-adds with them: an eighth of the time of a
    /// product of 32 channels. With AVX-512 it takes the compiler minutes, and was not measured.
    #if AVX512
        private static let ahead = 0
    #else
        private static let ahead = 2
    #endif

    /// Whole blocks of the first `count` pixels.
    @inline(never)
    private func run<Block: RegisterBlock, Stride: Constant, Length: Constant>(
        _ block: Block.Type, _ stride: Stride.Type, _ length: Length.Type, next: Int, _ count: Int
    ) {
        guard count > 0 else { return }
        run(block, next: next, 0..<count, rows: Block.rows, stride: Stride.value, length: Length.value, ahead: Self.ahead)
    }

    /// The blocks of `rows` pixels that `pixels` consists of.
    ///
    /// - Parameter ahead: see above; at most `length`.
    @inline(__always)
    private func run<Block: RegisterBlock>(
        _ block: Block.Type, next: Int, _ pixels: Range<Int>, rows: Int, stride: Int, length: Int, ahead: Int
    ) {
        var block = Block(row: start, nextStart)
        block.addProduct(
            LeftRows(left.first + pixels.lowerBound &* stride, stride: stride, rows: rows), leftStep: 1, leftSegment: 0, right,
            rightStep: 16, rightSegment: 0, segments: 1, length: ahead, next: next)
        var pixel = pixels.lowerBound
        while pixel < pixels.upperBound {
            block.addProduct(
                LeftRows(left.first + pixel &* stride, stride: stride, rows: rows), leftStep: 1, leftSegment: left.panel, right,
                rightStep: 16, rightSegment: length &* 16, segments: segments, length: length, next: next, from: ahead)
            let to = out + pixel &* outStride
            // Behind the last block comes none: its own rows stand in, and what becomes of them is dropped.
            let following = left.first + (pixel &+ rows < pixels.upperBound ? pixel &+ rows : pixel) &* stride
            if let residual {
                let more = residual.first + pixel &* residual.stride
                block.exchange(rows) { row, columns, nextColumns in
                    let (to, more) = (to + row &* outStride, more + row &* residual.stride)
                    to.panel = columns + more.panel
                    if Block.panels == 2 { (to + outNext).panel = nextColumns + (more + residualNext).panel }
                    return begun(Block.self, following + row &* stride, ahead, next: next)
                }
            } else {
                block.exchange(rows) { row, columns, nextColumns in
                    let to = to + row &* outStride
                    to.panel = columns
                    if Block.panels == 2 { (to + outNext).panel = nextColumns }
                    return begun(Block.self, following + row &* stride, ahead, next: next)
                }
            }
            pixel &+= rows
        }
    }

    /// What a row's sums are after its first `ahead` products.
    @inline(__always)
    private func begun<Block: RegisterBlock>(
        _ block: Block.Type, _ row: UnsafePointer<Float>, _ ahead: Int, next: Int
    ) -> (Panel, Panel) {
        var (columns, nextColumns) = (start, nextStart)
        for k in 0..<ahead {
            let factor = Panel(repeating: row[k])
            columns.addProduct(factor, (right + 16 &* k).panel)
            if Block.panels == 2 { nextColumns.addProduct(factor, (right + 16 &* k + next).panel) }
        }
        return (columns, nextColumns)
    }
}
