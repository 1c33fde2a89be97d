import Autodiff
import Foundation
import TestSupport
import Testing

/// Each operation, forward and backward, against PyTorch in double precision: see Fixtures/make.py.
struct OperationGoldenTests {
    private let golden: GoldenFile

    init() throws { golden = try GoldenFile("operations.safetensors", in: Bundle.module.resourceURL) }

    /// Checks the `count` cases of a kind; `depth` counts the roundings behind one element, given the inputs of the case.
    private func check(
        _ kind: String, count: Int, depth: ([String: Variable]) -> Double, terms: ([String: Tensor]) -> Double = { _ in 0 },
        _ function: ([String: Variable]) -> Variable
    ) {
        let cases = golden.cases(of: kind)
        #expect(cases.count == count, "cases of \(kind)")
        for name in cases {
            let shapes = golden[name].mapValues { Variable($0) }
            let problems = goldenProblems(golden[name], depth: depth(shapes), terms: terms(golden[name]), function)
            #expect(problems == [], "\(name)")
        }
    }

    private func pixels(_ inputs: [String: Variable]) -> Double { Double(inputs["x"]!.shape.pixels) }

    @Test(arguments: [1, 3])
    func convolution_AgreesWithPyTorch(kernel: Int) {
        // The longest sum: kernel² · channels terms forward, one per pixel in the gradient of the weights.
        func depth(_ inputs: [String: Variable]) -> Double {
            let w = inputs["weights"]!.shape
            return max(Double(kernel * kernel * max(w.w, w.c)), pixels(inputs)) + 2
        }
        check("convolution\(kernel)", count: 2, depth: depth) { convolution($0["x"]!, $0["weights"]!) }
        check("convolution\(kernel)-bias-residual", count: 3, depth: depth) {
            convolution($0["x"]!, $0["weights"]!, bias: $0["bias"], residual: $0["residual"])
        }
    }

    @Test func depthwiseConvolution_AgreesWithPyTorch() {
        check("depthwise", count: 3, depth: { max(9, pixels($0)) + 2 }) { depthwiseConvolution($0["x"]!, $0["weights"]!, bias: $0["bias"]) }
    }

    /// Two sums over C / 8 vectors and eight lanes, a root, a quotient, and what follows; over pixels for the gradients of scale and shift.
    @Test func layerNorm_AgreesWithPyTorch() {
        check("layer-norm", count: 3, depth: { max(pixels($0), Double($0["x"]!.shape.c / 8 + 8)) + 16 }) {
            layerNorm($0["x"]!, scale: $0["scale"]!, shift: $0["shift"]!)
        }
    }

    @Test func modulate_AgreesWithPyTorch() {
        for kind in ["modulate-each", "modulate-all"] {
            check(kind, count: 3, depth: { pixels($0) + 2 }) { modulate($0["x"]!, by: $0["m"]!) }
        }
    }

    /// The exponential's 2e-7 is four roundings; six more operations follow.
    @Test func activations_AgreeWithPyTorch() {
        check("silu", count: 3, depth: { _ in 10 }) { silu(4 * $0["x"]!) }
        // The logistic function's argument reaches 12 with three roundings of its own, which the slope shows in full.
        check("gelu-gate", count: 3, depth: { _ in 48 }) { geluGate($0["x"]!) }
    }

    /// Sums over the pixels, then over the channels of a head, twice (matrix and softmax), with norms and exponential between.
    @Test func attention_AgreesWithPyTorch() {
        func depth(_ inputs: [String: Variable]) -> Double {
            let width = (inputs["y"].map { $0.shape.c / 2 } ?? inputs["x"]!.shape.c / 3) / inputs["temperature"]!.shape.c
            return pixels(inputs) + 2 * Double(width) + 16
        }
        // The softmax takes the mean from its gradient: with one pixel the gradients are 0, differences of terms like these.
        func terms(_ tensors: [String: Tensor]) -> Double { largest(tensors["output"]!) * largest(tensors["output/gradient"]!) }
        check("self-attention", count: 4, depth: depth, terms: terms) {
            channelAttention($0["x"]!, heads: $0["temperature"]!.shape.c, temperature: $0["temperature"]!)
        }
        check("cross-attention", count: 4, depth: depth, terms: terms) {
            channelCrossAttention(
                query: $0["x"]!, keyValue: $0["y"]!, heads: $0["temperature"]!.shape.c, temperature: $0["temperature"]!)
        }
    }

    @Test func haar_AgreesWithPyTorch() {
        check("haar", count: 3, depth: { _ in 4 }) { haar($0["x"]!) }
        check("inverse-haar", count: 3, depth: { _ in 4 }) { inverseHaar($0["x"]!) }
    }

    @Test func filter_AgreesWithPyTorch() {
        check("filter", count: 1, depth: { _ in 10 }) {
            filter($0["x"]!, rows: $0["rows"]!.value.values, columns: $0["columns"]!.value.values)
        }
    }
}
