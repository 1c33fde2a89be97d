import TestSupport
import Testing

@testable import Networks

/// Names, sources and errors of parameters.
struct ParametersTests {
    private func make(_ parameters: Parameters) throws -> TransformerBlock {
        try TransformerBlock(parameters.root("bottom")("0"), channels: 16)
    }

    @Test func names_AreThePaths_InOrderOfMaking() throws {
        let parameters = Parameters(.random(seed: 1))
        _ = try make(parameters)
        #expect(
            parameters.names
                == [
                    "attention_norm.scale", "attention_norm.shift", "attention.expand.weight", "attention.expand.bias",
                    "attention.local.weight", "attention.local.bias", "attention.project.weight", "attention.project.bias",
                    "attention.temperature", "feed_forward_norm.scale", "feed_forward_norm.shift", "feed_forward.expand.weight",
                    "feed_forward.expand.bias", "feed_forward.local.weight", "feed_forward.local.bias", "feed_forward.project.weight",
                    "feed_forward.project.bias",
                ].map { "bottom.0." + $0 })
        #expect(Set(parameters.tensors.keys) == Set(parameters.names))
        #expect(parameters.count == parameters.tensors.values.reduce(0) { $0 + $1.count })
        #expect(parameters.count == 4 * 16 + 16 * 48 + 48 * 10 + 48 + 16 * 16 + 16 + 1 + 16 * 64 + 64 * 10 + 64 + 32 * 16 + 16)
        #expect(parameters.variables.allSatisfy { $0.isTracked })
    }

    @Test func parameterAtTheRoot_HasAPlainName() throws {
        let parameters = Parameters(.random(seed: 1))
        _ = try parameters.root.parameter("x", .vector(3), .constant(4))
        #expect(parameters.names == ["x"])
        #expect(parameters.variables[0].value.values == [4, 4, 4])
    }

    @Test func randomParameters_DependOnSeedAndName_NotOnOrder() throws {
        func draw(_ names: [String], seed: UInt64) throws -> [String: [Float]] {
            let parameters = Parameters(.random(seed: seed))
            for name in names { _ = try parameters.root.parameter(name, Shape(1, 1, 4, 9), .normal(deviation: 1)) }
            return parameters.tensors.mapValues(\.values)
        }
        let first = try draw(["a", "b", "c"], seed: 5)
        #expect(try draw(["c", "x", "a", "b"], seed: 5).filter { $0.key != "x" } == first)
        #expect(try draw(["a"], seed: 6)["a"] != first["a"])
        #expect(first["a"] != first["b"])
        #expect(first["b"] != first["c"])
    }

    /// 20,000 draws: the mean lies within 5 σ / √n of 0, the deviation within 5 σ / √(2n) of gain / √inputs.
    @Test func scaledParameters_HaveTheirDeviation() {
        var generator = Philox(seed: 3)
        let values = Initial.scaled(inputs: 144, gain: 1.5).draw(.vector(20_000), &generator).values.map(Double.init)
        let (mean, deviation) = (values.reduce(0, +) / 20_000, (values.reduce(0) { $0 + $1 * $1 } / 20_000).squareRoot())
        #expect(abs(mean) < 5 * 0.125 / 20_000.0.squareRoot())
        #expect(abs(deviation - 0.125) < 5 * 0.125 / 40_000.0.squareRoot())
    }

    @Test func tensors_BecomeTheParameters() throws {
        let drawn = Parameters(.random(seed: 1))
        _ = try make(drawn)
        for tracked in [false, true] {
            let read = Parameters(.tensors(drawn.tensors, tracked: tracked))
            _ = try make(read)
            try read.checkAllUsed()
            #expect(read.names == drawn.names)
            #expect(read.tensors.mapValues(\.values) == drawn.tensors.mapValues(\.values))
            #expect(read.variables.allSatisfy { $0.isTracked == tracked })
        }
    }

    @Test func missingTensor_IsNamed() throws {
        let drawn = Parameters(.random(seed: 1))
        _ = try make(drawn)
        var tensors = drawn.tensors
        tensors["bottom.0.attention.temperature"] = nil
        let error = #expect(throws: ParameterError.self) { _ = try make(Parameters(.tensors(tensors, tracked: false))) }
        guard case .missing(name: "bottom.0.attention.temperature") = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error!.description.contains("bottom.0.attention.temperature"))
    }

    @Test func wrongShape_IsNamed_WithBothShapes() throws {
        let drawn = Parameters(.random(seed: 1))
        _ = try make(drawn)
        var tensors = drawn.tensors
        tensors["bottom.0.attention.expand.weight"] = Tensor(Shape(1, 1, 48, 16))
        let error = #expect(throws: ParameterError.self) { _ = try make(Parameters(.tensors(tensors, tracked: false))) }
        guard case .wrongShape(let name, let found, let needed) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(name == "bottom.0.attention.expand.weight")
        #expect(found == Shape(1, 1, 48, 16))
        #expect(needed == Shape(1, 1, 16, 48))
        #expect(error!.description.contains("(1, 1, 48, 16)"))
    }

    @Test func unusedTensors_AreNamed() throws {
        let parameters = Parameters(.tensors(["x": Tensor(.vector(1)), "b": Tensor(.vector(1)), "a": Tensor(.vector(1))], tracked: false))
        _ = try parameters.root.parameter("x", .vector(1), .constant(0))
        let error = #expect(throws: ParameterError.self) { try parameters.checkAllUsed() }
        guard case .unused(names: ["a", "b"]) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try Parameters(.random(seed: 1)).checkAllUsed()
    }
}
