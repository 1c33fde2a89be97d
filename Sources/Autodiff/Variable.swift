import Synchronization
@_exported import Tensors

/// A tensor that remembers how it was computed, so that gradients can flow back (reverse-mode differentiation).
///
/// The record is the graph of variables itself: an operation whose inputs are all untracked keeps no record, and its result lets go
/// of the inputs at once. A network with frozen parameters therefore runs with no more memory than the live activations.
///
/// A variable is used by one thread at a time while it is being built or differentiated; a frozen parameter may be read by many.
public final class Variable: @unchecked Sendable {
    /// The elements.
    public let value: Tensor
    /// Whether gradients flow to or through this variable.
    public let isTracked: Bool
    /// ∂(differentiated scalar) / ∂value after `backward()`; kept for leaves only.
    public private(set) var gradient: Tensor?

    private var gradientIsOwned = false
    private var inputs: [Variable]
    private var rule: ((Tensor) -> Void)?
    private let order: Int
    private let packing = Mutex(Packing())

    /// Packed forms of convolution weights, made when first asked for and until the weights change.
    private struct Packing {
        var forward: Convolution.PackedWeights?
        var inputGradient: Convolution.PackedWeights?
    }

    private static let counter = Atomic<Int>(0)

    /// A leaf: data (untracked) or a parameter to be trained (tracked).
    public init(_ value: Tensor, isTracked: Bool = false) {
        (self.value, self.isTracked, inputs, rule) = (value, isTracked, [], nil)
        order = Self.counter.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    /// The result of an operation on `inputs`; `rule` receives its gradient and hands each tracked input its share.
    init(_ value: Tensor, from inputs: [Variable], rule: @escaping (Tensor) -> Void) {
        self.value = value
        isTracked = inputs.contains { $0.isTracked }
        (self.inputs, self.rule) = isTracked ? (inputs, rule) : ([], nil)
        order = Self.counter.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    public var shape: Shape { value.shape }

    /// The same value, cut off from the record.
    public func detached() -> Variable { isTracked ? Variable(value) : self }

    /// Adds a share to the gradient. A share that the caller gives up (`owned`) may be added to in place later.
    func receive(_ share: @autoclosure () -> Tensor, owned: Bool = true) {
        guard isTracked else { return }
        let share = share()
        if let gradient {
            if gradientIsOwned {
                Elementwise.accumulate(share, into: gradient)
            } else {
                self.gradient = Elementwise.add(gradient, share)
                gradientIsOwned = true
            }
        } else {
            (gradient, gradientIsOwned) = (share, owned)
        }
    }

    /// Forgets the gradient of a leaf.
    public func clearGradient() { gradient = nil }

    /// Computes the gradient of this variable, a single number, with respect to every tracked leaf that it depends on, and adds it to
    /// theirs. The record is consumed: a second call finds nothing to follow.
    ///
    /// O(operations recorded), each with its own backward cost.
    public func backward() {
        require(shape.count == 1, "only a single number can be differentiated, not \(shape)")
        backward(Tensor(shape, repeating: 1))
    }

    /// `backward()` from a given gradient of this variable: the vector-Jacobian product.
    public func backward(_ seed: Tensor) {
        require(seed.shape == shape, "seed \(seed.shape) is not of shape \(shape)")
        var nodes: [Variable] = []
        var seen: Set<ObjectIdentifier> = [ObjectIdentifier(self)]
        var pending = [self]
        while let node = pending.popLast() {
            guard node.rule != nil else { continue }
            nodes.append(node)
            for input in node.inputs where input.isTracked && seen.insert(ObjectIdentifier(input)).inserted { pending.append(input) }
        }
        receive(seed, owned: false)
        // An operation is made after its inputs: descending order of making is an order of differentiation.
        for node in nodes.sorted(by: { $0.order > $1.order }) {
            if let gradient = node.gradient { node.rule!(gradient) }
            (node.rule, node.inputs, node.gradient) = (nil, [], nil)
        }
    }

    /// The weights packed for the forward product.
    var packed: Convolution.PackedWeights {
        packing.withLock { state in
            if let packed = state.forward { return packed }
            let packed = Convolution.pack(value)
            state.forward = packed
            return packed
        }
    }

    /// The weights packed for the gradient of the input.
    var packedForInputGradient: Convolution.PackedWeights {
        packing.withLock { state in
            if let packed = state.inputGradient { return packed }
            let packed = Convolution.packForInputGradient(value)
            state.inputGradient = packed
            return packed
        }
    }

    /// Changes the elements of a leaf in place (an optimiser's step) and drops what was derived from them.
    public func update(_ body: (UnsafeMutablePointer<Float>) -> Void) {
        require(rule == nil, "only leaves are updated")
        body(value.pointer)
        packing.withLock { $0 = Packing() }
    }
}
