import Foundation
import TestSupport
import Testing

@testable import Tensors

/// The accuracy that the functions promise, over their whole range.
struct VectorMathTests {
    private typealias Function = (Vector) -> Vector

    /// All kinds of arguments: a fine even grid, every binade down to the subnormals, and those around the clamps.
    private static let arguments: [Float] = {
        var result = (0...400_000).map { Float($0) / 2_000 - 100 }
        for exponent in -149...6 { for k in 0..<8 { result.append(Float(sign: .plus, exponent: exponent, significand: 1 + Float(k) / 8)) } }
        result += result.suffix(156 * 8).map { -$0 }
        for edge: Float in [-88, -87, -86.643, -17.7, 17.7, 87, 88, 0] { result += [edge.nextDown, edge, edge.nextUp] }
        return result
    }()

    private func apply(_ function: Function, _ x: [Float]) -> [Float] {
        stride(from: 0, to: x.count, by: 8).flatMap { i -> [Float] in
            var vector = Vector()
            for j in 0..<min(8, x.count - i) { vector[j] = x[i + j] }
            let y = function(vector)
            return (0..<min(8, x.count - i)).map { y[$0] }
        }
    }

    /// The largest |y − reference| / |reference| over the arguments within `range`.
    private func relativeError(_ function: Function, in range: ClosedRange<Float>, _ reference: (Double) -> Double) -> Double {
        let x = Self.arguments.filter { range ~= $0 }
        #expect(x.count > 1_000)
        return zip(x, apply(function, x)).reduce(0) { worst, pair in
            let expected = reference(Double(pair.0))
            let error = abs(Double(pair.1) - expected) / abs(expected)
            return error.isNaN ? .infinity : max(worst, error)
        }
    }

    /// The documented bound.
    @Test func exponential_ErrsByAtMost2e7_WithinItsRange() {
        let error = relativeError(exponential, in: -87...88, exp)
        #expect(error <= 2e-7)
    }

    @Test func exponential_IsExact_At0() { #expect(apply(exponential, [0, -0.0]) == [1, 1]) }

    @Test func exponential_StaysAtItsLimits_Outside() {
        let low = apply(exponential, [-87])[0]
        let high = apply(exponential, [88])[0]
        #expect(apply(exponential, [-88, -1e10, -.greatestFiniteMagnitude, -.infinity]) == [low, low, low, low])
        #expect(apply(exponential, [89, 1e10, .greatestFiniteMagnitude, .infinity]) == [high, high, high, high])
        #expect(low.isNormal && high.isFinite)
    }

    /// Three more roundings than the exponential: the sum, the quotient and, where 1 is small beside it, none.
    @Test func sigmoid_ErrsByAtMost4e7_WithinItsRange() {
        #expect(relativeError(sigmoid, in: -87...100) { 1 / (1 + exp(-$0)) } <= 4e-7)
    }

    @Test func sigmoid_Saturates() {
        #expect(apply(sigmoid, [20, 100, .greatestFiniteMagnitude, .infinity]) == [1, 1, 1, 1])
        #expect(apply(sigmoid, [-100, -.greatestFiniteMagnitude, -.infinity]).allSatisfy { $0 > 1.6e-38 && $0 < 1.7e-38 })
        #expect(apply(sigmoid, [0]) == [0.5])
    }

    @Test func centredSigmoid_ErrsByAtMost2e7() {
        let x = Self.arguments
        let worst = zip(x, apply(centredSigmoid, x)).reduce(0) { max($0, abs(Double($1.1) - tanh(Double($1.0) / 2) / 2)) }
        #expect(worst <= 2e-7)
        #expect(apply(centredSigmoid, [17.7, 100, .infinity, -17.7, -100, -.infinity, 0]) == [0.5, 0.5, 0.5, -0.5, -0.5, -0.5, 0])
    }

    @Test func root_ErrsByAtMost3e7() {
        #expect(relativeError(root, in: .leastNormalMagnitude...100) { $0.squareRoot() } <= 3e-7)
        #expect(apply(root, [0]) == [0])
    }

    /// Every binade that a variance may come from.
    @Test func inverseRoot_ErrsByAtMost2e7() {
        for exponent in -100...100 {
            for step in 0..<64 {
                let x = SIMD8<Float>((0..<8).map { Float(sign: .plus, exponent: exponent, significand: 1 + Float(step * 8 + $0) / 512) })
                let y = inverseRoot(x)
                for i in 0..<8 {
                    let expected = 1 / Double(x[i]).squareRoot()
                    #expect(abs(Double(y[i]) - expected) <= 2e-7 * expected, "1 / √\(x[i])")
                }
            }
        }
    }

    @Test func silu_ErrsByAtMost3e7OfItsArgument() {
        let x = Self.arguments
        let y = Activation.silu(Tensor(.vector(x.count), x))
        let expected = x.map { Double($0) / (1 + exp(-Double($0))) }
        // Below the normal numbers a result has fewer digits: half the smallest number besides.
        #expect(mismatch(y, expected, tolerance: x.map { abs(Double($0)) * 3e-7 + 0x1p-149 }) == nil)
    }

    @Test func silu_Saturates() {
        let x: [Float] = [17.7, 18, 100, .greatestFiniteMagnitude, .infinity]
        #expect(Activation.silu(Tensor(.vector(5), x)).values == x)
        #expect(Activation.silu(Tensor(.vector(4), x.dropLast().map { -$0 })).values == [0, 0, 0, 0])
    }

    /// x σ(1 + x(1 − σ)): terms up to 1 + |x|σ, so that errors count absolutely.
    @Test func siluGradient_ErrsByAtMost2e6() {
        let x = Self.arguments
        let y = Activation.siluGradient(Tensor(.vector(x.count), x), Tensor(.vector(x.count), repeating: 1))
        let expected = x.map { x -> Double in
            let s = 1 / (1 + exp(-Double(x)))
            return s * (1 + Double(x) * (1 - s))
        }
        #expect(mismatch(y, expected, tolerance: 2e-6) == nil)
    }

    /// GELU(x) · 1 and its slope through the gate; the argument 2u reaches 12 before the function saturates, with three roundings.
    @Test func gelu_ErrsByAtMost3e6() {
        let x = Self.arguments.filter { abs($0) <= 20 }
        let pixels = x.count
        let input = Tensor(Shape(1, 1, pixels, 32), x.flatMap { Array(repeating: $0, count: 16) + Array(repeating: 1, count: 16) })
        let (y, gradient) = (Activation.geluGate(input), Activation.geluGateGradient(input, Tensor(Shape(1, 1, pixels, 16), repeating: 1)))
        var worst = (value: 0.0, slope: 0.0)
        for (p, x) in x.enumerated() {
            let x = Double(x)
            let t = tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))
            let slope = (1 + t) / 2 + x / 2 * (1 - t * t) * (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * x * x)
            worst.value = max(worst.value, abs(Double(y[0, 0, p, 3]) - x * (1 + t) / 2))
            worst.slope = max(worst.slope, abs(Double(gradient[0, 0, p, 3]) - slope))
            #expect(gradient[0, 0, p, 19] == y[0, 0, p, 3])
        }
        #expect(worst.value <= 3e-6)
        #expect(worst.slope <= 3e-6)
    }

    @Test func gate_MultipliesByItsSecondHalf() {
        let x = Tensor.random(Shape(1, 2, 5, 96), seed: 1, deviation: 3)
        var ones = x.values
        x.shape.forEach { n, i, j, c in if c >= 48 { ones[((n * 2 + i) * 5 + j) * 96 + c] = 1 } }
        let gate = Channels.slice(x, 48..<96)
        #expect(Activation.geluGate(x).values == Elementwise.multiply(Activation.geluGate(Tensor(x.shape, ones)), gate).values)
    }
}
