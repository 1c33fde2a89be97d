import Foundation
import Networks

/// Images of one training step, (N, H, W, 1) in −1...1.
struct TrainingBatch {
    let mri: Tensor
    let other: Tensor
    /// x_0 ~ Φ(P): a candidate of each pair.
    let origin: Tensor
    /// t of each image.
    let timesteps: [Int]
    /// ε of each image.
    let noise: Tensor
}

/// Draws batches: random pair, candidate, crop and flips. A batch is a pure function of seed and step.
struct BatchSource {
    private let images: [(mri: Tensor, other: Tensor, candidates: [Tensor])]
    let configuration: TrainingConfiguration
    let timesteps: Int

    /// Streams of Philox under the seed of the training: what is drawn at a step, and its noise.
    private static let draws: UInt64 = 1 << 32
    private static let noises: UInt64 = 2 << 32

    init(_ pairs: [ImagePair], _ candidates: [[PriorCandidate]], _ configuration: TrainingConfiguration, timesteps: Int) throws {
        self.configuration = configuration
        self.timesteps = timesteps
        for pair in pairs where pair.mri.width < configuration.crop || pair.mri.height < configuration.crop {
            throw FusionError.option(
                name: "crop", value: "\(configuration.crop)",
                allowed: "at most the sides of \(pair.name), \(pair.mri.width)×\(pair.mri.height)")
        }
        images = zip(pairs, candidates).map { pair, candidates in
            (Tensor(normalizing: pair.mri), Tensor(normalizing: pair.other), candidates.map { Tensor(normalizing: $0.plane) })
        }
    }

    /// How many pairs there are.
    var pairs: Int { images.count }

    func batch(_ step: Int) -> TrainingBatch {
        var generator = Philox(seed: configuration.seed, stream: Self.draws + UInt64(step))
        let side = configuration.crop
        let shape = Shape(configuration.batch, side, side, 1)
        let (mri, other, origin) = (Tensor(uninitialized: shape), Tensor(uninitialized: shape), Tensor(uninitialized: shape))
        var timesteps: [Int] = []
        for n in 0..<configuration.batch {
            let image = images[Int.random(in: 0..<images.count, using: &generator)]
            let candidate = image.candidates[Int.random(in: 0..<image.candidates.count, using: &generator)]
            let whole = image.mri.shape
            var (top, left) = (0, 0)
            // A crop of mere background teaches nothing: draw again, a few times.
            for _ in 0..<8 {
                top = Int.random(in: 0...whole.h - side, using: &generator)
                left = Int.random(in: 0...whole.w - side, using: &generator)
                if brightShare(image.mri, image.other, top: top, left: left, side: side) > 0.4 { break }
            }
            let (mirrored, turned) = (Bool.random(using: &generator), Bool.random(using: &generator))
            for (target, source) in [(mri, image.mri), (other, image.other), (origin, candidate)] {
                for y in 0..<side {
                    let from = source.pointer + (top + (turned ? side - 1 - y : y)) * whole.w + left
                    let to = target.pointer + (n * side + y) * side
                    for x in 0..<side { to[x] = from[mirrored ? side - 1 - x : x] }
                }
            }
            timesteps.append(Int.random(in: 1...self.timesteps, using: &generator))
        }
        var source = Philox(seed: configuration.seed, stream: Self.noises + UInt64(step))
        return TrainingBatch(mri: mri, other: other, origin: origin, timesteps: timesteps, noise: source.normal(shape))
    }

    private func brightShare(_ first: Tensor, _ second: Tensor, top: Int, left: Int, side: Int) -> Float {
        var bright = 0
        for y in stride(from: top, to: top + side, by: 4) {
            for x in stride(from: left, to: left + side, by: 4) {
                let at = y * first.shape.w + x
                if max(first.pointer[at], second.pointer[at]) > -0.8 { bright += 1 }
            }
        }
        return Float(bright) / Float((side / 4) * (side / 4))
    }
}
