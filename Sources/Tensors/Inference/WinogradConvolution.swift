/// 3×3 convolution, stride 1, zero padding, by Winograd's minimal filtering F(4×4, 3×3): 36 products for 16 outputs of a channel pair
/// instead of 144 (Winograd 1980; Lavin and Gray 2016, arXiv:1509.09308).
///
///     Y = Aᵀ [ Σ_c (G g_c Gᵀ) ∘ (Bᵀ d_c B) ] A        for tiles d of 6×6 inputs that overlap by 2
///
/// with the points 0, ±√½, ±√2, ∞: their powers stay nearer to 1 than those of the usual 0, ±1, ±2, ∞, which halves the rounding error.
///
/// Work is cut into blocks of up to 8×3 tiles. A block's inputs are transformed where they lie (those that a LayerNorm goes before, and
/// those at the edges, are gathered first), multiplied by the transformed weights as 36 small matrices in the second-level cache, and
/// transformed back for up to 32 output channels at a time; what follows the convolution happens there, before anything is stored.
///
/// Error of one output: at most `roundings` · u · Σ|terms|, the terms being those of the formula above with every factor replaced by its
/// magnitude (see the twin in the tests).
package struct WinogradConvolution: Sendable {
    /// A multiple of the vector width.
    package let inputs: Int
    package let outputs: Int
    /// [outputs / 16, rounded up][36][inputs][16]
    private let panels: Tensor
    private let bias: Tensor

    static let tileRows = 3
    static let tileColumns = 8
    private static let tiles = 3 * 8
    private static let side = 6
    private static let points = 36
    /// Output channels that are multiplied and transformed back together.
    private static let group = 32
    /// Floats from one point's features to the next one's, `channels` a tile: with a cache line between them, so that the points of a tile
    /// do not meet in a few sets of the first-level cache.
    private static func step(_ channels: Int) -> Int { tiles * channels + 16 }

    /// Roundings that a term meets: 5 and 5 in the two passes of the input's transform, one for the weight (transformed in double), the
    /// sum over the channels, 5 and 5 back, and the two of scale and offset.
    package var roundings: Int { 23 + inputs }

    /// What is done to each output before it is stored: activation(y · scale + offset) + residual.
    package struct Epilogue: @unchecked Sendable {
        /// One per output, rounded up to a multiple of 16: for the bias and a modulation.
        package var scale: UnsafePointer<Float>
        package var offset: UnsafePointer<Float>
        package var isSiLU = false
        /// Of the output's size; it may be the output itself.
        package var residual: FeatureMap?

        package init(scale: UnsafePointer<Float>, offset: UnsafePointer<Float>, isSiLU: Bool = false, residual: FeatureMap? = nil) {
            (self.scale, self.offset, self.isSiLU, self.residual) = (scale, offset, isSiLU, residual)
        }
    }

    /// - Parameters:
    ///   - weights: (3, 3, C, O). An input of more than C channels, up to the next multiple of the vector width, has its last ones ignored.
    ///   - bias: (1, 1, 1, O).
    package init(_ weights: Tensor, bias: Tensor) {
        let (shape, outputs) = (weights.shape, weights.shape.c)
        require(shape.n == 3 && shape.h == 3 && bias.count == outputs, "weights \(shape) are not those of a 3×3 convolution")
        (inputs, self.outputs) = ((shape.w + lanes - 1) / lanes * lanes, outputs)
        let columns = (outputs + 15) & ~15
        panels = Tensor(.vector(columns * Self.points * inputs))
        self.bias = Tensor(Shape(1, 1, 2, columns))
        for o in 0..<outputs { (self.bias.pointer[o], self.bias.pointer[columns + o]) = (1, bias.pointer[o]) }
        for c in 0..<shape.w {
            for o in stride(from: 0, to: outputs, by: 8) {
                let columns = min(8, outputs - o)
                let transformed = panels.pointer + (o / 16 * Self.points * inputs + c) * 16 + o % 16
                Self.transform { u, v in
                    let from = weights.pointer + ((u * 3 + v) * shape.w + c) * outputs + o
                    return SIMD8<Double>(load(from, columns: columns).lowHalf)
                } store: { point, value in
                    store(Panel(lowHalf: SIMD8(value), highHalf: SIMD8()), to: transformed + point * inputs * 16, columns: columns)
                }
            }
        }
    }

    /// The epilogue of the bare convolution with its bias.
    package func plain(residual: FeatureMap? = nil) -> Epilogue {
        Epilogue(scale: UnsafePointer(bias.pointer), offset: UnsafePointer(bias.pointer) + bias.shape.c, residual: residual)
    }

    /// The bias, one per output.
    package var offsets: UnsafePointer<Float> { UnsafePointer(bias.pointer) + bias.shape.c }

    /// G g Gᵀ in double: the transformed weights of eight pairs of channels.
    @inline(__always)
    private static func transform(_ g: (Int, Int) -> SIMD8<Double>, store: (Int, SIMD8<Double>) -> Void) {
        let (a, b) = (0.5.squareRoot(), 2.0.squareRoot())
        func expand(_ x: SIMD8<Double>, _ y: SIMD8<Double>, _ z: SIMD8<Double>, _ body: (Int, SIMD8<Double>) -> Void) {
            body(0, x)
            body(1, (x + a * y + 0.5 * z) / -1.5)
            body(2, (x - a * y + 0.5 * z) / -1.5)
            body(3, (x + b * y + 2 * z) / 6)
            body(4, (x - b * y + 2 * z) / 6)
            body(5, z)
        }
        withUnsafeTemporaryAllocation(of: SIMD8<Double>.self, capacity: 3 * side) { half in
            for v in 0..<3 { expand(g(0, v), g(1, v), g(2, v)) { half[v * side + $0] = $1 } }
            for y in 0..<side { expand(half[y], half[side + y], half[2 * side + y]) { store(y * side + $0, $1) } }
        }
    }

    /// Floats of scratch memory that one block needs.
    package var scratch: Int {
        let gathered = (4 * Self.tileRows + 2) * (4 * Self.tileColumns + 2) * inputs
        return gathered + Self.points * (Self.step(inputs) + Self.step(Self.group)) + (4 * Self.side + 16) * lanes
    }

    /// How a map is cut into blocks: bands of up to three rows of tiles, as equal as can be, of up to eight columns each.
    package struct Cut {
        private let width: Int
        /// Rows of tiles, bands that they are cut into, and blocks of a band.
        private let tiles, bands, across: Int

        /// - Parameter workers: who share the blocks. A map of few blocks gets bands of fewer rows where that gives all of them as many.
        package init(height: Int, width: Int, workers: Int = 1) {
            self.width = width
            (tiles, across) = ((height + 3) / 4, (width + 4 * tileColumns - 1) / (4 * tileColumns))
            var bands = (tiles + tileRows - 1) / tileRows
            while bands * across < 4 * workers && bands * across % workers != 0 && bands < tiles { bands += 1 }
            self.bands = bands
        }

        /// How many blocks there are.
        package var count: Int { bands * across }

        /// The first row and column of a block and how many rows and columns of tiles it has.
        fileprivate func block(_ number: Int) -> (top: Int, left: Int, rows: Int, columns: Int) {
            let (band, column) = number.quotientAndRemainder(dividingBy: across)
            let (first, last, left) = (band * tiles / bands, (band + 1) * tiles / bands, column * 4 * tileColumns)
            return (4 * first, left, last - first, (min(4 * tileColumns, width - left) + 3) / 4)
        }
    }

    /// Computes one block of the output.
    ///
    /// - Parameters:
    ///   - cut: of a map of the input's size.
    ///   - input: `inputs` channels.
    ///   - affine: scale and shift of the LayerNorm that the input goes through first, where it does.
    ///   - output: at least `outputs` channels. Where it has more, those up to the next multiple of the vector width are outputs of zero:
    ///     whole vectors are stored faster.
    ///   - scratch: memory of the calling thread.
    package func run(
        block: Int, of cut: Cut, _ input: FeatureMap, affine: (scale: UnsafePointer<Float>, shift: UnsafePointer<Float>)? = nil,
        into output: FeatureMap, _ epilogue: Epilogue, scratch: UnsafeMutablePointer<Float>
    ) {
        require(output.channels >= outputs, "\(outputs) outputs do not fit a map of \(output.channels) channels")
        let (top, left, rows, columns) = cut.block(block)
        let gathered = scratch
        let transformed = gathered + (4 * Self.tileRows + 2) * (4 * Self.tileColumns + 2) * inputs
        let products = transformed + Self.points * Self.step(inputs)
        let half = UnsafeMutableRawPointer(products + Self.points * Self.step(Self.group)).assumingMemoryBound(to: Vector.self)
        if affine == nil && input.stride == inputs {
            // Read in place, but for the tiles at the edges.
            for tile in 0..<rows * columns {
                let (y, x) = (top + tile / columns * 4 - 1, left + tile % columns * 4 - 1)
                if y >= 0 && x >= 0 && y + Self.side <= input.height && x + Self.side <= input.width {
                    transformInput(input.at(y, x), line: input.line, tile: tile, half: half, into: transformed)
                } else {
                    gather(input, y, x, rows: Self.side, columns: Self.side, nil, into: gathered)
                    transformInput(gathered, line: Self.side * inputs, tile: tile, half: half, into: transformed)
                }
            }
        } else {
            let line = (4 * columns + 2) * inputs
            gather(input, top - 1, left - 1, rows: 4 * rows + 2, columns: 4 * columns + 2, affine, into: gathered)
            for tile in 0..<rows * columns {
                let corner = gathered + tile / columns * 4 * line + tile % columns * 4 * inputs
                transformInput(corner, line: line, tile: tile, half: half, into: transformed)
            }
        }
        for first in stride(from: 0, to: outputs, by: Self.group) {
            multiply(UnsafePointer(transformed), first, tiles: rows * columns, into: products)
            for tile in 0..<rows * columns {
                let (y, x) = (top + tile / columns * 4, left + tile % columns * 4)
                finish(UnsafePointer(products) + tile * Self.group, first, y, x, output, epilogue, half: half)
            }
        }
    }

    /// Copies a window of the input; outside the image it is zero.
    private func gather(
        _ input: FeatureMap, _ top: Int, _ left: Int, rows: Int, columns: Int,
        _ affine: (scale: UnsafePointer<Float>, shift: UnsafePointer<Float>)?, into out: UnsafeMutablePointer<Float>
    ) {
        let (from, to) = (max(0, -left), min(columns, input.width - left))
        for y in 0..<rows {
            let line = out + y * columns * inputs
            guard 0..<input.height ~= y + top else {
                line.update(repeating: 0, count: columns * inputs)
                continue
            }
            line.update(repeating: 0, count: from * inputs)
            (line + to * inputs).update(repeating: 0, count: (columns - to) * inputs)
            let source = UnsafePointer(input.at(y + top, left + from))
            let target = line + from * inputs
            if let affine {
                PixelRows.normalise(
                    source, stride: input.stride, channels: inputs, count: to - from, into: target, outStride: inputs, affine: affine)
            } else {
                for x in 0..<to - from {
                    for c in stride(from: 0, to: inputs, by: lanes) {
                        (target + x * inputs + c).vector = (source + x * input.stride + c).vector
                    }
                }
            }
        }
    }

    /// Bᵀ d B of a tile: its part of [36][tiles][inputs].
    private func transformInput(
        _ corner: UnsafePointer<Float>, line: Int, tile: Int, half: UnsafeMutablePointer<Vector>, into out: UnsafeMutablePointer<Float>
    ) {
        let step = Self.step(inputs)
        for c in stride(from: 0, to: inputs, by: lanes) {
            for x in 0..<Self.side {
                let at = corner + x * inputs + c
                let column = Six(
                    at.vector, (at + line).vector, (at + 2 * line).vector, (at + 3 * line).vector, (at + 4 * line).vector,
                    (at + 5 * line).vector)
                column.inputTransform.store(half + x, step: Self.side)
            }
            for y in 0..<Self.side {
                let row = half + y * Self.side
                let to = out + y * Self.side * step + tile * inputs + c
                let t = Six(row[0], row[1], row[2], row[3], row[4], row[5]).inputTransform
                to.vector = t.v0
                (to + step).vector = t.v1
                (to + 2 * step).vector = t.v2
                (to + 3 * step).vector = t.v3
                (to + 4 * step).vector = t.v4
                (to + 5 * step).vector = t.v5
            }
        }
    }

    /// The 36 products of a group of outputs: [36][tiles][group].
    private func multiply(_ left: UnsafePointer<Float>, _ first: Int, tiles: Int, into out: UnsafeMutablePointer<Float>) {
        let isPair = first + 16 < outputs
        for point in 0..<Self.points {
            RowProduct(
                left: .init(left + point * Self.step(inputs), stride: inputs), segments: 1, length: inputs,
                right: UnsafePointer(panels.pointer) + (first / 16 * Self.points + point) * inputs * 16,
                next: isPair ? Self.points * inputs * 16 : nil, start: Panel(), nextStart: Panel(),
                out: out + point * Self.step(Self.group), outStride: Self.group, outNext: 16, residual: nil, residualNext: 0
            ).run(tiles)
        }
    }

    /// Aᵀ m A of one tile for the channels of a group, and the epilogue.
    private func finish(
        _ products: UnsafePointer<Float>, _ first: Int, _ top: Int, _ left: Int, _ output: FeatureMap, _ epilogue: Epilogue,
        half: UnsafeMutablePointer<Vector>
    ) {
        let (step, pointRow) = (Self.step(Self.group), Self.side * Self.step(Self.group))
        let results = half + 4 * Self.side
        let (height, width) = (min(4, output.height - top), min(4, output.width - left))
        let (to, line, stride) = (output.at(top, left), output.line, output.stride)
        let residual = epilogue.residual.map { (at: UnsafePointer($0.at(top, left)), line: $0.line, stride: $0.stride) }
        var c = first
        while c < min(outputs, first + Self.group) {
            let (scale, offset) = ((epilogue.scale + c).vector, (epilogue.offset + c).vector)
            for x in 0..<Self.side {
                let at = products + x * step + c - first
                let column = Six(
                    at.vector, (at + pointRow).vector, (at + 2 * pointRow).vector, (at + 3 * pointRow).vector, (at + 4 * pointRow).vector,
                    (at + 5 * pointRow).vector)
                let t = column.outputTransform
                (half[x], half[Self.side + x], half[2 * Self.side + x], half[3 * Self.side + x]) = t
            }
            /// Four outputs in a row, but for activation and residual.
            @inline(__always) func outputRow(_ y: Int) -> (Vector, Vector, Vector, Vector) {
                let from = half + y * Self.side
                let t = Six(from[0], from[1], from[2], from[3], from[4], from[5]).outputTransform
                return (
                    offset.addingProduct(t.0, scale), offset.addingProduct(t.1, scale), offset.addingProduct(t.2, scale),
                    offset.addingProduct(t.3, scale)
                )
            }
            @inline(__always) func store(_ row: (Vector, Vector, Vector, Vector), _ y: Int) {
                let to = to + y * line + c
                var row = row
                if let residual {
                    let (more, step) = (residual.at + y * residual.line + c, residual.stride)
                    row.0 += more.vector
                    row.1 += (more + step).vector
                    row.2 += (more + 2 * step).vector
                    row.3 += (more + 3 * step).vector
                }
                to.vector = row.0
                (to + stride).vector = row.1
                (to + 2 * stride).vector = row.2
                (to + 3 * stride).vector = row.3
            }
            let stored = min(lanes, output.channels - c)
            let isWhole = height == 4 && width == 4 && stored == lanes
            if isWhole && !epilogue.isSiLU {
                for y in 0..<4 { store(outputRow(y), y) }
            } else {
                for y in 0..<4 { (results[4 * y], results[4 * y + 1], results[4 * y + 2], results[4 * y + 3]) = outputRow(y) }
                if epilogue.isSiLU {
                    PixelRows.silu(UnsafeMutableRawPointer(results).assumingMemoryBound(to: Float.self), count: 16 * lanes)
                }
                for y in 0..<height {
                    let from = results + 4 * y
                    if isWhole {
                        store((from[0], from[1], from[2], from[3]), y)
                    } else {
                        for x in 0..<width {
                            if let residual { from[x] += (residual.at + y * residual.line + x * residual.stride + c).vector }
                            for lane in 0..<stored { (to + y * line + x * stride + c)[lane] = from[x][lane] }
                        }
                    }
                }
            }
            c += lanes
        }
    }
}

/// Six vectors under the one-dimensional transforms.
private struct Six {
    let v0: Vector, v1: Vector, v2: Vector, v3: Vector, v4: Vector, v5: Vector

    @inline(__always)
    init(_ v0: Vector, _ v1: Vector, _ v2: Vector, _ v3: Vector, _ v4: Vector, _ v5: Vector) {
        (self.v0, self.v1, self.v2, self.v3, self.v4, self.v5) = (v0, v1, v2, v3, v4, v5)
    }

    /// Bᵀ v.
    @inline(__always) var inputTransform: Six {
        let (evenA, oddA) = (v4.addingProduct(v2, Vector(repeating: -2)), (v3 - (v1 + v1)) * 0.707_106_78)
        let (evenB, oddB) = (v4.addingProduct(v2, Vector(repeating: -0.5)), (v3 + v3 - v1) * 0.707_106_78)
        return Six(
            (v0 + v4).addingProduct(v2, Vector(repeating: -2.5)), evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB,
            (v1 + v5).addingProduct(v3, Vector(repeating: -2.5)))
    }

    /// Aᵀ v.
    @inline(__always) var outputTransform: (Vector, Vector, Vector, Vector) {
        let (a, b) = (Vector(repeating: 0.707_106_78), Vector(repeating: 1.414_213_56))
        let (p, q, r, s) = (v1 + v2, v1 - v2, v3 + v4, v3 - v4)
        return (
            v0 + p + r, (a * q).addingProduct(b, s), (r * 2).addingProduct(p, Vector(repeating: 0.5)),
            v5.addingProduct(q, Vector(repeating: 0.353_553_39)).addingProduct(s, Vector(repeating: 2.828_427_12))
        )
    }

    @inline(__always)
    func store(_ to: UnsafeMutablePointer<Vector>, step: Int) {
        to[0] = v0
        to[step] = v1
        to[2 * step] = v2
        to[3 * step] = v3
        to[4 * step] = v4
        to[5 * step] = v5
    }
}
