import Imaging

/// Planes for the tests of the prior, made of a seed.
enum PriorSamples {
    /// The sizes every part of the prior must serve: (width, height).
    static let sizes = [(1, 1), (1, 7), (7, 1), (2, 2), (5, 3), (31, 17), (64, 64)]

    /// Whole grey levels, every value in 1...255: noise, so that no symmetry hides a mistake.
    static func noise(_ width: Int, _ height: Int, seed: UInt64) -> Plane {
        var state = seed &* 2 + 1
        let values = (0..<width * height).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(1 + (state >> 33) % 255)
        }
        return Plane(width: width, height: height, values: values)
    }

    /// A head of two organs seen by two scanners: flat skull and tissue waves, on a background of exact zeros.
    static func pair(side: Int) -> (Plane, Plane) {
        var (first, second) = (Plane(width: side, height: side), Plane(width: side, height: side))
        let grain = noise(side, side, seed: 5)
        for y in 0..<side {
            for x in 0..<side {
                let (dx, dy) = (2 * Float(x) / Float(side) - 1, 2 * Float(y) / Float(side) - 1)
                let radius = (dx * dx + dy * dy).squareRoot()
                if radius < 0.7 { first[x, y] = Float(60 + (x * y) % 90) + grain[x, y] / 32 }
                if radius < 0.7 { second[x, y] = 80 }
                if radius >= 0.7, radius < 0.85 { second[x, y] = 250 }
            }
        }
        return (first, second)
    }

    static func largestDifference(_ one: Plane, _ other: Plane) -> Float {
        zip(one.values, other.values).map { abs($0 - $1) }.max() ?? 0
    }
}
