#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

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
        func row(_ i: Int) -> Int { Int(min(max(y.pointer[i], 0), 255) * scale + 0.5) * bins }
        func place(_ i: Int) -> (low: Int, share: Float) {
            let position = min(max(x.pointer[i], 0), 255) * scale
            let low = min(Int(position), bins - 2)
            return (low, position - Float(low))
        }
        var joint = [Float](repeating: 0, count: bins * bins)
        for i in 0..<x.count {
            let (row, (low, share)) = (row(i), place(i))
            joint[row + low] += 1 - share
            joint[row + low + 1] += share
        }
        var (sumX, sumY) = ([Float](repeating: 0, count: bins), [Float](repeating: 0, count: bins))
        for r in 0..<bins {
            for c in 0..<bins {
                sumX[c] += joint[r * bins + c]
                sumY[r] += joint[r * bins + c]
            }
        }
        // ln p(x|y)/p(x) of every cell; the sums of probabilities are fixed, so the mean of its differences is the slope.
        var information = joint
        var value = 0.0
        let count = Float(x.count)
        for r in 0..<bins {
            for c in 0..<bins {
                let cell = r * bins + c
                information[cell] = logf((joint[cell] + empty) / (sumX[c] + empty))
                if joint[cell] > 0 { value += Double(joint[cell] / count * logf(joint[cell] * count / (sumX[c] * sumY[r]))) }
            }
        }
        let slope = Tensor(uninitialized: x.shape)
        for i in 0..<x.count {
            let cell = row(i) + place(i).low
            slope.pointer[i] = scale / count * (information[cell + 1] - information[cell])
        }
        return (Float(value), slope)
    }
}
