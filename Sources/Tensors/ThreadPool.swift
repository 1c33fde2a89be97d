import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs the pieces of a kernel on several threads.
///
/// What a piece computes never depends on which thread runs it or on how many there are: pieces are cut by the problem's shape
/// alone, so that the same input gives the same bytes with any number of threads.
public enum ThreadPool {
    private static let setting = Atomic<Int>(0)

    /// How many threads a kernel may use; as many as there are processors unless set.
    public static var threads: Int {
        get {
            let value = setting.load(ordering: .relaxed)
            return value > 0 ? value : processors
        }
        set { setting.store(max(1, newValue), ordering: .relaxed) }
    }

    private static let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

    /// Calls `body` once for each index below `count`, in any order, on several threads; returns when all are done.
    public static func run(_ count: Int, _ body: (Int) -> Void) {
        run(count, workers: threads) { index, _ in body(index) }
    }

    /// `run` for pieces that need memory of their own: `body` is called with the index and with the number of its worker, below
    /// `workers`; no two calls with one worker's number run at the same time.
    package static func run(_ count: Int, workers: Int, _ body: (_ index: Int, _ worker: Int) -> Void) {
        let workers = min(workers, count)
        guard workers > 1, Crew.shared.run(count, workers: workers, body) else {
            for index in 0..<count { body(index, 0) }
            return
        }
    }

    /// Cuts `0..<count` into ranges of `grain` (the last may be shorter) and calls `body` once for each.
    public static func ranges(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
        let grain = max(1, grain)
        if count <= grain {
            if count > 0 { body(0..<count) }
            return
        }
        run((count + grain - 1) / grain) { piece in
            body(piece * grain..<min(count, (piece + 1) * grain))
        }
    }
}

/// The helping threads behind `ThreadPool`: they watch for work for a moment after each job, because the next kernel follows within
/// microseconds, and then sleep until they are woken.
///
/// Every worker begins with a share of its own, the same part of a picture in every layer, so that features stay in the cache of the core
/// that made them; who is done takes from the others' shares.
///
/// One job runs at a time. Who finds the crew busy (another caller, or a piece that has pieces of its own) does its work alone.
private final class Crew: @unchecked Sendable {
    static let shared = Crew()

    typealias Body = (_ index: Int, _ worker: Int) -> Void

    /// The job's number times `slots`, plus how many helpers are inside; a job is open while its number is odd.
    private let state = Atomic<Int>(0)
    private static let slots = 1 << 16

    private let isBusy = Atomic<Bool>(false)
    /// One for each worker.
    private var shares = UnsafeMutablePointer<Share>.allocate(capacity: 0)
    /// Written before the job is opened, read by helpers inside.
    private var (body, count, helpersWanted): (Body?, Int, Int) = (nil, 0, 0)
    /// Changed only by whoever made the crew busy.
    private var helpers: [Helper] = []

    /// Runs a job, or returns false at once when the crew is busy.
    func run(_ count: Int, workers: Int, _ body: Body) -> Bool {
        guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else { return false }
        // The pieces write to disjoint memory, and all helpers have left before this returns: sharing the closure is safe.
        withoutActuallyEscaping(body) { body in
            grow(to: workers)
            (self.body, self.count, helpersWanted) = (body, count, workers - 1)
            for worker in 0..<workers { shares[worker].next.store(begin(of: worker), ordering: .relaxed) }
            // Opened for all, then the sleeping are woken: a helper says that it sleeps before it looks for the last time.
            state.wrappingAdd(Self.slots, ordering: .sequentiallyConsistent)
            for helper in helpers.prefix(workers - 1) { helper.wake() }
            work(body, worker: 0)
            state.wrappingAdd(Self.slots, ordering: .sequentiallyConsistent)
            var spins = 0
            while state.load(ordering: .acquiring) % Self.slots > 0 {
                spins += 1
                // A helper that lost its processor to another program needs ours.
                if spins > 20_000 { sched_yield() }
            }
            self.body = nil
        }
        isBusy.store(false, ordering: .releasing)
        return true
    }

    /// Only while the crew is busy for the caller and no job is open.
    private func grow(to workers: Int) {
        guard helpers.count < workers - 1 else { return }
        shares.deallocate()
        shares = .allocate(capacity: workers)
        for worker in 0..<workers { (shares + worker).initialize(to: Share()) }
        while helpers.count < workers - 1 { helpers.append(Helper(number: helpers.count + 1, of: self)) }
    }

    /// The first index of a worker's share.
    private func begin(of worker: Int) -> Int { worker * count / (helpersWanted + 1) }

    private func work(_ body: Body, worker: Int) {
        let workers = helpersWanted + 1
        for turn in 0..<workers {
            let owner = (worker + turn) % workers
            let end = begin(of: owner + 1)
            while true {
                let index = shares[owner].next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < end else { break }
                body(index, worker)
            }
        }
    }

    /// Takes part in the job that is open, if it is another one than `last`. Returns its number, or nil where there is none.
    func help(_ number: Int, after last: Int) -> Int? {
        var seen = state.load(ordering: .sequentiallyConsistent)
        while true {
            let job = seen / Self.slots
            guard job % 2 == 1, job != last else { return nil }
            let (entered, current) = state.compareExchange(expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing)
            if entered {
                if number <= helpersWanted, let body { work(body, worker: number) }
                state.wrappingSubtract(1, ordering: .releasing)
                return job
            }
            seen = current
        }
    }
}

/// What is left of a worker's share, on a cache line of its own.
private struct Share: ~Copyable {
    let next = Atomic<Int>(0)
    private let padding: (Int, Int, Int, Int, Int, Int, Int) = (0, 0, 0, 0, 0, 0, 0)
}

/// One thread of the crew; it lives as long as the program.
private final class Helper: @unchecked Sendable {
    /// How long a helper watches for the next job, in nanoseconds.
    private static let patience: UInt64 = 50_000

    private let number: Int
    private unowned let crew: Crew
    private let isAsleep = Atomic<Bool>(false)
    private let bell = DispatchSemaphore(value: 0)

    init(number: Int, of crew: Crew) {
        (self.number, self.crew) = (number, crew)
        // A thread of its own, not one of Dispatch's: those are for work that ends.
        var thread = pthread_t()
        let error = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Helper>.fromOpaque(context!).takeRetainedValue().live()
            }, Unmanaged.passRetained(self).toOpaque())
        require(error == 0, "the system gives the engine no thread (error \(error)): allow more, or set fewer threads")
        pthread_detach(thread)
    }

    /// Ends the sleep, where the helper sleeps.
    func wake() {
        if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { bell.signal() }
    }

    private func live() -> Never {
        var last = 0
        var idleSince = DispatchTime.now().uptimeNanoseconds
        while true {
            if let job = crew.help(number, after: last) {
                (last, idleSince) = (job, DispatchTime.now().uptimeNanoseconds)
            } else if DispatchTime.now().uptimeNanoseconds - idleSince > Self.patience {
                isAsleep.store(true, ordering: .sequentiallyConsistent)
                // A job that was opened before the line above woke nobody.
                if let job = crew.help(number, after: last) {
                    isAsleep.store(false, ordering: .relaxed)
                    last = job
                } else {
                    bell.wait()
                }
                idleSince = DispatchTime.now().uptimeNanoseconds
            }
        }
    }
}
