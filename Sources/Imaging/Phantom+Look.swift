import Foundation

extension Phantom {
    /// How a modality shows the tissues.
    struct Look {
        /// The signal of each tissue, indexed by its raw value: grey levels for MRI and CT, activity for PET and SPECT.
        let signals: SIMD16<Float>
        /// The finding that is seen; the others look like the tissue they lie in.
        let finding: Tissue
        /// Standard deviation of the noise in a pixel, before any blur, in the unit of the signal.
        let noise: Float
        /// Standard deviation of the blur, in the coordinates of the head.
        var blur: Float = 0
        /// Colours at evenly spaced activities, from 0 (black) to `full`.
        var map: [SIMD3<Float>] = []
        /// The activity shown by the last colour.
        var full: Float = 1
        /// What is added to the seed of a patient to seed the noise.
        let noiseStream: UInt64

        /// The colour, each channel in 0...255, of an activity.
        func colour(at activity: Float) -> SIMD3<Float> {
            let position = min(max(activity / full, 0), 1) * Float(map.count - 1)
            let index = min(Int(position), map.count - 2)
            return map[index] + (map[index + 1] - map[index]) * (position - Float(index))
        }
    }
}

extension Phantom.Modality {
    var look: Phantom.Look {
        switch self {
        case .mri: Self.mriLook
        case .ct: Self.ctLook
        case .pet: Self.petLook
        case .spect: Self.spectLook
        }
    }

    private static let mriLook = Phantom.Look(
        signals: signals(scalp: 84, bone: 12, marrow: 40, csf: 226, grey: 138, white: 88, deepGrey: 116, finding: (.lesion, 204)),
        finding: .lesion, noise: 5, noiseStream: 1)

    /// Bone lies beyond the window, so that it is 255 whatever the noise.
    private static let ctLook = Phantom.Look(
        signals: signals(
            scalp: 74, bone: 275, marrow: 275, csf: 34, grey: 104, white: 88, deepGrey: 106, finding: (.calcification, 248)),
        finding: .calcification, noise: 5, noiseStream: 2)

    private static let petLook = Phantom.Look(
        signals: activities(scalp: 0.1, white: 0.32), finding: .focus, noise: 0.8, blur: 0.026,
        map: [
            SIMD3(0, 0, 0), SIMD3(0, 0, 150), SIMD3(0, 70, 255), SIMD3(60, 170, 220), SIMD3(190, 220, 60), SIMD3(255, 225, 0),
            SIMD3(255, 140, 0), SIMD3(230, 40, 0), SIMD3(160, 0, 0),
        ], full: 1.25, noiseStream: 3)

    private static let spectLook = Phantom.Look(
        signals: activities(scalp: 0.2, white: 0.28), finding: .focus, noise: 1.2, blur: 0.042,
        map: [
            SIMD3(0, 0, 0), SIMD3(28, 44, 52), SIMD3(52, 24, 100), SIMD3(92, 20, 150), SIMD3(170, 50, 110), SIMD3(232, 92, 50),
            SIMD3(255, 120, 8), SIMD3(255, 160, 60), SIMD3(255, 226, 200),
        ], full: 1.15, noiseStream: 4)

    private static func activities(scalp: Float, white: Float) -> SIMD16<Float> {
        signals(scalp: scalp, bone: 0.05, marrow: 0.08, csf: 0.04, grey: 1, white: white, deepGrey: 1.1, finding: (.focus, 1.9))
    }

    private static func signals(
        scalp: Float, bone: Float, marrow: Float, csf: Float, grey: Float, white: Float, deepGrey: Float, finding: (Tissue, Float)
    ) -> SIMD16<Float> {
        var result = SIMD16<Float>()
        for (tissue, signal) in [
            (Tissue.scalp, scalp), (.bone, bone), (.marrow, marrow), (.csf, csf), (.grey, grey), (.white, white), (.deepGrey, deepGrey),
            finding,
        ] {
            result[tissue.rawValue] = signal
        }
        return result
    }
}

extension Plane {
    /// The plane behind a Gaussian blur, `sigma` in pixels, cut at three sigma; edges repeat.
    func blurred(sigma: Float) -> Plane {
        let radius = Int((3 * sigma).rounded(.up))
        guard radius > 0 else { return self }
        var kernel = (-radius...radius).map { exp(-Float($0 * $0) / (2 * sigma * sigma)) }
        let total = kernel.reduce(0, +)
        for i in kernel.indices { kernel[i] /= total }
        var (across, result) = (self, self)
        for y in 0..<height {
            for x in 0..<width {
                across[x, y] = kernel.indices.reduce(0) { $0 + kernel[$1] * self[min(max(x + $1 - radius, 0), width - 1), y] }
            }
        }
        for y in 0..<height {
            for x in 0..<width {
                result[x, y] = kernel.indices.reduce(0) { $0 + kernel[$1] * across[x, min(max(y + $1 - radius, 0), height - 1)] }
            }
        }
        return result
    }
}
