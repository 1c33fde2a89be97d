import Dispatch
import Synchronization

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

    private static let processors = systemProcessors()

    /// Calls `body` once for each index below `count`, in any order, on several threads; returns when all are done.
    public static func run(_ count: Int, _ body: (Int) -> Void) {
        let workers = min(threads, count)
        if workers <= 1 {
            for index in 0..<count { body(index) }
            return
        }
        let next = Atomic<Int>(0)
        // The pieces write to disjoint memory, and all have ended when this returns: sharing the closure is safe.
        withoutActuallyEscaping(body) { body in
            nonisolated(unsafe) let body = body
            DispatchQueue.concurrentPerform(iterations: workers) { _ in
                while true {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < count else { return }
                    body(index)
                }
            }
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

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

private func systemProcessors() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
