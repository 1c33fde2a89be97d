/// The features of one picture in memory that somebody else owns (an ``Arena``): rows of pixels, channels last.
///
/// Unlike a tensor it may be a range of the channels of a wider map: that is how layers write side by side without a concatenation.
package struct FeatureMap: @unchecked Sendable {
    /// The first channel of the first pixel.
    package let pointer: UnsafeMutablePointer<Float>
    package let height: Int
    package let width: Int
    package let channels: Int
    /// Floats from one pixel to the next, at least `channels`.
    package let stride: Int
    /// Floats from one row to the next, at least `width` · `stride`.
    package let line: Int

    package init(
        _ pointer: UnsafeMutablePointer<Float>, height: Int, width: Int, channels: Int, stride: Int? = nil, line: Int? = nil
    ) {
        (self.pointer, self.height, self.width, self.channels) = (pointer, height, width, channels)
        self.stride = stride ?? channels
        self.line = line ?? width * self.stride
    }

    /// The first image of `tensor`, which must outlive the map.
    package init(_ tensor: Tensor) {
        self.init(tensor.pointer, height: tensor.shape.h, width: tensor.shape.w, channels: tensor.shape.c)
    }

    /// The first channel of the pixel in row `y` and column `x`.
    package func at(_ y: Int, _ x: Int = 0) -> UnsafeMutablePointer<Float> { pointer + y * line + x * stride }

    /// A range of the channels of the same pixels.
    package func channels(_ range: Range<Int>) -> FeatureMap {
        require(range.lowerBound >= 0 && range.upperBound <= channels, "channels \(range) are not among \(channels)")
        return FeatureMap(pointer + range.lowerBound, height: height, width: width, channels: range.count, stride: stride, line: line)
    }

    /// Copies pixels of this map to `other`, a map of as many channels, from its row `top` and column `left` on. O(pixels · channels).
    package func copy(rows: Range<Int>, columns: Range<Int>, to other: FeatureMap, top: Int, left: Int) {
        require(stride == channels && other.stride == channels && other.channels == channels, "only whole pixels are copied")
        for y in rows {
            other.at(top + y - rows.lowerBound, left).update(from: at(y, columns.lowerBound), count: columns.count * channels)
        }
    }

    /// The features as a tensor (1, H, W, C). O(count).
    package func tensor() -> Tensor {
        let result = Tensor(uninitialized: Shape(1, height, width, channels))
        for y in 0..<height {
            for x in 0..<width { (result.pointer + (y * width + x) * channels).update(from: at(y, x), count: channels) }
        }
        return result
    }
}

/// One block of memory from which the maps and scratch of a plan are cut.
///
/// Cutting is a stack: what a `scope` reserves is free again behind it, so that parts of a plan that do not live at the same time
/// share memory. An arena of no size measures: it hands out pointers that must not be used, and its `peak` says what a real one needs.
package struct Arena {
    private let base: UnsafeMutablePointer<Float>
    private let storage: Storage?
    private var used = 0
    /// The most floats that were reserved at one time.
    package private(set) var peak = 0

    /// An arena that only measures.
    package init() { (base, storage) = (UnsafeMutablePointer(bitPattern: 64)!, nil) }

    /// An arena for what `other` measured. Its memory is all zeros.
    package init(like other: Arena) {
        let storage = Storage(count: other.peak)
        ThreadPool.ranges(other.peak, grain: 1 << 18) { (storage.pointer + $0.lowerBound).update(repeating: 0, count: $0.count) }
        (base, self.storage) = (storage.pointer, storage)
    }

    /// What keeps the memory alive; nil for an arena that only measures.
    package var owner: Storage? { storage }

    /// `count` floats on a 64-byte boundary, with room behind them that a kernel may read as part of a vector.
    package mutating func reserve(_ count: Int) -> UnsafeMutablePointer<Float> {
        let start = base + used
        used += (count + StoragePool.slack + 15) & ~15
        peak = max(peak, used)
        return start
    }

    /// A map of the given size.
    package mutating func map(_ height: Int, _ width: Int, _ channels: Int) -> FeatureMap {
        FeatureMap(reserve(height * width * channels), height: height, width: width, channels: channels)
    }

    /// A map of the given size with a pixel more around it, which stays zero as long as nobody else gets its memory.
    package mutating func borderedMap(_ height: Int, _ width: Int, _ channels: Int) -> FeatureMap {
        let line = (width + 2) * channels
        let start = reserve((height + 2) * line)
        return FeatureMap(start + line + channels, height: height, width: width, channels: channels, line: line)
    }

    /// Reserves for `body` alone.
    package mutating func scope<Result>(_ body: (inout Arena) throws -> Result) rethrows -> Result {
        let mark = used
        defer { used = mark }
        return try body(&self)
    }
}
