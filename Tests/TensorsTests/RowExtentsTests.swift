import TestSupport
import Testing

@testable import Tensors

@Suite("Row extents") struct RowExtentsTests {
    /// Two pictures in one batch, 5×6: seen pixels as "1" and "2" in the first and the second source.
    private static let drawn = [
        "......", "..1...", "..1.2.", "......", ".....2",
        "1.....", "......", "......", "......", "......",
    ]

    private static func source(_ number: Character) -> Tensor {
        Tensor(Shape(2, 5, 6, 1), drawn.flatMap { $0.map { $0 == number ? 0.5 : 0 } })
    }

    private static let extents = RowExtents(source("1"), source("2"))

    @Test("from the first pixel that either source shows to the last")
    func columns() {
        #expect(Self.extents.columns == [0..<0, 2..<3, 2..<5, 0..<0, 5..<6, 0..<1, 0..<0, 0..<0, 0..<0, 0..<0])
        #expect(Self.extents.count == 6)
    }

    @Test("a window is looked at where it holds a pixel that is", arguments: 1...5)
    func windows(side: Int) {
        let windows = Self.extents.windows(side: side)
        #expect(windows.shape == Shape(2, 6 - side, 7 - side, 1))
        for (row, columns) in windows.columns.enumerated() {
            let (n, top) = row.quotientAndRemainder(dividingBy: 6 - side)
            let held = (0..<7 - side).filter { left in
                (0..<side).contains { v in
                    let seen = Self.extents.columns[n * 5 + top + v]
                    return seen.overlaps(left..<left + side)
                }
            }
            #expect(columns == (held.isEmpty ? 0..<0 : held.first!..<held.last! + 1), "row \(row)")
        }
    }

    @Test("nothing to see")
    func nothing() {
        let black = Tensor(Shape(1, 4, 4, 1))
        #expect(RowExtents(black, black).count == 0)
        #expect(RowExtents(black, black).windows(side: 3).count == 0)
    }
}
