import Imaging

/// A plane in double precision, as the scores compute on it.
///
/// The storage ends in `slack` zeros, so that a vector load that starts inside a row may run past the last row's end.
struct Grid {
    static let slack = 4

    let width: Int
    let height: Int
    /// Values row by row: (height, width), then the slack.
    private(set) var storage: [Double]

    var count: Int { width * height }

    init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        storage = [Double](repeating: 0, count: width * height + Self.slack)
    }

    /// The same values in double precision. Complexity: O(pixels).
    init(_ plane: Plane) throws(ScoreError) {
        self.init(width: plane.width, height: plane.height)
        var finite = true
        for (index, value) in plane.values.enumerated() {
            storage[index] = Double(value)
            finite = finite && value.isFinite
        }
        guard finite else {
            let index = plane.values.firstIndex { !$0.isFinite } ?? 0
            throw .notFinite(column: index % width, row: index / width)
        }
    }

    /// Planes of one size in double precision, in the order given.
    static func corresponding(_ planes: Plane...) throws(ScoreError) -> [Grid] {
        var grids: [Grid] = []
        for plane in planes {
            guard plane.size == planes[0].size else { throw .sizesDiffer(expected: planes[0].size, found: plane.size) }
            grids.append(try Grid(plane))
        }
        return grids
    }

    subscript(x: Int, y: Int) -> Double {
        get { storage[y * width + x] }
        set { storage[y * width + x] = newValue }
    }

    /// The first value of a row; valid within `body` of `withPointer`.
    func withPointer<Result>(_ body: (UnsafePointer<Double>) -> Result) -> Result {
        storage.withUnsafeBufferPointer { body($0.baseAddress!) }
    }

    /// The smaller of the two sides.
    var shortSide: Int { min(width, height) }
}
