import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// What Linux says about this process (proc(5)).
struct ProcessStatus {
    /// Resident memory in bytes; nil where the system does not say.
    var residentBytes: Double? {
        Self.words("/proc/self/statm").flatMap { $0.count > 1 ? Double($0[1]) : nil }.map { $0 * Double(sysconf(Int32(_SC_PAGESIZE))) }
    }

    /// The number of open descriptors, the one that counts them not counted.
    var openDescriptors: Double? {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map { Double($0.count - 1) }
    }

    /// Seconds of processor time, user and system.
    var cpuSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The start of the process in seconds since 1970.
    var startTime: Double? {
        // The second field, the program's name in parentheses, may hold blanks: count behind it, where the third field is the first.
        guard let stat = Self.text("/proc/self/stat")?.split(separator: ")").last?.split(separator: " "), stat.count > 19,
            let ticks = Double(stat[19]),
            let boot = Self.text("/proc/stat")?.split(separator: "\n").first(where: { $0.hasPrefix("btime ") })?.split(separator: " ").last
        else { return nil }
        return Double(boot).map { $0 + ticks / Double(sysconf(Int32(_SC_CLK_TCK))) }
    }

    private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
    private static func words(_ path: String) -> [Substring]? { text(path)?.split(whereSeparator: \.isWhitespace) }
}
