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

    /// Whether of a panel alone only the first eight columns matter.
    var isHalf = false

    /// Computes the first `count` pixels. Each output is one sum in the order of k that begins with `start`, then the residual.
    func run(_ count: Int) {
        if let next {
            run(TwoPanelBlock.self, next: next, count) { run(TwoPanelBlock.self, next: next, $0) }
            return
        }
        #if !AVX512
            // Of the networks' layers one has so few outputs.
            if isHalf && left.stride == 32 && length == 32 {
                run(HalfPanelBlock.self, next: 0, count) { run(HalfPanelBlock.self, ThirtyTwo.self, ThirtyTwo.self, next: 0, $0) }
                return
            }
        #endif
        run(OnePanelBlock.self, next: 0, count) { run(OnePanelBlock.self, next: 0, $0) }
    }

    /// - Parameter run: computes the pixels that make whole blocks.
    @inline(__always)
    private func run<Block: RegisterBlock>(_ block: Block.Type, next: Int, _ count: Int, _ run: (Parts) -> Void) {
        // A block computes rows that it lacks all the same. With three, two pixels or four are left to pairs rather than one or two.
        let pairs = Block.rows == 3 && count > 1 ? (3 - count % 3) % 3 : 0
        let parts = Parts(whole: (count - 2 * pairs) / Block.rows * Block.rows, pairs: pairs)
        run(parts)
        if parts.end < count {
            self.run(block, next: next, parts.end..<count, rows: count - parts.end, stride: left.stride, length: length, ahead: 0)
        }
    }

    @inline(__always)
    private func run<Block: RegisterBlock>(_ block: Block.Type, next: Int, _ parts: Parts) {
        // The channels of the networks as constants: of 1×1 convolutions, of rows of 3×3 ones and of stems.
        switch (left.stride, length) {
        case (16, 16): run(block, Sixteen.self, Sixteen.self, next: next, parts)
        case (32, 32): run(block, ThirtyTwo.self, ThirtyTwo.self, next: next, parts)
        case (48, 48): run(block, FortyEight.self, FortyEight.self, next: next, parts)
        case (64, 64): run(block, SixtyFour.self, SixtyFour.self, next: next, parts)
        case (32, 96): run(block, ThirtyTwo.self, Thrice<ThirtyTwo>.self, next: next, parts)
        case (48, 144): run(block, FortyEight.self, Thrice<FortyEight>.self, next: next, parts)
        case (64, 192): run(block, SixtyFour.self, Thrice<SixtyFour>.self, next: next, parts)
        case (4, 12): run(block, Four.self, Thrice<Four>.self, next: next, parts)
        case (16, 12): run(block, Sixteen.self, Thrice<Four>.self, next: next, parts)
        default: run(block, next: next, parts, stride: left.stride, length: length, ahead: 0)
        }
    }

    /// Pixels that whole blocks compute, and pairs of pixels behind them.
    private struct Parts {
        let whole, pairs: Int
        var end: Int { whole + 2 * pairs }
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

    @inline(never)
    private func run<Block: RegisterBlock, Stride: Constant, Length: Constant>(
        _ block: Block.Type, _ stride: Stride.Type, _ length: Length.Type, next: Int, _ parts: Parts
    ) {
        run(block, next: next, parts, stride: Stride.value, length: Length.value, ahead: Self.ahead)
    }

    @inline(__always)
    private func run<Block: RegisterBlock>(_ block: Block.Type, next: Int, _ parts: Parts, stride: Int, length: Int, ahead: Int) {
        if parts.whole > 0 {
            run(block, next: next, 0..<parts.whole, rows: Block.rows, stride: stride, length: length, ahead: ahead)
        }
        if parts.pairs > 0 { run(block, next: next, parts.whole..<parts.end, rows: 2, stride: stride, length: length, ahead: 0) }
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
