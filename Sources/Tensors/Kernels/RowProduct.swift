/// A product of pixels in a row with sixteen columns, or with twice sixteen where a register block has two panels.
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
        let whole = count / RegisterBlock.rows * RegisterBlock.rows
        // The channels of the networks as constants: of 1×1 convolutions and of rows of 3×3 ones.
        switch (left.stride, length) {
        case (16, 16): run(Sixteen.self, Sixteen.self, whole)
        case (32, 32): run(ThirtyTwo.self, ThirtyTwo.self, whole)
        case (48, 48): run(FortyEight.self, FortyEight.self, whole)
        case (64, 64): run(SixtyFour.self, SixtyFour.self, whole)
        case (32, 96): run(ThirtyTwo.self, Thrice<ThirtyTwo>.self, whole)
        case (48, 144): run(FortyEight.self, Thrice<FortyEight>.self, whole)
        case (64, 192): run(SixtyFour.self, Thrice<SixtyFour>.self, whole)
        default: run(0..<whole, rows: RegisterBlock.rows, stride: left.stride, length: length)
        }
        if whole < count { run(whole..<count, rows: count - whole, stride: left.stride, length: length) }
    }

    /// Whole blocks of the first `count` pixels.
    @inline(never)
    private func run<Stride: Constant, Length: Constant>(_ stride: Stride.Type, _ length: Length.Type, _ count: Int) {
        run(0..<count, rows: RegisterBlock.rows, stride: Stride.value, length: Length.value)
    }

    /// The blocks of `rows` pixels that `pixels` consists of.
    @inline(__always)
    private func run(_ pixels: Range<Int>, rows: Int, stride: Int, length: Int) {
        // Where there is no second panel, the compiler shall know.
        let next = RegisterBlock.panels == 2 ? next : nil
        var pixel = pixels.lowerBound
        while pixel < pixels.upperBound {
            var block = RegisterBlock(row: start, nextStart)
            block.addProduct(
                LeftRows(left.first + pixel &* stride, stride: stride, rows: rows), leftStep: 1, leftSegment: left.panel, right,
                rightStep: 16, rightSegment: length &* 16, segments: segments, length: length, next: next)
            let to = out + pixel &* outStride
            if let residual {
                let more = residual.first + pixel &* residual.stride
                block.forEachRow(rows) { (to + $0 &* outStride).panel = $1 + (more + $0 &* residual.stride).panel }
                if next != nil {
                    block.forEachRowOfSecond(rows) {
                        (to + $0 &* outStride + outNext).panel = $1 + (more + $0 &* residual.stride + residualNext).panel
                    }
                }
            } else {
                block.forEachRow(rows) { (to + $0 &* outStride).panel = $1 }
                if next != nil { block.forEachRowOfSecond(rows) { (to + $0 &* outStride + outNext).panel = $1 } }
            }
            pixel &+= rows
        }
    }
}
