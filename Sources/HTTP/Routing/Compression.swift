import CZlib

/// Compresses JSON and text for clients that ask for gzip (RFC 9110 §8.4.1.3, §12.5.3).
///
/// Pictures are compressed already, small content gains nothing, streams go out as they are made, and a 206 holds bytes of the plain
/// representation: these stay as they are. A compressed answer is another representation with the same meaning, so its tag is weakened
/// (RFC 9110 §8.8.1), and Vary tells caches in either case (RFC 9110 §12.5.5).
///
/// - Parameter minimumBytes: content shorter than this is sent plain.
public func compression(minimumBytes: Int = 1024) -> Middleware {
    Middleware(after: { request, response in
        // Without a type to judge by; a cache updates what it stored with these fields (RFC 9110 §15.4.5).
        if response.status == .notModified { response.headers.append("Vary", "Accept-Encoding") }
        guard let type = response.headers["Content-Type"].flatMap(MediaType.init), type.isCompressible,
            !response.headers.contains("Content-Encoding")
        else { return }
        response.headers.append("Vary", "Accept-Encoding")
        guard response.status != .partialContent, case .bytes(let bytes) = response.body, bytes.count >= minimumBytes,
            request.acceptsGzip, let compressed = Gzip.compress(bytes), compressed.count < bytes.count
        else { return }
        response.body = .bytes(compressed)
        response.headers["Content-Encoding"] = "gzip"
        // Ranges would be of the plain bytes.
        response.headers.remove("Accept-Ranges")
        if let tag = response.headers["ETag"], !tag.hasPrefix("W/") { response.headers["ETag"] = "W/" + tag }
    })
}

extension MediaType {
    /// Whether its content is text that has not been compressed yet.
    var isCompressible: Bool {
        if type == "text" { return subtype != "event-stream" }
        return type == "application" && (["json", "xml", "yaml", "javascript"].contains(subtype) || subtype.hasSuffix("+json"))
            || type == "image" && subtype == "svg+xml"
    }
}

enum Gzip {
    /// One gzip member (RFC 1952); nil where zlib has no memory. Complexity: O(bytes).
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        // A window of 2^15 with a gzip wrapper (16), and level 4: most of the gain at a third of the time.
        guard bytes.count < Int(UInt32.max), amalgam_deflateInit2(&stream, 4, 15 + 16, 8) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        let capacity = Int(deflateBound(&stream, UInt(bytes.count)))
        var result = Z_OK
        let output = [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
            bytes.withUnsafeBufferPointer { input in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(capacity)
                result = deflate(&stream, Z_FINISH)
            }
            count = Int(stream.total_out)
        }
        return result == Z_STREAM_END ? output : nil
    }
}
