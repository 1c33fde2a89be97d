/// Mutual information of two images by their joint histogram, with the slope that lets a gradient follow it.
///
/// The histogram takes the first image with a linear window, so that it changes smoothly with the values, and the second with its nearest
/// bin (Parzen windows as in Mattes et al. 2003, doi:10.1109/TMI.2003.809072, of order 1 and 0).
public enum JointHistogram {
    /// What an empty cell counts, in pixels: keeps logarithms finite.
    private static let empty: Float = 0.01

    /// The mutual information in nats, and its derivative by each value of `x`. O(count + bins²).
    ///
    /// - Parameters:
    ///   - x: values in 0...255, others are taken as the nearest of these; any shape.
    ///   - y: the same.
    ///   - bins: bins of each axis, at least 2.
    public static func mutualInformation(_ x: Tensor, _ y: Tensor, bins: Int) -> (value: Float, slope: Tensor) {
        require(x.shape == y.shape && bins >= 2, "\(x.shape) and \(y.shape) have no joint histogram of \(bins) bins")
        let scale = Float(bins - 1) / 255
        // Rows of y's bins, padded with cells that stay empty.
        let pitch = (bins + lanes - 1) / lanes * lanes
        func row(_ i: Int) -> Int { Int(min(max(y.pointer[i], 0), 255) * scale + 0.5) * pitch }
        func place(_ i: Int) -> (low: Int, share: Float) {
            let position = min(max(x.pointer[i], 0), 255) * scale
            let low = min(Int(position), bins - 2)
            return (low, position - Float(low))
        }
        let (joint, information) = (Tensor(.vector(bins * pitch)), Tensor(uninitialized: .vector(bins * pitch)))
        for i in 0..<x.count {
            let (row, (low, share)) = (row(i), place(i))
            joint.pointer[row + low] += 1 - share
            joint.pointer[row + low + 1] += share
        }
        let (sumX, sumY) = (Tensor(.vector(pitch)), Tensor(.vector(bins)))
        for r in 0..<bins {
            var sum = Vector()
            for c in stride(from: 0, to: pitch, by: lanes) {
                let cells = (joint.pointer + r * pitch + c).vector
                (sumX.pointer + c).vector += cells
                sum += cells
            }
            sumY.pointer[r] = sum.sum()
        }
        // ln p(x|y)/p(x) of every cell; the sums of probabilities are fixed, so the mean of its differences is the slope.
        var value = 0.0
        let count = Float(x.count)
        for r in 0..<bins {
            for c in stride(from: 0, to: pitch, by: lanes) {
                let (cells, column) = ((joint.pointer + r * pitch + c).vector, (sumX.pointer + c).vector)
                (information.pointer + r * pitch + c).vector = logarithm((cells + empty) / (column + empty))
                let gain = (cells * count / (column * sumY.pointer[r])).replacing(with: 1, where: cells .<= 0)
                value += Double((cells / count * logarithm(gain)).sum())
            }
        }
        let slope = Tensor(uninitialized: x.shape)
        for i in 0..<x.count {
            let cell = information.pointer + row(i) + place(i).low
            slope.pointer[i] = scale / count * (cell[1] - cell[0])
        }
        return (Float(value), slope)
    }
}
