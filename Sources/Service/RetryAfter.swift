import HTTP

/// When it is worth coming back, as it is told to those who are refused (RFC 9110 §10.2.3).
enum RetryAfter {
    /// Whole seconds, rounded up: at least one, and no more than an hour, as nobody knows that far ahead.
    static func seconds(_ seconds: Double) -> Int { Int(min(max(seconds.rounded(.up), 1), 3600)) }

    static func header(_ seconds: Double) -> HeaderFields { ["Retry-After": String(Self.seconds(seconds))] }
}
