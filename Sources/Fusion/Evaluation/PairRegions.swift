import Imaging

/// What a pair shows where: uniform tissue, edges on which the sources agree, and edges on which they disagree.
///
/// A source's slope at a pixel is the vector of its central differences, in grey levels per pixel. The head is where a source is not 0.
public struct PairRegions: Sendable {
    /// Slopes of no more than this, in both sources, at the pixel and its eight neighbours: uniform tissue.
    public static let flat: Float = 4
    /// A slope of at least this, in one source or both: an edge.
    public static let steep: Float = 16

    /// Pixels of the head, as indices of a plane's values; the picture's outermost pixels are left out.
    let head: [Int]
    /// Pixels of the head inside uniform tissue.
    let uniform: [Int]
    /// Pixels on edges where the two slopes differ, as vectors, by less than half of the larger.
    let agreement: [Int]
    /// Pixels on edges where they differ by half of the larger or more: one source has an edge that the other lacks, or has otherwise.
    let disagreement: [Int]

    /// O(pixels).
    public init(_ pair: ImagePair) {
        let (width, height) = (pair.mri.width, pair.mri.height)
        var (larger, apart) = (Plane(width: width, height: height), Plane(width: width, height: height))
        func slope(_ plane: Plane, _ x: Int, _ y: Int) -> SIMD2<Float> {
            SIMD2(plane[x + 1, y] - plane[x - 1, y], plane[x, y + 1] - plane[x, y - 1]) / 2
        }
        func length(_ vector: SIMD2<Float>) -> Float { (vector * vector).sum().squareRoot() }
        let inner = (1..<max(1, height - 1)).flatMap { y in (1..<max(1, width - 1)).map { (x: $0, y: y) } }
        for (x, y) in inner {
            let (a, b) = (slope(pair.mri, x, y), slope(pair.other, x, y))
            (larger[x, y], apart[x, y]) = (max(length(a), length(b)), length(a - b))
        }
        var (head, uniform, agreement, disagreement) = ([Int](), [Int](), [Int](), [Int]())
        for (x, y) in inner where pair.mri[x, y] != 0 || pair.other[x, y] != 0 {
            let index = y * width + x
            head.append(index)
            if larger[x, y] >= Self.steep {
                if apart[x, y] < larger[x, y] / 2 { agreement.append(index) } else { disagreement.append(index) }
            } else if (y - 1...y + 1).allSatisfy({ row in (x - 1...x + 1).allSatisfy { larger[$0, row] <= Self.flat } }) {
                uniform.append(index)
            }
        }
        (self.head, self.uniform, self.agreement, self.disagreement) = (head, uniform, agreement, disagreement)
    }

    /// Means over the pixels of each kind; NaN where a pair has none of it.
    public struct Means: Sendable, Equatable {
        public var head, uniform, agreement, disagreement: Double

        /// In the order of the columns.
        var values: [Double] { [head, uniform, agreement, disagreement] }
    }

    /// Means of a plane of the pair's size.
    func means(_ plane: Plane) -> Means {
        func mean(_ pixels: [Int]) -> Double {
            pixels.isEmpty ? .nan : pixels.reduce(0) { $0 + Double(plane.values[$1]) } / Double(pixels.count)
        }
        return Means(head: mean(head), uniform: mean(uniform), agreement: mean(agreement), disagreement: mean(disagreement))
    }
}
