import Foundation
import Synchronization

/// Threads that take jobs from a store, one at a time each, and have a handler do them.
///
/// The handler is synchronous and may keep a core busy for minutes: every worker is a thread of its own, apart from Swift's cooperative
/// pool. Idle workers sleep until a job is submitted.
public final class WorkerPool: Sendable {
    public typealias Handler = @Sendable (ClaimedJob, JobContext) throws -> JobOutput

    public struct Configuration: Sendable {
        /// How many jobs run at once; at least 1.
        public var workers = 1
        /// How often leases are renewed and progress is stored; well below the store's lease duration.
        public var heartbeat: Duration = .seconds(5)
        /// How long a worker keeps an outcome that the disk would not take before it gives the job up for another attempt; and how long
        /// the job waits for that.
        public var outcomePatience: Duration = .seconds(60)
        /// The stack of a worker's thread in bytes.
        public var stackSize = 8 << 20

        public init(workers: Int = 1) {
            self.workers = workers
        }
    }

    /// What happens in a pool, for logs and metrics. Called on the pool's threads: be quick.
    public enum Event: Sendable {
        case started(Job)
        /// An attempt is over and its outcome stored: final, or queued for another attempt or handed back.
        case ended(Job)
        /// The handler threw.
        case attemptFailed(Job, any Error)
        /// The outcome was dropped: the job had been taken back.
        case leaseLost(Job.ID)
        case erased(jobs: Int)
        /// The store did not do what was asked; the pool tries again.
        case storeTrouble(JobError)
    }

    private struct State {
        var contexts: [Lease: JobContext] = [:]
        var threads = 0
        var isDraining = false
    }

    private let store: JobStore
    private let configuration: Configuration
    private let onEvent: @Sendable (Event) -> Void
    private let handler: Handler
    private let state = Mutex(State())
    /// Rings when a worker's thread ends.
    private let departures = Bell()
    private let endHousekeeping = DispatchSemaphore(value: 0)

    /// Starts the workers. The pool lives until ``shutdown(grace:stepGrace:)``, referred to or not.
    ///
    /// - Precondition: `configuration.workers >= 1`, and the store's lease outlasts two heartbeats.
    public init(
        _ store: JobStore, configuration: Configuration = Configuration(), onEvent: @escaping @Sendable (Event) -> Void = { _ in },
        handler: @escaping Handler
    ) {
        precondition(configuration.workers >= 1, "a pool needs a worker")
        precondition(configuration.heartbeat * 2 < store.configuration.leaseDuration, "leases would run out between heartbeats")
        (self.store, self.configuration, self.onEvent, self.handler) = (store, configuration, onEvent, handler)
        state.withLock { $0.threads = configuration.workers }
        for number in 1...configuration.workers {
            start("job-worker-\(number)") { [self] in
                work()
                state.withLock { $0.threads -= 1 }
                departures.ring()
            }
        }
        start("job-keeper") { [self] in keepHouse() }
    }

    /// How many workers are at work now.
    public var busyWorkers: Int { state.withLock { $0.contexts.count } }

    /// Whether the pool takes no more jobs.
    public var isDraining: Bool { state.withLock { $0.isDraining } }

    private func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = name
        thread.stackSize = configuration.stackSize
        thread.start()
    }

    // MARK: Work

    private func work() {
        while !isDraining {
            let rings = store.bell.rings
            do throws(JobError) {
                if let claimed = try store.claimNext() {
                    run(claimed)
                } else {
                    store.bell.wait(after: rings, until: try store.nextRetry())
                }
            } catch {
                onEvent(.storeTrouble(error))
                store.bell.wait(after: rings, until: Date() + .seconds(1))
            }
        }
    }

    private func run(_ claimed: ClaimedJob) {
        let context = JobContext(claimed.lease, store: store)
        state.withLock { $0.contexts[claimed.lease] = context }
        defer { state.withLock { $0.contexts[claimed.lease] = nil } }
        onEvent(.started(claimed.job))
        do {
            let output = try handler(claimed, context)
            settle(claimed.lease) { store throws(JobError) in try store.complete(claimed.lease, with: output) }
        } catch is CancellationError where context.isCancelled {
            // The store makes it a cancellation if one was asked for.
            settle(claimed.lease) { store throws(JobError) in try store.handBack(claimed.lease) }
        } catch {
            onEvent(.attemptFailed(claimed.job, error))
            let failure = error as? JobFailure ?? JobFailure(code: "internal", text: "The attempt failed for an internal reason.")
            settle(claimed.lease) { store throws(JobError) in try store.fail(claimed.lease, failure) }
        }
    }

    /// Stores an outcome, again and again while the disk will not take it: the work is done and the lease is kept.
    ///
    /// After a while the job is handed back, which takes next to no space, so that others get done whose outcome is smaller. No attempt
    /// counts that failed for want of space. Where not even that can be written, the outcome is kept until something can.
    private func settle(_ lease: Lease, _ outcome: (JobStore) throws(JobError) -> Job) {
        let deadline = ContinuousClock.now + configuration.outcomePatience
        var pause = 0.05
        while true {
            do throws(JobError) {
                return onEvent(.ended(try outcome(store)))
            } catch {
                if case .leaseLost(let id) = error { return onEvent(.leaseLost(id)) }
                onEvent(.storeTrouble(error))
                guard error.isPassing else { return }
            }
            let isLate = ContinuousClock.now >= deadline
            if isDraining || isLate, let job = try? store.handBack(lease, pause: isLate ? configuration.outcomePatience : .zero) {
                return onEvent(.ended(job))
            }
            // The next process takes the job for interrupted.
            if isDraining { return }
            Thread.sleep(forTimeInterval: pause)
            pause = min(pause * 2, 5)
        }
    }

    // MARK: Housekeeping

    /// Renews leases with every heartbeat, and erases jobs when they expire.
    private func keepHouse() {
        var beat = ContinuousClock.now + configuration.heartbeat
        var pause = Duration.zero
        while endHousekeeping.wait(timeout: .now() + pause.seconds) == .timedOut {
            if ContinuousClock.now >= beat {
                beat = .now + configuration.heartbeat
                attempt { store throws(JobError) in
                    _ = try store.renew(state.withLock { Array($0.contexts.keys) })
                    try store.takeBackLostJobs()
                }
            }
            // Apart: where leases cannot be renewed for want of space, what is erased may make some.
            pause = .seconds(1)
            attempt { store throws(JobError) in
                let erased = try store.sweep()
                if erased > 0 { onEvent(.erased(jobs: erased)) }
                pause = max(pause, try store.timeToExpiry())
            }
            pause = max(.zero, min(pause, beat - .now))
        }
    }

    private func attempt(_ body: (JobStore) throws(JobError) -> Void) {
        do throws(JobError) { try body(store) } catch { onEvent(.storeTrouble(error)) }
    }

    // MARK: Shutdown

    /// Takes no more jobs, lets running ones finish for `grace`, then has them stop at their next step and hands them back to the queue.
    ///
    /// A handler that does not stop within `stepGrace` is left behind: its job is handed back, and what it still returns is dropped.
    ///
    /// - Returns: How many handlers were left behind.
    @discardableResult
    public func shutdown(grace: Duration, stepGrace: Duration = .seconds(2)) async -> Int {
        await withCheckedContinuation { continuation in
            start("job-shutdown") { [self] in
                continuation.resume(returning: drain(grace: grace, stepGrace: stepGrace))
            }
        }
    }

    private func drain(grace: Duration, stepGrace: Duration) -> Int {
        state.withLock { $0.isDraining = true }
        store.bell.ring()
        if !awaitDepartures(for: grace) {
            for context in state.withLock({ Array($0.contexts.values) }) { context.stop() }
            _ = awaitDepartures(for: stepGrace)
        }
        endHousekeeping.signal()
        let leftBehind = state.withLock { Array($0.contexts.keys) }
        for lease in leftBehind {
            do throws(JobError) {
                onEvent(.ended(try store.handBack(lease)))
            } catch {
                if case .leaseLost = error { continue }
                onEvent(.storeTrouble(error))
            }
        }
        return leftBehind.count
    }

    private func awaitDepartures(for time: Duration) -> Bool {
        let deadline = Date() + time
        while true {
            let rings = departures.rings
            if state.withLock({ $0.threads == 0 }) { return true }
            guard Date() < deadline else { return false }
            departures.wait(after: rings, until: deadline)
        }
    }
}
