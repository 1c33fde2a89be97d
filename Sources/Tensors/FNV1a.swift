/// Fowler–Noll–Vo 1a in 64 bits: tells accidents, not attacks.
package struct FNV1a {
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    @inline(__always)
    package mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }

    /// Adds four bytes, the lowest first.
    package mutating func add(_ word: UInt32) {
        for shift: UInt32 in [0, 8, 16, 24] { add(UInt8(truncatingIfNeeded: word >> shift)) }
    }

    /// The hash of bytes. O(bytes).
    package static func hash(_ bytes: some Collection<UInt8>) -> UInt64 {
        // Contiguous bytes go through a loop that is compiled for them, not for collections at large.
        bytes.withContiguousStorageIfAvailable(hash(buffer:)) ?? Array(bytes).withUnsafeBufferPointer(hash(buffer:))
    }

    private static func hash(buffer: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash = FNV1a()
        for byte in buffer { hash.add(byte) }
        return hash.value
    }
}
