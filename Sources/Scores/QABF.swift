import Foundation
import Imaging

/// How much of the sources' edges the fused image keeps, loses and invents.
///
/// Xydeas and Petrovic, "Objective image fusion performance measure", Electronics Letters 36(4), 2000, doi:10.1049/el:20000267. Sobel
/// filters (zeros beyond the edge) give each pixel an edge strength g and orientation α. For source A and fused image F, with the relative
/// strength `G = min(gA, gF)/max(gA, gF)` and relative orientation `A = 1 − |αA − αF|/(π/2)`,
///
///     Q^AF = Γg/(1 + exp(κg (G − σg))) · Γa/(1 + exp(κa (A − σa)))
///     Q^AB/F = Σ(Q^AF gA + Q^BF gB) / Σ(gA + gB)
///
/// with Γg = 0.9994, κg = −15, σg = 0.5, Γa = 0.9879, κa = −22, σa = 0.8. As in the implementation that the literature uses, α is the
/// arctangent of the vertical (below minus above) over the horizontal response (left minus right), π/2 where the latter is 0, and never
/// wrapped, so that mirrored images may score a little differently, and `G` is gF where the strengths are equal (above 1 the sigmoid is
/// saturated).
///
/// What is missing to 1 splits in two, after Petrovic and Xydeas ("Objective image fusion performance characterisation", ICCV 2005) with
/// the correction of Shreyamsha Kumar ("Multifocus and multispectral image fusion based on pixel significance using discrete cosine
/// harmonic wavelet transform", Signal, Image and Video Processing 7(6), 2013, doi:10.1007/s11760-012-0361-x) that makes the three
/// exhaustive, `Q + L + N = 1`: where the fused image's edge is stronger than both sources' the deficit `Σ((1 − Q^AF) gA + (1 − Q^BF)
/// gB)/Σ(gA + gB)` counts as artefacts N^AB/F, elsewhere as loss L^AB/F. Both use the maps above; Kumar's script has other sigmoids and
/// weights, so its numbers differ from these.
public struct QABF: Sendable, Equatable {
    /// Q^AB/F in 0..<1, higher is better, symmetric in the sources.
    ///
    /// Its parts are Q^AF and Q^BF with each source's own edges as weights; `nil` where these have none (an image of zeros).
    public let kept: CombinedScore
    /// L^AB/F in 0...1, lower is better.
    public let lost: Double?
    /// N^AB/F in 0...1, lower is better.
    public let artefacts: Double?

    /// - Complexity: O(pixels) time, O(width) memory beside the images.
    public init(first: Plane, second: Plane, fused: Plane) throws(ScoreError) {
        let grids = try Grid.corresponding(first, second, fused)
        self.init(first: grids[0], second: grids[1], fused: grids[2])
    }

    init(first: Grid, second: Grid, fused: Grid) {
        var edges = [Edges(of: first), Edges(of: second), Edges(of: fused)]
        var (weightA, weightB, keptA, keptB, lost, invented) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for row in 0..<fused.height {
            edges[0].move(to: row, of: first)
            edges[1].move(to: row, of: second)
            edges[2].move(to: row, of: fused)
            for x in 0..<fused.width {
                let (a, b, f) = (edges[0].row[x], edges[1].row[x], edges[2].row[x])
                let (qA, qB) = (Self.preserved(a, f) * a.strength, Self.preserved(b, f) * b.strength)
                keptA += qA
                keptB += qB
                weightA += a.strength
                weightB += b.strength
                let deficit = (a.strength - qA) + (b.strength - qB)
                if f.strength > a.strength && f.strength > b.strength { invented += deficit } else { lost += deficit }
            }
        }
        let weight = weightA + weightB
        func share(_ part: Double, _ whole: Double) -> Double? { whole > 0 ? part / whole : nil }
        kept = CombinedScore(
            first: share(keptA, weightA), second: share(keptB, weightB), combined: share(keptA + keptB, weight))
        self.lost = share(lost, weight)
        artefacts = share(invented, weight)
    }

    /// Q^AF at one pixel; 0 where the source has no edge, whose weight is 0 anyway.
    @inline(__always)
    private static func preserved(_ source: Edge, _ fused: Edge) -> Double {
        guard source.strength > 0 else { return 0 }
        let strength =
            source.strength == fused.strength
            ? fused.strength : min(source.strength, fused.strength) / max(source.strength, fused.strength)
        let orientation = 1 - abs(source.orientation - fused.orientation) / (.pi / 2)
        return 0.9994 / (1 + exp(-15 * (strength - 0.5))) * (0.9879 / (1 + exp(-22 * (orientation - 0.8))))
    }
}

/// The response of a pixel to the Sobel filters.
private struct Edge {
    var strength = 0.0
    /// The angle of the gradient in -π/2...π/2.
    var orientation = Double.pi / 2
}

/// The edges of one row of an image, beyond which there are zeros.
private struct Edges {
    var row: [Edge]
    /// The three rows around, each between two zeros.
    private var above, here, below: [Double]

    init(of image: Grid) {
        row = [Edge](repeating: Edge(), count: image.width)
        above = [Double](repeating: 0, count: image.width + 2)
        (here, below) = (above, above)
        load(0, of: image)
    }

    /// Must be called for row 0, 1, 2 and so on.
    mutating func move(to y: Int, of image: Grid) {
        (above, here, below) = (here, below, above)
        load(y + 1, of: image)
        for x in 0..<image.width {
            // Left minus right: at π/2 the sign of the ratio matters, and this is the one of the convolutions that the literature uses.
            let horizontal =
                (above[x] - above[x + 2]) + 2 * (here[x] - here[x + 2]) + (below[x] - below[x + 2])
            let vertical =
                (below[x] - above[x]) + 2 * (below[x + 1] - above[x + 1]) + (below[x + 2] - above[x + 2])
            let strength = (horizontal * horizontal + vertical * vertical).squareRoot()
            row[x] = Edge(strength: strength, orientation: horizontal == 0 ? .pi / 2 : atan(vertical / horizontal))
        }
    }

    /// Reads row `y` into `below`: zeros where there is none.
    private mutating func load(_ y: Int, of image: Grid) {
        for x in 0..<image.width { below[x + 1] = y < image.height ? image[x, y] : 0 }
    }
}
