/// Aᵀ·B where both operands have one row per pixel: weight gradients and the channel-by-channel matrices of attention.
enum TransposedProduct {
    /// A run of pixels: `segments` lines of `length` pixels in both operands.
    struct Pixels {
        let left: UnsafePointer<Float>
        let leftStep: Int
        let leftSegment: Int
        let right: UnsafePointer<Float>
        let rightStep: Int
        let rightSegment: Int
        let segments: Int
        let length: Int
    }

    /// Adds Σ_p left[p][i] · right[p][j] to `out[i · rowStride + j]`, chunk after chunk of pixels.
    ///
    /// Threads share out the blocks of the result; the order of the sums does not depend on them.
    static func accumulate(
        into out: UnsafeMutablePointer<Float>, rows: Int, columns: Int, rowStride: Int, chunks: Int, threads: Int = ThreadPool.threads,
        _ pixels: (Int) -> Pixels
    ) {
        let rowBlocks = (rows + OnePanelBlock.rows - 1) / OnePanelBlock.rows
        let columnBlocks = (columns + 15) / 16
        let blocks = rowBlocks * columnBlocks
        ThreadPool.ranges(blocks, grain: (blocks + threads - 1) / threads) { range in
            for chunk in 0..<chunks {
                let run = pixels(chunk)
                for block in range {
                    let i = block / columnBlocks * OnePanelBlock.rows
                    let j = block % columnBlocks * 16
                    let (count, width) = (min(OnePanelBlock.rows, rows - i), min(16, columns - j))
                    var sums = OnePanelBlock()
                    sums.addProduct(
                        LeftRows(run.left + i, stride: 1, rows: count), leftStep: run.leftStep, leftSegment: run.leftSegment,
                        run.right + j, rightStep: run.rightStep, rightSegment: run.rightSegment,
                        segments: run.segments, length: run.length)
                    sums.forEachRow(count) { row, sum in
                        let target = out + (i + row) * rowStride + j
                        store(load(target, columns: width) + sum, to: target, columns: width)
                    }
                }
            }
        }
    }
}
