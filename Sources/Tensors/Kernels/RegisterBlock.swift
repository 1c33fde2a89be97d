/// The block of sums that the inner loop of every product keeps in registers: 6 rows × 16 columns.
///
/// Twelve accumulators, two vectors of the right operand and one broadcast fill the sixteen registers of AVX2.
struct RegisterBlock {
    var r00 = Vector(), r01 = Vector()
    var r10 = Vector(), r11 = Vector()
    var r20 = Vector(), r21 = Vector()
    var r30 = Vector(), r31 = Vector()
    var r40 = Vector(), r41 = Vector()
    var r50 = Vector(), r51 = Vector()

    @inline(__always) init() {}

    /// Every row starts as the same 16 columns (a bias).
    @inline(__always) init(row low: Vector, _ high: Vector) {
        r00 = low; r01 = high
        r10 = low; r11 = high
        r20 = low; r21 = high
        r30 = low; r31 = high
        r40 = low; r41 = high
        r50 = low; r51 = high
    }

    /// Adds the product of six rows of the left operand with a panel of the right one.
    ///
    ///     self[i][j] += Σ_s Σ_k left[i][s · leftSegment + k · leftStep] · right[s · rightSegment + k · rightStep + j]
    ///
    /// A 1×1 convolution has one segment of C_in; a 3×3 convolution has three, one per kernel row, each of 3·C_in contiguous floats of
    /// the padded image; a weight gradient has one per image row and walks the pixels.
    @inline(__always)
    mutating func addProduct(
        _ left: SixRows, leftStep: Int, leftSegment: Int,
        _ right: UnsafePointer<Float>, rightStep: Int, rightSegment: Int,
        segments: Int, length: Int
    ) {
        var (a0, a1, a2, a3, a4, a5) = (left.p0, left.p1, left.p2, left.p3, left.p4, left.p5)
        var b = right
        var (c00, c01, c10, c11, c20, c21) = (r00, r01, r10, r11, r20, r21)
        var (c30, c31, c40, c41, c50, c51) = (r30, r31, r40, r41, r50, r51)
        for _ in 0..<segments {
            var k = 0
            var row = b
            for _ in 0..<length {
                let b0 = row.vector
                let b1 = (row + 8).vector
                let x0 = Vector(repeating: a0[k])
                c00.addProduct(x0, b0); c01.addProduct(x0, b1)
                let x1 = Vector(repeating: a1[k])
                c10.addProduct(x1, b0); c11.addProduct(x1, b1)
                let x2 = Vector(repeating: a2[k])
                c20.addProduct(x2, b0); c21.addProduct(x2, b1)
                let x3 = Vector(repeating: a3[k])
                c30.addProduct(x3, b0); c31.addProduct(x3, b1)
                let x4 = Vector(repeating: a4[k])
                c40.addProduct(x4, b0); c41.addProduct(x4, b1)
                let x5 = Vector(repeating: a5[k])
                c50.addProduct(x5, b0); c51.addProduct(x5, b1)
                k &+= leftStep
                row += rightStep
            }
            a0 += leftSegment; a1 += leftSegment; a2 += leftSegment
            a3 += leftSegment; a4 += leftSegment; a5 += leftSegment
            b += rightSegment
        }
        (r00, r01, r10, r11, r20, r21) = (c00, c01, c10, c11, c20, c21)
        (r30, r31, r40, r41, r50, r51) = (c30, c31, c40, c41, c50, c51)
    }

    /// Calls `body(row index, low, high)` for the first `rows` rows.
    @inline(__always)
    func forEachRow(_ rows: Int, _ body: (Int, Vector, Vector) -> Void) {
        body(0, r00, r01)
        if rows > 1 { body(1, r10, r11) }
        if rows > 2 { body(2, r20, r21) }
        if rows > 3 { body(3, r30, r31) }
        if rows > 4 { body(4, r40, r41) }
        if rows > 5 { body(5, r50, r51) }
    }
}

/// Where six rows of a left operand begin; rows that do not exist point to the first one, and their sums are dropped.
struct SixRows {
    let p0: UnsafePointer<Float>, p1: UnsafePointer<Float>, p2: UnsafePointer<Float>
    let p3: UnsafePointer<Float>, p4: UnsafePointer<Float>, p5: UnsafePointer<Float>

    @inline(__always)
    init(_ start: UnsafePointer<Float>, stride: Int, rows: Int) {
        p0 = start
        p1 = rows > 1 ? start + stride : start
        p2 = rows > 2 ? start + 2 * stride : start
        p3 = rows > 3 ? start + 3 * stride : start
        p4 = rows > 4 ? start + 4 * stride : start
        p5 = rows > 5 ? start + 5 * stride : start
    }
}

/// Stores the first `columns` (1...16) of sixteen values.
@inline(__always)
func store(_ low: Vector, _ high: Vector, to pointer: UnsafeMutablePointer<Float>, columns: Int) {
    if columns == 16 {
        pointer.vector = low
        (pointer + 8).vector = high
        return
    }
    for j in 0..<columns { pointer[j] = j < 8 ? low[j] : high[j - 8] }
}

/// Loads the first `columns` (1...16) of sixteen values; the others are 0.
@inline(__always)
func load(_ pointer: UnsafePointer<Float>, columns: Int) -> (Vector, Vector) {
    if columns == 16 { return (pointer.vector, (pointer + 8).vector) }
    var (low, high) = (Vector(), Vector())
    for j in 0..<columns {
        if j < 8 { low[j] = pointer[j] } else { high[j - 8] = pointer[j] }
    }
    return (low, high)
}
