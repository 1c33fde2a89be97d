extension PixelMeans {
    /// The sum of the correlations of differences (Aslantas and Bendes 2015): how well F − B resembles A, and F − A resembles B; with its
    /// slope.
    var correlationOfDifferences: (value: Float, slope: LinearSlope) {
        let first = correlation(of: (first, firstProduct), without: (second, secondProduct))
        let second = correlation(of: (second, secondProduct), without: (self.first, firstProduct))
        var slope = LinearSlope(fused: 0, first: 0, second: 0, constant: first.constant + second.constant)
        slope.fused = first.byFused + second.byFused
        slope.first = first.bySource + second.byOther
        slope.second = first.byOther + second.bySource
        return (Float(first.value + second.value), slope)
    }

    /// The correlation of the difference between the fused image and `other` with `source`, each with its product with the fused image.
    private func correlation(
        of source: (image: Image, product: Double), without other: (image: Image, product: Double)
    ) -> (value: Double, byFused: Double, bySource: Double, byOther: Double, constant: Double) {
        let mean = fused.mean - other.image.mean
        // One grey level, squared, keeps the slope finite where a difference is flat.
        let variance = fused.square - 2 * other.product + other.image.square - mean * mean + 1
        let covariance = source.product - sourceProduct - mean * source.image.mean
        let deviation = (max(0, source.image.square - source.image.mean * source.image.mean)).squareRoot()
        let scale = 1 / ((deviation + 1e-3) * variance.squareRoot())
        // By a pixel: of the centred source, and, against, of the centred difference.
        let (up, down) = (scale / count, scale * covariance / (variance * count))
        return (scale * covariance, -down, up, down, down * mean - up * source.image.mean)
    }
}
