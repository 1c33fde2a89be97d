/// Portable Network Graphics in and out, by libpng.
///
/// Samples pass through as stored: gamma, chromaticities and ICC profiles (PNG specification, Third Edition, §11.3.2) are ignored,
/// and of an animated PNG only the default picture is read. Text and time chunks are neither interpreted nor written.
public enum PNG {
    /// How large a picture may be before it is refused.
    public struct Limits: Sendable, Equatable {
        /// Most pixels, width × height.
        public let maxPixels: Int
        /// Most columns, and most rows.
        public let maxSide: Int

        /// Limits; each is brought into its meaningful range, 1...2³² pixels and 1...2³¹−1 columns or rows.
        public init(maxPixels: Int = 4096 * 4096, maxSide: Int = 16384) {
            self.maxPixels = min(max(maxPixels, 1), 1 << 32)
            self.maxSide = min(max(maxSide, 1), Int(Int32.max))
        }
    }

    /// A picture and what its file said of it.
    public struct Decoded: Sendable, Equatable {
        public let image: Image
        public let header: Header

        /// Whether the file held transparency, an alpha channel or a tRNS chunk, which was dropped; colours are not blended.
        public var alphaIgnored: Bool { header.hasAlpha }
    }

    /// How much effort goes into small files. The pixels are the same.
    public enum Compression: Sendable, CaseIterable {
        /// For files that are read once.
        case fast
        case balanced
        /// For files that are kept.
        case small

        var level: Int32 {
            switch self {
            case .fast: 1
            case .balanced: 6
            case .small: 9
            }
        }
    }

    /// The picture in a PNG file. See ``read(_:limits:)``, which also tells whether alpha was dropped.
    public static func decode(_ bytes: some Collection<UInt8>, limits: Limits = Limits()) throws(PNGError) -> Image {
        try read(bytes, limits: limits).image
    }

    /// Decodes a PNG file.
    ///
    /// Every colour type and bit depth of the specification is read, interlaced or not (§6.1): a palette becomes RGB; 1, 2 and 4
    /// bits are scaled to 8; alpha is dropped. Bytes after IEND are ignored. Limits are checked, and so is whether so few bytes
    /// can hold so many pixels, before memory for pixels is taken.
    ///
    /// - Complexity: O(width × height) time; memory of the result and a few rows.
    public static func read(_ bytes: some Collection<UInt8>, limits: Limits = Limits()) throws(PNGError) -> Decoded {
        try withContiguousBytes(bytes) { file throws(PNGError) in
            let header = try Header(file)
            try header.check(limits, bytes: file.count)
            return Decoded(image: try pixels(of: file, header: header, limits: limits), header: header)
        }
    }

    /// What a PNG file says of itself before its pixels. Cheap enough to admit or refuse uploads by.
    ///
    /// The bytes may be just the beginning of a file; 33 bytes suffice for all but `hasAlpha` of a tRNS chunk. Checksums are left
    /// to ``read(_:limits:)``.
    ///
    /// - Complexity: O(1) in pixels, linear in the number of chunks before the pixels.
    public static func header(_ bytes: some Collection<UInt8>) throws(PNGError) -> Header {
        try withContiguousBytes(bytes) { file throws(PNGError) in try Header(file) }
    }

    /// Encodes an image as a PNG of its own colour model and depth.
    ///
    /// The file holds IHDR, IDAT and IEND alone. The same image gives the same bytes, given the same versions of libpng and zlib.
    ///
    /// - Throws: `unencodable` if the samples do not fill the image, exceed its depth, or a side exceeds 2³¹−1.
    public static func encode(_ image: Image, compression: Compression = .balanced) throws(PNGError) -> [UInt8] {
        let side = 1...Int(Int32.max)
        guard side.contains(image.width), side.contains(image.height) else {
            throw .unencodable(reason: "\(image.width)×\(image.height) pixels")
        }
        let (perRow, wide) = image.width.multipliedReportingOverflow(by: image.colour.rawValue)
        let (count, tall) = perRow.multipliedReportingOverflow(by: image.height)
        guard !wide, !tall, image.samples.count == count else {
            throw .unencodable(reason: "\(image.samples.count) samples do not fill \(image.width)×\(image.height) pixels")
        }
        guard image.samples.allSatisfy({ $0 <= image.depth.maximum }) else {
            throw .unencodable(reason: "a sample exceeds \(image.depth.maximum)")
        }
        return try file(of: image, compression: compression)
    }

    /// Calls `body` with the bytes in one piece of memory, copying them only if they are not.
    private static func withContiguousBytes<Result>(
        _ bytes: some Collection<UInt8>, _ body: (UnsafeRawBufferPointer) throws(PNGError) -> Result
    ) throws(PNGError) -> Result {
        func attempt(_ buffer: UnsafeBufferPointer<UInt8>) -> Swift.Result<Result, PNGError> {
            do throws(PNGError) { return .success(try body(UnsafeRawBufferPointer(buffer))) } catch { return .failure(error) }
        }
        return try (bytes.withContiguousStorageIfAvailable(attempt) ?? Array(bytes).withUnsafeBufferPointer(attempt)).get()
    }
}
