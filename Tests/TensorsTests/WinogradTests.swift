import Foundation
import TestSupport
import Testing

@testable import Tensors

/// Winograd's algorithm against the convolution that it computes, with the error that its transforms allow.
struct WinogradTests {
    /// The transforms of F(4×4, 3×3) at the points 0, ±√½, ±√2, ∞, derived from the points alone (Toom and Cook):
    /// Y = Aᵀ[(G g Gᵀ) ∘ (Bᵀ d B)]A.
    private enum Transforms {
        static let points = [0, 0.5.squareRoot(), -(0.5.squareRoot()), 2.0.squareRoot(), -(2.0.squareRoot())]

        /// Row i of Aᵀ: x^i at each point; ∞ takes the highest power alone.
        static let output = (0..<4).map { i in points.map { i == 0 ? 1 : pow($0, Double(i)) } + [i == 3 ? 1 : 0] }

        /// Row of G at a point: 1, x, x², over the product of the distances to the other points.
        static let weight: [[Double]] =
            points.map { x in
                let distance = points.reduce(1) { $1 == x ? $0 : $0 * (x - $1) }
                return [1 / distance, x / distance, x * x / distance]
            } + [[0, 0, 1]]

        /// Row of Bᵀ at a point: the coefficients of the product of (z − the other points); at ∞, of (z − all).
        static let input: [[Double]] =
            points.map { x in product(points.filter { $0 != x }) + [0] } + [product(points)]

        private static func product(_ roots: [Double]) -> [Double] {
            roots.reduce([1]) { p, root in
                var next = [Double](repeating: 0, count: p.count + 1)
                for (i, c) in p.enumerated() {
                    next[i + 1] += c
                    next[i] -= c * root
                }
                return next
            }
        }
    }

    private struct Case {
        let layer: WinogradConvolution
        let weight, bias: Tensor
        let inputs, outputs: Int

        init(_ inputs: Int, _ outputs: Int) {
            (weight, bias) = (Tensor.random(Shape(3, 3, inputs, outputs), seed: 1), Tensor.random(.vector(outputs), seed: 2))
            (layer, self.inputs, self.outputs) = (WinogradConvolution(weight, bias: bias), inputs, outputs)
        }

        /// The convolution of `x`, and Σ|terms|: the convolution by transforms with every factor as its magnitude, and the offset.
        func twin(_ x: (_ y: Int, _ x: Int, _ c: Int) -> Double, height: Int, width: Int) -> Twin {
            var twin = Twin(Shape(1, height, width, outputs))
            let (a, b) = (Transforms.output.map { $0.map(abs) }, Transforms.input.map { $0.map(abs) })
            let g = Transforms.weight.map { $0.map(abs) }
            func inside(_ i: Int, _ j: Int, _ c: Int) -> Double { 0..<height ~= i && 0..<width ~= j ? x(i, j, c) : 0 }
            var filters = [Double](repeating: 0, count: 36 * inputs * outputs)
            for p in 0..<36 {
                for c in 0..<inputs {
                    for o in 0..<outputs {
                        filters[(p * inputs + c) * outputs + o] = (0..<9).reduce(0) {
                            $0 + g[p / 6][$1 / 3] * g[p % 6][$1 % 3] * Double(weight[$1 / 3, $1 % 3, c, o].magnitude)
                        }
                    }
                }
            }
            for top in stride(from: 0, to: height, by: 4) {
                for left in stride(from: 0, to: width, by: 4) {
                    var products = [Double](repeating: 0, count: 36 * outputs)
                    for c in 0..<inputs {
                        let tile = (0..<36).map { abs(inside(top - 1 + $0 / 6, left - 1 + $0 % 6, c)) }
                        for p in 0..<36 {
                            let seen = (0..<36).reduce(0) { $0 + b[p / 6][$1 / 6] * b[p % 6][$1 % 6] * tile[$1] }
                            for o in 0..<outputs { products[p * outputs + o] += seen * filters[(p * inputs + c) * outputs + o] }
                        }
                    }
                    for y in top..<min(height, top + 4) {
                        for x in left..<min(width, left + 4) {
                            for o in 0..<outputs {
                                twin.magnitudes[(y * width + x) * outputs + o] = (0..<36).reduce(Double(bias.values[o].magnitude)) {
                                    $0 + a[y - top][$1 / 6] * a[x - left][$1 % 6] * products[$1 * outputs + o]
                                }
                            }
                        }
                    }
                }
            }
            for y in 0..<height {
                for x in 0..<width {
                    for o in 0..<outputs {
                        var sum = Double(bias.values[o])
                        for u in 0..<3 {
                            for v in 0..<3 {
                                for c in 0..<inputs { sum += inside(y + u - 1, x + v - 1, c) * Double(weight[u, v, c, o]) }
                            }
                        }
                        twin.values[(y * width + x) * outputs + o] = sum
                    }
                }
            }
            return twin
        }

        func run(
            _ x: FeatureMap, affine: (scale: UnsafePointer<Float>, shift: UnsafePointer<Float>)? = nil, into out: FeatureMap,
            _ epilogue: WinogradConvolution.Epilogue, workers: Int = 1
        ) {
            let (scratch, cut) = (Cells(layer.scratch), WinogradConvolution.Cut(height: x.height, width: x.width, workers: workers))
            for block in 0..<cut.count {
                layer.run(block: block, of: cut, x, affine: affine, into: out, epilogue, scratch: scratch.pointer)
            }
            #expect(scratch.keepsAllBut(Set(0..<scratch.count)))
        }
    }

    /// A map in cells of its own.
    private struct Map {
        let cells: Cells
        let features: FeatureMap

        init(_ cells: Cells, _ height: Int, _ width: Int, _ channels: Int, stride: Int) {
            (self.cells, features) = (cells, FeatureMap(cells.pointer, height: height, width: width, channels: channels, stride: stride))
        }

        init(random height: Int, _ width: Int, _ channels: Int, stride: Int, seed: UInt64) {
            self.init(Cells(random: height * width * stride, seed: seed), height, width, channels, stride: stride)
        }

        init(empty height: Int, _ width: Int, _ channels: Int, stride: Int) {
            self.init(Cells(height * width * stride), height, width, channels, stride: stride)
        }

        func values(_ channels: Int) -> [Float] {
            (0..<features.height * features.width).flatMap { pixel in (0..<channels).map { cells[pixel * features.stride + $0] } }
        }

        var written: Set<Int> {
            Set((0..<features.height * features.width).flatMap { pixel in (0..<features.channels).map { pixel * features.stride + $0 } })
        }
    }

    /// Sizes beside the tiles of 4 and the blocks of 12 × 32; outputs beside the panels of 16 and the vectors.
    static let sizes = [(1, 1), (1, 9), (7, 1), (4, 4), (5, 6), (12, 32), (13, 33), (25, 35)]
    static let channels = [(16, 16), (16, 4), (32, 4), (32, 24), (16, 40)]

    /// Every size in blocks for one, two and five workers.
    @Test(arguments: sizes, channels)
    func convolution_AgreesWithItsTwin(_ size: (Int, Int), _ channels: (Int, Int)) {
        let (height, width) = size
        let layer = Case(channels.0, channels.1)
        for (stride, workers) in [(channels.0, 1), (channels.0 + 16, 2), (channels.0, 5)] {
            let x = Map(random: height, width, channels.0, stride: stride, seed: 3)
            let out = Map(empty: height, width, channels.1, stride: channels.1 + 8)
            layer.run(x.features, into: out.features, layer.layer.plain(), workers: workers)
            let twin = layer.twin({ Double(x.cells[($0 * width + $1) * stride + $2]) }, height: height, width: width)
            let problem = twin.mismatch(Tensor(twin.shape, out.values(channels.1)), roundings: layer.layer.roundings)
            #expect(problem == nil, "\(size), \(channels), stride \(stride): \(problem ?? "")")
            #expect(out.cells.keepsAllBut(out.written))
        }
    }

    /// Fewer channels than the map has: the corners of a picture or three in vectors, whose other lanes may hold anything finite.
    @Test(arguments: [3, 12])
    func channelsBeyondTheWeights_AreIgnored(inputs: Int) {
        let layer = Case(inputs, 16)
        let stride = layer.layer.inputs
        #expect(stride > inputs)
        let x = Map(random: 9, 10, stride, stride: stride, seed: 3)
        let out = Map(empty: 9, 10, 16, stride: 16)
        layer.run(x.features, into: out.features, layer.layer.plain())
        let twin = layer.twin({ Double(x.cells[($0 * 10 + $1) * stride + $2]) }, height: 9, width: 10)
        #expect(twin.mismatch(Tensor(twin.shape, out.values(16)), roundings: layer.layer.roundings) == nil)
    }

    private enum Ending: CaseIterable { case nothing, silu, adding, addingInPlace }

    /// y · scale + offset, and what comes then; SiLU's slope is at most 1.1, and it errs by 3e-7 of its argument.
    @Test(arguments: sizes)
    func epilogue_FollowsTheConvolution(_ height: Int, _ width: Int) {
        let (layer, outputs) = (Case(16, 40), 40)
        let (scale, offset) = (Tensor.random(.vector(48), seed: 4), Tensor.random(.vector(48), seed: 5))
        let x = Map(random: height, width, 16, stride: 16, seed: 3)
        let twin = layer.twin({ Double(x.cells[($0 * width + $1) * 16 + $2]) }, height: height, width: width)
        for ending in Ending.allCases {
            // Room behind the outputs, none, and for the residual as much or not.
            for (stride, residualStride) in [(48, 48), (40, 40), (48, 40)] {
                let residual = Map(random: height, width, outputs, stride: residualStride, seed: 6)
                let out = ending == .addingInPlace ? residual : Map(empty: height, width, outputs, stride: stride)
                let added = residual.values(outputs)
                let then: WinogradConvolution.Epilogue.Then =
                    switch ending {
                    case .nothing: .nothing
                    case .silu: .silu
                    case .adding, .addingInPlace: .adding(residual.features)
                    }
                layer.run(x.features, into: out.features, .init(scale: scale.pointer, offset: offset.pointer, then: then))
                var (expected, tolerance) = ([Double](), [Double]())
                for (i, exact) in twin.values.enumerated() {
                    let (o, bias) = (i % outputs, Double(layer.bias.values[i % outputs]))
                    let (factor, term) = (Double(scale.values[o]), Double(offset.values[o]))
                    let y = (exact - bias) * factor + term
                    let size = (twin.magnitudes[i] - abs(bias)) * abs(factor) + abs(term)
                    let before = Double(layer.layer.roundings) * unitRoundoff * size
                    switch ending {
                    case .nothing:
                        expected.append(y)
                        tolerance.append(before)
                    case .silu:
                        expected.append(y / (1 + exp(-y)))
                        tolerance.append(1.1 * before + 3e-7 * (abs(y) + before))
                    case .adding, .addingInPlace:
                        expected.append(y + Double(added[i]))
                        tolerance.append(before + unitRoundoff * (abs(expected[i]) + before))
                    }
                }
                let problem = mismatch(Tensor(twin.shape, out.values(outputs)), expected, tolerance: tolerance)
                #expect(problem == nil, "\(height)×\(width), \(ending), strides \(stride), \(residualStride): \(problem ?? "")")
                #expect(ending == .addingInPlace || out.cells.keepsAllBut(out.written))
                withExtendedLifetime((x, residual)) {}
            }
        }
    }

    /// LayerNorm in front: outside the image lie zeros, not shifts. What it errs by (see `PixelRowsTests`) goes through the weights.
    @Test(arguments: sizes)
    func layerNorm_GoesBeforeTheConvolution(_ height: Int, _ width: Int) {
        let (layer, channels) = (Case(32, 16), 32)
        let (scale, shift) = (Tensor.random(.vector(channels), seed: 4), Tensor.random(.vector(channels), seed: 5))
        let x = Map(random: height, width, channels, stride: channels, seed: 3)
        var (normal, error) = ([Double](), [Double]())
        for pixel in 0..<height * width {
            let values = (0..<channels).map { Double(x.cells[pixel * channels + $0]) }
            let mean = values.reduce(0, +) / Double(channels)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(channels)
            let inverse = 1 / (variance + Double(LayerNorm.epsilon)).squareRoot()
            for c in 0..<channels {
                let (n, gamma, beta) = ((values[c] - mean) * inverse, Double(scale.values[c]), Double(shift.values[c]))
                normal.append(n * gamma + beta)
                let size = abs(n) * 2 + (abs(mean) + 4) * inverse
                error.append(Double(channels / 16 + 14) * unitRoundoff * (size * abs(gamma) + abs(beta)))
            }
        }
        let out = Map(empty: height, width, 16, stride: 16)
        layer.run(
            x.features, affine: (UnsafePointer(scale.pointer), UnsafePointer(shift.pointer)), into: out.features, layer.layer.plain())
        let twin = layer.twin({ normal[($0 * width + $1) * channels + $2] }, height: height, width: width)
        var tolerance = twin.magnitudes.map { $0 * Double(layer.layer.roundings) * unitRoundoff }
        for i in tolerance.indices {
            let (y, xx, o) = (i / 16 / width, i / 16 % width, i % 16)
            for u in 0..<3 {
                for v in 0..<3 where 0..<height ~= y + u - 1 && 0..<width ~= xx + v - 1 {
                    let from = ((y + u - 1) * width + xx + v - 1) * channels
                    for c in 0..<channels { tolerance[i] += 1.01 * error[from + c] * Double(layer.weight[u, v, c, o].magnitude) }
                }
            }
        }
        #expect(mismatch(Tensor(twin.shape, out.values(16)), twin.values, tolerance: tolerance) == nil)
        withExtendedLifetime((x, scale, shift)) {}
    }
}
