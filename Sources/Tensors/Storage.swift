import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The memory of a tensor: floats on a 64-byte boundary, handed back to a pool when the last tensor lets go.
///
/// A sampling step asks for the same sizes again and again; after the first step every request is met from the pool, without
/// a system allocation.
public final class Storage: @unchecked Sendable {
    /// The first element. Uninitialised when the storage is new.
    public let pointer: UnsafeMutablePointer<Float>
    private let capacity: Int

    /// Takes memory for `count` floats, contents undefined.
    public init(count: Int) {
        capacity = StoragePool.capacity(for: count)
        pointer = StoragePool.shared.take(capacity)
    }

    deinit { StoragePool.shared.giveBack(pointer, capacity) }
}

/// Idle blocks of memory by size.
public final class StoragePool: Sendable {
    public static let shared = StoragePool()

    private struct Idle {
        var blocks: [Int: [UInt]] = [:]
        var floats = 0
        var limit = 64 << 20
        var allocations = 0
        var requests = 0
    }

    /// Floats behind every block that a kernel may read (never use) when it loads a whole vector at the end of a row.
    static let slack = 16

    private let idle = Mutex(Idle())

    /// The most floats that idle blocks may hold together; more are returned to the system at once. Default 64 Mi (256 MiB).
    public var limit: Int {
        get { idle.withLock { $0.limit } }
        set { idle.withLock { $0.limit = newValue } }
    }

    /// How many blocks were asked of the system since the start: constant while a steady loop runs.
    public var allocations: Int { idle.withLock { $0.allocations } }

    /// How many blocks were asked of the pool since the start: constant while nobody makes a tensor.
    public var requests: Int { idle.withLock { $0.requests } }

    /// Returns all idle blocks to the system.
    public func drain() {
        let blocks = idle.withLock { state in
            defer { state.blocks = [:]; state.floats = 0 }
            return state.blocks
        }
        for block in blocks.values.joined() { UnsafeMutableRawPointer(bitPattern: block)!.deallocate() }
    }

    /// Size classes are eighths of a power of two, so that at most an eighth is wasted.
    static func capacity(for count: Int) -> Int {
        let least = max(count, 16)
        let step = max(16, (1 << (Int.bitWidth - 1 - least.leadingZeroBitCount)) / 8)
        return (least + step - 1) / step * step
    }

    fileprivate func take(_ capacity: Int) -> UnsafeMutablePointer<Float> {
        let block = idle.withLock { state -> UInt? in
            state.requests += 1
            if let block = state.blocks[capacity]?.popLast() {
                state.floats -= capacity
                return block
            }
            state.allocations += 1
            return nil
        }
        let bytes = (capacity + Self.slack) * MemoryLayout<Float>.stride
        let raw = block.map { UnsafeMutableRawPointer(bitPattern: $0)! } ?? Self.allocate(bytes)
        return raw.bindMemory(to: Float.self, capacity: capacity)
    }

    /// New memory: on a cache line's boundary, large blocks in pages of 2 MiB where the system has them. Their first use, page by page, would
    /// cost a start of the program as much as a sampling step.
    private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        let page = 2 << 20
        guard bytes >= 2 * page else { return .allocate(byteCount: bytes, alignment: 64) }
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: page)
        #if canImport(Glibc)
            // Advice: where it is not taken the memory is the same.
            _ = madvise(raw, bytes, MADV_HUGEPAGE)
        #endif
        return raw
    }

    fileprivate func giveBack(_ pointer: UnsafeMutablePointer<Float>, _ capacity: Int) {
        let kept = idle.withLock { state -> Bool in
            guard state.floats + capacity <= state.limit else { return false }
            state.blocks[capacity, default: []].append(UInt(bitPattern: pointer))
            state.floats += capacity
            return true
        }
        if !kept { UnsafeMutableRawPointer(pointer).deallocate() }
    }
}
