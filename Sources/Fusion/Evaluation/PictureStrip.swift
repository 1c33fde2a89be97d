import Imaging

/// Pictures of one pair side by side: sources, what rules make of them, what the model makes of them, and where its samples differ.
public struct PictureStrip: Sendable {
    /// What the panels show, from left to right.
    public let captions: [String]
    /// The panels, two pixels of white between them.
    public let image: Image
    /// The mean of the last panel by what the sources show, in grey levels.
    public let deviation: PairRegions.Means

    /// A grey level of standard deviation is shown as this many.
    static let deviationScale: Float = 8
    private static let gap = 2

    /// - Parameter samples: over how many the last panel's uncertainty is taken; at least 2.
    public init(_ pair: ImagePair, rules: [any FusionRule], model: FusionModel, options: FusionOptions, samples: Int = 8) throws {
        let fuser = Fuser(model)
        var options = options
        options.samples = 1
        let picture = try fuser.pictures(mri: pair.mri, other: pair.other, options: options)[0]
        options.samples = samples
        let spread = try fuser.uncertainty(mri: pair.mri, other: pair.other, options: options)
        var shown = spread
        for i in shown.values.indices { shown.values[i] = min(255, Self.deviationScale * spread.values[i]) }
        let panels =
            [("MRI", pair.mri), (model.description.modality.rawValue.uppercased(), pair.other)]
            + rules.map { ($0.name, $0.fuse(pair.mri, pair.other)) }
            + [(model.description.name, picture), ("uncertainty ×\(Int(Self.deviationScale))", shown)]
        captions = panels.map(\.0)
        image = Image(Self.joined(panels.map(\.1)))
        deviation = PairRegions(pair).means(spread)
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
}
