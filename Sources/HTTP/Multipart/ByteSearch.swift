import CLinux

/// Looks for a pattern of bytes.
enum ByteSearch {
    /// The first occurrence. Complexity: O(bytes), by `memmem`.
    static func first(_ pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBytes { haystack -> Int? in
            pattern.withUnsafeBytes { needle -> Int? in
                guard let base = haystack.baseAddress, let start = needle.baseAddress else { return nil }
                guard let found = memmem(base, haystack.count, start, needle.count) else { return nil }
                return UnsafeRawPointer(found) - base
            }
        }
    }

    /// Where the longest end of `bytes` begins that could be the beginning of `pattern`; `bytes.count` where there is none.
    static func possibleStart(_ pattern: [UInt8], in bytes: [UInt8]) -> Int {
        var start = max(0, bytes.count - pattern.count + 1)
        while start < bytes.count {
            if bytes[start...].elementsEqual(pattern.prefix(bytes.count - start)) { return start }
            start += 1
        }
        return start
    }
}
