import Foundation

/// Wakes threads that wait for something to change.
///
/// Read ``rings`` first, then look, then wait for a ring after the one read: no change between the look and the wait is missed.
final class Bell: @unchecked Sendable {
    // Unchecked: `count` is only touched under `condition`.
    private let condition = NSCondition()
    private var count = 0

    var rings: Int { condition.withLock { count } }

    func ring() {
        condition.withLock {
            count += 1
            condition.broadcast()
        }
    }

    /// Returns once the bell has rung more than `rings` times, or at `deadline`.
    func wait(after rings: Int, until deadline: Date? = nil) {
        condition.withLock {
            while count == rings {
                // Foundation traps on a deadline as far off as `distantFuture`.
                guard let deadline else {
                    condition.wait()
                    continue
                }
                guard condition.wait(until: deadline) else { return }
            }
        }
    }
}
