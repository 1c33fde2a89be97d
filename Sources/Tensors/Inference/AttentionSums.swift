#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The sums over pixels that transposed attention needs: per head G = QᵀK (16 × 16), and per channel Σq² and Σk².
///
/// They are taken row by row while queries and keys lie in the cache, into one set of sums for each cell of the image; the sets are
/// added in the order of the cells, whatever thread made them.
package enum AttentionSums {
    /// Channels of a head.
    package static let width = 16

    /// Floats of one set of sums for `channels` channels.
    package static func count(channels: Int) -> Int { (width + 2) * channels }

    /// Adds the sums of one head over `count` pixels.
    ///
    /// - Parameters:
    ///   - query, key: the first pixel's 16 channels of the head; the next pixel's follow.
    ///   - sums: [heads][16 queries][16 keys], then Σq², then Σk², of all heads.
    package static func add(
        head: Int, query: UnsafePointer<Float>, key: UnsafePointer<Float>, count: Int, channels: Int, to sums: UnsafeMutablePointer<Float>
    ) {
        let products = sums + head * width * width
        // As few multiply-adds for rows that do not exist as can be.
        #if AVX512
            addProducts(query, rows: 12, key, count, to: products)
            addProducts(query + 12, rows: 4, key, count, to: products + 12 * width)
        #else
            addProducts(query, rows: 6, key, count, to: products)
            addProducts(query + 6, rows: 5, key, count, to: products + 6 * width)
            addProducts(query + 11, rows: 5, key, count, to: products + 11 * width)
        #endif
        let squares = sums + width * channels + head * width
        addSquares(query, count, to: squares)
        addSquares(key, count, to: squares + channels)
    }

    @inline(__always)
    private static func addProducts(
        _ query: UnsafePointer<Float>, rows: Int, _ key: UnsafePointer<Float>, _ count: Int, to sums: UnsafeMutablePointer<Float>
    ) {
        var block = OnePanelBlock()
        block.addProduct(
            LeftRows(query, stride: 1, rows: rows), leftStep: width, leftSegment: 0, key, rightStep: width, rightSegment: 0, segments: 1,
            length: count)
        block.forEachRow(rows) { row, columns in (sums + row * width).panel += columns }
    }

    private static func addSquares(_ x: UnsafePointer<Float>, _ count: Int, to sums: UnsafeMutablePointer<Float>) {
        // Four sums: one alone would wait for each multiply-add.
        var (a, b, c, d) = (sums.panel, Panel(), Panel(), Panel())
        var pixel = x
        for _ in 0..<count / 4 {
            a.addProduct(pixel.panel, pixel.panel)
            b.addProduct((pixel + width).panel, (pixel + width).panel)
            c.addProduct((pixel + 2 * width).panel, (pixel + 2 * width).panel)
            d.addProduct((pixel + 3 * width).panel, (pixel + 3 * width).panel)
            pixel += 4 * width
        }
        for _ in 0..<count % 4 {
            a.addProduct(pixel.panel, pixel.panel)
            pixel += width
        }
        sums.panel = (a + b) + (c + d)
    }

    /// Adds up the sets of sums of `cells` cells in their order, into the first. O(cells · channels).
    package static func total(_ sums: UnsafeMutablePointer<Float>, cells: Int, channels: Int) {
        let count = count(channels: channels)
        for cell in 1..<max(1, cells) {
            for i in stride(from: 0, to: count, by: lanes) { (sums + i).vector += (sums + cell * count + i).vector }
        }
    }

    /// Turns the sums into what is left to be done to the values: the product with softmax(τ·G / (‖q‖‖k‖)) and then with `projection`,
    /// as one matrix
    ///
    ///     m[j][o] = Σ_i A[i][j] · projection[i][o]       i, j in one head
    ///
    /// - Parameters:
    ///   - sums: overwritten.
    ///   - projection: [channels][outputs], outputs a multiple of 16.
    ///   - matrix: its first `channels` rows from `firstRow` on are written; its bias is not.
    package static func fold(
        _ sums: UnsafeMutablePointer<Float>, channels: Int, temperature: UnsafePointer<Float>, projection: UnsafePointer<Float>,
        into matrix: PackedMatrix, firstRow: Int = 0
    ) {
        let (queries, keys) = (sums + width * channels, sums + (width + 1) * channels)
        for i in 0..<2 * channels { queries[i] = max(queries[i].squareRoot(), ChannelAttention.smallestNorm) }
        for i in 0..<channels {
            let (logits, head) = (sums + i * width, i / width)
            var largest = -Float.infinity
            for j in 0..<width {
                logits[j] *= temperature[head] / (queries[i] * keys[head * width + j])
                largest = max(largest, logits[j])
            }
            var sum: Float = 0
            for j in 0..<width {
                logits[j] = expf(logits[j] - largest)
                sum += logits[j]
            }
            for j in 0..<width { logits[j] /= sum }
        }
        for j in 0..<channels {
            let first = j / width * width
            for panel in 0..<matrix.outputs / 16 {
                var sum = Panel()
                for i in first..<first + width {
                    sum.addProduct(Panel(repeating: sums[i * width + j - first]), (projection + i * matrix.outputs + panel * 16).panel)
                }
                matrix.row(firstRow + j, panel: panel).panel = sum
            }
        }
    }
}
