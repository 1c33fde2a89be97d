import Foundation
import TestSupport
import Testing

@testable import Tensors

/// The products, filters and sums of inference against naive twins in double precision.
struct PackedKernelTests {
    // MARK: Matrices

    /// Weights of a matrix as the tests read them.
    private struct Weights {
        let inputs, outputs: Int
        let bias, values: [Float]
        let packed: PackedMatrix

        init(_ inputs: Int, _ outputs: Int, seed: UInt64) {
            let b = Tensor.random(.vector(outputs), seed: seed).values
            let w = Tensor.random(.matrix(inputs, outputs), seed: seed + 1).values
            (self.inputs, self.outputs, bias, values) = (inputs, outputs, b, w)
            packed = PackedMatrix(inputs: inputs, outputs: outputs, bias: { Double(b[$0]) }, weight: { Double(w[$0 * outputs + $1]) })
        }
    }

    /// Where `k` of a pixel lies: in segments that follow each other at a distance, each pixel's run `stride` behind the last one's.
    private struct Layout {
        let segments, stride, panel, length: Int

        func index(_ pixel: Int, _ k: Int) -> Int { pixel * stride + k / length * panel + k % length }
    }

    static let matrices = [(8, 16), (16, 16), (16, 48), (32, 32), (48, 80), (64, 96), (128, 32)]
    static let counts = Array(1...14) + [23, 24, 25, 66]

    @Test(arguments: matrices)
    func product_AgreesWithItsTwin(inputs: Int, outputs: Int) {
        let weights = Weights(inputs, outputs, seed: 1)
        for count in Self.counts {
            var layouts = [Layout(segments: 1, stride: inputs, panel: 16, length: inputs)]
            layouts.append(Layout(segments: 1, stride: inputs + 24, panel: 16, length: inputs))
            layouts.append(Layout(segments: 2, stride: inputs, panel: count * inputs + 8, length: inputs / 2))
            if inputs > 16 { layouts.append(Layout(segments: inputs / 16, stride: 16, panel: (count + 1) * 16, length: 16)) }
            for layout in layouts { for isAdded in [false, true] { check(weights, count, layout, isAdded) } }
        }
    }

    private func check(_ weights: Weights, _ count: Int, _ layout: Layout, _ isAdded: Bool) {
        let left = Cells(random: layout.index(count - 1, weights.inputs - 1) + 1, seed: 3)
        let step = weights.outputs + 8
        let (out, residual) = (Cells((count - 1) * step + weights.outputs), Cells(random: count * step, seed: 4))
        weights.packed.multiply(
            .init(left.pointer, stride: layout.stride, panel: layout.panel), segments: layout.segments, count: count, into: out.pointer,
            outStride: step, adding: isAdded ? .init(residual.pointer, stride: step) : nil)
        var twin = Twin(.matrix(count, weights.outputs))
        var written: Set<Int> = []
        for pixel in 0..<count {
            for o in 0..<weights.outputs {
                written.insert(pixel * step + o)
                twin.add(Double(weights.bias[o]), to: 0, 0, pixel, o)
                if isAdded { twin.add(Double(residual[pixel * step + o]), to: 0, 0, pixel, o) }
                for k in 0..<weights.inputs {
                    twin.add(Double(left[layout.index(pixel, k)]) * Double(weights.values[k * weights.outputs + o]), to: 0, 0, pixel, o)
                }
            }
        }
        let found = (0..<count).flatMap { pixel in (0..<weights.outputs).map { out[pixel * step + $0] } }
        let problem = twin.mismatch(Tensor(twin.shape, found), roundings: weights.inputs + 2)
        #expect(problem == nil, "\(count) pixels, \(layout), added: \(isAdded): \(problem ?? "")")
        #expect(out.keepsAllBut(written))
    }

    @Test func product_DependsOnNoOtherPixel() {
        let weights = Weights(48, 32, seed: 1)
        let left = Cells(random: 40 * 48, seed: 2)
        func products(_ first: Int, _ count: Int) -> [Float] {
            let out = Cells(count * 32)
            weights.packed.multiply(.init(left.pointer + first * 48, stride: 48), count: count, into: out.pointer, outStride: 32)
            return (0..<count * 32).map { out[$0] }
        }
        let all = products(0, 40)
        for first in 0..<40 {
            for count in 1...min(13, 40 - first) {
                #expect(products(first, count) == Array(all[first * 32..<(first + count) * 32]), "\(count) pixels from \(first) on")
            }
        }
    }

    @Test func product_AddsToItsOwnOutput() {
        let weights = Weights(32, 48, seed: 1)
        let left = Cells(random: 25 * 32, seed: 2)
        let (own, other, out) = (Cells(random: 25 * 48, seed: 3), Cells(random: 25 * 48, seed: 3), Cells(25 * 48))
        weights.packed.multiply(
            .init(left.pointer, stride: 32), count: 25, into: own.pointer, outStride: 48, adding: .init(own.pointer, stride: 48))
        weights.packed.multiply(
            .init(left.pointer, stride: 32), count: 25, into: out.pointer, outStride: 48, adding: .init(other.pointer, stride: 48))
        for i in 0..<25 * 48 { #expect(own[i] == out[i]) }
        withExtendedLifetime((left, other)) {}
    }

    /// Two panels that lie apart, here and in the output, are what each is on its own.
    @Test func panels_AreThoseOfTheWholeProduct() {
        let weights = Weights(32, 96, seed: 1)
        for count in Self.counts {
            let left = Cells(random: count * 32, seed: 2)
            let whole = Cells(count * 96)
            weights.packed.multiply(.init(left.pointer, stride: 32), count: count, into: whole.pointer, outStride: 96)
            for (panel, next) in [(0, nil), (5, nil), (1, 1), (0, 3)] as [(Int, Int?)] {
                let apart = count * 16 + 5
                let out = Cells((next ?? 0) * apart + count * 16)
                weights.packed.multiply(
                    panel: panel, next: next, .init(left.pointer, stride: 32), count: count, into: out.pointer, outStride: 16,
                    outPanel: apart)
                var written: Set<Int> = []
                for (from, to) in [(panel, 0)] + (next.map { [(panel + $0, $0 * apart)] } ?? []) {
                    for pixel in 0..<count {
                        for o in 0..<16 {
                            written.insert(to + pixel * 16 + o)
                            #expect(out[to + pixel * 16 + o] == whole[pixel * 96 + from * 16 + o])
                        }
                    }
                }
                #expect(out.keepsAllBut(written))
            }
            withExtendedLifetime(left) {}
        }
    }

    // MARK: Depthwise filters

    @Test(arguments: Array(1...9) + [33, 64])
    func depthwise_AgreesWithItsTwin(count: Int) {
        let channels = 48
        let (weight, bias) = (Tensor.random(Shape(3, 3, 1, channels), seed: 1), Tensor.random(.vector(channels), seed: 2))
        let filters = PackedDepthwise(weight, bias: bias)
        let halves = PackedDepthwise(
            PackedDepthwise(Channels.slice(weight, 0..<16), bias: Channels.slice(bias, 0..<16)),
            PackedDepthwise(Channels.slice(weight, 16..<48), bias: Channels.slice(bias, 16..<48)))
        for panel in 0..<channels / 16 {
            let lines = (0..<4).map { Cells(random: (count + 2) * 16, seed: 3 + UInt64($0)) }
            let from = (
                UnsafePointer(lines[0].pointer), UnsafePointer(lines[1].pointer), UnsafePointer(lines[2].pointer),
                UnsafePointer(lines[3].pointer)
            )
            let step = 40
            let rows = [Cells((count - 1) * step + 16), Cells((count - 1) * step + 16)]
            filters.rows(panel: panel, from, count: count, into: rows[0].pointer, rows[1].pointer, outStride: step)
            var twin = Twin(Shape(1, 2, count, 16))
            twin.shape.forEach { _, y, x, c in
                twin.add(Double(bias.values[panel * 16 + c]), to: 0, y, x, c)
                for u in 0..<3 {
                    for v in 0..<3 {
                        twin.add(
                            Double(lines[y + u][(x + v) * 16 + c]) * Double(weight[u, v, 0, panel * 16 + c]), to: 0, y, x, c)
                    }
                }
            }
            func found(_ rows: [Cells]) -> Tensor {
                Tensor(twin.shape, rows.flatMap { row in (0..<count).flatMap { x in (0..<16).map { row[x * step + $0] } } })
            }
            #expect(twin.mismatch(found(rows), roundings: 10) == nil)
            let written = Set((0..<count).flatMap { x in (0..<16).map { x * step + $0 } })
            #expect(rows.allSatisfy { $0.keepsAllBut(written) })
            let again = [Cells(rows[0].count), Cells(rows[1].count)]
            halves.rows(panel: panel, from, count: count, into: again[0].pointer, again[1].pointer, outStride: step)
            #expect(found(again).values == found(rows).values)
            withExtendedLifetime(lines) {}
        }
    }

    // MARK: Sums for transposed attention

    /// Sums of one cell after another, with the queries and keys of all heads.
    private struct Pixels {
        let channels: Int
        let queries, keys: [Cells]
        let counts: [Int]

        init(channels: Int, counts: [Int]) {
            (self.channels, self.counts) = (channels, counts)
            let count = counts.reduce(0, +)
            queries = (0..<channels / 16).map { Cells(random: count * 16, seed: 1 + UInt64($0)) }
            keys = (0..<channels / 16).map { Cells(random: count * 16, seed: 100 + UInt64($0)) }
        }

        /// Each run of pixels into a set of its own; the first set twice where `isRepeated`.
        func sums() -> Cells {
            let size = AttentionSums.count(channels: channels)
            let sums = Cells(counts.count * size)
            sums.pointer.update(repeating: 0, count: sums.count)
            var first = 0
            for (cell, count) in counts.enumerated() {
                for head in 0..<channels / 16 {
                    AttentionSums.add(
                        head: head, query: queries[head].pointer + first * 16, key: keys[head].pointer + first * 16, count: count,
                        channels: channels, to: sums.pointer + cell * size)
                }
                first += count
            }
            return sums
        }

        /// [18][channels]: the products, then the squares.
        func twin() -> Twin {
            var twin = Twin(.matrix(18, channels))
            let flat = { (index: Int, term: Double) in twin.add(term, to: 0, 0, index / channels, index % channels) }
            for head in 0..<channels / 16 {
                for pixel in 0..<counts.reduce(0, +) {
                    for i in 0..<16 {
                        let (q, k) = (Double(queries[head][pixel * 16 + i]), Double(keys[head][pixel * 16 + i]))
                        flat(16 * channels + head * 16 + i, q * q)
                        flat(17 * channels + head * 16 + i, k * k)
                        for j in 0..<16 { flat((head * 16 + i) * 16 + j, q * Double(keys[head][pixel * 16 + j])) }
                    }
                }
            }
            return twin
        }
    }

    @Test(arguments: [[1], [2], [3], [4], [5], [7, 0, 64], [13, 8, 1, 30]])
    func attentionSums_AgreeWithTheirTwin(counts: [Int]) {
        for channels in [16, 48] {
            let pixels = Pixels(channels: channels, counts: counts)
            let sums = pixels.sums()
            AttentionSums.total(sums.pointer, cells: counts.count, channels: channels)
            let found = Tensor(.matrix(18, channels), (0..<18 * channels).map { sums[$0] })
            #expect(pixels.twin().mismatch(found, roundings: counts.reduce(0, +) + counts.count + 3) == nil)
        }
    }

    /// Softmax of τ·G / (‖q‖‖k‖) times the projection, in double; logits stay under τ, and err by a few roundings of that.
    @Test(arguments: [16, 48])
    func fold_AgreesWithItsTwin(channels: Int) {
        let pixels = Pixels(channels: channels, counts: [40])
        let exact = pixels.twin()
        let temperature = Tensor(.vector(channels / 16), (0..<channels / 16).map { Float($0) * 3 + 0.5 })
        let outputs = 32
        let projection = Tensor.random(.matrix(channels, outputs), seed: 7)
        let (sums, matrix) = (pixels.sums(), PackedMatrix(inputs: channels, outputs: outputs))
        AttentionSums.fold(
            sums.pointer, channels: channels, temperature: temperature.pointer, projection: projection.pointer, into: matrix)
        withExtendedLifetime(sums) {}
        var (expected, tolerance) = ([Double](), [Double]())
        for j in 0..<channels {
            let head = j / 16
            let scale = Double(temperature.values[head])
            let rows = (head * 16..<head * 16 + 16).map { i -> [Double] in
                let logits = (0..<16).map { other -> Double in
                    let norms = exact.values[16 * channels + i] * exact.values[17 * channels + head * 16 + other]
                    return scale * exact.values[i * 16 + other] / norms.squareRoot()
                }
                let powers = logits.map { exp($0) }
                return powers.map { $0 / powers.reduce(0, +) }
            }
            for o in 0..<outputs {
                let terms = (0..<16).map { rows[$0][j % 16] * Double(projection.values[(head * 16 + $0) * outputs + o]) }
                expected.append(terms.reduce(0, +))
                // A logit's sums: 43 roundings of at most τ each way; softmax: twice that, its own 20; the product: 17.
                tolerance.append(terms.reduce(0) { $0 + abs($1) } * (2 * scale * 100 + 40) * unitRoundoff)
            }
        }
        let found = (0..<channels).flatMap { j in (0..<outputs).map { matrix.row(j, panel: $0 / 16)[$0 % 16] } }
        #expect(mismatch(Tensor(.matrix(channels, outputs), found), expected, tolerance: tolerance) == nil)
    }
}
