/// Sixteen floats, the columns of a panel: one register of AVX-512, two of AVX, four of NEON.
typealias Panel = SIMD16<Float>

extension UnsafePointer<Float> {
    /// Sixteen elements from here, at any alignment.
    @inline(__always) var panel: Panel { UnsafeRawPointer(self).loadUnaligned(as: Panel.self) }
}

extension UnsafeMutablePointer<Float> {
    /// Sixteen elements from here, at any alignment.
    @inline(__always) var panel: Panel {
        get { UnsafeRawPointer(self).loadUnaligned(as: Panel.self) }
        nonmutating set { UnsafeMutableRawPointer(self).storeBytes(of: newValue, as: Panel.self) }
    }
}

/// The block of sums that the inner loop of every product keeps in registers.
///
/// With AVX2 it has 6 rows and one panel: twelve accumulators, two vectors of the right operand and one broadcast fill the sixteen
/// registers. With AVX-512 it has 12 rows and, where the right operand has them, two neighbouring panels: 24 accumulators, so that the
/// loads do not hold up the multiply-adds.
struct RegisterBlock {
    #if AVX512
        static let rows = 12
        static let panels = 2
    #else
        static let rows = 6
        static let panels = 1
    #endif

    private var first: (upper: SixSums, lower: SixSums)
    private var second: (upper: SixSums, lower: SixSums)

    @inline(__always) init() { self.init(row: Panel()) }

    /// Every row starts as the same columns (a bias) of one panel or two.
    @inline(__always) init(row: Panel, _ next: Panel = Panel()) {
        first = (SixSums(row: row), SixSums(row: row))
        second = (SixSums(row: next), SixSums(row: next))
    }

    /// Adds the product of rows of the left operand with a panel of the right one.
    ///
    ///     self[i][j] += Σ_s Σ_k left[i][s · leftSegment + k · leftStep] · right[s · rightSegment + k · rightStep + j]
    ///
    /// A 1×1 convolution has one segment of C_in; a 3×3 convolution has three, one per kernel row, each of 3·C_in contiguous floats of
    /// the padded image; a weight gradient has one per image row and walks the pixels.
    ///
    /// - Parameter next: floats from the panel to a second one; nil for one panel alone.
    @inline(__always)
    mutating func addProduct(
        _ left: LeftRows, leftStep: Int, leftSegment: Int,
        _ right: UnsafePointer<Float>, rightStep: Int, rightSegment: Int,
        segments: Int, length: Int, next: Int? = nil
    ) {
        var (a, b, c, d) = (first.upper, first.lower, second.upper, second.lower)
        if let next {
            if left.count > 6 {
                left.walk(leftStep, leftSegment, right, rightStep, rightSegment, segments, length) { upper, lower, k, panel in
                    let (near, far) = (panel.panel, (panel + next).panel)
                    a.addProducts(upper, k, near)
                    c.addProducts(upper, k, far)
                    b.addProducts(lower, k, near)
                    d.addProducts(lower, k, far)
                }
            } else {
                left.walk(leftStep, leftSegment, right, rightStep, rightSegment, segments, length) { upper, _, k, panel in
                    a.addProducts(upper, k, panel.panel)
                    c.addProducts(upper, k, (panel + next).panel)
                }
            }
            (second.upper, second.lower) = (c, d)
        } else if Self.rows > 6 && left.count > 6 {
            left.walk(leftStep, leftSegment, right, rightStep, rightSegment, segments, length) { upper, lower, k, panel in
                a.addProducts(upper, k, panel.panel)
                b.addProducts(lower, k, panel.panel)
            }
        } else {
            left.walk(leftStep, leftSegment, right, rightStep, rightSegment, segments, length) { upper, _, k, panel in
                a.addProducts(upper, k, panel.panel)
            }
        }
        (first.upper, first.lower) = (a, b)
    }

    /// Calls `body(row index, columns)` for the first `rows` rows of the first panel.
    @inline(__always)
    func forEachRow(_ rows: Int, _ body: (Int, Panel) -> Void) {
        first.upper.forEachRow(rows, first: 0, body)
        if Self.rows > 6 && rows > 6 { first.lower.forEachRow(rows - 6, first: 6, body) }
    }

    /// Calls `body(row index, columns)` for the first `rows` rows of the second panel.
    @inline(__always)
    func forEachRowOfSecond(_ rows: Int, _ body: (Int, Panel) -> Void) {
        second.upper.forEachRow(rows, first: 0, body)
        if rows > 6 { second.lower.forEachRow(rows - 6, first: 6, body) }
    }
}

/// Six rows of sums.
private struct SixSums {
    var r0: Panel, r1: Panel, r2: Panel, r3: Panel, r4: Panel, r5: Panel

    @inline(__always) init(row: Panel) { (r0, r1, r2, r3, r4, r5) = (row, row, row, row, row, row) }

    @inline(__always)
    mutating func addProducts(_ rows: SixRows, _ k: UnsafePointer<Float>, _ columns: Panel) {
        r0.addProduct(Panel(repeating: k[rows.o0]), columns)
        r1.addProduct(Panel(repeating: k[rows.o1]), columns)
        r2.addProduct(Panel(repeating: k[rows.o2]), columns)
        r3.addProduct(Panel(repeating: k[rows.o3]), columns)
        r4.addProduct(Panel(repeating: k[rows.o4]), columns)
        r5.addProduct(Panel(repeating: k[rows.o5]), columns)
    }

    @inline(__always)
    func forEachRow(_ rows: Int, first: Int, _ body: (Int, Panel) -> Void) {
        body(first, r0)
        if rows > 1 { body(first + 1, r1) }
        if rows > 2 { body(first + 2, r2) }
        if rows > 3 { body(first + 3, r3) }
        if rows > 4 { body(first + 4, r4) }
        if rows > 5 { body(first + 5, r5) }
    }
}

/// A number that kernels are compiled for: what is known then needs no register and no instruction.
///
/// Under AVX2, on a core that shares its decoder with another thread, a product of 32 channels takes a sixth more time without; the larger
/// blocks of AVX-512, with fewer instructions to each multiply-add, take a fiftieth more.
protocol Constant {
    static var value: Int { get }
}

enum Sixteen: Constant { static var value: Int { 16 } }
enum ThirtyTwo: Constant { static var value: Int { 32 } }
enum FortyEight: Constant { static var value: Int { 48 } }
enum SixtyFour: Constant { static var value: Int { 64 } }
enum Thrice<Number: Constant>: Constant { static var value: Int { 3 * Number.value } }

/// The rows of a left operand, at most as many as a register block has.
struct LeftRows {
    let count: Int
    private let start: UnsafePointer<Float>
    private let upper: SixRows
    private let lower: SixRows

    @inline(__always)
    init(_ start: UnsafePointer<Float>, stride: Int, rows: Int) {
        (count, self.start) = (rows, start)
        upper = SixRows(first: 0, stride: stride, rows: rows)
        lower = rows > 6 ? SixRows(first: 6 * stride, stride: stride, rows: rows - 6) : upper
    }

    /// Calls `body(upper, lower, k, panel)` for every k of every segment: `k` is where the first row has its element, `panel` the columns.
    ///
    /// With AVX2 four at a time, and all of them addressed from two pointers where rows, steps and length are constants of the caller. The
    /// larger blocks of AVX-512 gain nothing by that, and take the compiler minutes.
    @inline(__always)
    fileprivate func walk(
        _ step: Int, _ segment: Int, _ right: UnsafePointer<Float>, _ rightStep: Int, _ rightSegment: Int, _ segments: Int, _ length: Int,
        _ body: (SixRows, SixRows, UnsafePointer<Float>, UnsafePointer<Float>) -> Void
    ) {
        var (begin, columns) = (start, right)
        for _ in 0..<segments {
            var (k, panel, left) = (begin, columns, length)
            #if !AVX512
                for _ in 0..<length / 4 {
                    body(upper, lower, k, panel)
                    body(upper, lower, k + step, panel + rightStep)
                    body(upper, lower, k + 2 &* step, panel + 2 &* rightStep)
                    body(upper, lower, k + 3 &* step, panel + 3 &* rightStep)
                    k += 4 &* step
                    panel += 4 &* rightStep
                }
                left = length % 4
            #endif
            for _ in 0..<left {
                body(upper, lower, k, panel)
                k += step
                panel += rightStep
            }
            begin += segment
            columns += rightSegment
        }
    }
}

/// How far six of them lie behind the first; rows that do not exist are the first one, and their sums are dropped.
private struct SixRows {
    let o0: Int, o1: Int, o2: Int, o3: Int, o4: Int, o5: Int

    @inline(__always)
    init(first: Int, stride: Int, rows: Int) {
        o0 = first
        o1 = rows > 1 ? first + stride : first
        o2 = rows > 2 ? first + 2 * stride : first
        o3 = rows > 3 ? first + 3 * stride : first
        o4 = rows > 4 ? first + 4 * stride : first
        o5 = rows > 5 ? first + 5 * stride : first
    }
}

/// Stores the first `columns` (1...16) of sixteen values.
@inline(__always)
func store(_ value: Panel, to pointer: UnsafeMutablePointer<Float>, columns: Int) {
    if columns == 16 {
        pointer.panel = value
    } else {
        for j in 0..<columns { pointer[j] = value[j] }
    }
}

/// Loads the first `columns` (1...16) of sixteen values; the others are 0.
@inline(__always)
func load(_ pointer: UnsafePointer<Float>, columns: Int) -> Panel {
    if columns == 16 { return pointer.panel }
    var value = Panel()
    for j in 0..<columns { value[j] = pointer[j] }
    return value
}
