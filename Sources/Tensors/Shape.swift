/// The four axes of every tensor of the engine, channels last: `NHWC`.
///
/// Activations are (N, H, W, C): batch, rows, columns, channels. Convolution weights use the same four places as
/// (kernel row, kernel column, input channel, output channel). A vector is (1, 1, 1, C), a matrix (1, 1, rows, columns).
public struct Shape: Hashable, Sendable, CustomStringConvertible {
    /// Batch.
    public var n: Int
    /// Rows.
    public var h: Int
    /// Columns.
    public var w: Int
    /// Channels, the contiguous axis.
    public var c: Int

    public init(_ n: Int, _ h: Int, _ w: Int, _ c: Int) {
        (self.n, self.h, self.w, self.c) = (n, h, w, c)
    }

    /// The shape of a vector of `c` elements.
    public static func vector(_ c: Int) -> Shape { Shape(1, 1, 1, c) }

    /// The shape of a matrix of `rows` × `columns` elements.
    public static func matrix(_ rows: Int, _ columns: Int) -> Shape { Shape(1, 1, rows, columns) }

    /// How many elements there are.
    public var count: Int { n * h * w * c }

    /// How many rows of `c` contiguous elements there are: N·H·W.
    public var pixels: Int { n * h * w }

    /// The same pixels with another number of channels.
    public func with(channels: Int) -> Shape { Shape(n, h, w, channels) }

    public var description: String { "(\(n), \(h), \(w), \(c))" }
}
