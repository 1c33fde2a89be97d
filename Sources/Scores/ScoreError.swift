import Imaging

/// Why no score can be computed at all.
///
/// A score that is merely undefined for the images at hand (a window larger than the image, 0/0) is `nil`, not an error.
public enum ScoreError: Error, Sendable, Equatable {
    /// The images are of different sizes, so that their pixels do not correspond.
    case sizesDiffer(expected: Size, found: Size)
    /// An image holds a value that is not a number, or infinite.
    case notFinite(column: Int, row: Int)

    /// Columns and rows of an image.
    public struct Size: Sendable, Equatable, CustomStringConvertible {
        public let width: Int
        public let height: Int

        public init(width: Int, height: Int) {
            (self.width, self.height) = (width, height)
        }

        public var description: String { "\(width)×\(height)" }
    }
}

extension ScoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .sizesDiffer(let expected, let found): "the images must be of one size, but one is \(expected) and another \(found)"
        case .notFinite(let column, let row): "the value in column \(column) of row \(row) is not a finite number"
        }
    }
}

extension Plane {
    var size: ScoreError.Size { ScoreError.Size(width: width, height: height) }
}
