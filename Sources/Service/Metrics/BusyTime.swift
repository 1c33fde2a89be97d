import Synchronization

/// Sums up how long something is at work, also while it still is.
final class BusyTime: Sendable {
    private struct State {
        var count = 0
        /// Since when `count` has been what it is.
        var since = ContinuousClock.now
        var seconds = 0.0

        mutating func catchUp() {
            let now = ContinuousClock.now
            seconds += (now - since).inSeconds * Double(count)
            since = now
        }
    }

    private let state = Mutex(State())

    func measure<Value>(_ body: () throws -> Value) rethrows -> Value {
        change(by: 1)
        defer { change(by: -1) }
        return try body()
    }

    /// The seconds until now.
    var seconds: Double {
        state.withLock { state in
            state.catchUp()
            return state.seconds
        }
    }

    private func change(by difference: Int) {
        state.withLock { state in
            state.catchUp()
            state.count += difference
        }
    }
}
