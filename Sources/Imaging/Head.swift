import Foundation

/// What a part of the phantom's head consists of. The last three are findings, each seen by one kind of modality only.
enum Tissue: Int {
    case scalp, bone, marrow, csf, grey, white, deepGrey, lesion, calcification, focus
}

/// The anatomy of a phantom: one axial slice at the height of the lateral ventricles, forehead up.
///
/// Coordinates are (right, down) from the middle of the head; 1 is half its length, some 95 mm. Shapes are signed distances,
/// positive inside, so that an edge is as sharp as the pixels allow at any resolution.
struct Head {
    typealias Point = SIMD2<Float>

    /// A stroke from `start` to `end` whose half width changes from one end to the other.
    private struct Stroke {
        let start: Point, end: Point
        let startWidth: Float, endWidth: Float

        func distance(_ p: Point) -> Float {
            let (along, from) = (end - start, p - start)
            let t = min(max((from * along).sum() / max((along * along).sum(), 1e-9), 0), 1)
            let offset = from - along * t
            return mix(startWidth, endWidth, t) - (offset * offset).sum().squareRoot()
        }
    }

    /// Connected strokes and a circle around them, beyond which they need not be looked at.
    private struct Sulcus {
        let strokes: [Stroke]
        let middle: Point
        let reach: Float

        init(_ strokes: [Stroke]) {
            self.strokes = strokes
            let middle = strokes.reduce(Point()) { $0 + $1.start + $1.end } / Float(2 * strokes.count)
            self.middle = middle
            reach = strokes.flatMap { [$0.start, $0.end] }.map { length($0 - middle) }.max() ?? 0
        }
    }

    /// A rotated ellipse.
    private struct Blob {
        let middle: Point, radii: Point
        let angle: Float

        /// Exact on the edge, approximate elsewhere.
        func distance(_ p: Point) -> Float {
            let (c, s, d) = (cos(angle), sin(angle), p - middle)
            let q = Point(c * d.x + s * d.y, c * d.y - s * d.x) / radii
            return (1 - length(q)) * min(radii.x, radii.y)
        }
    }

    private static let scalpThickness: Float = 0.05
    private static let greyThickness: Float = 0.038
    /// How far beyond its strokes a sulcus still shapes what is around it: the grey matter, and an edge of a coarse pixel.
    private static let sulcusInfluence: Float = 0.12

    private let radii: Point
    private let skew: Point
    private var sulci: [Sulcus] = []
    private var ventricles: [Stroke] = []
    private var nuclei: [Blob] = []
    private var findings: [Tissue: [Blob]] = [:]

    /// The head of one imaginary patient.
    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        radii = Point(random.uniform(0.74...0.82), random.uniform(0.93...0.97))
        skew = Point(random.uniform(-0.01...0.01), random.uniform(0.01...0.04))
        addFissure(&random)
        addSulci(&random)
        addVentriclesAndNuclei(&random)
        addFindings(&random)
    }

    /// Fractions of the tissues, indexed by their raw values, in a square pixel of side `pixel` around a point.
    /// They sum to 1 well inside the head, to the covered fraction on its edge, and are all exactly 0 outside.
    /// Of the findings, only `finding` is there.
    func tissues(at p: Point, pixel: Float, showing finding: Tissue) -> SIMD16<Float> {
        var fractions = SIMD16<Float>()
        func paint(_ tissue: Tissue, _ distance: Float) {
            let covered = min(max(distance / pixel + 0.5, 0), 1)
            fractions *= 1 - covered
            fractions[tissue.rawValue] += covered
        }
        let direction = p / max(length(p), 1e-6)
        let depth = outline(direction) - length(p)
        paint(.scalp, depth)
        if depth < -pixel { return fractions }

        // The skull is thickest in front and behind.
        let skull = Self.scalpThickness
        let thickness = 0.055 + 0.025 * direction.y * direction.y
        paint(.bone, depth - skull)
        paint(.marrow, min(depth - skull - 0.35 * thickness, skull + 0.65 * thickness - depth))
        paint(.csf, depth - skull - thickness)
        let cortex = depth - skull - thickness - 0.018
        if cortex < -pixel { return fractions }

        let sulcus = sulcusDistance(p)
        paint(.grey, cortex)
        paint(.white, min(cortex, -sulcus) - Self.greyThickness)
        paint(.csf, min(sulcus, cortex + 0.01))
        for nucleus in nuclei { paint(.deepGrey, nucleus.distance(p)) }
        paint(.csf, ventricles.map { $0.distance(p) }.max() ?? -1)
        for blob in findings[finding] ?? [] { paint(finding, min(blob.distance(p), cortex)) }
        return fractions
    }

    /// Distance from the middle to the skin in a direction of length 1: an ellipse, wider behind, not quite symmetric.
    private func outline(_ direction: Point) -> Float {
        let wobble = skew.y * direction.y + skew.x * direction.x * (4 * direction.x * direction.x - 3)
        return (1 + wobble) / length(direction / radii)
    }

    private func sulcusDistance(_ p: Point) -> Float {
        var distance: Float = -1
        for sulcus in sulci where length(p - sulcus.middle) < sulcus.reach + Self.sulcusInfluence {
            for stroke in sulcus.strokes { distance = max(distance, stroke.distance(p)) }
        }
        return distance
    }
}

// MARK: Anatomy

extension Head {
    /// The fissure between the hemispheres, in front of and behind the corpus callosum, with short sulci on both sides.
    private mutating func addFissure(_ random: inout SplitMix64) {
        for (sign, inner) in [(Float(-1), Float(0.44)), (1, 0.47)] {
            var strokes: [Stroke] = []
            var start = Point(0, sign * inner)
            for step in 1...4 {
                let end = Point(random.uniform(-0.012...0.012), sign * (inner + 0.1 * Float(step)))
                strokes.append(Stroke(start: start, end: end, startWidth: 0.009, endWidth: step == 4 ? 0.016 : 0.009))
                start = end
            }
            sulci.append(Sulcus(strokes))
            for side in [Float(-1), 1] {
                for position: Float in [0.08, 0.22] {
                    let from = Point(0, sign * (inner + position + random.uniform(-0.03...0.03)))
                    grow(from: from, towards: Point(side, 0.35 * sign), length: random.uniform(0.1...0.17), &random)
                }
            }
        }
    }

    /// Sulci all around, and the Sylvian fissures, which run deeper and wider.
    private mutating func addSulci(_ random: inout SplitMix64) {
        let count = 32
        for index in 0..<count {
            let angle = (Float(index) + random.uniform(0.25...0.75)) * 2 * .pi / Float(count)
            let direction = Point(cos(angle), sin(angle))
            guard abs(direction.x) > 0.2 else { continue }
            let sylvian = abs(direction.x) > 0.98 && direction.y < 0
            let start = direction * (outline(direction) - 0.13)
            let towards = -direction + Point(-direction.y, direction.x) * random.uniform(-0.5...0.5)
            let length = sylvian ? random.uniform(0.26...0.3) : random.uniform(0.1...0.24)
            grow(from: start, towards: towards, length: length, width: sylvian ? 0.02 : 0.013, &random)
        }
    }

    /// A winding sulcus of four strokes, narrowing inwards, sometimes forked.
    private mutating func grow(
        from origin: Point, towards: Point, length size: Float, width: Float = 0.011, _ random: inout SplitMix64
    ) {
        var (start, angle) = (origin, atan2(towards.y, towards.x))
        var strokes: [Stroke] = []
        let fork = random.uniform(0...1)
        for step in 0..<4 {
            let end = start + Point(cos(angle), sin(angle)) * (size / 4)
            let (outer, inner) = (1 - 0.15 * Float(step), 0.85 - 0.15 * Float(step))
            strokes.append(Stroke(start: start, end: end, startWidth: width * outer, endWidth: width * inner))
            if step == 2, fork < 0.45 {
                let branch = angle + (fork < 0.22 ? 1.1 : -1.1)
                let tip = end + Point(cos(branch), sin(branch)) * (size / 3)
                strokes.append(Stroke(start: end, end: tip, startWidth: width * 0.6, endWidth: width * 0.4))
            }
            start = end
            angle += random.uniform(-0.65...0.65)
        }
        sulci.append(Sulcus(strokes))
    }

    private mutating func addVentriclesAndNuclei(_ random: inout SplitMix64) {
        let size = random.uniform(0.8...1.25)
        for side in [Float(-1), 1] {
            let lean = random.uniform(-0.015...0.015)
            let joint = Point(side * 0.055, 0.02)
            let path: [(Point, Float)] = [
                (Point(side * 0.15 + lean, -0.31), 0.034 * size), (Point(side * 0.085, -0.16), 0.042 * size), (joint, 0.022 * size),
                (Point(side * 0.15, 0.2), 0.036 * size), (Point(side * 0.23 + lean, 0.33), 0.062 * size),
                (Point(side * 0.24 + lean, 0.42), 0.02 * size),
            ]
            for (from, to) in zip(path, path.dropFirst()) {
                ventricles.append(Stroke(start: from.0, end: to.0, startWidth: from.1, endWidth: to.1))
            }
            nuclei.append(Blob(middle: Point(side * 0.185, -0.17), radii: Point(0.05, 0.1), angle: side * 0.35))
            nuclei.append(Blob(middle: Point(side * 0.31, -0.04), radii: Point(0.055, 0.14), angle: side * -0.3))
            nuclei.append(Blob(middle: Point(side * 0.115, 0.1), radii: Point(0.075, 0.105), angle: side * -0.5))
        }
        ventricles.append(Stroke(start: Point(0, 0), end: Point(0, 0.16), startWidth: 0.014, endWidth: 0.01))
    }

    /// What only one modality shows: a lesion (MRI), calcifications (CT), a focus of activity (PET, SPECT).
    private mutating func addFindings(_ random: inout SplitMix64) {
        let side: Float = random.uniform(0...1) < 0.5 ? -1 : 1
        let middle = Point(side * random.uniform(0.34...0.4), random.uniform(0.16...0.3))
        let size = random.uniform(0.05...0.075)
        findings[.lesion] = (0..<3).map { _ in
            let offset = Point(random.uniform(-0.5...0.5), random.uniform(-0.5...0.5)) * size
            let radii = Point(random.uniform(0.7...1), random.uniform(0.7...1)) * size
            return Blob(middle: middle + offset, radii: radii, angle: random.uniform(0...3))
        }
        let pineal = Blob(middle: Point(0, 0.21), radii: Point(0.022, 0.028), angle: 0)
        let plexus = [Float(-1), 1].map { side in
            let middle = Point(side * 0.215, 0.3 + random.uniform(-0.02...0.02))
            return Blob(middle: middle, radii: Point(0.02, 0.032), angle: side * -0.5)
        }
        findings[.calcification] = plexus + [pineal]
        let focus = Point(-side * random.uniform(0.3...0.42), random.uniform(-0.45 ... -0.3))
        findings[.focus] = [Blob(middle: focus, radii: Point(0.07, 0.06), angle: random.uniform(0...3))]
    }
}

private func length(_ p: SIMD2<Float>) -> Float { (p * p).sum().squareRoot() }
