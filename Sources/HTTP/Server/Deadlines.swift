/// A binary heap of moments, earliest first, each with the token of whoever asked to be looked at then.
///
/// Deadlines move far more often than they pass, so nothing is ever removed or moved: an owner whose deadline moved later lets the old
/// entry come up and asks again. Complexity: O(log n) to add and to take.
struct Deadlines {
    private var heap: [(when: UInt64, token: UInt64)] = []

    var earliest: UInt64? { heap.first?.when }

    mutating func add(_ when: UInt64, token: UInt64) {
        heap.append((when, token))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].when < heap[parent].when else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the earliest entry if it is due.
    mutating func take(until now: UInt64) -> UInt64? {
        guard let first = heap.first, first.when <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].when < heap[least].when {
                    least = child
                }
                if least == parent { break }
                heap.swapAt(parent, least)
                parent = least
            }
        }
        return first.token
    }
}
