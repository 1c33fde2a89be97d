/// A head that nobody has: test pictures without patients, registered by construction.
///
/// A seed stands for a patient. All modalities of one seed show one geometry, each what it can see: MRI the sulci, ventricles and a
/// lesion; CT the skull and calcifications; PET and SPECT the activity of grey matter and a focus. The lesion, the calcifications
/// and the focus are each invisible to the others, so a fusion that drops a source is found out.
public enum Phantom {
    /// How the head is looked at.
    public enum Modality: String, Sendable, CaseIterable, Codable {
        /// T2-weighted: grey, liquor bright, bone dark.
        case mri
        /// Brain window: grey, bone 255, brain of middle grey.
        case ct
        /// RGB of a rainbow map of activity.
        case pet
        /// RGB of a hot-metal map of activity; blurred more than PET.
        case spect
    }

    /// One slice, 8 bits deep; grey for MRI and CT, RGB for PET and SPECT.
    ///
    /// Every sample outside the head is 0; in MRI and CT every sample inside is at least 1. The head fills the shorter side.
    /// The same arguments give the same image.
    ///
    /// - Precondition: both sides are at least 1.
    /// - Complexity: O(width × height) for MRI and CT; the blur of PET and SPECT multiplies it by the shorter side.
    public static func render(_ modality: Modality, width: Int, height: Int, seed: UInt64) -> Image {
        precondition(width >= 1 && height >= 1, "an image has at least one pixel")
        let slice = Slice(head: Head(seed: seed), width: width, height: height, look: modality.look)
        // The noise of two modalities of one patient is independent.
        var random = SplitMix64(seed: seed &+ modality.look.noiseStream)
        switch modality {
        case .mri, .ct: return grey(slice, modality.look, &random)
        case .pet, .spect: return activity(slice, modality.look, &random)
        }
    }

    private static func grey(_ slice: Slice, _ look: Look, _ random: inout SplitMix64) -> Image {
        let (signal, covered) = (slice.signal, slice.covered)
        let samples = signal.values.indices.map { i -> UInt16 in
            let noise = look.noise * random.normal()
            guard covered.values[i] > 0 else { return 0 }
            return max(BitDepth.eight.sample(signal.values[i] + noise * covered.values[i]), 1)
        }
        return Image(width: signal.width, height: signal.height, colour: .grey, depth: .eight, samples: samples)
    }

    /// Counting noise grows with the root of the activity; the blur of the camera then makes blobs of it.
    private static func activity(_ slice: Slice, _ look: Look, _ random: inout SplitMix64) -> Image {
        var counts = slice.signal
        for i in counts.values.indices { counts.values[i] += look.noise * random.normal() * max(counts.values[i], 0).squareRoot() }
        let blurred = counts.blurred(sigma: look.blur / slice.pixel)
        var samples: [UInt16] = []
        samples.reserveCapacity(3 * counts.values.count)
        for (value, covered) in zip(blurred.values, slice.covered.values) {
            let colour = look.colour(at: value * covered)
            for channel in 0..<3 { samples.append(BitDepth.eight.sample(colour[channel])) }
        }
        return Image(width: counts.width, height: counts.height, colour: .rgb, depth: .eight, samples: samples)
    }
}

/// The signal of a head on the pixel grid, before noise, and how much of each pixel the head covers, 0...1.
private struct Slice {
    private(set) var signal: Plane
    private(set) var covered: Plane
    /// The side of a pixel in the coordinates of the head.
    let pixel: Float

    init(head: Head, width: Int, height: Int, look: Phantom.Look) {
        signal = Plane(width: width, height: height)
        covered = signal
        pixel = 2 / (0.96 * Float(min(width, height)))
        for y in 0..<height {
            for x in 0..<width {
                let p = Head.Point(Float(x) + 0.5 - Float(width) / 2, Float(y) + 0.5 - Float(height) / 2) * pixel
                let fractions = head.tissues(at: p, pixel: pixel, showing: look.finding)
                signal[x, y] = (fractions * look.signals).sum()
                covered[x, y] = fractions.sum()
            }
        }
    }
}
