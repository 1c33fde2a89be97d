import TestSupport
import Testing

@testable import Autodiff

/// The record of operations: what is kept, when it is let go, and how shares of a gradient add up.
struct VariableTests {
    private let x = Tensor.random(Shape(1, 3, 4, 8), seed: 1)

    @Test func gradients_AddUp_WhenAVariableIsUsedTwice() {
        let v = Variable(x, isTracked: true)
        let twice = silu(v)
        (twice * twice + 3 * twice + v).mean.backward()
        let u = Variable(x, isTracked: true)
        (silu(u) * silu(u) + 3 * silu(u) + u).mean.backward()
        #expect(mismatch(v.gradient!, u.gradient!, tolerance: 16 * unitRoundoff * largest(u.gradient!)) == nil)
    }

    @Test func gradients_AddUp_OverTwoBackwardPasses() {
        let v = Variable(x, isTracked: true)
        (2 * v).mean.backward()
        let first = v.gradient!.copy()
        (2 * v).mean.backward()
        #expect(v.gradient!.values == first.values.map { 2 * $0 })
        v.clearGradient()
        #expect(v.gradient == nil)
    }

    /// `a + b` hands the same tensor to both: a later share of one must not appear in the other.
    @Test func sharedGradients_StayApart() {
        let (a, b) = (Variable(x, isTracked: true), Variable(x, isTracked: true))
        let seed = Tensor(x.shape, repeating: 1)
        ((a + b) + (a + a)).backward(seed)
        #expect(a.gradient!.values.allSatisfy { $0 == 3 })
        #expect(b.gradient!.values.allSatisfy { $0 == 1 })
        #expect(seed.values.allSatisfy { $0 == 1 })
        (a + b).backward(seed)
        #expect(a.gradient!.values.allSatisfy { $0 == 4 })
        #expect(seed.values.allSatisfy { $0 == 1 })
    }

    @Test func residualGradients_StayApart() {
        let weights = Variable(Tensor.random(Shape(1, 1, 8, 8), seed: 2), isTracked: true)
        let (a, b) = (Variable(x, isTracked: true), Variable(x, isTracked: true))
        let y = convolution(a, weights, residual: b)
        (y + b).backward(Tensor(x.shape, repeating: 1))
        #expect(b.gradient!.values.allSatisfy { $0 == 2 })
        let share = convolution(Variable(Tensor(x.shape, repeating: 1)), Variable(transposed(weights.value)))
        #expect(mismatch(a.gradient!, share.value, tolerance: 8 * 16 * unitRoundoff) == nil)
    }

    private func transposed(_ m: Tensor) -> Tensor {
        Tensor(Shape(1, 1, m.shape.c, m.shape.w), (0..<m.shape.c).flatMap { o in (0..<m.shape.w).map { m[0, 0, $0, o] } })
    }

    @Test func untrackedInputs_RecordNothing() {
        weak var input: Variable?
        let result: Variable
        do {
            let v = Variable(x)
            input = v
            result = silu(v) + v
        }
        #expect(!result.isTracked)
        #expect(input == nil, "the result keeps its untracked input alive")
        result.mean.backward()
        #expect(result.gradient == nil)
    }

    @Test func untrackedInput_GetsNoGradient_BesideATrackedOne() {
        let (data, parameter) = (Variable(x), Variable(x, isTracked: true))
        (data * parameter).mean.backward()
        #expect(data.gradient == nil)
        #expect(parameter.gradient != nil)
    }

    @Test func record_IsConsumed_ByBackward() {
        let v = Variable(x, isTracked: true)
        weak var middle: Variable?
        let loss: Variable
        do {
            let y = silu(v)
            middle = y
            loss = y.mean
        }
        #expect(middle != nil, "the record holds what the gradient needs")
        loss.backward()
        #expect(middle == nil, "the record is let go")
        let first = v.gradient!.copy()
        loss.backward()
        #expect(v.gradient!.values == first.values, "a second pass finds nothing to follow")
        #expect(silu(v).gradient == nil, "only leaves keep a gradient")
    }

    @Test func detached_CutsTheRecord() {
        let v = Variable(x, isTracked: true)
        let y = silu(v)
        let cut = y.detached()
        #expect(!cut.isTracked)
        #expect(cut.value.values == y.value.values)
        (y * cut).mean.backward()
        let gradient = v.gradient!
        let u = Variable(x, isTracked: true)
        (silu(u) * Variable(y.value)).mean.backward()
        #expect(gradient.values == u.gradient!.values)
        let data = Variable(x)
        #expect(data.detached() === data)
    }

    @Test func backward_OfALeaf_IsItsSeed() {
        let v = Variable(Tensor(.vector(1), [3]), isTracked: true)
        v.backward()
        #expect(v.gradient?.values == [1])
    }

    @Test func update_DropsThePackedWeights() {
        let weights = Variable(Tensor.random(Shape(3, 3, 8, 8), seed: 2), isTracked: true)
        let before = convolution(Variable(x), weights).value
        let old = Variable(x, isTracked: true)
        convolution(old, weights).mean.backward()
        weights.update { for i in 0..<weights.value.count { $0[i] *= 2 } }
        #expect(convolution(Variable(x), weights).value.values == before.values.map { 2 * $0 })
        let new = Variable(x, isTracked: true)
        convolution(new, weights).mean.backward()
        #expect(new.gradient!.values == old.gradient!.values.map { 2 * $0 })
    }
}
