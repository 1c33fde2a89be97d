/// The character classes and small conversions of RFC 9110 §5.6, RFC 9112 and RFC 3986.
enum Grammar {
    /// tchar (RFC 9110 §5.6.2).
    static func isTokenByte(_ byte: UInt8) -> Bool {
        if isAlphanumeric(byte) { return true }
        switch Unicode.Scalar(byte) {
        case "!", "#", "$", "%", "&", "'", "*", "+", "-", ".", "^", "_", "`", "|", "~": return true
        default: return false
        }
    }

    /// VCHAR, obs-text, SP or HTAB: what a field value may hold (RFC 9110 §5.5).
    static func isFieldByte(_ byte: UInt8) -> Bool { !isControl(byte) || byte == 0x09 }

    /// CTL (RFC 5234 §B.1).
    static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

    /// pchar or "/" without the percent sign (RFC 3986 §3.3).
    static func isPathByte(_ byte: UInt8) -> Bool {
        isHostByte(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "@")
    }

    /// reg-name without the percent sign (RFC 3986 §3.2.2).
    static func isHostByte(_ byte: UInt8) -> Bool {
        if isAlphanumeric(byte) { return true }
        switch Unicode.Scalar(byte) {
        case "-", ".", "_", "~", "!", "$", "&", "'", "(", ")", "*", "+", ",", ";", "=": return true
        default: return false
        }
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 0x61 < 26 }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    /// Whether `bytes` spell `text`, ASCII letters compared without case.
    static func equalsIgnoringCase(_ bytes: UnsafeRawBufferPointer, _ text: String.UTF8View) -> Bool {
        guard bytes.count == text.count else { return false }
        var index = 0
        for letter in text {
            if lowercase(bytes[index]) != lowercase(letter) { return false }
            index += 1
        }
        return true
    }

    static func equalsIgnoringCase(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count where lowercase(bytes[index]) != lowercase(text.utf8Start[index]) { return false }
        return true
    }

    static func equals(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count where bytes[index] != text.utf8Start[index] { return false }
        return true
    }

    static func lowercase(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// Whether all of `bytes` are path (or query) characters with whole percent-encodings.
    static func isPath(_ bytes: UnsafeRawBufferPointer, query: Bool) -> Bool {
        isEncoded(bytes) { isPathByte($0) || query && $0 == UInt8(ascii: "?") }
    }

    /// Whether all of `bytes` are allowed, or whole percent-encodings (RFC 3986 §2.1).
    static func isEncoded(_ bytes: UnsafeRawBufferPointer, where allowed: (UInt8) -> Bool) -> Bool {
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%") {
                guard index + 2 < bytes.count, hexValue(bytes[index + 1]) != nil, hexValue(bytes[index + 2]) != nil else { return false }
                index += 3
            } else {
                guard allowed(bytes[index]) else { return false }
                index += 1
            }
        }
        return true
    }

    /// Decodes percent-encoding (RFC 3986 §2.1), and "+" as a space where `form` is set; nil where the result is not UTF-8 or holds NUL.
    static func percentDecoded(_ text: some Collection<UInt8>, form: Bool = false) -> String? {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = iterator.next().flatMap(hexValue), let low = iterator.next().flatMap(hexValue) else { return nil }
                output.append(high << 4 | low)
            } else {
                output.append(form && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        if output.contains(0) { return nil }
        return String(validating: output, as: UTF8.self)
    }
}
