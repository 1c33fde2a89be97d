import Glibc

/// A value behind a lock.
///
/// Over a pthread mutex rather than `Synchronization.Mutex`: the thread sanitizer sees this one and, on Linux, takes the other's futex for no
/// lock at all.
///
/// `@unchecked Sendable`: the value is reached with the mutex held, nowhere else.
final class Locked<Value>: @unchecked Sendable {
    private var value: Value
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init(_ value: sending Value) {
        self.value = value
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
