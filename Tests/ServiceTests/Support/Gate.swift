import Foundation

/// Holds threads until they are let go.
final class Gate: Sendable {
    private let (entry, exit) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))

    /// Blocks the thread until somebody opens.
    func hold() {
        entry.signal()
        exit.wait()
    }

    /// Returns once that many are held.
    func entered(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [entry] in
                for _ in 0..<count { entry.wait() }
                continuation.resume()
            }
        }
    }

    /// Lets that many go.
    func open(_ count: Int = 1) {
        for _ in 0..<count { exit.signal() }
    }
}
