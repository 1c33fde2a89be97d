/// Joining and cutting tensors along the channel axis.
public enum Channels {
    /// The channels of all tensors side by side: (N, H, W, ΣC). O(output).
    public static func concatenate(_ parts: [Tensor]) -> Tensor {
        let total = parts.reduce(0) { $0 + $1.shape.c }
        let s = parts[0].shape
        require(parts.allSatisfy { $0.shape.with(channels: 0) == s.with(channels: 0) }, "the parts differ in N, H or W")
        let output = Tensor(uninitialized: s.with(channels: total))
        ThreadPool.ranges(s.pixels, grain: max(1, 16_384 / total)) { range in
            var offset = 0
            for part in parts {
                let c = part.shape.c
                for pixel in range { (output.pointer + pixel * total + offset).update(from: part.pointer + pixel * c, count: c) }
                offset += c
            }
        }
        return output
    }

    /// Channels `range` of `x`: (N, H, W, range.count). O(output).
    public static func slice(_ x: Tensor, _ channels: Range<Int>) -> Tensor {
        let (s, c) = (x.shape, channels.count)
        require(channels.lowerBound >= 0 && channels.upperBound <= s.c, "\(channels) leaves \(s)")
        let output = Tensor(uninitialized: s.with(channels: c))
        ThreadPool.ranges(s.pixels, grain: max(1, 16_384 / c)) { range in
            for pixel in range {
                (output.pointer + pixel * c).update(from: x.pointer + pixel * s.c + channels.lowerBound, count: c)
            }
        }
        return output
    }

    /// `x` (N, H, W, C) placed at channel `offset` of a tensor of `total` channels that is 0 elsewhere: the gradient of `slice`.
    public static func embed(_ x: Tensor, offset: Int, total: Int) -> Tensor {
        let (s, c) = (x.shape, x.shape.c)
        require(offset >= 0 && offset + c <= total, "\(c) channels at \(offset) leave \(total)")
        let output = Tensor(s.with(channels: total))
        for pixel in 0..<s.pixels { (output.pointer + pixel * total + offset).update(from: x.pointer + pixel * c, count: c) }
        return output
    }
}
