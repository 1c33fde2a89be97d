/// One channel of a picture as numbers, ready for arithmetic.
///
/// Values are in grey levels of an 8-bit picture, 0...255, whatever the depth of the file: a 16-bit sample `s` is `s / 257`.
public struct Plane: Sendable, Equatable {
    /// Columns, at least 1.
    public let width: Int
    /// Rows, at least 1.
    public let height: Int
    /// Values row by row: (height, width), nominally 0...255.
    public var values: [Float]

    /// - Precondition: `values.count == width * height`, both sides at least 1.
    public init(width: Int, height: Int, values: [Float]) {
        precondition(width >= 1 && height >= 1 && values.count == width * height, "values do not fill the plane")
        (self.width, self.height, self.values) = (width, height, values)
    }

    /// A plane of one value.
    public init(width: Int, height: Int, repeating value: Float = 0) {
        self.init(width: width, height: height, values: [Float](repeating: value, count: width * height))
    }

    /// The value in column `x` of row `y`.
    public subscript(x: Int, y: Int) -> Float {
        get { values[y * width + x] }
        set { values[y * width + x] = newValue }
    }
}
