/// What keeps planes and images from being put together.
public enum ImagingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Two pictures that must match in size do not.
    case sizesDiffer(width: Int, height: Int, otherWidth: Int, otherHeight: Int)

    /// What is wrong and what to do about it, in one line.
    public var description: String {
        switch self {
        case .sizesDiffer(let width, let height, let otherWidth, let otherHeight):
            "the pictures differ in size, \(width)×\(height) and \(otherWidth)×\(otherHeight) pixels; register and resample them first"
        }
    }
}

/// A colour picture as luma and two chroma planes of full range (ITU-R BT.601; ITU-T T.871 §7, as in JPEG).
///
/// `y` is in 0...255; `cb` and `cr` are in 0.5...255.5 and 128 for grey. Nothing is rounded.
public struct YCbCr: Sendable, Equatable {
    public var y: Plane
    public var cb: Plane
    public var cr: Plane

    /// - Throws: `sizesDiffer`.
    public init(y: Plane, cb: Plane, cr: Plane) throws(ImagingError) {
        try y.requireSize(of: cb)
        try y.requireSize(of: cr)
        (self.y, self.cb, self.cr) = (y, cb, cr)
    }

    /// Splits an image; a grey one has its values as luma and chroma 128.
    ///
    /// - Complexity: O(width × height).
    public init(_ image: Image) {
        let luma = image.luma()
        var (cb, cr) = (luma, luma)
        for i in luma.values.indices {
            let (red, _, blue) = image.colour(ofPixel: i)
            cb.values[i] = 128 + (blue - luma.values[i]) / BT601.blueScale
            cr.values[i] = 128 + (red - luma.values[i]) / BT601.redScale
        }
        (y, self.cb, self.cr) = (luma, cb, cr)
    }

    /// The RGB image of the planes, each colour clamped to its range and rounded to the nearest sample, ties to even.
    ///
    /// Chroma of 128 gives three equal channels. An image split by ``init(_:)`` comes back as it was.
    ///
    /// - Complexity: O(width × height).
    public func image(depth: BitDepth = .eight) -> Image {
        var samples = [UInt16]()
        samples.reserveCapacity(3 * y.values.count)
        let (redInGreen, blueInGreen) = (BT601.red * BT601.redScale / BT601.green, BT601.blue * BT601.blueScale / BT601.green)
        for i in y.values.indices {
            let (luma, cb, cr) = (y.values[i], cb.values[i] - 128, cr.values[i] - 128)
            samples.append(depth.sample(luma + BT601.redScale * cr))
            samples.append(depth.sample(luma - blueInGreen * cb - redInGreen * cr))
            samples.append(depth.sample(luma + BT601.blueScale * cb))
        }
        return Image(width: y.width, height: y.height, colour: .rgb, depth: depth, samples: samples)
    }
}

extension Image {
    /// Luma in 0...255: the grey values of a grey image, 0.299 R + 0.587 G + 0.114 B of a colour one (ITU-R BT.601).
    ///
    /// Where the three channels are equal, luma is that value exactly, so a grey picture saved as RGB gives the same plane.
    ///
    /// - Complexity: O(width × height).
    public func luma() -> Plane {
        let values = (0..<width * height).map { pixel in
            let (red, green, blue) = colour(ofPixel: pixel)
            return green + BT601.red * (red - green) + BT601.blue * (blue - green)
        }
        return Plane(width: width, height: height, values: values)
    }

    /// The grey image of a plane, each value clamped to 0...255 and rounded to the nearest sample, ties to even; NaN becomes 0.
    ///
    /// - Complexity: O(width × height).
    public init(_ plane: Plane, depth: BitDepth = .eight) {
        self.init(
            width: plane.width, height: plane.height, colour: .grey, depth: depth, samples: plane.values.map { depth.sample($0) })
    }

    /// The RGB image with this luma and the chroma of `source`: how a fused luma gets the colours of PET or SPECT back.
    ///
    /// A grey source has no chroma: the result is RGB with equal channels.
    ///
    /// - Throws: `sizesDiffer`.
    /// - Complexity: O(width × height).
    public init(luma: Plane, chromaOf source: Image, depth: BitDepth = .eight) throws(ImagingError) {
        let colours = YCbCr(source)
        self = try YCbCr(y: luma, cb: colours.cb, cr: colours.cr).image(depth: depth)
    }

    /// Red, green and blue of the pixel at an index in row order, each in 0...255.
    @inline(__always)
    fileprivate func colour(ofPixel pixel: Int) -> (red: Float, green: Float, blue: Float) {
        switch colour {
        case .grey:
            let value = depth.value(samples[pixel])
            return (value, value, value)
        case .rgb:
            let first = 3 * pixel
            return (depth.value(samples[first]), depth.value(samples[first + 1]), depth.value(samples[first + 2]))
        }
    }
}

extension Plane {
    /// - Throws: `sizesDiffer` unless both planes have the same width and height.
    public func requireSize(of other: Plane) throws(ImagingError) {
        guard width == other.width, height == other.height else {
            throw .sizesDiffer(width: width, height: height, otherWidth: other.width, otherHeight: other.height)
        }
    }
}

extension BitDepth {
    /// A sample in grey levels, 0...255.
    @inline(__always)
    func value(_ sample: UInt16) -> Float { self == .eight ? Float(sample) : Float(sample) / 257 }

    /// The sample nearest to a value in grey levels, clamped; 0 for NaN.
    @inline(__always)
    func sample(_ value: Float) -> UInt16 {
        let clamped = value > 0 ? (value < 255 ? value : 255) : 0
        return UInt16((self == .eight ? clamped : clamped * 257).rounded(.toNearestOrEven))
    }
}

/// Weights of luma (ITU-R BT.601 §2.5.1), and what a chroma unit is in units of blue and red.
private enum BT601 {
    static let red: Float = 0.299
    static let green: Float = 0.587
    static let blue: Float = 0.114
    /// Cb − 128 is (B − Y) / `blueScale`.
    static let blueScale: Float = 1.772
    /// Cr − 128 is (R − Y) / `redScale`.
    static let redScale: Float = 1.402
}
