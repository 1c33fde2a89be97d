/// A dense array of floats with four axes (N, H, W, C), contiguous, channels last.
///
/// A tensor shares its storage when it is copied. Operations return new tensors; only the engine writes in place, before it hands
/// a tensor out.
public struct Tensor: @unchecked Sendable {
    public let shape: Shape
    public let storage: Storage

    /// The first element; valid for `count` elements as long as the tensor (or a copy) lives.
    public var pointer: UnsafeMutablePointer<Float> { storage.pointer }

    /// How many elements there are.
    public var count: Int { shape.count }

    /// A tensor whose elements are undefined: for outputs that are written in full.
    public init(uninitialized shape: Shape) {
        self.shape = shape
        storage = Storage(count: shape.count)
    }

    /// A tensor of one value. O(count).
    public init(_ shape: Shape, repeating value: Float = 0) {
        self.init(uninitialized: shape)
        pointer.update(repeating: value, count: count)
    }

    /// A tensor with the given elements, in the order N, H, W, C.
    ///
    /// - Precondition: as many values as the shape has places.
    public init(_ shape: Shape, _ values: [Float]) {
        require(values.count == shape.count, "\(values.count) values do not fill \(shape)")
        self.init(uninitialized: shape)
        values.withUnsafeBufferPointer { pointer.update(from: $0.baseAddress!, count: $0.count) }
    }

    private init(shape: Shape, storage: Storage) {
        (self.shape, self.storage) = (shape, storage)
    }

    /// The elements in the order N, H, W, C. O(count).
    public var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    /// The only element of a tensor of one element.
    public var scalar: Float { pointer[0] }

    /// The same elements under another shape, sharing storage. O(1).
    ///
    /// - Precondition: the same number of elements.
    public func reshaped(_ shape: Shape) -> Tensor {
        require(shape.count == count, "\(self.shape) cannot be seen as \(shape)")
        return Tensor(shape: shape, storage: storage)
    }

    /// A tensor with its own storage and the same elements. O(count).
    public func copy() -> Tensor {
        let result = Tensor(uninitialized: shape)
        result.pointer.update(from: pointer, count: count)
        return result
    }
}
