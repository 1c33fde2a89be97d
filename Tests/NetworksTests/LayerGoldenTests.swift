import Foundation
import Networks
import TestSupport
import Testing

/// Each layer, forward and backward, against PyTorch in double precision: see Fixtures/make.py.
///
/// The depths add up the longest sums of the products on the way, forward and back: the layers normalise again and again, so that
/// errors add instead of multiplying.
struct LayerGoldenTests {
    private let golden: GoldenFile

    init() throws { golden = try GoldenFile("layers.safetensors", in: Bundle.module.resourceURL) }

    /// Builds a layer from the parameters of a case, runs it and compares the output and all gradients, the parameters' among them.
    private func problems(
        _ name: String, depth: Double, terms: Double = 0, _ run: (ParameterScope, [String: Variable]) throws -> Variable
    ) throws -> [String] {
        let reference = golden[name]
        let given = reference.filter { $0.key != "output" && !$0.key.hasSuffix("/gradient") }
        let parameters = Parameters(.tensors(given.filter { !$0.key.hasPrefix("input.") }, tracked: true))
        let inputs = given.filter { $0.key.hasPrefix("input.") }.mapValues { Variable($0, isTracked: true) }
        let output = try run(parameters.root, inputs)
        try parameters.checkAllUsed()
        output.backward(try #require(reference["output/gradient"]))
        var actual = ["output": output.value]
        for (name, variable) in zip(parameters.names, parameters.variables) { actual[name + "/gradient"] = variable.gradient }
        for (name, variable) in inputs { actual[name + "/gradient"] = variable.gradient }
        return goldenProblems(reference, actual: actual, depth: depth, terms: terms)
    }

    /// The second has one pixel: its logits are ±τ whatever the queries and keys, so that gradients cancel out of terms of the order of 1.
    @Test(arguments: [("transformer-block-0", 2, 48, 0.0), ("transformer-block-1", 1, 16, 1)])
    func transformerBlock_AgreesWithPyTorch(name: String, heads: Int, hidden: Int, terms: Double) throws {
        let found = try problems(name, depth: 2 * (16 + 9 + 30 + 16 + 16 + 9 + 48), terms: terms) {
            try TransformerBlock($0, channels: 16, heads: heads, hidden: hidden)($1["input.x"]!)
        }
        #expect(found == [])
    }

    @Test func crossAttention_AgreesWithPyTorch() throws {
        let found = try problems("cross-attention-0", depth: 2 * (32 + 9 + 24 + 16 + 32)) {
            try CrossAttention($0, channels: 32)($1["input.x"]!, attendingTo: $1["input.y"]!)
        }
        #expect(found == [])
    }

    @Test func residualBlock_AgreesWithPyTorch() throws {
        let found = try problems("residual-block-0", depth: 2 * (144 + 16 + 144)) {
            try ResidualBlock($0, channels: 16, embedding: 16)($1["input.x"]!, embedding: $1["input.embedding"]!)
        }
        #expect(found == [])
    }

    @Test func timestepEmbedding_AgreesWithPyTorch() throws {
        let found = try problems("timestep-embedding-0", depth: 2 * (12 + 10 + 16 + 10)) { scope, _ in
            try TimestepEmbedding(scope, sinusoids: 12, channels: 16)([0, 1, 37, 999])
        }
        #expect(found == [])
    }

    /// Computed in double on both sides and narrowed: at most one Float apart.
    @Test func sinusoids_AgreeWithPyTorch() throws {
        let expected = try #require(GoldenFile("training.safetensors", in: Bundle.module.resourceURL).tensors["sinusoids"])
        let actual = TimestepEmbedding.sinusoids([0, 1, 2, 499, 1000], count: 32)
        #expect(actual.shape == Shape(5, 1, 1, 32))
        #expect(mismatch(actual.reshaped(expected.shape), expected, tolerance: 2 * unitRoundoff) == nil)
    }
}
