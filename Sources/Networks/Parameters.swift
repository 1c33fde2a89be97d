@_exported import Autodiff
import Synchronization

/// What can be wrong with the weights that a network is built from.
public enum ParameterError: Error, CustomStringConvertible {
    /// No tensor of that name is in the file.
    case missing(name: String)
    /// The tensor has another shape than the network needs.
    case wrongShape(name: String, found: Shape, needed: Shape)
    /// The file holds tensors that the network has no place for.
    case unused(names: [String])

    public var description: String {
        switch self {
        case .missing(let name): "the weights lack the tensor \(name): they belong to another network"
        case .wrongShape(let name, let found, let needed): "tensor \(name) has shape \(found), the network needs \(needed)"
        case .unused(let names): "the weights hold tensors that the network has no place for: \(names.joined(separator: ", "))"
        }
    }
}

/// The parameters of a network by name, in the order in which its layers were made.
///
/// A network is built by asking a `ParameterScope` for each parameter; the source decides whether they are drawn afresh (to be trained)
/// or taken from a file (frozen or to be trained further).
public final class Parameters: Sendable {
    /// Where parameters come from.
    public enum Source: Sendable {
        /// Drawn by each layer's rule from this seed; tracked.
        case random(seed: UInt64)
        /// Taken from tensors by name.
        case tensors([String: Tensor], tracked: Bool)
    }

    private let source: Source
    private let made = Mutex<(names: [String], variables: [Variable])>(([], []))

    public init(_ source: Source) { self.source = source }

    /// The root of the names.
    public var root: ParameterScope { ParameterScope(parameters: self, path: []) }

    /// Names in order of making.
    public var names: [String] { made.withLock { $0.names } }
    /// Variables in order of making.
    public var variables: [Variable] { made.withLock { $0.variables } }
    /// How many numbers there are in all.
    public var count: Int { variables.reduce(0) { $0 + $1.shape.count } }

    /// The current values by name.
    public var tensors: [String: Tensor] { Dictionary(uniqueKeysWithValues: zip(names, variables.map(\.value))) }

    /// Throws `ParameterError.unused` when the source holds tensors that no layer asked for.
    public func checkAllUsed() throws {
        guard case .tensors(let tensors, _) = source else { return }
        let unused = Set(tensors.keys).subtracting(names).sorted()
        if !unused.isEmpty { throw ParameterError.unused(names: unused) }
    }

    fileprivate func make(_ name: String, _ shape: Shape, _ initial: Initial) throws -> Variable {
        let variable: Variable
        switch source {
        case .random(let seed):
            // One stream of random numbers per name: the order of making does not matter.
            var generator = Philox(seed: seed, stream: FNV1a.hash(name.utf8))
            variable = Variable(initial.draw(shape, &generator), isTracked: true)
        case .tensors(let tensors, let tracked):
            guard let tensor = tensors[name] else { throw ParameterError.missing(name: name) }
            guard tensor.shape == shape else { throw ParameterError.wrongShape(name: name, found: tensor.shape, needed: shape) }
            variable = Variable(tensor, isTracked: tracked)
        }
        made.withLock {
            $0.names.append(name)
            $0.variables.append(variable)
        }
        return variable
    }
}

/// How a parameter's elements are drawn.
public enum Initial: Sendable {
    case constant(Float)
    /// N(0, deviation²).
    case normal(deviation: Float)

    /// N(0, gain² / inputs): keeps the variance of activations (He et al. 2015, with gain √2 for rectifiers).
    public static func scaled(inputs: Int, gain: Float = 1) -> Initial { .normal(deviation: gain / Float(inputs).squareRoot()) }

    func draw(_ shape: Shape, _ generator: inout Philox) -> Tensor {
        switch self {
        case .constant(let value): Tensor(shape, repeating: value)
        case .normal(let deviation): Elementwise.affine(generator.normal(shape), scale: deviation)
        }
    }
}

/// A place in the tree of names.
public struct ParameterScope: Sendable {
    fileprivate let parameters: Parameters
    fileprivate let path: [String]

    /// The scope below this one.
    public func callAsFunction(_ name: String) -> ParameterScope { ParameterScope(parameters: parameters, path: path + [name]) }

    /// The parameter `name` of this scope.
    ///
    /// - Throws: `ParameterError` when weights from a file lack it or have it in another shape.
    public func parameter(_ name: String, _ shape: Shape, _ initial: Initial) throws -> Variable {
        try parameters.make((path + [name]).joined(separator: "."), shape, initial)
    }
}
