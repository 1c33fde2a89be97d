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

/// The block of sums that the inner loop of a product keeps in registers: some rows of one panel, or of two.
protocol RegisterBlock {
    /// Rows of a block.
    static var rows: Int { get }
    /// One or two.
    static var panels: Int { get }

    /// Every row starts as the same columns (a bias) of the panel, and of the second one if there is one.
    init(row: Panel, _ next: Panel)

    /// Adds one element of each row times a panel. `k` is where the first row has its element.
    ///
    /// - Parameter next: floats from the panel to the second one.
    mutating func addProducts(_ left: LeftRows, _ k: UnsafePointer<Float>, _ panel: UnsafePointer<Float>, next: Int)

    /// Calls `body(row index, columns, columns of the second panel)` for the first `rows` rows, each of which goes on with what it returns.
    mutating func exchange(_ rows: Int, _ body: (Int, Panel, Panel) -> (Panel, Panel))
}

extension RegisterBlock {
    @inline(__always) init() { self.init(row: Panel(), Panel()) }

    /// Adds the product of rows of the left operand with a panel of the right one, or with two.
    ///
    ///     self[i][j] += Σ_s Σ_k left[i][s · leftSegment + k · leftStep] · right[s · rightSegment + k · rightStep + j]
    ///
    /// A 1×1 convolution has one segment of C_in; a 3×3 convolution has three, one per kernel row, each of 3·C_in contiguous floats of
    /// the padded image; a weight gradient has one per image row and walks the pixels.
    ///
    /// - Parameters:
    ///   - next: floats from the panel to the second one.
    ///   - first: the first segment's k to begin with.
    @inline(__always)
    mutating func addProduct(
        _ left: LeftRows, leftStep: Int, leftSegment: Int,
        _ right: UnsafePointer<Float>, rightStep: Int, rightSegment: Int,
        segments: Int, length: Int, next: Int = 0, from first: Int = 0
    ) {
        var sums = self
        left.walk(leftStep, leftSegment, right, rightStep, rightSegment, segments, length, first) { k, panel in
            sums.addProducts(left, k, panel, next: next)
        }
        self = sums
    }

    /// Calls `body(row index, columns)` for the first `rows` rows of the first panel.
    @inline(__always)
    func forEachRow(_ rows: Int, _ body: (Int, Panel) -> Void) {
        var sums = self
        sums.exchange(rows) { row, columns, next in
            body(row, columns)
            return (columns, next)
        }
    }
}

/// Rows of one panel. With AVX2 there are six: twelve accumulators, two vectors of columns and one broadcast fill the sixteen registers.
/// With AVX-512 there are twelve.
struct OnePanelBlock: RegisterBlock {
    static let panels = 1
    private var upper: SixSums<Panel>
    #if AVX512
        static let rows = 12
        private var lower: SixSums<Panel>
    #else
        static let rows = 6
    #endif

    @inline(__always)
    init(row: Panel, _ next: Panel) {
        upper = SixSums(row: row)
        #if AVX512
            lower = upper
        #endif
    }

    @inline(__always)
    mutating func addProducts(_ left: LeftRows, _ k: UnsafePointer<Float>, _ panel: UnsafePointer<Float>, next: Int) {
        upper.addProducts(left.upper, k, panel.panel)
        #if AVX512
            if left.count > 6 { lower.addProducts(left.lower, k, panel.panel) }
        #endif
    }

    @inline(__always)
    mutating func exchange(_ rows: Int, _ body: (Int, Panel, Panel) -> (Panel, Panel)) {
        var none = SixSums(row: Panel())
        upper.exchange(&none, rows, first: 0, body)
        #if AVX512
            lower.exchange(&none, rows, first: 6, body)
        #endif
    }
}

/// Rows of two panels.
///
/// With AVX2 there are three: three broadcasts stay while the four vectors of columns come one after the other, so that twelve
/// multiply-adds take seven loads instead of the eight of six rows of one panel. Where another tenant works on a core's second thread,
/// every instruction beside the multiply-adds holds them up. With AVX-512 there are twelve: 24 accumulators, with fourteen loads.
struct TwoPanelBlock: RegisterBlock {
    static let panels = 2
    #if AVX512
        static let rows = 12
        private var near: (upper: SixSums<Panel>, lower: SixSums<Panel>)
        private var far: (upper: SixSums<Panel>, lower: SixSums<Panel>)

        @inline(__always)
        init(row: Panel, _ next: Panel) {
            near = (SixSums(row: row), SixSums(row: row))
            far = (SixSums(row: next), SixSums(row: next))
        }

        @inline(__always)
        mutating func addProducts(_ left: LeftRows, _ k: UnsafePointer<Float>, _ panel: UnsafePointer<Float>, next: Int) {
            near.upper.addProducts(left.upper, k, panel.panel)
            far.upper.addProducts(left.upper, k, (panel + next).panel)
            guard left.count > 6 else { return }
            near.lower.addProducts(left.lower, k, panel.panel)
            far.lower.addProducts(left.lower, k, (panel + next).panel)
        }

        @inline(__always)
        mutating func exchange(_ rows: Int, _ body: (Int, Panel, Panel) -> (Panel, Panel)) {
            near.upper.exchange(&far.upper, rows, first: 0, body)
            near.lower.exchange(&far.lower, rows, first: 6, body)
        }
    #else
        static let rows = 3
        private var near: ThreeSums, far: ThreeSums

        @inline(__always) init(row: Panel, _ next: Panel) { (near, far) = (ThreeSums(row: row), ThreeSums(row: next)) }

        @inline(__always)
        mutating func addProducts(_ left: LeftRows, _ k: UnsafePointer<Float>, _ panel: UnsafePointer<Float>, next: Int) {
            let rows = left.upper
            let factors = (Vector(repeating: k[rows.o0]), Vector(repeating: k[rows.o1]), Vector(repeating: k[rows.o2]))
            near.addProducts(factors, panel)
            far.addProducts(factors, panel + next)
        }

        @inline(__always)
        mutating func exchange(_ rows: Int, _ body: (Int, Panel, Panel) -> (Panel, Panel)) {
            (near.r0, far.r0) = body(0, near.r0, far.r0)
            if rows > 1 { (near.r1, far.r1) = body(1, near.r1, far.r1) }
            if rows > 2 { (near.r2, far.r2) = body(2, near.r2, far.r2) }
        }
    #endif
}

#if !AVX512
    /// Twelve rows of the first eight columns of a panel: for layers with few outputs. What the other columns exchange is 0 and ignored.
    struct HalfPanelBlock: RegisterBlock {
        static let panels = 1
        static let rows = 12
        private var upper: SixSums<Vector>, lower: SixSums<Vector>

        @inline(__always)
        init(row: Panel, _ next: Panel) { (upper, lower) = (SixSums(row: row.lowHalf), SixSums(row: row.lowHalf)) }

        @inline(__always)
        mutating func addProducts(_ left: LeftRows, _ k: UnsafePointer<Float>, _ panel: UnsafePointer<Float>, next: Int) {
            upper.addProducts(left.upper, k, panel.vector)
            lower.addProducts(left.lower, k, panel.vector)
        }

        @inline(__always)
        mutating func exchange(_ rows: Int, _ body: (Int, Panel, Panel) -> (Panel, Panel)) {
            @inline(__always) func half(_ row: Int, _ sums: Vector, _ next: Vector) -> (Vector, Vector) {
                (body(row, Panel(lowHalf: sums, highHalf: Vector()), Panel()).0.lowHalf, next)
            }
            var none = SixSums(row: Vector())
            upper.exchange(&none, rows, first: 0, half)
            lower.exchange(&none, rows, first: 6, half)
        }
    }
#endif

/// Six rows of sums, of a panel or half of one.
private struct SixSums<Columns: SIMD> where Columns.Scalar == Float {
    var r0: Columns, r1: Columns, r2: Columns, r3: Columns, r4: Columns, r5: Columns

    @inline(__always) init(row: Columns) { (r0, r1, r2, r3, r4, r5) = (row, row, row, row, row, row) }

    @inline(__always)
    mutating func addProducts(_ rows: SixRows, _ k: UnsafePointer<Float>, _ columns: Columns) {
        r0.addProduct(Columns(repeating: k[rows.o0]), columns)
        r1.addProduct(Columns(repeating: k[rows.o1]), columns)
        r2.addProduct(Columns(repeating: k[rows.o2]), columns)
        r3.addProduct(Columns(repeating: k[rows.o3]), columns)
        r4.addProduct(Columns(repeating: k[rows.o4]), columns)
        r5.addProduct(Columns(repeating: k[rows.o5]), columns)
    }

    /// `RegisterBlock.exchange` of six rows with those of the second panel, of which `first` is the first one's index.
    @inline(__always)
    mutating func exchange(_ far: inout SixSums, _ rows: Int, first: Int, _ body: (Int, Columns, Columns) -> (Columns, Columns)) {
        if rows > first { (r0, far.r0) = body(first, r0, far.r0) }
        if rows > first + 1 { (r1, far.r1) = body(first + 1, r1, far.r1) }
        if rows > first + 2 { (r2, far.r2) = body(first + 2, r2, far.r2) }
        if rows > first + 3 { (r3, far.r3) = body(first + 3, r3, far.r3) }
        if rows > first + 4 { (r4, far.r4) = body(first + 4, r4, far.r4) }
        if rows > first + 5 { (r5, far.r5) = body(first + 5, r5, far.r5) }
    }
}

#if !AVX512
    /// Three rows of sums of a panel of two vectors.
    private struct ThreeSums {
        private var low: (Vector, Vector, Vector)
        private var high: (Vector, Vector, Vector)

        @inline(__always)
        init(row: Panel) {
            low = (row.lowHalf, row.lowHalf, row.lowHalf)
            high = (row.highHalf, row.highHalf, row.highHalf)
        }

        @inline(__always)
        mutating func addProducts(_ factors: (Vector, Vector, Vector), _ columns: UnsafePointer<Float>) {
            low.0.addProduct(factors.0, columns.vector)
            low.1.addProduct(factors.1, columns.vector)
            low.2.addProduct(factors.2, columns.vector)
            high.0.addProduct(factors.0, (columns + 8).vector)
            high.1.addProduct(factors.1, (columns + 8).vector)
            high.2.addProduct(factors.2, (columns + 8).vector)
        }

        var r0: Panel {
            @inline(__always) get { Panel(lowHalf: low.0, highHalf: high.0) }
            @inline(__always) set { (low.0, high.0) = (newValue.lowHalf, newValue.highHalf) }
        }

        var r1: Panel {
            @inline(__always) get { Panel(lowHalf: low.1, highHalf: high.1) }
            @inline(__always) set { (low.1, high.1) = (newValue.lowHalf, newValue.highHalf) }
        }

        var r2: Panel {
            @inline(__always) get { Panel(lowHalf: low.2, highHalf: high.2) }
            @inline(__always) set { (low.2, high.2) = (newValue.lowHalf, newValue.highHalf) }
        }
    }
#endif

/// A number that kernels are compiled for: what is known then needs no register and no instruction.
///
/// Under AVX2, on a core that shares its decoder with another thread, a product of 32 channels takes a sixth more time without; the larger
/// blocks of AVX-512, with fewer instructions to each multiply-add, take a fiftieth more.
protocol Constant {
    static var value: Int { get }
}

enum Zero: Constant { static var value: Int { 0 } }
enum One: Constant { static var value: Int { 1 } }
enum Four: Constant { static var value: Int { 4 } }
enum Sixteen: Constant { static var value: Int { 16 } }
enum ThirtyTwo: Constant { static var value: Int { 32 } }
enum FortyEight: Constant { static var value: Int { 48 } }
enum SixtyFour: Constant { static var value: Int { 64 } }
enum Thrice<Number: Constant>: Constant { static var value: Int { 3 * Number.value } }

/// The rows of a left operand, at most as many as a register block has.
struct LeftRows {
    let count: Int
    private let start: UnsafePointer<Float>
    fileprivate let upper: SixRows
    fileprivate let lower: SixRows

    @inline(__always)
    init(_ start: UnsafePointer<Float>, stride: Int, rows: Int) {
        (count, self.start) = (rows, start)
        upper = SixRows(first: 0, stride: stride, rows: rows)
        lower = rows > 6 ? SixRows(first: 6 * stride, stride: stride, rows: rows - 6) : upper
    }

    /// Calls `body(k, panel)` for every k of every segment, of the first one from `first` on: `k` is where the first row has its element,
    /// `panel` the columns.
    ///
    /// With AVX2 four at a time, and all of them addressed from two pointers where rows, steps and length are constants of the caller. The
    /// larger blocks of AVX-512 gain nothing by that, and take the compiler minutes.
    @inline(__always)
    fileprivate func walk(
        _ step: Int, _ segment: Int, _ right: UnsafePointer<Float>, _ rightStep: Int, _ rightSegment: Int, _ segments: Int, _ length: Int,
        _ first: Int, _ body: (UnsafePointer<Float>, UnsafePointer<Float>) -> Void
    ) {
        var (begin, columns, first) = (start, right, first)
        for _ in 0..<segments {
            var (k, panel, left) = (begin + first &* step, columns + first &* rightStep, length &- first)
            #if !AVX512
                for _ in 0..<left / 4 {
                    body(k, panel)
                    body(k + step, panel + rightStep)
                    body(k + 2 &* step, panel + 2 &* rightStep)
                    body(k + 3 &* step, panel + 3 &* rightStep)
                    k += 4 &* step
                    panel += 4 &* rightStep
                }
                left %= 4
            #endif
            for _ in 0..<left {
                body(k, panel)
                k += step
                panel += rightStep
            }
            begin += segment
            columns += rightSegment
            first = 0
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
