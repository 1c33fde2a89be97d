import Foundation

extension Data {
    /// Appends the number, lowest byte first.
    mutating func append(_ number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}

/// Reads numbers, lowest byte first, and never beyond the end.
struct PriorCacheReader {
    let bytes: [UInt8]
    var offset = 0

    /// - Throws: ``PriorCacheError/damaged`` where fewer bytes are left.
    mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - offset else { throw PriorCacheError.damaged }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    mutating func number<Number: FixedWidthInteger>() throws -> Number {
        try take(MemoryLayout<Number>.size).reversed().reduce(0) { $0 << 8 | Number($1) }
    }

    mutating func floats(_ count: Int) throws -> [Float] {
        try take(4 * count).withUnsafeBytes { slice in
            (0..<count).map { Float(bitPattern: UInt32(littleEndian: slice.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))) }
        }
    }

    /// The last eight bytes as a number.
    func trailingNumber() -> UInt64 {
        bytes.suffix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
