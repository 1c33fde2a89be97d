/// Why a PNG could not be read or written.
///
/// No case carries pixels, text chunks or any other content of a file, so a description may be logged and sent to a client.
public enum PNGError: Error, Equatable, Sendable {
    /// The bytes do not begin with the signature of PNG.
    case notPNG
    /// The bytes end before the picture does.
    case truncated(bytes: Int)
    /// The bytes break a rule of PNG; `reason` names it.
    case damaged(reason: String)
    /// The picture, of this many columns and rows, exceeds `limits`.
    case tooLarge(width: Int, height: Int, limits: PNG.Limits)
    /// The image to be written contradicts itself; `reason` says how.
    case unencodable(reason: String)
    /// Memory could not be had.
    case outOfMemory
}

extension PNGError: CustomStringConvertible {
    /// What is wrong and what to do about it, in one line.
    public var description: String {
        switch self {
        case .notPNG:
            "not a PNG file: the first eight bytes are not its signature; send the picture as PNG"
        case .truncated(let bytes):
            "the PNG file ends too early, after \(bytes) bytes; send the whole file"
        case .damaged(let reason):
            "the PNG file is damaged (\(reason)); export the picture again"
        case .tooLarge(let width, let height, let limits):
            if max(width, height) > limits.maxSide {
                "the picture of \(width)×\(height) pixels has a side longer than the permitted \(limits.maxSide); scale it down"
            } else {
                "the picture of \(width)×\(height) pixels has more than the permitted \(limits.maxPixels) pixels; scale it down"
            }
        case .unencodable(let reason):
            "the image cannot be written as PNG: \(reason)"
        case .outOfMemory:
            "there is not enough memory for the picture; try again later or with a smaller one"
        }
    }
}
