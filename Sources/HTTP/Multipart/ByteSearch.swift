import CLinux

/// Looks for a pattern of bytes.
enum ByteSearch {
    /// How far into `bytes` the first occurrence begins. Complexity: O(bytes), by `memmem`.
    static func first(_ pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBytes { haystack -> Int? in
            pattern.withUnsafeBytes { needle -> Int? in
                guard let base = haystack.baseAddress, let start = needle.baseAddress else { return nil }
                guard let found = memmem(base, haystack.count, start, needle.count) else { return nil }
                return UnsafeRawPointer(found) - base
            }
        }
    }

    /// How far into `bytes` the longest end begins that could be the beginning of `pattern`; `bytes.count` where there is none.
    static func possibleStart(_ pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int {
        var end = bytes.suffix(pattern.count - 1)
        while !pattern.starts(with: end) { end.removeFirst() }
        return bytes.count - end.count
    }
}
