/// Where something can be seen: in each row of images the columns from the first pixel to the last that is not black in both of two sources.
///
/// Outside, where nobody saw anything, a fused image is black by definition. Scores need not look there again and again: half of many
/// slices is background.
public struct RowExtents: Sendable {
    /// (N, H, W, 1).
    let shape: Shape
    /// Of row n·H + y, empty where all is black.
    let columns: [Range<Int>]

    /// - Parameters: the sources, (N, H, W, 1), black as 0.
    public init(_ first: Tensor, _ second: Tensor) {
        require(first.shape == second.shape && first.shape.c == 1, "\(first.shape) and \(second.shape) are no sources of one picture")
        let s = first.shape
        shape = s
        columns = (0..<s.n * s.h).map { row in
            func isSeen(_ x: Int) -> Bool { first.pointer[row * s.w + x] != 0 || second.pointer[row * s.w + x] != 0 }
            guard let left = (0..<s.w).first(where: isSeen), let right = (0..<s.w).last(where: isSeen) else { return 0..<0 }
            return left..<right + 1
        }
    }

    /// The same of the windows of a side that lie inside the image: those that hold a pixel that is seen, or that lies between two.
    func windows(side: Int) -> RowExtents {
        let (h, w) = (shape.h - side + 1, shape.w - side + 1)
        let seen = (0..<shape.n * h).map { row in
            let rows = columns[(row / h * shape.h + row % h)...].prefix(side).filter { !$0.isEmpty }
            guard let left = rows.map(\.lowerBound).min(), let right = rows.map(\.upperBound).max() else { return 0..<0 }
            return max(0, left - side + 1)..<min(w, right)
        }
        return RowExtents(shape: Shape(shape.n, h, w, 1), columns: seen)
    }

    private init(shape: Shape, columns: [Range<Int>]) { (self.shape, self.columns) = (shape, columns) }

    /// Pixels inside.
    var count: Int { columns.reduce(0) { $0 + $1.count } }
}
