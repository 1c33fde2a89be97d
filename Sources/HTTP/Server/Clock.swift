import Glibc

/// The loop's view of time: monotonic nanoseconds for deadlines, and the Date field's text, made once a second.
struct LoopClock {
    private(set) var now: UInt64 = 0
    private var second: time_t = -1
    private(set) var date: [UInt8] = []

    init() { update() }

    /// Monotonic nanoseconds.
    static func monotonic() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    mutating func update() {
        now = Self.monotonic()
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &wall)
        if wall.tv_sec != second {
            second = wall.tv_sec
            date = Array(HTTPDate.text(second).utf8)
        }
    }
}

/// IMF-fixdate (RFC 9110 §5.6.7).
enum HTTPDate {
    static func text(_ seconds: time_t) -> String {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let (day, month) = (days[Int(parts.tm_wday)], months[Int(parts.tm_mon)])
        let clock = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        return "\(day), \(two(parts.tm_mday)) \(month) \(parts.tm_year + 1900) \(clock) GMT"
    }
}

extension Duration {
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(0, min(seconds, 1 << 31))) * 1_000_000_000 + UInt64(max(0, attoseconds) / 1_000_000_000)
    }
}
