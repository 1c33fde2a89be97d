extension PNG {
    /// What a PNG file says of itself before its pixels (PNG specification, Third Edition, §11.2.1).
    public struct Header: Sendable, Equatable {
        /// Columns, 1...2³¹−1.
        public let width: Int
        /// Rows, 1...2³¹−1.
        public let height: Int
        /// The colour model of the decoded image: a palette counts as RGB.
        public let colour: ColourModel
        /// The depth of the decoded image: fewer than 8 bits become 8.
        public let depth: BitDepth
        /// Whether there is transparency, by an alpha channel or by a tRNS chunk. It is dropped on decoding.
        public let hasAlpha: Bool
        /// Bits of a pixel as stored, 1...64.
        public let storedBitsPerPixel: Int
    }
}

extension PNG.Header {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    /// Where the chunks after IHDR begin.
    private static let endOfIHDR = 33

    /// Reads signature and IHDR, and looks for tRNS as far as the bytes reach.
    init(_ file: UnsafeRawBufferPointer) throws(PNGError) {
        guard file.prefix(8).elementsEqual(Self.signature.prefix(file.count)), !file.isEmpty else { throw .notPNG }
        guard file.count >= Self.endOfIHDR else { throw .truncated(bytes: file.count) }
        guard Self.word(file, 8) == 13, file[12..<16].elementsEqual("IHDR".utf8) else {
            throw .damaged(reason: "the first chunk is not a header")
        }
        (width, height) = (Self.word(file, 16), Self.word(file, 20))
        let side = 1...Int(Int32.max)
        guard side.contains(width), side.contains(height) else { throw .damaged(reason: "a side of \(width)×\(height) is out of range") }

        let bits = Int(file[24])
        let (channels, permitted): (Int, [Int])
        switch file[25] {
        case 0: (colour, channels, permitted) = (.grey, 1, [1, 2, 4, 8, 16])
        case 2: (colour, channels, permitted) = (.rgb, 3, [8, 16])
        case 3: (colour, channels, permitted) = (.rgb, 1, [1, 2, 4, 8])
        case 4: (colour, channels, permitted) = (.grey, 2, [8, 16])
        case 6: (colour, channels, permitted) = (.rgb, 4, [8, 16])
        default: throw .damaged(reason: "unknown colour type \(file[25])")
        }
        guard permitted.contains(bits) else { throw .damaged(reason: "colour type \(file[25]) cannot have \(bits) bits") }
        guard file[26] == 0, file[27] == 0, file[28] <= 1 else {
            throw .damaged(reason: "unknown compression, filter or interlace method")
        }
        depth = bits == 16 ? .sixteen : .eight
        storedBitsPerPixel = bits * channels
        hasAlpha = channels == 2 || channels == 4 || Self.hasTransparencyChunk(file)
    }

    /// Refuses what exceeds the limits, and fewer bytes than could hold the pixels.
    ///
    /// Deflate, at its densest, spends one bit on a length and one on a distance for 258 bytes: no file expands more than 1032-fold
    /// (RFC 1951 §3.2.5). Headers that promise more are refused before memory is taken.
    func check(_ limits: PNG.Limits, bytes: Int) throws(PNGError) {
        guard max(width, height) <= limits.maxSide, width * height <= limits.maxPixels else {
            throw .tooLarge(width: width, height: height, limits: limits)
        }
        guard width * height * storedBitsPerPixel / 8 <= bytes * 1032 else { throw .truncated(bytes: bytes) }
    }

    /// Whether a tRNS chunk stands before the pixels, as far as the bytes reach.
    private static func hasTransparencyChunk(_ file: UnsafeRawBufferPointer) -> Bool {
        var chunk = endOfIHDR
        while chunk + 8 <= file.count {
            let type = file[chunk + 4..<chunk + 8]
            if type.elementsEqual("tRNS".utf8) { return true }
            if type.elementsEqual("IDAT".utf8) || type.elementsEqual("IEND".utf8) { return false }
            chunk += 12 + word(file, chunk)  // Length, type, content and checksum; at most 2³² + 11, so this cannot overflow.
        }
        return false
    }

    /// The big-endian 32-bit number at `offset`.
    private static func word(_ file: UnsafeRawBufferPointer, _ offset: Int) -> Int {
        Int(UInt32(bigEndian: file.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
}
