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
            date = Array(HTTPDate(seconds: second).text.utf8)
        }
    }
}

extension Duration {
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(0, min(seconds, 1 << 31))) * 1_000_000_000 + UInt64(max(0, attoseconds) / 1_000_000_000)
    }
}
