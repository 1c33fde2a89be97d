import Networks
import Tensors

/// A model's weights as inference uses them: packed once, with everything folded in that is linear and does not change. Shared by the
/// plans of all sizes.
final class PackedModel: Sendable {
    let condition: PackedCondition
    let noise: PackedNoiseNetwork
    let refinement: PackedRefinement
    /// Feature channels per level.
    let channels: [Int]

    init(_ model: FusionModel) {
        channels = model.description.channels
        var (condition, noise, refinement): (PackedCondition?, PackedNoiseNetwork?, PackedRefinement?)
        ThreadPool.run(3) { part in
            switch part {
            case 0: noise = PackedNoiseNetwork(model.predictor)
            case 1: condition = PackedCondition(model.encoder, mixes: model.predictor.conditionMixes)
            default: refinement = PackedRefinement(model.refinement)
            }
        }
        (self.condition, self.noise, self.refinement) = (condition!, noise!, refinement!)
    }

    /// Floats of scratch memory that a thread needs.
    var scratch: Int { max(condition.scratch, noise.scratch, refinement.scratch) }
    /// Floats that embedding and modulations of a step need.
    var small: Int { max(noise.small, refinement.small) }
}

/// The condition encoder together with ε_θ's first look at the condition.
struct PackedCondition: Sendable {
    struct Modality: Sendable {
        let stem: PackedHaarStem
        let blocks: [PackedHaarTransformer]
        let downs: [PackedHaarDown]

        init(_ encoder: ModalityEncoder) {
            stem = PackedHaarStem(encoder.stem)
            blocks = encoder.blocks.map(\.packed)
            downs = encoder.downs.map { PackedHaarDown($0.mix) }
        }
    }

    let modalities: [Modality]
    let crosses: [PackedCrossAttention]

    init(_ encoder: ConditionEncoder, mixes: [ConvolutionLayer]) {
        modalities = [Modality(encoder.first), Modality(encoder.second)]
        crosses = mixes.indices.map {
            PackedCrossAttention(
                encoder.firstToSecond[$0], encoder.secondToFirst[$0], merge: encoder.merges[$0], further: mixes[$0])
        }
    }

    var scratch: Int {
        (modalities.flatMap { $0.blocks.map(\.scratch) } + crosses.map(\.scratch)).max()!
    }
}

/// ε_θ.
struct PackedNoiseNetwork: Sendable {
    let time: PackedTimestep
    let stem: PackedHaarStem
    let encoders: [PackedResidualBlock]
    let downs: [PackedHaarDown]
    let bottom: PackedTransformer
    let bottomBlock: PackedResidualBlock
    let ups: [PackedHaarUp]
    let decoders: [PackedResidualBlock]
    let head: WinogradConvolution

    init(_ network: NoiseNetwork) {
        time = PackedTimestep(network.time)
        stem = PackedHaarStem(network.stem)
        encoders = network.encoders.map { PackedResidualBlock($0) }
        downs = network.downs.map { PackedHaarDown($0.mix) }
        bottom = PackedTransformer(network.bottom)
        bottomBlock = PackedResidualBlock(network.bottomBlock)
        ups = zip(network.ups, network.skips).map { PackedHaarUp($0.mix, skip: $1) }
        decoders = network.decoders.map { PackedResidualBlock($0) }
        head = WinogradConvolution(writingCorners: network.head)
    }

    private var blocks: [PackedResidualBlock] { encoders + decoders + [bottomBlock] }
    var scratch: Int { ([head.scratch, bottom.scratch] + blocks.map(\.scratch)).max()! }
    var small: Int { time.size + blocks.map(\.size).max()! }
}

/// n_θ.
struct PackedRefinement: Sendable {
    let time: PackedTimestep
    let stem: WinogradConvolution
    let modulation: PackedModulation
    let encoder: PackedTransformer
    let down: PackedHaarDown
    let bottomModulation: PackedModulation
    let bottom: PackedTransformer
    let up: PackedHaarUp
    let decoder: PackedTransformer
    let head: WinogradConvolution

    init(_ network: RefinementNetwork) {
        time = PackedTimestep(network.time)
        stem = WinogradConvolution(readingCorners: network.stem)
        modulation = PackedModulation(network.modulation)
        encoder = PackedTransformer(network.encoder)
        down = PackedHaarDown(network.down.mix)
        bottomModulation = PackedModulation(network.bottomModulation)
        bottom = PackedTransformer(network.bottom)
        up = PackedHaarUp(network.up.mix)
        decoder = PackedTransformer(network.decoder)
        head = WinogradConvolution(writingCorners: network.head)
    }

    var scratch: Int { [stem.scratch, head.scratch, encoder.scratch, bottom.scratch, decoder.scratch].max()! }
    var small: Int { time.size + max(modulation.size, bottomModulation.size) }
}

extension HaarTransformerBlock {
    fileprivate var packed: PackedHaarTransformer { PackedHaarTransformer(transformer, detailLocal: detailLocal, detailMix: detailMix) }
}
