import Foundation
import TestSupport
import Testing

@testable import Tensors

/// What inference does to rows of pixels between the products, against naive twins in double precision.
struct PixelRowsTests {
    static let channels = [16, 32, 48, 64, 80]

    /// Mean and inverse deviation as in `NormalisationTests`: the mean errs by some (C/16 + 4) u of the largest input, which the inverse
    /// deviation scales; the inverse root by 2e-7, under 4 u.
    @Test(arguments: channels, [Float(0), 20])
    func normalise_AgreesWithItsTwin(channels: Int, offset: Float) {
        let (scale, shift) = (Tensor.random(.vector(channels), seed: 2), Tensor.random(.vector(channels), seed: 3))
        let scratch = Cells(PixelRows.normalisationScratch)
        for count in Array(1...18) + [66, 73, 150] {
            for isAffine in [false, true] {
                let (step, outStep) = (channels + 8, channels + 24)
                let (x, y) = (Cells(random: count * step, seed: 1), Cells((count - 1) * outStep + channels))
                for i in 0..<x.count { x.pointer[i] += offset }
                PixelRows.normalise(
                    x.pointer, stride: step, channels: channels, count: count, into: y.pointer, outStride: outStep,
                    affine: isAffine ? (UnsafePointer(scale.pointer), UnsafePointer(shift.pointer)) : nil, scratch: scratch.pointer)
                var (expected, tolerance, found) = ([Double](), [Double](), [Float]())
                var written: Set<Int> = []
                for pixel in 0..<count {
                    let values = (0..<channels).map { Double(x[pixel * step + $0]) }
                    let mean = values.reduce(0, +) / Double(channels)
                    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(channels)
                    let inverse = 1 / (variance + Double(LayerNorm.epsilon)).squareRoot()
                    for c in 0..<channels {
                        let normal = (values[c] - mean) * inverse
                        let (gamma, beta) = isAffine ? (Double(scale.values[c]), Double(shift.values[c])) : (1, 0)
                        expected.append(normal * gamma + beta)
                        let size = abs(normal) * 2 + (abs(mean) + 4) * inverse
                        tolerance.append(Double(channels / 16 + 14) * unitRoundoff * (size * abs(gamma) + abs(beta)))
                        found.append(y[pixel * outStep + c])
                        written.insert(pixel * outStep + c)
                    }
                }
                let problem = mismatch(Tensor(.matrix(count, channels), found), expected, tolerance: tolerance)
                #expect(problem == nil, "\(count) pixels, affine: \(isAffine): \(problem ?? "")")
                #expect(y.keepsAllBut(written))
            }
        }
        #expect(scratch.keepsAllBut(Set(0..<scratch.count)))
    }

    @Test(arguments: channels)
    func normalise_DependsOnNoOtherPixel(channels: Int) {
        let (x, scratch) = (Cells(random: 100 * channels, seed: 1), Cells(PixelRows.normalisationScratch))
        func normal(_ first: Int, _ count: Int) -> [Float] {
            let y = Cells(count * channels)
            PixelRows.normalise(
                x.pointer + first * channels, stride: channels, channels: channels, count: count, into: y.pointer, outStride: channels,
                scratch: scratch.pointer)
            return (0..<y.count).map { y[$0] }
        }
        let all = normal(0, 100)
        for (first, count) in [(0, 1), (29, 1), (3, 7), (5, 8), (1, 9), (0, 17), (13, 17), (4, 66), (20, 75)] {
            #expect(normal(first, count) == Array(all[first * channels..<(first + count) * channels]), "\(count) pixels from \(first) on")
        }
    }

    @Test func totals_AreThoseOfEachVector() {
        let x = Tensor.random(.vector(64), seed: 1).values
        let vectors = (0..<8).map { v in SIMD8<Float>((0..<8).map { x[v * 8 + $0] }) }
        var totals = SIMD8<Float>()
        vectors.withUnsafeBufferPointer { LayerNorm.totals($0.baseAddress!, into: &totals) }
        for v in 0..<8 { #expect(totals[v] == vectors[v].total) }
    }

    /// GELU errs by 3e-6, SiLU by 3e-7 of its argument (see `VectorMathTests`), the product by a rounding.
    @Test func activations_AgreeWithTheirTwins() {
        let count = 480
        let (x, y, out) = (Cells(random: count, seed: 1), Cells(random: count, seed: 2), Cells(count))
        for i in 0..<count { x.pointer[i] *= 4 }
        PixelRows.gate(x.pointer, y.pointer, count: count, into: out.pointer)
        let (factors, values) = ((0..<count).map { Double(y[$0]) }, (0..<count).map { Double(x[$0]) })
        let gates = values.map { $0 / 2 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
        #expect(
            mismatch(
                Tensor(.vector(count), (0..<count).map { out[$0] }), zip(gates, factors).map { $0 * $1 },
                tolerance: zip(gates, factors).map { 3e-6 * abs($1) + unitRoundoff * abs($0 * $1) }) == nil)
        PixelRows.silu(x.pointer, count: count)
        let activated = values.map { $0 / (1 + exp(-$0)) }
        #expect(
            mismatch(Tensor(.vector(count), (0..<count).map { x[$0] }), activated, tolerance: values.map { 3e-7 * abs($0) }) == nil)
    }

    @Test(arguments: channels)
    func modulation_AgreesWithItsTwin(channels: Int) {
        let (scale, offset) = (Tensor.random(.vector(channels), seed: 1), Tensor.random(.vector(channels), seed: 2))
        let (x, before) = (Cells(random: 7 * channels, seed: 3), Cells(random: 7 * channels, seed: 3))
        PixelRows.modulate(x.pointer, channels: channels, count: 7, (UnsafePointer(scale.pointer), UnsafePointer(offset.pointer)))
        var twin = Twin(.matrix(7, channels))
        twin.shape.forEach { _, _, pixel, c in
            twin.add(Double(offset.values[c]), to: 0, 0, pixel, c)
            twin.add(Double(before[pixel * channels + c]) * Double(scale.values[c]), to: 0, 0, pixel, c)
        }
        #expect(twin.mismatch(Tensor(twin.shape, (0..<x.count).map { x[$0] }), roundings: 1) == nil)
    }

    /// ½ of four terms with the signs of each band, and back.
    @Test(arguments: channels, [1, 2, 5])
    func haar_AgreesWithItsTwins(channels: Int, count: Int) {
        let rows = [Cells(random: 2 * count * channels, seed: 1), Cells(random: 2 * count * channels, seed: 2)]
        let panel = count * 16 + 48
        let (low, details) = (Cells(count * channels), Cells((3 * channels / 16 - 1) * panel + count * 16))
        PixelRows.haarLow(rows[0].pointer, rows[1].pointer, channels: channels, count: count, into: low.pointer)
        PixelRows.haarDetails(rows[0].pointer, rows[1].pointer, channels: channels, count: count, into: details.pointer, panel: panel)
        let signs: [[Double]] = [[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]
        var twin = Twin(Shape(1, 4, count, channels))
        var found = twin.values.map { Float($0) }
        var written: Set<Int> = []
        twin.shape.forEach { _, band, x, c in
            for corner in 0..<4 {
                let value = rows[corner / 2][(2 * x + corner % 2) * channels + c]
                twin.add(signs[band][corner] / 2 * Double(value), to: 0, band, x, c)
            }
            let at = ((band - 1) * channels + c) / 16 * panel + x * 16 + c % 16
            if band > 0 { written.insert(at) }
            found[(band * count + x) * channels + c] = band == 0 ? low[x * channels + c] : details[at]
        }
        #expect(twin.mismatch(Tensor(twin.shape, found), roundings: 3) == nil)
        #expect(details.keepsAllBut(written) && low.keepsAllBut(Set(0..<low.count)))

        // Back from bands side by side: each pixel the same half sum, since the matrix is its own inverse.
        let bands = Cells(random: count * 3 * channels, seed: 3)
        let back = [Cells(2 * count * channels), Cells(2 * count * channels)]
        PixelRows.inverseHaar(
            low: low.pointer, details: bands.pointer, channels: channels, count: count, back[0].pointer, back[1].pointer)
        var pixels = Twin(Shape(1, 2, 2 * count, channels))
        pixels.shape.forEach { _, y, x, c in
            for band in 0..<4 {
                let value = band == 0 ? low[x / 2 * channels + c] : bands[(x / 2 * 3 + band - 1) * channels + c]
                pixels.add(signs[band][2 * y + x % 2] / 2 * Double(value), to: 0, y, x, c)
            }
        }
        let all = back.flatMap { row in (0..<row.count).map { row[$0] } }
        #expect(pixels.mismatch(Tensor(pixels.shape, all), roundings: 3) == nil)
    }
}
