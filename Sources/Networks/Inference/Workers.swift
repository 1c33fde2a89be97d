/// The threads that a plan uses and the scratch memory of each.
package struct Workers: @unchecked Sendable {
    private let scratch: UnsafeMutablePointer<Float>
    private let size: Int
    /// At most so many threads share the work.
    let count: Int

    /// - Parameters:
    ///   - count: at most so many threads, whatever `ThreadPool.threads` says later.
    ///   - scratch: floats of each.
    package init(_ count: Int, scratch size: Int, from arena: inout Arena) {
        let size = (size + 15) & ~15
        (self.count, self.size, scratch) = (count, size, arena.reserve(count * size))
    }

    /// Calls `body` once for each index below `pieces` with scratch memory that nobody else uses meanwhile.
    package func run(_ pieces: Int, _ body: (_ piece: Int, _ scratch: UnsafeMutablePointer<Float>) -> Void) {
        ThreadPool.run(pieces, workers: min(count, ThreadPool.threads)) { piece, worker in body(piece, scratch + worker * size) }
    }

    /// `run` over the blocks of a map.
    func blocks(_ height: Int, _ width: Int, _ body: (_ block: Block, _ scratch: UnsafeMutablePointer<Float>) -> Void) {
        run(Block.count(height: height, width: width, workers: count)) { number, scratch in
            body(Block(number, height: height, width: width, workers: count), scratch)
        }
    }

    /// `run` over the rows of a map, several at a time.
    package func rows(_ height: Int, _ body: (_ rows: Range<Int>, _ scratch: UnsafeMutablePointer<Float>) -> Void) {
        let step = max(1, height / 16)
        run((height + step - 1) / step) { piece, scratch in body(piece * step..<min(height, (piece + 1) * step), scratch) }
    }
}

/// A rectangle of a map: the unit of work of layers that keep their rows in the cache.
package struct Block {
    package let rows: Range<Int>
    package let columns: Range<Int>

    package init(rows: Range<Int>, columns: Range<Int>) { (self.rows, self.columns) = (rows, columns) }

    /// The widest block: the rows that a Transformer block keeps for it fit the second-level cache, which has a megabyte and more where
    /// there is AVX-512, half of one elsewhere.
    package static let widest = lanes * 8

    /// Rows and columns of a cell. Blocks are made of whole cells, and sums over pixels are taken cell by cell: the cells depend on the
    /// map's size alone, so that the sums depend neither on the number of threads nor on the processor.
    private static let cell = (rows: 8, columns: 64)

    /// How many cells a map has.
    package static func cells(height: Int, width: Int) -> Int { pieces(height, cell.rows) * pieces(width, cell.columns) }

    /// How many pieces of `size` there are in `length`, the last of which may be smaller.
    private static func pieces(_ length: Int, _ size: Int) -> Int { (length + size - 1) / size }

    /// Rows of the blocks of a map: as many as leave work for all threads, since the rows at the edges are computed twice.
    private static func tall(_ height: Int, _ workers: Int) -> Int { pieces(pieces(height, cell.rows), workers) * cell.rows }

    /// How many blocks a map has for so many threads.
    package static func count(height: Int, width: Int, workers: Int) -> Int {
        pieces(height, tall(height, workers)) * pieces(width, widest)
    }

    /// The block of a number, counted row by row.
    package init(_ number: Int, height: Int, width: Int, workers: Int) {
        let (row, column) = number.quotientAndRemainder(dividingBy: Self.pieces(width, Self.widest))
        let (top, left) = (row * Self.tall(height, workers), column * Self.widest)
        rows = top..<min(height, top + Self.tall(height, workers))
        columns = left..<min(width, left + Self.widest)
    }

    /// Whether cells begin with row `y`.
    static func isFirst(row y: Int) -> Bool { y % cell.rows == 0 }

    /// The indices of the block's cells in a row of it.
    var cells: Range<Int> { 0..<Self.pieces(columns.count, Self.cell.columns) }

    /// One of the block's cells in row `y` of a map of this width: its number, and those of its columns that `core` has too, counted from
    /// the block's first one.
    func cell(_ index: Int, inRow y: Int, width: Int, core: Block) -> (number: Int, columns: Range<Int>) {
        let left = columns.lowerBound + index * Self.cell.columns
        let number = y / Self.cell.rows * Self.pieces(width, Self.cell.columns) + left / Self.cell.columns
        guard core.rows.contains(y) else { return (number, 0..<0) }
        let common = (left..<min(columns.upperBound, left + Self.cell.columns)).clamped(to: core.columns)
        return (number, common.isEmpty ? 0..<0 : common.lowerBound - columns.lowerBound..<common.upperBound - columns.lowerBound)
    }
}
