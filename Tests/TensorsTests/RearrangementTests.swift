import TestSupport
import Testing

@testable import Tensors

/// Borders, windows and channels: every element is where it belongs.
struct RearrangementTests {
    static let shapes = [Shape(1, 1, 1, 1), Shape(2, 3, 5, 7), Shape(1, 6, 1, 8), Shape(3, 1, 9, 2), Shape(1, 90, 80, 33)]

    private func expectEach(_ y: Tensor, shape: Shape, _ element: (Int, Int, Int, Int) -> Float) {
        #expect(y.shape == shape)
        var expected: [Float] = []
        shape.forEach { expected.append(element($0, $1, $2, $3)) }
        #expect(y.values == expected)
    }

    @Test(arguments: shapes)
    func zeros_SurroundTheImage(_ s: Shape) {
        let x = Tensor.random(s, seed: 1)
        expectEach(Padding.zeros(x), shape: Shape(s.n, s.h + 2, s.w + 2, s.c)) { n, i, j, c in
            1...s.h ~= i && 1...s.w ~= j ? x[n, i - 1, j - 1, c] : 0
        }
    }

    @Test(arguments: shapes)
    func edge_RepeatsTheLastRowAndColumn(_ s: Shape) {
        let x = Tensor.random(s, seed: 1)
        for (height, width) in [(s.h, s.w), (s.h + 1, s.w), (s.h, s.w + 3), (s.h + 5, s.w + 2)] {
            expectEach(Padding.edge(x, height: height, width: width), shape: Shape(s.n, height, width, s.c)) { n, i, j, c in
                x[n, min(i, s.h - 1), min(j, s.w - 1), c]
            }
        }
    }

    @Test(arguments: shapes)
    func window_IsThatPartOfTheImage(_ s: Shape) {
        let x = Tensor.random(s, seed: 1)
        for (top, left) in [(0, 0), (s.h / 2, 0), (0, s.w / 2), (s.h - 1, s.w - 1)] {
            expectEach(
                Padding.window(x, top: top, left: left, height: s.h - top, width: s.w - left), shape: Shape(s.n, s.h - top, s.w - left, s.c)
            ) { n, i, j, c in x[n, i + top, j + left, c] }
        }
        expectEach(Padding.crop(x, height: 1, width: s.w), shape: Shape(s.n, 1, s.w, s.c)) { n, i, j, c in x[n, i, j, c] }
    }

    @Test(arguments: shapes)
    func channels_AreJoinedAndCut(_ s: Shape) {
        let parts = [1, 8, s.c].enumerated().map { Tensor.random(s.with(channels: $1), seed: UInt64($0)) }
        let joined = Channels.concatenate(parts)
        expectEach(joined, shape: s.with(channels: 9 + s.c)) { n, i, j, c in
            c == 0 ? parts[0][n, i, j, 0] : c < 9 ? parts[1][n, i, j, c - 1] : parts[2][n, i, j, c - 9]
        }
        #expect(Channels.slice(joined, 0..<1).values == parts[0].values)
        #expect(Channels.slice(joined, 1..<9).values == parts[1].values)
        #expect(Channels.slice(joined, 9..<9 + s.c).values == parts[2].values)
        expectEach(Channels.embed(parts[2], offset: 3, total: s.c + 5), shape: s.with(channels: s.c + 5)) { n, i, j, c in
            3..<3 + s.c ~= c ? parts[2][n, i, j, c - 3] : 0
        }
    }

    @Test(arguments: 1...3)
    func filter_AgreesWithItsTwin(step: Int) {
        let (rows, columns): ([Float], [Float]) = ([0.5, -1, 0.25, 2], [1, 3, -0.5])
        for s in [Shape(1, 4, 3, 1), Shape(2, 11, 19, 1), Shape(3, 40, 13, 1), Shape(1, 9, 150, 1)] {
            let x = Tensor.random(s, seed: 1)
            let g = Tensor.random(Shape(s.n, (s.h - 4) / step + 1, (s.w - 3) / step + 1, 1), seed: 2)
            let sum = Tensor.random(s, seed: 3)
            var (y, input) = (Twin(g.shape), Twin(s))
            s.forEach { n, i, j, _ in input.add(Double(sum[n, i, j, 0]), to: n, i, j, 0) }
            g.shape.forEach { n, i, j, _ in
                for u in 0..<4 {
                    for v in 0..<3 {
                        let weight = Double(rows[u]) * Double(columns[v])
                        y.add(Double(x[n, i * step + u, j * step + v, 0]) * weight, to: n, i, j, 0)
                        input.add(Double(g[n, i, j, 0]) * weight * 0.75, to: n, i * step + u, j * step + v, 0)
                    }
                }
            }
            #expect(y.mismatch(ImageFilter.separable(x, rows: rows, columns: columns, step: step), roundings: 14) == nil)
            ImageFilter.addSeparableGradient(g, rows: rows, columns: columns, step: step, weight: 0.75, to: sum)
            #expect(input.mismatch(sum, roundings: 15) == nil)
        }
    }

    @Test func tensor_SharesOrCopies() {
        let x = Tensor.random(Shape(1, 2, 3, 4), seed: 1)
        let (seen, copied) = (x.reshaped(.matrix(6, 4)), x.copy())
        x.pointer[5] = 99
        #expect(seen.values[5] == 99)
        #expect(copied.values[5] != 99)
        #expect(Tensor(.vector(3), repeating: 2).values == [2, 2, 2])
        #expect(Tensor(.vector(1), [4]).scalar == 4)
    }
}
