import TestSupport

@testable import Tensors

/// Memory for a kernel to read or write, with room at both ends whose loss would show. It ends with its last use: whoever hands out
/// `pointer` for the last time holds on to the cells.
final class Cells {
    private static let room = 64
    private static let untouched: Float = 0x1p100

    let count: Int
    private let memory: UnsafeMutablePointer<Float>

    /// Cells that nobody has written yet.
    init(_ count: Int) {
        self.count = count
        memory = .allocate(capacity: count + 2 * Self.room)
        memory.initialize(repeating: Self.untouched, count: count + 2 * Self.room)
    }

    /// Draws from N(0, 1).
    convenience init(random count: Int, seed: UInt64) {
        self.init(count)
        let draws = Tensor.random(.vector(max(1, count)), seed: seed)
        pointer.update(from: draws.pointer, count: count)
    }

    deinit { memory.deallocate() }

    var pointer: UnsafeMutablePointer<Float> { memory + Self.room }

    subscript(index: Int) -> Float { pointer[index] }

    /// Whether the cells that `written` does not name, and the room at the ends, are as they were.
    func keepsAllBut(_ written: Set<Int>) -> Bool {
        (-Self.room..<count + Self.room).allSatisfy { written.contains($0) || pointer[$0] == Self.untouched }
    }
}
