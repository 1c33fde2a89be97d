import Foundation
import Imaging
import Scores
import Tensors

extension ImagePair {
    /// The pair as noisier scanners would have written it: independent Gaussian noise on both sources wherever one of them is not 0,
    /// rounded and limited as an 8-bit picture is.
    ///
    /// - Parameters:
    ///   - deviation: of the noise, in grey levels.
    ///   - seed: with the pair's name it decides the noise.
    public func noisy(_ deviation: Double, seed: UInt64) -> ImagePair {
        let shape = Shape(1, mri.height, mri.width, 1)
        let place = FNV1a.hash(name.utf8)
        func noisy(_ plane: Plane, _ offset: UInt64) -> Plane {
            var source = Philox(seed: seed, stream: place &+ offset)
            let noise = source.normal(shape)
            var result = plane
            for i in result.values.indices where mri.values[i] != 0 || other.values[i] != 0 {
                result.values[i] = min(255, max(0, (plane.values[i] + Float(deviation) * noise.pointer[i]).rounded()))
            }
            return result
        }
        return ImagePair(name: name, mri: noisy(mri, 0), other: noisy(other, 1))
    }
}

/// What methods make of noisy sources, scored against the clean ones.
public struct NoiseStudy: Sendable {
    /// The scores at one strength of the noise.
    public struct Level: Sendable {
        /// Standard deviation of the noise, in grey levels.
        public let deviation: Double
        public var table: ScoreTable
        /// For each row of `table`: the root mean square, over the heads' pixels, of the distance between what the method makes of the noisy
        /// and of the clean sources, in grey levels.
        public var passed: [Double] = []
    }

    public private(set) var levels: [Level]
    private let seed: UInt64

    /// - Parameters:
    ///   - deviations: strengths of the noise, in grey levels.
    ///   - seed: what decides the noise, together with each pair's name.
    public init(_ pairs: [ImagePair], deviations: [Double], convention: FusionScores.Convention = .published, seed: UInt64) {
        levels = deviations.map { Level(deviation: $0, table: ScoreTable(pairs, convention: convention)) }
        self.seed = seed
    }

    /// Adds a method's row at each level.
    ///
    /// - Parameters:
    ///   - pairs: the clean pairs that the study was made for.
    ///   - progress: called with the pairs done at all levels.
    public mutating func add(_ method: FusionMethod, on pairs: [ImagePair], progress: (Int) -> Void = { _ in }) throws {
        let clean = try pairs.map { try method.fuse($0) }
        for level in levels.indices {
            let noisy = method.fromNoisySources(levels[level].deviation, seed: seed)
            var squares = (sum: 0.0, count: 0)
            var done = 0
            let measured = FusionMethod(method.name) { pair in
                let plane = try noisy.fuse(pair)
                for i in plane.values.indices where pair.mri.values[i] != 0 || pair.other.values[i] != 0 {
                    let distance = Double(plane.values[i] - clean[done].values[i])
                    squares = (squares.sum + distance * distance, squares.count + 1)
                }
                done += 1
                return plane
            }
            try levels[level].table.add(measured, on: pairs) { progress(level * pairs.count + $0) }
            levels[level].passed.append((squares.sum / Double(max(1, squares.count))).squareRoot())
        }
    }

    /// A table for each level.
    public var markdown: String {
        levels.map { level in
            let text = zip(level.table.rows, level.passed).map { "\($0.name) \(String(format: "%.1f", $1))" }
            return "Noise of \(level.deviation) grey levels, scored against the clean sources:\n\n" + level.table.markdown
                + "\nHow far the noise moves the picture, in grey levels: \(text.joined(separator: ", ")).\n"
        }.joined(separator: "\n")
    }
}
