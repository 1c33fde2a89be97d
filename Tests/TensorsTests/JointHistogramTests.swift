import TestSupport
import Testing

@testable import Tensors

@Suite("Joint histogram") struct JointHistogramTests {
    /// The definition on whole levels, in double precision: Σ p(x, y) ln p(x, y)/(p(x) p(y)).
    private func naive(_ x: [Int], _ y: [Int]) -> Double {
        let n = Double(x.count)
        var (joint, px, py) = ([[Int]: Double](), [Int: Double](), [Int: Double]())
        for (a, b) in zip(x, y) {
            joint[[a, b], default: 0] += 1 / n
            px[a, default: 0] += 1 / n
            py[b, default: 0] += 1 / n
        }
        return joint.reduce(0) { $0 + $1.value * logarithm($1.value / (px[$1.key[0]]! * py[$1.key[1]]!)) }
    }

    /// With one reference: half of what two equal ones give. All pixels are looked at.
    private func mutualInformation(_ x: Tensor, _ y: Tensor, bins: Int) -> (value: Float, slope: Tensor) {
        let everywhere = Tensor(x.shape, repeating: 1)
        let slope = Tensor(x.shape)
        let histogram = JointHistogram(y, y, extents: RowExtents(everywhere, everywhere), bins: bins)
        return (Float(histogram.mutualInformation(x, weight: 0.5, into: slope) / 2), slope)
    }

    @Test("the sum over two references, black borders left out, whatever the threads", arguments: [1, 33, 700])
    func twoReferences(height: Int) {
        let shape = Shape(1, height, 40, 1)
        func image(_ seed: UInt64) -> Tensor {
            var generator = Philox(seed: seed, stream: 0)
            return Tensor(
                shape, (0..<shape.count).map { 5 + $0 % 13..<30 ~= $0 % 40 ? Float.random(in: 1...255, using: &generator) : 0 })
        }
        let (a, b, x) = (image(1), image(2), image(3))
        let histogram = JointHistogram(a, b, extents: RowExtents(a, b), bins: 64)
        let slope = Tensor(shape, repeating: 2)
        let found = histogram.mutualInformation(x, weight: 3, into: slope)
        let (first, second) = (mutualInformation(x, a, bins: 64), mutualInformation(x, b, bins: 64))
        #expect(abs(found - Double(first.value + second.value)) < 1e-5)
        for i in 0..<x.count where x.pointer[i] > 0 {
            let expected = 2 + 3 * (first.slope.pointer[i] + second.slope.pointer[i])
            #expect(abs(slope.pointer[i] - expected) <= 8 * Float(unitRoundoff) * expected.magnitude)
        }
        let threads = ThreadPool.threads
        ThreadPool.threads = 1
        defer { ThreadPool.threads = threads }
        let alone = Tensor(shape, repeating: 2)
        #expect(histogram.mutualInformation(x, weight: 3, into: alone) == found)
        #expect(alone.values == slope.values)
    }

    private func logarithm(_ x: Double) -> Double { Double(Elementwise.logarithm(Tensor(.vector(1), [Float(x)])).scalar) }

    @Test("on whole levels and 256 bins it is the plain histogram's", arguments: [1, 7, 1000])
    func wholeLevels(count: Int) {
        var generator = Philox(seed: UInt64(count), stream: 0)
        let x = (0..<count).map { _ in Int.random(in: 0...255, using: &generator) / 32 * 32 }
        let y = x.map { ($0 / 64 * 64 + Int.random(in: 0...1, using: &generator) * 128) % 256 }
        let shape = Shape(1, 1, count, 1)
        let found = mutualInformation(Tensor(shape, x.map(Float.init)), Tensor(shape, y.map(Float.init)), bins: 256).value
        #expect(abs(Double(found) - naive(x, y)) < 1e-4)
    }

    @Test("the slope is the derivative inside the bins", arguments: [16, 21])
    func slope(bins: Int) {
        let shape = Shape(1, 20, 30, 1)
        // Positions in the middle third of their bins: a step of a tenth crosses no border.
        var generator = Philox(seed: 3, stream: 0)
        let y = Tensor(shape, (0..<shape.count).map { _ in Float.random(in: 0...255, using: &generator) })
        let width = Float(255) / Float(bins - 1)
        let x = Tensor(
            shape,
            y.values.map {
                let bin = ($0 / width).rounded(.down) + Float(Int.random(in: -1...0, using: &generator))
                return (min(Float(bins - 2), max(0, bin)) + 0.5) * width
            }
        )
        let slope = mutualInformation(x, y, bins: bins).slope
        for seed: UInt64 in 0..<5 {
            let direction = Tensor.random(shape, seed: seed)
            let step = Float(0.02) * width
            func value(_ sign: Float) -> Double {
                Double(mutualInformation(Elementwise.combine(x, 1, direction, sign * step), y, bins: bins).value)
            }
            let expected = zip(slope.values, direction.values).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } * Double(2 * step)
            #expect(abs(value(1) - value(-1) - expected) < 0.02 * abs(expected) + 2e-5, "\(value(1) - value(-1)), not \(expected)")
        }
    }
}
