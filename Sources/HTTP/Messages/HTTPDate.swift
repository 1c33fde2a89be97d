import Glibc

/// A moment as fields carry it (RFC 9110 §5.6.7).
struct HTTPDate: Equatable {
    /// Since 1970, in UTC.
    let seconds: Int

    init(seconds: Int) { self.seconds = seconds }

    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// IMF-fixdate: the only form that is sent.
    var text: String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let (day, month) = (Self.days[Int(parts.tm_wday)], Self.months[Int(parts.tm_mon)])
        let clock = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        return "\(day), \(two(parts.tm_mday)) \(month) \(parts.tm_year + 1900) \(clock) GMT"
    }

    /// Reads IMF-fixdate and the two obsolete forms, which recipients must accept: "Sun, 06 Nov 1994 08:49:37 GMT",
    /// "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994". The day's name is not checked.
    init?(text: String) {
        let words = text.split(separator: " ").map(String.init)
        if words.count == 6, words[0].hasSuffix(","), words[5] == "GMT" {
            self.init(day: words[1], month: words[2], year: Self.number(words[3], digits: 4), clock: words[4])
        } else if words.count == 4, words[0].hasSuffix(","), words[3] == "GMT" {
            let date = words[1].split(separator: "-").map(String.init)
            guard date.count == 3, let short = Self.number(date[2], digits: 2) else { return nil }
            // A two-digit year more than 50 years ahead is in the past.
            let thisYear = Self.year(of: time(nil))
            let year = thisYear / 100 * 100 + short
            self.init(day: date[0], month: date[1], year: year > thisYear + 50 ? year - 100 : year, clock: words[2])
        } else if words.count == 5 {
            self.init(day: words[2], month: words[1], year: Self.number(words[4], digits: 4), clock: words[3])
        } else {
            return nil
        }
    }

    private init?(day: String, month: String, year: Int?, clock: String) {
        let time = clock.split(separator: ":", omittingEmptySubsequences: false).map { Self.number(String($0), digits: 2) }
        guard let year, year >= 1900, let month = Self.months.firstIndex(of: month), let day = Self.number(day, digits: day.utf8.count),
            (1...31).contains(day), time.count == 3, let hour = time[0], let minute = time[1], let second = time[2], hour < 24, minute < 60,
            second <= 60
        else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (Int32(year - 1900), Int32(month), Int32(day))
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (Int32(hour), Int32(minute), Int32(second))
        self.init(seconds: timegm(&parts))
    }

    private static func number(_ text: String, digits: Int) -> Int? {
        text.utf8.count == digits && digits <= 4 && text.utf8.allSatisfy(Grammar.isDigit) ? Int(text) : nil
    }

    private static func year(of time: time_t) -> Int {
        var (time, parts) = (time, tm())
        gmtime_r(&time, &parts)
        return Int(parts.tm_year) + 1900
    }
}
