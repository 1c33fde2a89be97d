import Diffusion
import Foundation
import Imaging
import Networks
import Scores
import Tensors

/// How one fusion is sampled.
public struct FusionOptions: Sendable, Equatable {
    /// Which reverse chain is walked.
    public enum SamplerKind: String, Sendable, Codable, CaseIterable {
        /// Ancestral sampling over all T timesteps (Ho et al. 2020), variance β̃_t.
        case ddpm
        /// Implicit sampling over a sub-sequence (Song et al. 2020).
        case ddim
    }

    public var sampler = SamplerKind.ddim
    /// How many timesteps DDIM visits, 1...T; nil takes the model's default. DDPM visits all T.
    public var steps: Int?
    /// DDIM's η in 0...1, the share of the ancestral noise; nil takes 0. DDPM has none.
    public var eta: Double?
    /// The seed of the start x_T and of the noise of each step.
    public var seed: UInt64 = 42
    /// Steps of pixel ascent that guide the last estimate towards better scores, 0...``Fuser/mostGuidance``; 0 leaves it to the networks.
    public var guidance = 40
    /// How many pictures are drawn, with seeds `seed`, `seed + 1`, ...; their mean is guided and is the result. At least 1.
    public var samples = 1

    public init() {}
}

/// Seconds that the parts of a fusion took.
public struct FusionTimings: Sendable, Codable, Equatable {
    /// Encoding of the sources, once per pair.
    public var condition = 0.0
    /// All sampling steps.
    public var sampling = 0.0
    /// Scores of the result.
    public var scoring = 0.0
}

/// A fused pair.
public struct FusionOutput: Sendable {
    /// The fused image: grey, or in the colours of the second source where that has colour.
    public let fused: Image
    /// Where the fusion is a choice: see ``Fuser/uncertainty(mri:other:options:willStep:)``. Where more than one sample was drawn.
    public let uncertainty: Plane?
    /// Scores of `fused` against both sources' luma, in the service's convention.
    public let scores: FusionScores
    public let timings: FusionTimings
    /// Steps that were taken per sample.
    public let steps: Int
}

/// What is wrong with a request for a fusion.
public enum FusionError: Error, CustomStringConvertible, Equatable {
    case sizesDiffer(mri: [Int], other: [Int], modality: Modality)
    case tooSmall(width: Int, height: Int)
    case option(name: String, value: String, allowed: String)

    public var description: String {
        switch self {
        case .sizesDiffer(let mri, let other, let modality):
            "the MRI is \(mri[0])×\(mri[1]) and the \(modality.rawValue.uppercased()) \(other[0])×\(other[1]): "
                + "co-registered images have one size; resample one of them onto the other's grid"
        case .tooSmall(let width, let height):
            "the images are \(width)×\(height): both sides need at least \(Fuser.smallestSide) pixels"
        case .option(let name, let value, let allowed):
            "\(name) is \(value): it must be \(allowed)"
        }
    }
}

/// Fuses pairs with a model: the pipeline from two images to one.
public struct Fuser: Sendable {
    public let model: FusionModel

    /// The least height and width of an image.
    public static let smallestSide = 16
    /// The most samples of one fusion.
    public static let mostSamples = 64
    /// The most steps of guidance.
    public static let mostGuidance = 200

    /// Pixels up to which a picture is worked on as a whole, in some 320 bytes each; larger ones go tile by tile, at the price of time.
    var largestWhole = 1 << 20
    /// Pixels up to which a picture's uncertainty is drawn as it is; larger ones are halved for it. At least 1.
    var largestDrawn = 1 << 20

    public init(_ model: FusionModel) { self.model = model }

    /// The sampler of the options.
    ///
    /// - Throws: `FusionError.option` for a value outside its range.
    public func sampler(_ options: FusionOptions) throws -> any Sampler {
        let schedule = model.description.schedule
        guard (1...Self.mostSamples).contains(options.samples) else {
            throw FusionError.option(name: "samples", value: "\(options.samples)", allowed: "from 1 to \(Self.mostSamples)")
        }
        guard (0...Self.mostGuidance).contains(options.guidance) else {
            throw FusionError.option(name: "guidance", value: "\(options.guidance)", allowed: "from 0 to \(Self.mostGuidance)")
        }
        switch options.sampler {
        case .ddpm:
            if let steps = options.steps, steps != schedule.steps {
                throw FusionError.option(
                    name: "steps", value: "\(steps)", allowed: "\(schedule.steps) (all timesteps) with the ddpm sampler, or left out")
            }
            if let eta = options.eta { throw FusionError.option(name: "eta", value: "\(eta)", allowed: "left out with the ddpm sampler") }
            return DDPMSampler(schedule: schedule)
        case .ddim:
            let steps = options.steps ?? model.description.defaultSteps
            guard (1...schedule.steps).contains(steps) else {
                throw FusionError.option(name: "steps", value: "\(steps)", allowed: "from 1 to \(schedule.steps)")
            }
            let eta = options.eta ?? 0
            guard eta >= 0 && eta <= 1 else { throw FusionError.option(name: "eta", value: "\(eta)", allowed: "from 0 to 1") }
            return try DDIMSampler(schedule: schedule, count: steps, eta: eta)
        }
    }

    /// Throws `FusionError` where the pair cannot be fused.
    public func check(mri: Image, other: Image) throws {
        guard mri.width == other.width && mri.height == other.height else {
            throw FusionError.sizesDiffer(
                mri: [mri.width, mri.height], other: [other.width, other.height], modality: model.description.modality)
        }
        guard min(mri.width, mri.height) >= Self.smallestSide else {
            throw FusionError.tooSmall(width: mri.width, height: mri.height)
        }
    }

    /// Fuses an MRI with an image of the model's other modality, and scores the result.
    ///
    /// The same images, options and model give the same bytes.
    ///
    /// - Parameter willStep: called before each step with the steps done and their total over all samples, those of the uncertainty too; what
    ///   it throws ends the fusion.
    /// - Throws: `FusionError` for images or options that do not fit, and what `willStep` throws.
    public func fuse(
        mri: Image, other: Image, options: FusionOptions = .init(), willStep: (_ completed: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws -> FusionOutput {
        try check(mri: mri, other: other)
        let (first, second) = (mri.luma(), other.luma())
        let further = options.samples > 1 ? options.samples * PriorDraws.steps(model.description.schedule) : 0
        var (samples, timings, steps) = try draw(mri: first, other: second, options: options) { try willStep($0, $1 + further) }
        var start = ContinuousClock.now
        let plane = finished(Self.mean(samples), mri: first, other: second, options: options)
        let before = samples.count * steps
        let deviation =
            further == 0
            ? nil : try uncertainty(mri: first, other: second, options: options) { try willStep(before + $0, before + $1) }
        timings.sampling += start.secondsSince()
        let depth: BitDepth = mri.depth == .sixteen || other.depth == .sixteen ? .sixteen : .eight
        let isColoured = model.description.modality != .ct && other.colour == .rgb
        let fused = isColoured ? try Image(luma: plane, chromaOf: other, depth: depth) : Image(plane, depth: depth)
        start = .now
        let scores = try FusionScores(first: first, second: second, fused: fused.luma(), run: ThreadPool.run)
        timings.scoring = start.secondsSince()
        return FusionOutput(fused: fused, uncertainty: deviation, scores: scores, timings: timings, steps: steps)
    }

    /// What the networks draw for a pair, before guidance: estimates of x_0 in −1...1, (1, H, W, 1) of the pair's size, one per sample.
    func draw(
        mri: Plane, other: Plane, options: FusionOptions, willStep: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> (samples: [Tensor], timings: FusionTimings, steps: Int) {
        let sampler = try sampler(options)
        let (x1, x2) = (Padding.sized(mri), Padding.sized(other))
        var timings = FusionTimings()
        var start = ContinuousClock.now
        let estimator = Estimator(model, mri: x1, other: x2, largestWhole: largestWhole)
        timings.condition = start.secondsSince()
        start = .now
        let total = sampler.steps.count
        let nowhere = Background(x1, x2)
        let samples = try (0..<options.samples).map { index in
            let result = try sampler.sample(
                shape: x1.shape, seed: options.seed &+ UInt64(index),
                willStep: { done, _ in try willStep(index * total + done, options.samples * total) },
                predictor: { x, t in
                    nowhere.cleared(Elementwise.clamp(try estimator(x, at: t), -1, 1))
                })
            return Padding.crop(result, height: mri.height, width: mri.width)
        }
        timings.sampling = start.secondsSince()
        return (samples, timings, total)
    }

    /// The picture that an estimate of x_0 ends as: guided, and snapped to the sources.
    func finished(_ estimate: Tensor, mri: Plane, other: Plane, options: FusionOptions) -> Plane {
        let guidance = options.guidance > 0 ? Guidance(mri, other, model.description.modality, steps: options.guidance) : nil
        return (guidance?(estimate) ?? estimate).plane().snapped(to: mri, other)
    }

    /// A finished picture of every sample: what the service gives for each of the seeds alone.
    func pictures(mri: Plane, other: Plane, options: FusionOptions) throws -> [Plane] {
        try draw(mri: mri, other: other, options: options).samples.map { finished($0, mri: mri, other: other, options: options) }
    }

    /// Where the fusion is a choice: the pixelwise standard deviation, in grey levels, of draws from the reverse chain of ε_θ alone (see
    /// ``PriorDraws``), with as many draws and the same seeds as the samples. It is that of the picture before n_θ and guidance decide; their
    /// pictures differ far less from each other.
    ///
    /// Pictures of over a million pixels are halved for it, as often as it takes.
    func uncertainty(
        mri: Plane, other: Plane, options: FusionOptions, willStep: (_ completed: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws -> Plane {
        var (first, second) = (mri, other)
        while first.values.count > largestDrawn {
            let (width, height) = ((first.width + 1) / 2, (first.height + 1) / 2)
            (first, second) = (first.resized(width: width, height: height), second.resized(width: width, height: height))
        }
        let draws = try PriorDraws(model, mri: first, other: second)
        let steps = PriorDraws.steps(model.description.schedule)
        let samples = try (0..<options.samples).map { index in
            try draws(seed: options.seed &+ UInt64(index)) { try willStep(index * steps + $0, options.samples * steps) }
        }
        var deviation = Self.deviation(samples).resized(width: mri.width, height: mri.height)
        for i in deviation.values.indices where mri.values[i] == 0 && other.values[i] == 0 { deviation.values[i] = 0 }
        return deviation
    }

    /// The pixelwise mean of samples of one shape; of one sample that sample.
    static func mean(_ samples: [Tensor]) -> Tensor {
        let mean = Tensor(samples[0].shape)
        for i in 0..<mean.count { mean.pointer[i] = samples.reduce(0) { $0 + $1.pointer[i] } / Float(samples.count) }
        return mean
    }

    /// The pixelwise standard deviation of samples (1, H, W, 1) in −1...1 in grey levels, from their mean: n − 1 in the denominator.
    ///
    /// - Precondition: at least two samples.
    static func deviation(_ samples: [Tensor]) -> Plane {
        let mean = mean(samples)
        var deviation = Plane(width: mean.shape.w, height: mean.shape.h)
        for i in 0..<mean.count {
            let squares = samples.reduce(0) { $0 + ($1.pointer[i] - mean.pointer[i]) * ($1.pointer[i] - mean.pointer[i]) }
            deviation.values[i] = 127.5 * (squares / Float(samples.count - 1)).squareRoot()
        }
        return deviation
    }
}

/// A picture of an uncertainty map: 16-bit grey, one grey level of standard deviation as 1024 (a sixty-fourth of the range), saturated.
public func uncertaintyImage(_ deviation: Plane) -> Image {
    Image(
        width: deviation.width, height: deviation.height, colour: .grey, depth: .sixteen,
        samples: deviation.values.map { UInt16(min(65535, max(0, ($0 * 1024).rounded()))) })
}

/// The pixels where both sources are exactly 0: nobody saw anything there, and the fused image is 0 by definition.
struct Background {
    /// 1 inside, 0 in the background: (N, H, W, 1).
    let inside: Tensor

    /// - Parameters: both sources in −1...1, (N, H, W, 1).
    init(_ first: Tensor, _ second: Tensor) {
        inside = Tensor(first.shape)
        for i in 0..<first.count { inside.pointer[i] = first.pointer[i] > -1 || second.pointer[i] > -1 ? 1 : 0 }
    }

    /// `x` with −1 (black) in the background.
    func cleared(_ x: Tensor) -> Tensor { Elementwise.select(inside, x, Tensor(x.shape, repeating: -1)) }
}

extension Tensor {
    /// A plane of grey levels 0...255 as (1, H, W, 1) in −1...1.
    init(normalizing plane: Plane) {
        self.init(Shape(1, plane.height, plane.width, 1), plane.values.map { $0 / 127.5 - 1 })
    }

    /// The first image of (N, H, W, 1) in −1...1 as grey levels 0...255.
    func plane() -> Plane {
        Plane(
            width: shape.w, height: shape.h,
            values: (0..<shape.h * shape.w).map { min(255, max(0, (pointer[$0] + 1) * 127.5)) })
    }
}

extension ContinuousClock.Instant {
    /// Seconds from here to now.
    func secondsSince() -> Double {
        let duration = ContinuousClock.now - self
        return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
