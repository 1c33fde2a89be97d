import TestSupport
import Testing

@testable import Tensors

/// The pool of memory behind the tensors. What counts allocations of the whole process runs in one of its own.
struct StorageTests {
    /// At most an eighth is wasted beyond the least size, and a class holds what it is asked for.
    @Test func capacity_FitsClosely() {
        for count in Array(0...5_000) + [65_535, 65_536, 65_537, 1_000_003, 1 << 26] {
            let capacity = StoragePool.capacity(for: count)
            #expect(capacity >= count && capacity % 16 == 0, "\(count)")
            #expect(capacity <= max(16, count + max(16, count / 8)), "\(count)")
            #expect(StoragePool.capacity(for: capacity) == capacity, "\(count)")
        }
    }

    @Test func storage_LiesOn64Bytes_WithRoomBehind() {
        for count in [1, 15, 16, 17, 1_000] {
            let storage = Storage(count: count)
            #expect(UInt(bitPattern: storage.pointer) % 64 == 0)
            for i in 0..<count + StoragePool.slack { storage.pointer[i] = 1 }
        }
    }

    @Test func steadyLoop_AsksTheSystemForNothing() async {
        await #expect(processExitsWith: .success) {
            func step() {
                let x = Tensor.random(Shape(2, 9, 11, 16), seed: 1)
                let y = Convolution.forward(x, Convolution.pack(Tensor(Shape(3, 3, 16, 32), repeating: 0.1)))
                let gradients = LayerNorm.gradients(y, scale: Tensor(.vector(32)), outputGradient: y)
                _ = Haar.forward(Elementwise.add(y, gradients.input))
            }
            // Pieces on other threads hold scratch memory at chance times: one thread makes the loop the same each time.
            ThreadPool.threads = 1
            step()
            let before = StoragePool.shared.allocations
            for _ in 0..<20 { step() }
            guard StoragePool.shared.allocations == before else { fatalError("the loop allocated") }
        }
    }

    @Test func pool_KeepsNoMoreThanItsLimit() async {
        await #expect(processExitsWith: .success) {
            ThreadPool.threads = 1
            func make() { _ = Tensor(.vector(1_000)) }
            let pool = StoragePool.shared
            pool.limit = 0
            make()
            let none = pool.allocations
            make()
            guard pool.allocations == none + 1 else { fatalError("a pool without room kept a block") }
            pool.limit = 1_024
            make()
            make()
            guard pool.allocations == none + 2 else { fatalError("the block was not used again") }
            pool.drain()
            make()
            guard pool.allocations == none + 3 else { fatalError("draining left a block") }
        }
    }
}
