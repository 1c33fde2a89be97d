import Glibc

/// Bytes on their way to one socket.
struct OutputQueue {
    enum Progress { case drained, blocked, failed }

    private var segments: [[UInt8]] = []
    /// Bytes of the first segment that are sent already.
    private var offset = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        count += bytes.count
        // Small answers in a row share a segment, and so a write.
        if let last = segments.indices.last, segments[last].count + bytes.count <= 16384 {
            segments[last] += bytes
        } else {
            segments.append(bytes)
        }
    }

    /// Sends what the socket takes now, several segments a call. MSG_NOSIGNAL makes a gone peer an error, not a SIGPIPE.
    mutating func send(to socket: Int32) -> Progress {
        while !isEmpty {
            let sent = sendOnce(socket)
            if sent < 0 {
                switch errno {
                case EINTR: continue
                case EAGAIN, EWOULDBLOCK: return .blocked
                default: return .failed
                }
            }
            drop(sent)
        }
        return .drained
    }

    private func sendOnce(_ socket: Int32) -> Int {
        let flags = Int32(MSG_NOSIGNAL)
        if segments.count == 1 {
            return segments[0].withUnsafeBytes { Glibc.send(socket, $0.baseAddress! + offset, $0.count - offset, flags) }
        }
        // Two at once: a head and its body.
        return segments[0].withUnsafeBytes { first in
            segments[1].withUnsafeBytes { second in
                withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { vectors in
                    vectors[0] = iovec(iov_base: .init(mutating: first.baseAddress! + offset), iov_len: first.count - offset)
                    vectors[1] = iovec(iov_base: .init(mutating: second.baseAddress!), iov_len: second.count)
                    var message = msghdr()
                    message.msg_iov = vectors.baseAddress
                    message.msg_iovlen = 2
                    return sendmsg(socket, &message, flags)
                }
            }
        }
    }

    private mutating func drop(_ bytes: Int) {
        count -= bytes
        offset += bytes
        while let first = segments.first, offset >= first.count {
            offset -= first.count
            segments.removeFirst()
        }
    }
}
