import Tensors

/// Four rows that slide down a block two by two: what a 3×3 depthwise convolution of two rows reads.
///
/// Sixteen channels of a row lie side by side, one pixel more at both ends, and the four rows of the same channels follow each other: what
/// is worked on together stays in the first-level cache.
package struct RowWindow {
    private let block: Block
    private let (height, width, panels): (Int, Int, Int)
    private let memory: UnsafeMutablePointer<Float>
    /// The first of the two rows in the middle.
    private var y: Int

    /// Floats of memory for rows of so many channels.
    package static func scratch(channels: Int) -> Int { 4 * (Block.widest + 2) * channels }

    /// A window in front of the block: the first call of `advance` takes the row above the block and its first row in.
    package init(_ block: Block, height: Int, width: Int, channels: Int, memory: UnsafeMutablePointer<Float>) {
        (self.block, self.height, self.width, self.memory) = (block, height, width, memory)
        (panels, y) = (channels / 16, block.rows.lowerBound - 4)
        // Pixels outside the image stay zero; the others are written over.
        for line in 0..<4 * panels {
            let first = memory + line * pitch
            first.update(repeating: 0, count: 16)
            (first + pitch - 16).update(repeating: 0, count: 16)
        }
    }

    /// The block's columns.
    package var count: Int { block.columns.count }

    /// Floats of one row of sixteen channels.
    private var pitch: Int { (block.columns.count + 2) * 16 }

    /// Floats from sixteen channels to the next sixteen.
    package var panel: Int { 4 * pitch }

    /// The columns that are written: the block's and its neighbours that exist.
    package var filled: Range<Int> { max(0, block.columns.lowerBound - 1)..<min(width, block.columns.upperBound + 1) }

    /// Moves on by two rows. Returns false behind the last one.
    package mutating func advance() -> Bool {
        y += 2
        guard y < block.rows.upperBound else { return false }
        for row in y + 1...y + 2 where !(0..<height ~= row) {
            for panel in 0..<panels { line(row, panel).update(repeating: 0, count: pitch) }
        }
        return true
    }

    /// The rows that `advance` took in and that exist: to be written for the columns `filled`.
    package var entering: Range<Int> { max(0, y + 1)..<max(0, y + 1, min(height, y + 3, block.rows.upperBound + 1)) }

    /// The rows of the block whose neighbours are in the window now: two, or the block's last one, or none at first.
    package var leaving: Range<Int> { max(y, block.rows.lowerBound)..<max(y, block.rows.lowerBound, min(y + 2, block.rows.upperBound)) }

    /// The first of the columns `filled` in a row of the window.
    package func start(_ row: Int, panel: Int) -> UnsafeMutablePointer<Float> {
        line(row, panel) + (filled.lowerBound - block.columns.lowerBound + 1) * 16
    }

    /// What the filters read for the rows `leaving`.
    package func lines(panel: Int) -> PackedDepthwise.Lines {
        (
            UnsafePointer(line(y - 1, panel)), UnsafePointer(line(y, panel)), UnsafePointer(line(y + 1, panel)),
            UnsafePointer(line(y + 2, panel))
        )
    }

    private func line(_ row: Int, _ panel: Int) -> UnsafeMutablePointer<Float> {
        memory + panel * self.panel + (row - block.rows.lowerBound + 4) % 4 * pitch
    }
}
