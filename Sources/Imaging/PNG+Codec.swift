private import CPNG

extension PNG {
    /// Bounds of libpng beside the size of the picture: the longest chunk other than pixels, and the number of chunks kept.
    private static let (maxChunkBytes, maxChunks) = (8_000_000, 100)

    /// Decodes the pixels of a file whose header has passed the limits.
    static func pixels(of file: UnsafeRawBufferPointer, header: Header, limits: Limits) throws(PNGError) -> Image {
        let bounds = cpng_limits(
            max_width: UInt32(limits.maxSide), max_height: UInt32(limits.maxSide), max_chunk_bytes: maxChunkBytes,
            max_chunks: UInt32(maxChunks))
        let count = header.width * header.height * header.colour.rawValue
        var status = CPNG_NO_MEMORY
        var message = cpng_message()
        let samples = [UInt16](unsafeUninitializedCapacity: count) { samples, initialised in
            status = cpng_decode(
                file.bindMemory(to: UInt8.self).baseAddress, file.count, bounds, UInt32(header.width), UInt32(header.height),
                Int32(header.colour.rawValue), Int32(header.depth.rawValue), samples.baseAddress, count, &message)
            initialised = status == CPNG_OK ? count : 0
        }
        switch status {
        case CPNG_OK: break
        case CPNG_TRUNCATED: throw .truncated(bytes: file.count)
        case CPNG_NO_MEMORY: throw .outOfMemory
        default: throw .damaged(reason: text(message))
        }
        return Image(width: header.width, height: header.height, colour: header.colour, depth: header.depth, samples: samples)
    }

    /// Encodes an image whose samples have been checked.
    static func file(of image: Image, compression: Compression) throws(PNGError) -> [UInt8] {
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        var message = cpng_message()
        let status = image.samples.withUnsafeBufferPointer { samples in
            cpng_encode(
                samples.baseAddress, UInt32(image.width), UInt32(image.height), Int32(image.colour.rawValue),
                Int32(image.depth.rawValue), compression.level, compression == .fast ? 0 : 1, &bytes, &count, &message)
        }
        defer { cpng_free(bytes) }
        guard status != CPNG_NO_MEMORY else { throw .outOfMemory }
        guard status == CPNG_OK else { throw .unencodable(reason: text(message)) }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    private static func text(_ message: cpng_message) -> String {
        withUnsafeBytes(of: message.text) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
