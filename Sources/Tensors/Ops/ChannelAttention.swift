#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Transposed attention: channels attend to channels, so that the cost is linear in the pixels (MDTA, Zamir et al. 2022, eq. 1).
///
///     G = Qᵀ K,   L[i, j] = τ · G[i, j] / (‖q_i‖ ‖k_j‖),   A = softmax_j(L),   O[p, i] = Σ_j A[i, j] · V[p, j]
///
/// per image and head of d = C / heads channels; q_i and k_j are the channels as vectors over all pixels, and the learned
/// temperature τ stands for 1/√d. With Q from one modality and K, V from the other it is cross-attention.
public enum ChannelAttention {
    /// Channels of a tensor that serve as query, key or value.
    public struct Operand {
        /// (N, H, W, at least offset + C).
        public let tensor: Tensor
        /// The first channel.
        public let offset: Int

        public init(_ tensor: Tensor, offset: Int = 0) {
            (self.tensor, self.offset) = (tensor, offset)
        }

        func pointer(image: Int, head: Int, width: Int) -> UnsafeMutablePointer<Float> {
            tensor.pointer + image * tensor.shape.h * tensor.shape.w * tensor.shape.c + offset + head * width
        }

        var step: Int { tensor.shape.c }
    }

    /// What the backward pass reads again: per image and head the matrices A and L (d × d) and the norms of q and k (d each).
    public struct State {
        let attention: Tensor
        let logits: Tensor
        let norms: Tensor
    }

    /// The least norm, as in PyTorch's `normalize`.
    static let smallestNorm: Float = 1e-12

    /// The attended values (N, H, W, channels) and the state for `gradients`. O(pixels · channels · d).
    public static func forward(
        query: Operand, key: Operand, value: Operand, channels: Int, heads: Int, temperature: Tensor
    ) -> (output: Tensor, state: State) {
        let s = query.tensor.shape
        let (width, pixels) = (channels / heads, s.h * s.w)
        require(channels == heads * width && temperature.count == heads, "\(heads) heads do not share \(channels) channels")
        for operand in [query, key, value] {
            let own = operand.tensor.shape
            require(
                own.with(channels: 0) == s.with(channels: 0) && operand.offset >= 0 && operand.offset + channels <= own.c,
                "\(channels) channels from \(operand.offset) on of \(own) do not fit a query \(s)")
        }
        let output = Tensor(uninitialized: s.with(channels: channels))
        let state = State(
            attention: Tensor(Shape(s.n, heads, width, width)), logits: Tensor(Shape(s.n, heads, width, width)),
            norms: Tensor(Shape(s.n, heads, 2, width)))
        ThreadPool.run(s.n * heads) { item in
            let (image, head) = item.quotientAndRemainder(dividingBy: heads)
            let (q, k, v) = (
                query.pointer(image: image, head: head, width: width), key.pointer(image: image, head: head, width: width),
                value.pointer(image: image, head: head, width: width)
            )
            let matrix = item * width * width
            let (a, l) = (state.attention.pointer + matrix, state.logits.pointer + matrix)
            let norms = state.norms.pointer + item * 2 * width
            addProducts(q, query.step, k, key.step, pixels: pixels, width: width, into: l)
            columnNorms(q, query.step, pixels: pixels, width: width, into: norms)
            columnNorms(k, key.step, pixels: pixels, width: width, into: norms + width)
            for i in 0..<width {
                var largest = -Float.infinity
                for j in 0..<width {
                    l[i * width + j] *= temperature.pointer[head] / (norms[i] * norms[width + j])
                    largest = max(largest, l[i * width + j])
                }
                var sum: Float = 0
                for j in 0..<width {
                    a[i * width + j] = expf(l[i * width + j] - largest)
                    sum += a[i * width + j]
                }
                for j in 0..<width { a[i * width + j] /= sum }
            }
            let out = output.pointer + image * pixels * channels + head * width
            multiply(v, value.step, matrix: a, transposed: true, pixels: pixels, width: width, into: out, step: channels, adding: nil)
        }
        return (output, state)
    }

    /// Where the gradients of query, key and value are written: the channels of `tensor` from `offset` on are overwritten.
    public static func gradients(
        query: Operand, key: Operand, value: Operand, channels: Int, heads: Int, temperature: Tensor,
        state: State, outputGradient: Tensor,
        into queryGradient: Operand, _ keyGradient: Operand, _ valueGradient: Operand
    ) -> Tensor {
        let s = query.tensor.shape
        let (width, pixels) = (channels / heads, s.h * s.w)
        let temperatures = Tensor(Shape(s.n, 1, 1, heads))
        ThreadPool.run(s.n * heads) { item in
            let (image, head) = item.quotientAndRemainder(dividingBy: heads)
            func at(_ operand: Operand) -> UnsafeMutablePointer<Float> { operand.pointer(image: image, head: head, width: width) }
            let (q, k, v) = (at(query), at(key), at(value))
            let gradient = outputGradient.pointer + image * pixels * channels + head * width
            let matrix = item * width * width
            let (a, l) = (state.attention.pointer + matrix, state.logits.pointer + matrix)
            let norms = state.norms.pointer + item * 2 * width
            let τ = temperature.pointer[head]

            // dA = dOᵀ V, then through the softmax: dL = A ∘ (dA − Σ_j A dA).
            let scratch = Tensor(.matrix(width, width))
            let d = scratch.pointer
            addProducts(gradient, channels, v, value.step, pixels: pixels, width: width, into: d)
            let shares = Tensor(.matrix(2, width))
            let (queryShare, keyShare) = (shares.pointer, shares.pointer + width)
            for i in 0..<width {
                var mean: Float = 0
                for j in 0..<width { mean += a[i * width + j] * d[i * width + j] }
                for j in 0..<width {
                    let at = i * width + j
                    let slope = a[at] * (d[at] - mean)
                    temperatures.pointer[item] += slope * l[at] / τ
                    // d‖q_i‖ = −Σ_j dL L / ‖q_i‖ and the same for k; divided by the norm once more for the direction q_i / ‖q_i‖.
                    queryShare[i] -= slope * l[at]
                    keyShare[j] -= slope * l[at]
                    d[at] = slope * τ / (norms[i] * norms[width + j])
                }
            }
            for i in 0..<width {
                queryShare[i] /= norms[i] * norms[i]
                keyShare[i] /= norms[width + i] * norms[width + i]
            }
            multiply(
                gradient, channels, matrix: a, transposed: false, pixels: pixels, width: width,
                into: at(valueGradient), step: valueGradient.step, adding: nil)
            multiply(
                k, key.step, matrix: d, transposed: true, pixels: pixels, width: width,
                into: at(queryGradient), step: queryGradient.step, adding: (UnsafePointer(q), query.step, UnsafePointer(queryShare)))
            multiply(
                q, query.step, matrix: d, transposed: false, pixels: pixels, width: width,
                into: at(keyGradient), step: keyGradient.step, adding: (UnsafePointer(k), key.step, UnsafePointer(keyShare)))
        }
        let total = Tensor(.vector(heads))
        for item in 0..<s.n * heads { total.pointer[item % heads] += temperatures.pointer[item] }
        return total
    }

    /// out[i][j] += Σ_p x[p][i] · y[p][j], in chunks of pixels that stay in the first-level cache.
    private static func addProducts(
        _ x: UnsafeMutablePointer<Float>, _ xStep: Int, _ y: UnsafeMutablePointer<Float>, _ yStep: Int,
        pixels: Int, width: Int, into out: UnsafeMutablePointer<Float>
    ) {
        TransposedProduct.accumulate(
            into: out, rows: width, columns: width, rowStride: width, chunks: (pixels + 127) / 128, threads: 1
        ) { chunk in
            .init(
                left: UnsafePointer(x) + chunk * 128 * xStep, leftStep: xStep, leftSegment: 0,
                right: UnsafePointer(y) + chunk * 128 * yStep, rightStep: yStep, rightSegment: 0,
                segments: 1, length: min(128, pixels - chunk * 128))
        }
    }

    /// √Σ_p x[p][i]², a vector of channels at a time.
    private static func columnNorms(
        _ x: UnsafeMutablePointer<Float>, _ step: Int, pixels: Int, width: Int, into out: UnsafeMutablePointer<Float>
    ) {
        let whole = width / lanes * lanes
        for i in stride(from: 0, to: whole, by: lanes) {
            var (even, odd) = (Vector(), Vector())
            for p in stride(from: 0, to: pixels - 1, by: 2) {
                let (a, b) = ((x + p * step + i).vector, (x + (p + 1) * step + i).vector)
                even.addProduct(a, a)
                odd.addProduct(b, b)
            }
            if pixels % 2 == 1 {
                let a = (x + (pixels - 1) * step + i).vector
                even.addProduct(a, a)
            }
            (out + i).vector = larger((even + odd).squareRoot(), Vector(repeating: smallestNorm))
        }
        for i in whole..<width {
            var sum: Float = 0
            for p in 0..<pixels { sum += x[p * step + i] * x[p * step + i] }
            out[i] = max(sum.squareRoot(), smallestNorm)
        }
    }

    /// out[p][i] = Σ_j x[p][j] · (transposed ? m[i][j] : m[j][i]), plus y[p][i] · share[i] where `adding` is given.
    private static func multiply(
        _ x: UnsafeMutablePointer<Float>, _ xStep: Int, matrix: UnsafeMutablePointer<Float>, transposed: Bool,
        pixels: Int, width: Int, into out: UnsafeMutablePointer<Float>, step: Int,
        adding: (y: UnsafePointer<Float>, step: Int, share: UnsafePointer<Float>)?
    ) {
        let panel = Storage(count: width * 16)
        for start in stride(from: 0, to: width, by: 16) {
            let columns = min(16, width - start)
            panel.pointer.update(repeating: 0, count: width * 16)
            for j in 0..<width {
                for i in 0..<columns {
                    panel.pointer[j * 16 + i] = matrix[transposed ? (start + i) * width + j : j * width + start + i]
                }
            }
            let share = adding.map { load($0.share + start, columns: columns) }
            for p in stride(from: 0, to: pixels, by: OnePanelBlock.rows) {
                let rows = min(OnePanelBlock.rows, pixels - p)
                var block = OnePanelBlock()
                block.addProduct(
                    LeftRows(UnsafePointer(x) + p * xStep, stride: xStep, rows: rows), leftStep: 1, leftSegment: 0,
                    UnsafePointer(panel.pointer), rightStep: 16, rightSegment: 0, segments: 1, length: width)
                block.forEachRow(rows) { row, sum in
                    let to = out + (p + row) * step + start
                    if let adding, let share {
                        let y = load(adding.y + (p + row) * adding.step + start, columns: columns)
                        store(sum.addingProduct(y, share), to: to, columns: columns)
                    } else {
                        store(sum, to: to, columns: columns)
                    }
                }
            }
        }
    }
}
