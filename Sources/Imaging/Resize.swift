extension Plane {
    /// The plane at another size, by bilinear interpolation with half-pixel centres; edges repeat.
    ///
    /// The centre of output column `x` lies at `(x + 0.5) * width / newWidth - 0.5` of the input. There is no low-pass filter: when
    /// shrinking more than twofold, pixels in between are skipped and fine structure aliases. The same size gives the same values.
    ///
    /// - Precondition: both sides are at least 1.
    /// - Complexity: O(newWidth × newHeight).
    public func resized(width newWidth: Int, height newHeight: Int) -> Plane {
        precondition(newWidth >= 1 && newHeight >= 1, "a plane has at least one pixel")
        if newWidth == width && newHeight == height { return self }
        let columns = Self.taps(from: width, to: newWidth)
        var result = Plane(width: newWidth, height: newHeight)
        for (y, row) in Self.taps(from: height, to: newHeight).enumerated() {
            let (above, below) = (row.first * width, row.second * width)
            for (x, column) in columns.enumerated() {
                let top = mix(values[above + column.first], values[above + column.second], column.weight)
                let bottom = mix(values[below + column.first], values[below + column.second], column.weight)
                result.values[y * newWidth + x] = mix(top, bottom, row.weight)
            }
        }
        return result
    }

    /// For each of `target` centres along one axis: the two samples around it, and the weight of the second, 0..<1.
    private static func taps(from source: Int, to target: Int) -> [(first: Int, second: Int, weight: Float)] {
        let scale = Double(source) / Double(target)
        return (0..<target).map { index in
            let position = min(max((Double(index) + 0.5) * scale - 0.5, 0), Double(source - 1))
            let first = Int(position)
            return (first, min(first + 1, source - 1), Float(position - Double(first)))
        }
    }
}

/// Between `first` at 0 and `second` at 1; exact for equal ends.
@inline(__always)
func mix(_ first: Float, _ second: Float, _ weight: Float) -> Float { first + (second - first) * weight }

extension Image {
    /// The picture at another size, each channel by ``Plane/resized(width:height:)`` and rounded to the nearest sample, ties to even.
    ///
    /// - Precondition: both sides are at least 1.
    /// - Complexity: O(newWidth × newHeight).
    public func resized(width newWidth: Int, height newHeight: Int) -> Image {
        if newWidth == width && newHeight == height { return self }
        let channels = colour.rawValue
        var resized = [UInt16](repeating: 0, count: newWidth * newHeight * channels)
        for channel in 0..<channels {
            let values = stride(from: channel, to: samples.count, by: channels).map { depth.value(samples[$0]) }
            let plane = Plane(width: width, height: height, values: values).resized(width: newWidth, height: newHeight)
            for (pixel, value) in plane.values.enumerated() { resized[pixel * channels + channel] = depth.sample(value) }
        }
        return Image(width: newWidth, height: newHeight, colour: colour, depth: depth, samples: resized)
    }
}
