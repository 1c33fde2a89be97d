import Imaging

/// Pictures of one pair side by side: sources, what rules make of them, what the model makes of them, and where its samples differ.
public struct PictureStrip: Sendable {
    /// What the panels show, from left to right.
    public let captions: [String]
    /// The panels, two pixels of white between them.
    public let image: Image
    /// The mean standard deviation over the samples in grey levels where the sources' edges disagree (the tenth of the pixels in which
    /// their gradients differ most), and elsewhere; pixels in which both sources are 0 are left out.
    public let deviation: (atDisagreement: Double, elsewhere: Double)

    /// A grey level of standard deviation is shown as this many.
    static let deviationScale: Float = 32
    private static let gap = 2

    /// - Parameter samples: over how many the last panel's standard deviation is taken; at least 2.
    public init(_ pair: ImagePair, rules: [any FusionRule], model: FusionModel, options: FusionOptions, samples: Int = 8) throws {
        var options = options
        options.samples = samples
        let planes = try Fuser(model).sample(mri: pair.mri, other: pair.other, options: options).planes
        let spread = Fuser.statistics(planes).deviation
        var shown = spread
        for i in shown.values.indices { shown.values[i] = min(255, Self.deviationScale * spread.values[i]) }
        let panels =
            [("MRI", pair.mri), (model.description.modality.rawValue.uppercased(), pair.other)]
            + rules.map { ($0.name, $0.fuse(pair.mri, pair.other)) }
            + [(model.description.name, planes[0]), ("standard deviation ×\(Int(Self.deviationScale))", shown)]
        captions = panels.map(\.0)
        image = Image(Self.joined(panels.map(\.1)))
        deviation = Self.means(of: spread, pair)
    }

    private static func joined(_ planes: [Plane]) -> Plane {
        let (width, height) = (planes[0].width, planes[0].height)
        var strip = Plane(width: planes.count * (width + gap) - gap, height: height, repeating: 255)
        for (index, plane) in planes.enumerated() {
            for y in 0..<height {
                let to = y * strip.width + index * (width + gap)
                strip.values.replaceSubrange(to..<to + width, with: plane.values[y * width..<(y + 1) * width])
            }
        }
        return strip
    }

    private static func means(of spread: Plane, _ pair: ImagePair) -> (Double, Double) {
        var found: [(disagreement: Float, spread: Float)] = []
        for y in 1..<max(1, spread.height - 1) {
            for x in 1..<max(1, spread.width - 1) where pair.mri[x, y] != 0 || pair.other[x, y] != 0 {
                func slope(_ p: Plane) -> (Float, Float) { (p[x + 1, y] - p[x - 1, y], p[x, y + 1] - p[x, y - 1]) }
                let (a, b) = (slope(pair.mri), slope(pair.other))
                found.append((abs(a.0 - b.0) + abs(a.1 - b.1), spread[x, y]))
            }
        }
        found.sort { $0.disagreement > $1.disagreement }
        func mean(_ part: ArraySlice<(disagreement: Float, spread: Float)>) -> Double {
            part.isEmpty ? 0 : part.reduce(0) { $0 + Double($1.spread) } / Double(part.count)
        }
        let tenth = found.count / 10
        return (mean(found[..<tenth]), mean(found[tenth...]))
    }
}
