import Glibc

/// The authority of a Host field or of a target (RFC 9110 §7.2, RFC 3986 §3.2): uri-host [ ":" port ], without userinfo.
extension Grammar {
    /// - Parameter portRequired: as for CONNECT (RFC 9112 §3.2.3).
    static func isAuthority(_ bytes: UnsafeRawBufferPointer, portRequired: Bool = false) -> Bool {
        // The colons of an IPv6 address stand within its brackets.
        let bracket = bytes.lastIndex(of: UInt8(ascii: "]")) ?? -1
        let colon = bytes.lastIndex(of: UInt8(ascii: ":")).flatMap { $0 > bracket ? $0 : nil }
        let host = UnsafeRawBufferPointer(rebasing: bytes[..<(colon ?? bytes.count)])
        let port = UnsafeRawBufferPointer(rebasing: bytes[(colon.map { $0 + 1 } ?? bytes.count)...])
        guard isPort(port), !portRequired || !port.isEmpty else { return false }
        // An http URI without host is invalid (RFC 9110 §4.2.1).
        return host.first == UInt8(ascii: "[") ? isLiteral(host) : !host.isEmpty && isEncoded(host, where: isHostByte)
    }

    /// *DIGIT (RFC 3986 §3.2.3), within what TCP has.
    private static func isPort(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count <= 5 && bytes.allSatisfy(isDigit) && bytes.reduce(0, { $0 * 10 + Int($1 - 0x30) }) <= 65535
    }

    /// "[" ( IPv6address / IPvFuture ) "]" (RFC 3986 §3.2.2).
    private static func isLiteral(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.last == UInt8(ascii: "]"), bytes.count > 2 else { return false }
        let inner = bytes.dropFirst().dropLast()
        if inner.first.map(lowercase) == UInt8(ascii: "v") {
            let version = inner.dropFirst().prefix { hexValue($0) != nil }
            let address = inner.dropFirst(1 + version.count)
            return !version.isEmpty && address.first == UInt8(ascii: ".") && address.count > 1
                && address.allSatisfy { isHostByte($0) || $0 == UInt8(ascii: ":") }
        }
        guard inner.allSatisfy({ hexValue($0) != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }) else { return false }
        var address = in6_addr()
        return inet_pton(AF_INET6, String(decoding: inner, as: UTF8.self), &address) == 1
    }
}
