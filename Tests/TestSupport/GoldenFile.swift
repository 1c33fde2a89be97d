import Foundation
import Networks

/// Reference tensors that a script beside them made, under names like "case/x", "case/x/gradient", "case/output".
public struct GoldenFile: Sendable {
    public let tensors: [String: Tensor]

    /// - Parameter folder: `Bundle.module.resourceURL` of the tests.
    public init(_ name: String, in folder: URL?) throws {
        guard let folder else { throw CocoaError(.fileNoSuchFile) }
        tensors = try Safetensors(contentsOf: folder.appending(path: "Fixtures").appending(path: name)).tensors
    }

    /// The tensors of one case, by what follows its name.
    public subscript(name: String) -> [String: Tensor] {
        let own = tensors.filter { $0.key.hasPrefix(name + "/") }
        return Dictionary(uniqueKeysWithValues: own.map { (String($0.key.dropFirst(name.count + 1)), $0.value) })
    }

    /// The cases whose names are `kind` and a number.
    public func cases(of kind: String) -> [String] {
        let names = Set(tensors.keys.map { String($0.prefix { $0 != "/" }) })
        return names.filter { $0.hasPrefix(kind + "-") && Int($0.dropFirst(kind.count + 1)) != nil }.sorted()
    }
}

/// Compares an output and gradients ("output", "x/gradient", ...) with all those of a case.
///
/// The tolerance is `depth` · u · (the largest element of the reference): the worst case of `depth` roundings in a row, each of the unit
/// roundoff u, on terms as large as the result. Terms that cancel make the true worst case larger, chance makes the true error
/// smaller, by about √depth each. Where a result is nothing but cancellation, `terms` says how large its terms are.
///
/// - Returns: one message per tensor that is off.
public func goldenProblems(_ reference: [String: Tensor], actual: [String: Tensor], depth: Double, terms: Double = 0) -> [String] {
    let results = reference.filter { $0.key == "output" || ($0.key.hasSuffix("/gradient") && $0.key != "output/gradient") }
    guard results["output"] != nil else { return ["there is no such case"] }
    return results.sorted { $0.key < $1.key }.compactMap { name, expected in
        guard let value = actual[name], value.shape == expected.shape else {
            return "\(name) is \(String(describing: actual[name]?.shape)) instead of \(expected.shape)"
        }
        return mismatch(value, expected.values.map(Double.init), tolerance: depth * unitRoundoff * max(terms, largest(expected)))
            .map { "\(name): \($0)" }
    }
}

/// Runs `function` on the inputs of a case, forward and backward from the case's seed, and compares.
public func goldenProblems(
    _ reference: [String: Tensor], depth: Double, terms: Double = 0, _ function: ([String: Variable]) -> Variable
) -> [String] {
    guard let seed = reference["output/gradient"] else { return ["there is no such case"] }
    let names = reference.keys.filter { $0 != "output" && !$0.hasSuffix("/gradient") }
    let inputs = Dictionary(
        uniqueKeysWithValues: names.map { ($0, Variable(reference[$0]!, isTracked: reference[$0 + "/gradient"] != nil)) })
    let output = function(inputs)
    output.backward(seed)
    var actual = ["output": output.value]
    for name in names { actual[name + "/gradient"] = inputs[name]!.gradient }
    return goldenProblems(reference, actual: actual, depth: depth, terms: terms)
}
