import Glibc

/// The content of one part: in memory, or in a file that has no name where it outgrew the form's share of memory.
struct PartContent: Sendable {
    private var memory: [UInt8] = []
    private var file: TemporaryFile?
    private(set) var size = 0

    var isInFile: Bool { file != nil }

    /// Bytes held in memory.
    var memorySize: Int { memory.count }

    /// - Parameter room: how many more bytes may go to memory; content that needs more moves to a file.
    mutating func append(_ bytes: ArraySlice<UInt8>, room: Int) throws(SystemError) {
        size += bytes.count
        if file == nil {
            guard bytes.count > room else {
                memory += bytes
                return
            }
            file = try TemporaryFile()
            try file!.append(memory[...])
            memory = []
        }
        try file!.append(bytes)
    }

    /// Complexity: O(bytes).
    func read() throws(SystemError) -> [UInt8] {
        guard let file else { return memory }
        return try file.read()
    }
}

/// A file without a name: gone when it is closed, also where the process is killed.
///
/// `@unchecked Sendable`: written by the one who reads the form, before anybody else sees it; then only read, by `pread`.
final class TemporaryFile: @unchecked Sendable {
    private let descriptor: Int32
    private var size = 0

    /// In `TMPDIR`, or /tmp.
    init() throws(SystemError) {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        // O_TMPFILE = 0o20000000 | O_DIRECTORY: Glibc's module leaves it out.
        var opened = open(folder, 0o20_000_000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0o600)
        if opened < 0 {
            // A file system without it: a name that is gone at once.
            var template = Array("\(folder)/amalgam-XXXXXX".utf8CString)
            opened = mkstemp(&template)
            guard opened >= 0 else { throw SystemError(call: "mkstemp", code: errno) }
            unlink(template)
            _ = fcntl(opened, F_SETFD, FD_CLOEXEC)
        }
        descriptor = opened
    }

    deinit { close(descriptor) }

    func append(_ bytes: ArraySlice<UInt8>) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress! + written, bytes.count - written, off_t(size)) }
            guard count > 0 else {
                if count < 0 && errno == EINTR { continue }
                throw SystemError(call: "write of a temporary file", code: count < 0 ? errno : ENOSPC)
            }
            written += count
            size += count
        }
    }

    func read() throws(SystemError) -> [UInt8] {
        var failure: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { output, filled in
            while filled < size {
                let count = pread(descriptor, output.baseAddress! + filled, size - filled, off_t(filled))
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else {
                    failure = count < 0 ? errno : EIO
                    return
                }
                filled += count
            }
        }
        if let failure { throw SystemError(call: "read of a temporary file", code: failure) }
        return bytes
    }
}
