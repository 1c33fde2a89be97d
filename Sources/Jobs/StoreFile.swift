import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Holds a store's file for one process.
///
/// The lock stands beside the file (`<path>.lock`) and is released by the kernel when the process ends, however it ends: whoever opens
/// the store next may take every running job for interrupted.
final class StoreFile: Sendable {
    private let descriptor: Int32

    /// Creates the file if there is none, readable by its owner alone: it will hold medical pictures. SQLite gives its side files the
    /// same permissions.
    init(path: String) throws(JobError) {
        descriptor = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: Self.reason(errno)) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            throw code == EWOULDBLOCK ? .inUse(path: path) : .cannotOpen(path: path, reason: Self.reason(code))
        }
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let code = errno
            close(descriptor)
            throw .cannotOpen(path: path, reason: Self.reason(code))
        }
        close(file)
    }

    /// The size of a file; 0 where there is none.
    static func bytes(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// What is free for this process on the disk that a file lies on; without end where the disk does not say.
    static func freeBytes(beside path: String) -> Int {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return .max }
        let (bytes, isMore) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        return isMore ? .max : bytes
    }

    deinit {
        close(descriptor)
    }

    private static func reason(_ code: Int32) -> String {
        String(cString: strerror(code))
    }
}
