import Tensors

/// Means over all pixels of a fused image, its sources, and their products: all that PSNR and SCD need.
struct PixelMeans {
    /// An image's mean and mean square.
    struct Image {
        let mean, square: Double
    }

    let count: Double
    let fused: Image
    /// The sources, and the means of their products with the fused image.
    let (first, second): (Image, Image)
    let (firstProduct, secondProduct): (Double, Double)
    /// The mean of the sources' product.
    let sourceProduct: Double

    /// What does not change with the fused image.
    struct Sources {
        fileprivate let (first, second): (Tensor, Tensor)
        fileprivate let means: (first: Image, second: Image)
        fileprivate let product: Double

        /// - Parameters: (N, H, W, 1), levels 0...255.
        init(_ first: Tensor, _ second: Tensor) {
            (self.first, self.second) = (first, second)
            let (a, b) = (Reduction.sums(first, with: first, second), Reduction.sums(second, with: second, second))
            let count = Double(first.count)
            means = (Image(mean: a.x / count, square: a.xx / count), Image(mean: b.x / count, square: b.xx / count))
            product = a.xz / count
        }

        /// With a fused image of levels 0...255.
        func means(with fused: Tensor) -> PixelMeans {
            let sums = Reduction.sums(fused, with: first, second)
            let count = Double(fused.count)
            return PixelMeans(
                count: count, fused: Image(mean: sums.x / count, square: sums.xx / count), first: means.first, second: means.second,
                firstProduct: sums.xy / count, secondProduct: sums.xz / count, sourceProduct: product)
        }

        /// The slope by every pixel of the fused image.
        func slope(_ linear: LinearSlope, at fused: Tensor) -> Tensor {
            Elementwise.combine(
                fused, Float(linear.fused), first, Float(linear.first), second, Float(linear.second), offset: Float(linear.constant))
        }
    }
}

/// A derivative by a pixel of the fused image that is linear in the pixel's level and the sources' there.
struct LinearSlope {
    var (fused, first, second, constant) = (0.0, 0.0, 0.0, 0.0)

    /// Adds another slope so many times.
    mutating func add(_ other: LinearSlope, weight: Float) {
        let weight = Double(weight)
        fused += weight * other.fused
        first += weight * other.first
        second += weight * other.second
        constant += weight * other.constant
    }
}
