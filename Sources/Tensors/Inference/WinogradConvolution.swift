/// 3×3 convolution, stride 1, zero padding, by Winograd's minimal filtering F(4×4, 3×3): 36 products for 16 outputs of a channel pair
/// instead of 144 (Winograd 1980; Lavin and Gray 2016, arXiv:1509.09308).
///
///     Y = Aᵀ [ Σ_c (G g_c Gᵀ) ∘ (Bᵀ d_c B) ] A        for tiles d of 6×6 inputs that overlap by 2
///
/// with the points 0, ±√½, ±√2, ∞: their powers stay nearer to 1 than those of the usual 0, ±1, ±2, ∞, which halves the rounding error.
///
/// Work is cut into blocks of up to 8×3 tiles. A block's inputs are transformed where they lie (those that a LayerNorm goes before, and
/// those at the edges, are gathered first), multiplied by the transformed weights as 36 small matrices in the second-level cache, and
/// transformed back for up to 32 output channels at a time; what follows the convolution happens there, but for SiLU, which goes over the
/// outputs of a row of tiles while they are in the first-level cache.
///
/// Error of one output: at most `roundings` · u · Σ|terms|, the terms being those of the formula above with every factor replaced by its
/// magnitude (see the twin in the tests).
package struct WinogradConvolution: Sendable {
    /// A multiple of the vector width, of which the first `weighted` have weights.
    package let inputs: Int
    private let weighted: Int
    package let outputs: Int
    /// [outputs / 16, rounded up][36][inputs][16]
    private let panels: Tensor
    private let bias: Tensor

    static let tileRows = 3
    static let tileColumns = 8
    private static let tiles = 3 * 8
    fileprivate static let side = 6
    private static let points = 36
    /// Output channels that are multiplied and transformed back together.
    fileprivate static let group = 32
    /// Floats from one point's features to the next one's, `channels` a tile: with a cache line between them, so that the points of a tile
    /// do not meet in a few sets of the first-level cache.
    fileprivate static func step(_ channels: Int) -> Int { tiles * channels + 16 }

    /// Roundings that a term meets: 5 and 5 in the two passes of the input's transform, one for the weight (transformed in double), the
    /// sum over the channels, 5 and 5 back, and the two of scale and offset.
    package var roundings: Int { 23 + inputs }

    /// What is done to each output before it is stored: y · scale + offset, and what comes then.
    package struct Epilogue: @unchecked Sendable {
        package enum Then {
            case nothing
            case silu
            /// A map of the output's size; it may be the output itself.
            case adding(FeatureMap)
        }

        /// One per output, rounded up to a multiple of 16: for the bias and a modulation.
        package var scale: UnsafePointer<Float>
        package var offset: UnsafePointer<Float>
        package var then: Then

        package init(scale: UnsafePointer<Float>, offset: UnsafePointer<Float>, then: Then = .nothing) {
            (self.scale, self.offset, self.then) = (scale, offset, then)
        }

        fileprivate var residual: FeatureMap? { if case .adding(let residual) = then { residual } else { nil } }
        fileprivate var isSiLU: Bool { if case .silu = then { true } else { false } }
    }

    /// - Parameters:
    ///   - weights: (3, 3, C, O). An input of more than C channels, up to the next multiple of the vector width, has its last ones ignored.
    ///   - bias: (1, 1, 1, O).
    package init(_ weights: Tensor, bias: Tensor) {
        let (shape, outputs) = (weights.shape, weights.shape.c)
        require(shape.n == 3 && shape.h == 3 && bias.count == outputs, "weights \(shape) are not those of a 3×3 convolution")
        weighted = shape.w
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
    package func plain(then: Epilogue.Then = .nothing) -> Epilogue {
        Epilogue(scale: UnsafePointer(bias.pointer), offset: offsets, then: then)
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
        return gathered + Self.points * (Self.step(inputs) + Self.step(Self.group)) + 4 * Self.side * lanes
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
                    transformInput(input.at(y, x), line: input.line, tile: tile, into: transformed)
                } else {
                    gather(input, y, x, rows: Self.side, columns: Self.side, nil, into: gathered, scratch: transformed)
                    transformInput(gathered, line: Self.side * inputs, tile: tile, into: transformed)
                }
            }
        } else {
            let line = (4 * columns + 2) * inputs
            gather(input, top - 1, left - 1, rows: 4 * rows + 2, columns: 4 * columns + 2, affine, into: gathered, scratch: transformed)
            for tile in 0..<rows * columns {
                let corner = gathered + tile / columns * 4 * line + tile % columns * 4 * inputs
                transformInput(corner, line: line, tile: tile, into: transformed)
            }
        }
        for first in stride(from: 0, to: outputs, by: Self.group) {
            multiply(UnsafePointer(transformed), first, tiles: rows * columns, into: products)
            for row in 0..<rows {
                for column in 0..<columns {
                    OutputTile(
                        products: UnsafePointer(products) + (row * columns + column) * Self.group, first: first,
                        channels: min(outputs - first, Self.group), top: top + 4 * row, left: left + 4 * column, output: output,
                        epilogue: epilogue, half: half
                    ).finish()
                }
                if epilogue.isSiLU { activate(first, top + 4 * row, left, columns: 4 * columns, output) }
            }
        }
    }

    /// Copies a window of the input; outside the image it is zero.
    private func gather(
        _ input: FeatureMap, _ top: Int, _ left: Int, rows: Int, columns: Int,
        _ affine: (scale: UnsafePointer<Float>, shift: UnsafePointer<Float>)?, into out: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
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
                    source, stride: input.stride, channels: inputs, count: to - from, into: target, outStride: inputs, affine: affine,
                    scratch: scratch)
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
    private func transformInput(_ corner: UnsafePointer<Float>, line: Int, tile: Int, into out: UnsafeMutablePointer<Float>) {
        let to = out + tile * inputs
        // The networks' channels as constants: all that is read and written then lies at fixed distances.
        switch inputs {
        case 16: Self.transformInput(Sixteen.self, corner, line: line, into: to)
        case 32: Self.transformInput(ThirtyTwo.self, corner, line: line, into: to)
        case 48: Self.transformInput(FortyEight.self, corner, line: line, into: to)
        case 64: Self.transformInput(SixtyFour.self, corner, line: line, into: to)
        default: Self.transformInput(channels: inputs, corner, line: line, into: to)
        }
    }

    @inline(never)
    private static func transformInput<Channels: Constant>(
        _ channels: Channels.Type, _ corner: UnsafePointer<Float>, line: Int, into out: UnsafeMutablePointer<Float>
    ) {
        transformInput(channels: Channels.value, corner, line: line, into: out)
    }

    /// One or two rows of Bᵀ d at a time, and from them as many of the result: six columns fit the registers, all of Bᵀ d does not. All
    /// channels of these rows before the next ones: the stores of one cache line follow each other.
    @inline(__always)
    private static func transformInput(
        channels: Int, _ corner: UnsafePointer<Float>, line: Int, into out: UnsafeMutablePointer<Float>
    ) {
        let step = step(channels)
        /// Calls `body(d, to)` for each vector of channels: d(y, x) are the inputs, `to` is where the results of point 0 go.
        @inline(__always) func each(_ body: ((_ y: Int, _ x: Int) -> Vector, UnsafeMutablePointer<Float>) -> Void) {
            var c = 0
            while c < channels {
                let from = corner + c
                body({ y, x in (from + y &* line + x &* channels).vector }, out + c)
                c &+= lanes
            }
        }
        @inline(__always) func store(_ row: Six, _ y: Int, _ to: UnsafeMutablePointer<Float>) {
            let (t, to) = (row.inputTransform, to + y &* side &* step)
            to.vector = t.v0
            (to + step).vector = t.v1
            (to + 2 &* step).vector = t.v2
            (to + 3 &* step).vector = t.v3
            (to + 4 &* step).vector = t.v4
            (to + 5 &* step).vector = t.v5
        }
        each { d, to in store(Six { x in Six.outer(d(0, x), d(2, x), d(4, x)) }, 0, to) }
        each { d, to in
            let rows = TwiceSix { x in Six.near(d(1, x), d(2, x), d(3, x), d(4, x)) }
            store(rows.first, 1, to)
            store(rows.second, 2, to)
        }
        each { d, to in
            let rows = TwiceSix { x in Six.far(d(1, x), d(2, x), d(3, x), d(4, x)) }
            store(rows.first, 3, to)
            store(rows.second, 4, to)
        }
        each { d, to in store(Six { x in Six.outer(d(1, x), d(3, x), d(5, x)) }, 5, to) }
    }

    /// The 36 products of a group of outputs: [36][tiles][group].
    private func multiply(_ left: UnsafePointer<Float>, _ first: Int, tiles: Int, into out: UnsafeMutablePointer<Float>) {
        let isPair = first + 16 < outputs
        for point in 0..<Self.points {
            RowProduct(
                left: .init(left + point * Self.step(inputs), stride: inputs), segments: 1, length: weighted,
                right: UnsafePointer(panels.pointer) + (first / 16 * Self.points + point) * inputs * 16,
                next: isPair ? Self.points * inputs * 16 : nil, start: Panel(), nextStart: Panel(),
                out: out + point * Self.step(Self.group), outStride: Self.group, outNext: 16, residual: nil, residualNext: 0,
                isHalf: first + 8 >= outputs
            ).run(tiles)
        }
    }

    /// SiLU of the outputs of a row of tiles, for the channels of a group.
    private func activate(_ first: Int, _ top: Int, _ left: Int, columns: Int, _ output: FeatureMap) {
        let channels = min(output.channels, first + Self.group, (outputs + lanes - 1) / lanes * lanes) - first
        let whole = channels / lanes * lanes
        for y in top..<min(output.height, top + 4) {
            let (row, width) = (output.at(y, left) + first, min(columns, output.width - left))
            if whole == output.stride {
                PixelRows.silu(row, count: width * whole)
            } else {
                for x in 0..<width {
                    let pixel = row + x * output.stride
                    PixelRows.silu(pixel, count: whole)
                    for c in whole..<channels { pixel[c] = Activation.silu(Vector(repeating: pixel[c]))[0] }
                }
            }
        }
    }
}

/// The outputs of one tile for the channels of a group: Aᵀ m A, and the epilogue but for its activation.
private struct OutputTile {
    /// The tile's part of [36][tiles][group].
    let products: UnsafePointer<Float>
    /// The first channel, and how many there are.
    let first, channels: Int
    let top, left: Int
    let output: FeatureMap
    let epilogue: WinogradConvolution.Epilogue
    /// Memory for Aᵀ m, of a vector of channels.
    let half: UnsafeMutablePointer<Vector>

    func finish() {
        let (residual, isWide) = (epilogue.residual, channels <= (output.channels - first) / lanes * lanes)
        let isParallel = residual.map { $0.line == output.line && $0.stride == output.stride } ?? true
        guard top + 4 <= output.height && left + 4 <= output.width && isWide && isParallel else { return finishPart() }
        // The networks' channels as constants.
        switch (output.stride, residual != nil) {
        case (32, false): finish(ThirtyTwo.self, isResidual: Zero.self)
        case (48, false): finish(FortyEight.self, isResidual: Zero.self)
        case (64, false): finish(SixtyFour.self, isResidual: Zero.self)
        case (32, true): finish(ThirtyTwo.self, isResidual: One.self)
        case (48, true): finish(FortyEight.self, isResidual: One.self)
        case (64, true): finish(SixtyFour.self, isResidual: One.self)
        default: finish(stride: output.stride, isResidual: residual != nil)
        }
    }

    @inline(never)
    private func finish<Stride: Constant, Residual: Constant>(_ stride: Stride.Type, isResidual: Residual.Type) {
        finish(stride: Stride.value, isResidual: Residual.value == 1)
    }

    /// A tile that the map has all of, to a map and from a residual whose pixels are `stride` floats apart.
    @inline(__always)
    private func finish(stride: Int, isResidual: Bool) {
        let (to, line) = (output.at(top, left) + first, output.line)
        let residual = isResidual ? UnsafePointer(epilogue.residual!.at(top, left) + first) : nil
        var c = 0
        while c < channels {
            transformColumns(c)
            let (scale, offset) = factors(c)
            for y in 0..<4 {
                var row = outputRow(y, scale, offset)
                if let residual {
                    let more = residual + y &* line + c
                    row.0 += more.vector
                    row.1 += (more + stride).vector
                    row.2 += (more + 2 &* stride).vector
                    row.3 += (more + 3 &* stride).vector
                }
                let to = to + y &* line + c
                to.vector = row.0
                (to + stride).vector = row.1
                (to + 2 &* stride).vector = row.2
                (to + 3 &* stride).vector = row.3
            }
            c &+= lanes
        }
    }

    /// Those pixels and channels that the map has.
    private func finishPart() {
        for c in stride(from: 0, to: channels, by: lanes) {
            transformColumns(c)
            let (scale, offset) = factors(c)
            for y in 0..<min(4, output.height - top) {
                let row = outputRow(y, scale, offset)
                for x in 0..<min(4, output.width - left) {
                    var value = x == 0 ? row.0 : x == 1 ? row.1 : x == 2 ? row.2 : row.3
                    if let residual = epilogue.residual { value += (residual.at(top + y, left + x) + first + c).vector }
                    let to = output.at(top + y, left + x) + first + c
                    for lane in 0..<min(lanes, output.channels - first - c) { to[lane] = value[lane] }
                }
            }
        }
    }

    /// Scale and offset of the vector of channels from `c` on.
    @inline(__always)
    private func factors(_ c: Int) -> (scale: Vector, offset: Vector) {
        ((epilogue.scale + first + c).vector, (epilogue.offset + first + c).vector)
    }

    /// Aᵀ m of the vector of channels from `c` on, into `half`: by way of memory, for the reason given at `Six.outer`.
    @inline(__always)
    private func transformColumns(_ c: Int) {
        let (from, step, side) = (products + c, WinogradConvolution.step(WinogradConvolution.group), WinogradConvolution.side)
        @inline(__always) func m(_ y: Int, _ x: Int) -> Vector { (from + (y &* side &+ x) &* step).vector }
        for x in 0..<side {
            let column = Six(m(0, x), m(1, x), m(2, x), m(3, x), m(4, x), m(5, x))
            (half[x], half[side + x], half[2 * side + x], half[3 * side + x]) = column.outputTransform
        }
    }

    /// Four outputs in a row, from `half`, but for the residual.
    @inline(__always)
    private func outputRow(_ y: Int, _ scale: Vector, _ offset: Vector) -> (Vector, Vector, Vector, Vector) {
        let from = half + y &* WinogradConvolution.side
        let t = Six(from[0], from[1], from[2], from[3], from[4], from[5]).outputTransform
        return (
            offset.addingProduct(t.0, scale), offset.addingProduct(t.1, scale), offset.addingProduct(t.2, scale),
            offset.addingProduct(t.3, scale)
        )
    }
}

/// Six vectors under the one-dimensional transforms.
private struct Six {
    let v0: Vector, v1: Vector, v2: Vector, v3: Vector, v4: Vector, v5: Vector

    @inline(__always)
    init(_ v0: Vector, _ v1: Vector, _ v2: Vector, _ v3: Vector, _ v4: Vector, _ v5: Vector) {
        (self.v0, self.v1, self.v2, self.v3, self.v4, self.v5) = (v0, v1, v2, v3, v4, v5)
    }

    /// Of each column x what `body` says.
    @inline(__always)
    init(_ body: (_ x: Int) -> Vector) { self.init(body(0), body(1), body(2), body(3), body(4), body(5)) }

    /// Bᵀ v.
    @inline(__always) var inputTransform: Six {
        let (near, far) = (Six.near(v1, v2, v3, v4), Six.far(v1, v2, v3, v4))
        return Six(Six.outer(v0, v2, v4), near.0, near.1, far.0, far.1, Six.outer(v1, v3, v5))
    }

    /// The first or the last element of Bᵀ v. The plain addition comes last: the compiler takes one that a multiply-add waits for apart, lane
    /// by lane, and mixes the lanes of different columns when it puts them together again.
    @inline(__always)
    static func outer(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector { a.addingProduct(b, Vector(repeating: -2.5)) + c }

    /// The elements of Bᵀ v at the points ±√½.
    @inline(__always)
    static func near(_ v1: Vector, _ v2: Vector, _ v3: Vector, _ v4: Vector) -> (Vector, Vector) {
        let even = v4.addingProduct(v2, Vector(repeating: -2))
        let odd = v3.addingProduct(v1, Vector(repeating: -2)) * 0.707_106_78
        return (even + odd, even - odd)
    }

    /// The elements of Bᵀ v at the points ±√2.
    @inline(__always)
    static func far(_ v1: Vector, _ v2: Vector, _ v3: Vector, _ v4: Vector) -> (Vector, Vector) {
        let even = v4.addingProduct(v2, Vector(repeating: -0.5))
        let odd = v1.addingProduct(v3, Vector(repeating: -2)) * 0.707_106_78
        return (even - odd, even + odd)
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
}

/// Two rows of six columns.
private struct TwiceSix {
    let first, second: Six

    /// Of each column x the pair that `body` says.
    @inline(__always)
    init(_ body: (_ x: Int) -> (Vector, Vector)) {
        let (a, b, c, d, e, f) = (body(0), body(1), body(2), body(3), body(4), body(5))
        (first, second) = (Six(a.0, b.0, c.0, d.0, e.0, f.0), Six(a.1, b.1, c.1, d.1, e.1, f.1))
    }
}
