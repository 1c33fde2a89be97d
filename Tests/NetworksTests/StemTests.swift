import TestSupport
import Testing

@testable import Networks

/// The stem of inference against its definition: the Haar transform, then a 3×3 convolution, in double precision.
struct StemTests {
    /// One pixel, one row, one column, remainders of a register block, several blocks of rows.
    static let sides = [(1, 1), (1, 7), (7, 1), (2, 12), (5, 13), (33, 25)]

    @Test(arguments: sides)
    func stem_AgreesWithItsDefinition(_ height: Int, _ width: Int) throws {
        let outputs = 48
        let layer = try ConvolutionLayer(Parameters(.random(seed: 1)).root("stem"), kernel: 3, inputs: 4, outputs: outputs)
        layer.bias.value.pointer.update(from: Tensor.random(.vector(outputs), seed: 2).pointer, count: outputs)
        let picture = Tensor.random(Shape(1, 2 * height, 2 * width, 1), seed: 3)
        let residual = Tensor.random(Shape(1, height, width, outputs), seed: 4)
        let found = (run(layer, picture, residual: nil), run(layer, picture, residual: residual))

        func corner(_ y: Int, _ x: Int, _ number: Int) -> Double { Double(picture[0, 2 * y + number / 2, 2 * x + number % 2, 0]) }
        var twin = Twin(residual.shape)
        twin.shape.forEach { n, y, x, o in
            twin.add(Double(layer.bias.value.pointer[o]), to: n, y, x, o)
            for u in 0..<3 {
                for v in 0..<3 where 0..<height ~= y + u - 1 && 0..<width ~= x + v - 1 {
                    for band in 0..<4 {
                        let weight = Double(layer.weight.value[u, v, band, o])
                        for number in 0..<4 {
                            let value = HaarFolding.factor(band: band, corner: number) * corner(y + u - 1, x + v - 1, number)
                            twin.add(value * weight, to: n, y, x, o)
                        }
                    }
                }
            }
        }
        // One rounding of the folded weight, and a sum of 36 products that begins with the bias.
        #expect(twin.mismatch(found.0, roundings: 38) == nil)
        twin.shape.forEach { n, y, x, o in twin.add(Double(residual[n, y, x, o]), to: n, y, x, o) }
        #expect(twin.mismatch(found.1, roundings: 39) == nil)
    }

    private func run(_ layer: ConvolutionLayer, _ picture: Tensor, residual: Tensor?) -> Tensor {
        let (height, width, outputs) = (picture.shape.h / 2, picture.shape.w / 2, layer.weight.shape.c)
        func maps(_ arena: inout Arena) -> (Workers, FeatureMap, FeatureMap) {
            (Workers(2, scratch: 16, from: &arena), arena.borderedMap(height, width, 4), arena.map(height, width, outputs))
        }
        var measure = Arena()
        _ = maps(&measure)
        var arena = Arena(like: measure)
        let (workers, corners, out) = maps(&arena)
        Corners.gather(picture, into: corners)
        return withExtendedLifetime((arena, residual)) {
            PackedHaarStem(layer).run(corners, into: out, adding: residual.map { FeatureMap($0) }, workers: workers)
            return out.tensor()
        }
    }
}
