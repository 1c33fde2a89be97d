/// Mutual information of an image with two references by their joint histograms, with the slope that lets a gradient follow it.
///
/// A histogram takes the image with a linear window, so that it changes smoothly with the values, and the reference with its nearest bin
/// (Parzen windows as in Mattes et al. 2003, doi:10.1109/TMI.2003.809072, of order 1 and 0).
public struct JointHistogram: Sendable {
    /// What an empty cell counts, in pixels: keeps logarithms finite.
    private static let empty: Float = 0.01

    private let bins: Int
    /// Cells of a row: one row for each bin of the reference, padded with cells that stay empty.
    private let pitch: Int
    /// Where pixels are looked at.
    private let extents: RowExtents
    private var shape: Shape { extents.shape }
    /// Of each reference: the first cell of every pixel's row.
    private let rows: [[Int32]]

    /// - Parameters:
    ///   - first, second: the references, of one shape; values in 0...255, others are taken as the nearest of these.
    ///   - extents: where they are not 0: elsewhere an image is promised to be 0 too.
    ///   - bins: bins of each axis, at least 2.
    public init(_ first: Tensor, _ second: Tensor, extents: RowExtents, bins: Int) {
        require(
            first.shape == extents.shape && second.shape == extents.shape && bins >= 2,
            "\(first.shape) and \(second.shape) have no joint histograms of \(bins) bins in \(extents.shape)")
        let pitch = (bins + lanes - 1) / lanes * lanes
        let scale = Float(bins - 1) / 255
        rows = [first, second].map { y in
            (0..<y.count).map { Int32(min(max(y.pointer[$0], 0), 255) * scale + 0.5) * Int32(pitch) }
        }
        (self.bins, self.pitch, self.extents) = (bins, pitch, extents)
    }

    /// The sum of the mutual information with both references in nats. O(count + bins²).
    ///
    /// - Parameters:
    ///   - x: values in 0...255, others are taken as the nearest of these; of the references' shape.
    ///   - weight: the derivative by every pixel is added to `slope` so many times.
    public func mutualInformation(_ x: Tensor, weight: Float, into slope: Tensor) -> Double {
        require(x.shape == shape && slope.shape == shape, "\(x.shape) or its slope \(slope.shape) is not of shape \(shape)")
        let lines = extents.columns.count
        // Two to eight pieces, whose histograms are not larger than they are, four times over.
        let grain = max(1, min((lines + 1) / 2, max((lines + 7) / 8, 4 * bins * pitch / shape.w)))
        let pieces = (lines + grain - 1) / grain
        let cells = bins * pitch
        // Of each piece with both references: see `count`.
        let histograms = Tensor(uninitialized: .matrix(2 * pieces, 2 * cells))
        let tables = Tensor(uninitialized: .matrix(2, cells))
        var parts = [0.0, 0.0]
        parts.withUnsafeMutableBufferPointer { parts in
            nonisolated(unsafe) let parts = parts
            ThreadPool.run(pieces) { piece in
                count(x, piece * grain..<min(lines, (piece + 1) * grain), into: histograms.pointer + piece * 4 * cells)
            }
            ThreadPool.run(2) { reference in
                let table = tables.pointer + reference * cells
                join(histograms.pointer + reference * 2 * cells, pieces, into: table)
                parts[reference] = evaluate(table)
            }
        }
        let (first, second) = (UnsafePointer(tables.pointer), UnsafePointer(tables.pointer) + cells)
        let share = weight * scale / Float(x.count)
        ThreadPool.ranges(lines, grain: 16) { range in
            let (values, to) = (UnsafePointer(x.pointer), slope.pointer)
            rows[0].withUnsafeBufferPointer { firstRows in
                rows[1].withUnsafeBufferPointer { secondRows in
                    for line in range {
                        for i in pixels(line) {
                            let low = place(values[i]).low
                            to[i] += share * (first[Int(firstRows[i]) + low] + second[Int(secondRows[i]) + low])
                        }
                    }
                }
            }
        }
        return parts[0] + parts[1]
    }

    /// Bins of a grey level.
    private var scale: Float { Float(bins - 1) / 255 }

    /// The lower of the two bins that a value is shared by, and the share of the upper one.
    @inline(__always)
    private func place(_ value: Float) -> (low: Int, share: Float) {
        let position = min(max(value, 0), 255) * scale
        let low = min(Int(position), bins - 2)
        return (low, position - Float(low))
    }

    /// Counts pixels in the histograms with both references: in the pair of a cell, what belongs to it and what belongs to the next. (Added to
    /// the next at once, a pixel would wait until the one before is in memory, where their places overlap by half.)
    private func count(_ x: Tensor, _ lines: Range<Int>, into histograms: UnsafeMutablePointer<Float>) {
        let (values, size) = (UnsafePointer(x.pointer), 2 * bins * pitch)
        histograms.update(repeating: 0, count: 2 * size)
        let (first, second) = (UnsafeMutableRawPointer(histograms), UnsafeMutableRawPointer(histograms + size))
        @inline(__always)
        func add(_ pixel: SIMD2<Float>, to cell: Int, of histogram: UnsafeMutableRawPointer) {
            let pair = histogram + cell * MemoryLayout<SIMD2<Float>>.stride
            pair.storeBytes(of: pair.load(as: SIMD2<Float>.self) + pixel, as: SIMD2<Float>.self)
        }
        rows[0].withUnsafeBufferPointer { firstRows in
            rows[1].withUnsafeBufferPointer { secondRows in
                for line in lines {
                    for i in pixels(line) {
                        let (low, share) = place(values[i])
                        add(SIMD2(1 - share, share), to: Int(firstRows[i]) + low, of: first)
                        add(SIMD2(1 - share, share), to: Int(secondRows[i]) + low, of: second)
                    }
                    let black = Float(shape.w - extents.columns[line].count)
                    histograms[0] += black
                    histograms[size] += black
                }
            }
        }
    }

    /// The pixels of a row that are looked at.
    private func pixels(_ line: Int) -> Range<Int> {
        let columns = extents.columns[line]
        return line * shape.w + columns.lowerBound..<line * shape.w + columns.upperBound
    }

    /// The histogram of all pieces' pairs.
    private func join(_ pairs: UnsafePointer<Float>, _ pieces: Int, into joint: UnsafeMutablePointer<Float>) {
        let cells = bins * pitch
        joint.update(repeating: 0, count: cells)
        for piece in 0..<pieces {
            let from = pairs + piece * 4 * cells
            var carried: Float = 0
            for cell in 0..<cells {
                joint[cell] += from[2 * cell] + carried
                carried = from[2 * cell + 1]
            }
        }
    }

    /// The mutual information of a histogram in nats, which becomes its derivative: by a pixel's place between a bin and the next,
    /// `count` times.
    private func evaluate(_ joint: UnsafeMutablePointer<Float>) -> Double {
        let (sumX, sumY) = (Tensor(.vector(pitch)), Tensor(.vector(bins)))
        for r in 0..<bins {
            var sum = Vector()
            for c in stride(from: 0, to: pitch, by: lanes) {
                let cells = (joint + r * pitch + c).vector
                (sumX.pointer + c).vector += cells
                sum += cells
            }
            sumY.pointer[r] = sum.sum()
        }
        // ln p(x|y)/p(x) of every cell; the sums of probabilities are fixed, so the mean of its differences is the slope.
        var value = 0.0
        let count = Float(shape.count)
        let information = Tensor(.vector(pitch))
        for r in 0..<bins {
            let row = joint + r * pitch
            for c in stride(from: 0, to: pitch, by: lanes) {
                let (cells, column) = ((row + c).vector, (sumX.pointer + c).vector)
                // Most cells are empty, and no pixel asks there: a pixel lies in its cell and in the next.
                guard any(cells .> 0) else { continue }
                (information.pointer + c).vector = logarithm((cells + Self.empty) / (column + Self.empty))
                let gain = (cells * count / (column * sumY.pointer[r])).replacing(with: 1, where: cells .<= 0)
                value += Double((cells / count * logarithm(gain)).sum())
            }
            for c in 0..<bins - 1 { row[c] = information.pointer[c + 1] - information.pointer[c] }
        }
        return value
    }
}
