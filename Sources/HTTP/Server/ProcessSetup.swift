import CLinux
import Dispatch
import Glibc

/// What a process needs once before it serves.
enum ProcessSetup {
    /// Done at its first use.
    static let done: Void = {
        keepFreedMemory()
        primeDispatch()
    }()

    /// Has the allocator keep the memory of a body for the next one. Given back to the kernel, it costs a page fault for every 4 KiB, which
    /// is half the time of an upload.
    ///
    /// These are the values that glibc comes to by itself once a process has freed a block of 32 MiB (mallopt(3), M_MMAP_THRESHOLD).
    private static func keepFreedMemory() {
        mallopt(M_MMAP_THRESHOLD, 32 << 20)
        mallopt(M_TRIM_THRESHOLD, 64 << 20)
    }

    /// Has Dispatch open the descriptors that its timers and the main queue need, which it does at their first use: where clients have
    /// taken all of them by then, it crashes.
    private static func primeDispatch() {
        let fired = DispatchGroup()
        let soon = DispatchTimeInterval.milliseconds(1)
        for _ in 0..<2 { fired.enter() }
        DispatchQueue.main.async {}
        DispatchQueue.global().asyncAfter(deadline: .now() + soon) { fired.leave() }
        DispatchQueue.global().asyncAfter(wallDeadline: .now() + soon) { fired.leave() }
        _ = fired.wait(timeout: .now() + .seconds(1))
    }
}
