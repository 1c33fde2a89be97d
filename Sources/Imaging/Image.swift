/// How many channels a pixel has and what they mean.
public enum ColourModel: Int, Sendable, Codable {
    /// One channel: luminance.
    case grey = 1
    /// Three channels: red, green, blue.
    case rgb = 3
}

/// Bits of one sample.
public enum BitDepth: Int, Sendable, Codable {
    case eight = 8
    case sixteen = 16

    /// The largest sample value: 255 or 65535.
    public var maximum: UInt16 { self == .eight ? 255 : .max }
}

/// A raster picture with integer samples, without alpha.
public struct Image: Sendable, Equatable {
    /// Columns, at least 1.
    public let width: Int
    /// Rows, at least 1.
    public let height: Int
    public let colour: ColourModel
    public let depth: BitDepth
    /// Samples, row by row, pixel by pixel, channels interleaved: (height, width, channel); each in 0...`depth.maximum`.
    public var samples: [UInt16]

    /// - Precondition: `samples.count == width * height * colour.rawValue`, both sides at least 1.
    public init(width: Int, height: Int, colour: ColourModel, depth: BitDepth, samples: [UInt16]) {
        precondition(width >= 1 && height >= 1 && samples.count == width * height * colour.rawValue, "samples do not fill the image")
        (self.width, self.height, self.colour, self.depth, self.samples) = (width, height, colour, depth, samples)
    }
}
