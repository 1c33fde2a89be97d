import Synchronization

/// A bound on the memory that forms take together while they are gathered. What it has not left goes to files.
public final class MemoryBudget: Sendable {
    /// What a form may hold without asking, so that short fields never go to files: no more than its connection's own buffers.
    static let ownBytes = 16 << 10

    private let left: Mutex<Int>

    /// - Parameter bytes: for all forms together, beside the 16 KiB that each has of its own.
    public init(bytes: Int) { left = Mutex(bytes) }

    /// Bytes that no form holds now.
    public var freeBytes: Int { left.withLock { $0 } }

    /// Takes bytes, or gives them back where negative; false where so many are not left.
    fileprivate func take(_ bytes: Int) -> Bool {
        left.withLock { left in
            guard bytes <= left else { return false }
            left -= bytes
            return true
        }
    }

    /// What one form holds of a budget: given back when the form is gone.
    final class Share: Sendable {
        private let budget: MemoryBudget
        private let held = Mutex(0)

        init(of budget: MemoryBudget) { self.budget = budget }

        deinit { _ = budget.take(-held.withLock { $0 }) }

        /// Holds as much as a form of `bytes` in memory needs, more or less than before; false, and as before, where so much is not left.
        func hold(_ bytes: Int) -> Bool {
            let needed = max(0, bytes - MemoryBudget.ownBytes)
            return held.withLock { held in
                guard budget.take(needed - held) else { return false }
                held = needed
                return true
            }
        }
    }
}
