import Diffusion
import Networks
import Tensors

/// The networks laid out for pictures of one size: every map and all scratch memory in one arena, so that a sampling step allocates
/// nothing. One fusion at a time uses a plan; the packed weights are shared.
///
/// `FusionModel.estimate` defines what it computes, up to rounding: the same networks, fused where they are bound by memory.
final class InferencePlan: FusionPlan {
    let model: PackedModel
    private let schedule: NoiseSchedule
    let maps: Maps
    /// Keeps the memory of `maps`.
    private let arena: Arena

    /// - Precondition: both sides are multiples of `FusionModel.sideMultiple`.
    init(_ model: FusionModel, height: Int, width: Int) {
        let multiple = FusionModel.sideMultiple
        require(height % multiple == 0 && width % multiple == 0, "a plan is for sides of multiples of \(multiple), not \(height)×\(width)")
        (self.model, schedule) = (model.packed(), model.description.schedule)
        var measure = Arena()
        let threads = ThreadPool.threads  // once: the measure must hold
        _ = Maps(self.model, height: height / 2, width: width / 2, threads: threads, from: &measure)
        var arena = Arena(like: measure)
        maps = Maps(self.model, height: height / 2, width: width / 2, threads: threads, from: &arena)
        self.arena = arena
    }

    func encode(mri: Tensor, other: Tensor) {
        show(mri: mri, other: other)
        prepareCondition(mri: mri, other: other)
    }

    /// Lays the sources where n_θ reads them.
    func show(mri: Tensor, other: Tensor) {
        Corners.gather(mri, into: maps.sources.channels(4..<8))
        Corners.gather(other, into: maps.sources.channels(8..<12))
    }

    /// The condition of the sources, in `prepared`.
    ///
    /// - Parameter sums: where the sources are a tile of larger ones; see `PictureSums`.
    /// - Returns: false where the tile has to wait for the sums of others.
    @discardableResult
    func prepareCondition(mri: Tensor, other: Tensor, sums: PictureSums? = nil) -> Bool {
        let (memory, levels) = (maps.condition, model.channels.count)
        // Both modalities go as far as they can, and the crossings of the levels that both have reached: that saves sweeps.
        var reached = levels
        for (side, picture) in [mri, other].enumerated() {
            Corners.gather(picture, into: maps.corners)
            let modality = model.condition.modalities[side]
            for (level, block) in modality.blocks.enumerated() {
                let x = memory.x[level]
                if level == 0 {
                    modality.stem.run(maps.corners, into: x, workers: maps.workers)
                } else {
                    modality.downs[level - 1].run(memory.features[side][level - 1], into: x, workers: maps.workers)
                }
                let isKnown = block.run(
                    x, into: memory.features[side][level], memory: memory.blocks[side][level],
                    tile: sums?.attention(side * levels + level), workers: maps.workers)
                if !isKnown {
                    reached = min(reached, level)
                    break
                }
            }
        }
        var isComplete = reached == levels
        for (level, cross) in model.condition.crosses.enumerated().prefix(reached) {
            let isKnown = cross.run(
                memory.features[0][level], memory.features[1][level], into: maps.prepared[level], memory: memory.crosses[level],
                tile: sums?.attention(2 * (levels + level)), workers: maps.workers)
            isComplete = isComplete && isKnown
        }
        return isComplete
    }

    func estimate(_ x: Tensor, at t: Int, into refined: Tensor) {
        Corners.gather(x, into: maps.corners)
        predictNoise(t)
        estimateOrigin(t)
        refine(t)
        decide(into: refined)
    }

    /// x̃_0 from `corners` and their noise, into the first four channels of `sources`.
    func estimateOrigin(_ t: Int) {
        let factors = schedule.originFactors(at: t)
        maps.workers.rows(maps.corners.height) { [maps] rows, _ in
            Corners.combine(
                maps.corners, Float(factors.x), maps.outputs, Float(factors.noise), into: maps.sources, rows: rows)
        }
    }

    /// What n_θ decided, carried out.
    func decide(into refined: Tensor) {
        maps.workers.rows(maps.corners.height) { [maps] rows, _ in
            Corners.decide(maps.outputs, maps.sources, into: refined, rows: rows)
        }
    }

    /// ε_θ of the picture in `corners`: its noise in the first four channels of `outputs`. With `sums` as in `prepareCondition`.
    @discardableResult
    func predictNoise(_ t: Int, sums: PictureSums? = nil) -> Bool {
        let (network, workers, step) = (model.noise, maps.workers, maps.step)
        let embedding = network.time.run(t, memory: maps.small)
        let modulation = maps.small + network.time.size
        func residual(_ block: PackedResidualBlock, _ x: FeatureMap, _ level: Int) {
            block.run(x, inside: step.inside[level], embedding: embedding, memory: modulation, workers: workers)
        }
        let last = model.channels.count - 1
        for level in 0...last {
            if level == 0 {
                network.stem.run(maps.corners, into: step.kept[0], adding: maps.prepared[0], workers: workers)
            } else {
                network.downs[level - 1].run(step.kept[level - 1], into: step.kept[level], adding: maps.prepared[level], workers: workers)
            }
            residual(network.encoders[level], step.kept[level], level)
        }
        let isKnown = network.bottom.run(
            step.kept[last], into: step.result[last], memory: step.noiseBottom, tile: sums?.attention(0), workers: workers)
        guard isKnown else { return false }
        residual(network.bottomBlock, step.result[last], last)
        for level in (0..<last).reversed() {
            network.ups[level].run(step.result[level + 1], with: step.kept[level], into: step.result[level], workers: workers)
            residual(network.decoders[level], step.result[level], level)
        }
        network.head.run(step.result[0], into: maps.outputs, network.head.plain(), workers: workers)
        return true
    }

    /// n_θ of `sources`: its decisions in `outputs`. With `sums` as in `prepareCondition`.
    @discardableResult
    func refine(_ t: Int, sums: PictureSums? = nil) -> Bool {
        let (network, workers, step) = (model.refinement, maps.workers, maps.step)
        let embedding = network.time.run(t, memory: maps.small)
        let modulation = maps.small + network.time.size
        let (scale, offset) = network.modulation.run(embedding, bias: network.stem.offsets, memory: modulation)
        network.stem.run(maps.sources, into: step.kept[0], .init(scale: scale, offset: offset), workers: workers)
        func attend(_ block: PackedTransformer, _ level: Int, _ memory: PackedTransformer.Memory, _ number: Int) -> Bool {
            block.run(step.kept[level], into: step.result[level], memory: memory, tile: sums?.attention(number), workers: workers)
        }
        guard attend(network.encoder, 0, step.encoder, 0) else { return false }
        network.down.run(
            step.result[0], into: step.kept[1], modulation: network.bottomModulation.run(embedding, memory: modulation), workers: workers)
        guard attend(network.bottom, 1, step.refinementBottom, 1) else { return false }
        network.up.run(step.result[1], with: step.result[0], into: step.kept[0], workers: workers)
        guard attend(network.decoder, 0, step.decoder, 2) else { return false }
        network.head.run(step.result[0], into: maps.outputs, network.head.plain(), workers: workers)
        return true
    }

    /// The prepared condition, as `NoiseNetwork.prepare` defines it.
    var prepared: [Tensor] { maps.prepared.map { $0.tensor() } }

    /// ε_θ alone.
    func noise(in x: Tensor, at t: Int) -> Tensor {
        Corners.gather(x, into: maps.corners)
        predictNoise(t)
        let result = Tensor(uninitialized: x.shape)
        Corners.scatter(maps.outputs, into: result)
        return result
    }
}

extension InferencePlan {
    /// Where everything lies in the arena. Levels have maps of half, a quarter, ... of the pictures' sides.
    struct Maps {
        let workers: Workers
        /// Embedding and modulation of a step.
        let small: UnsafeMutablePointer<Float>
        /// Corners of one picture, with a border of zeros.
        let corners: FeatureMap
        /// Corners of x̃_0, the MRI and the other source, and four channels of zeros.
        let sources: FeatureMap
        /// What the networks' heads write.
        let outputs: FeatureMap
        /// What ε_θ adds at each level.
        let prepared: [FeatureMap]
        let condition: Condition
        let step: Step

        init(_ model: PackedModel, height: Int, width: Int, threads: Int, from arena: inout Arena) {
            func levels(_ arena: inout Arena) -> [FeatureMap] {
                model.channels.enumerated().map { arena.map(height >> $0, width >> $0, $1) }
            }
            workers = Workers(threads, scratch: model.scratch, from: &arena)
            small = arena.reserve(model.small)
            (corners, sources) = (arena.borderedMap(height, width, 4), arena.map(height, width, 16))
            outputs = arena.map(height, width, 16)
            prepared = levels(&arena)
            // Encoding is over before the first step.
            condition = arena.scope { Condition(model, levels, from: &$0) }
            step = arena.scope { Step(model, levels, from: &$0) }
        }
    }

    struct Condition {
        /// What enters a level's block, of one modality at a time; later the values of one direction of the cross-attention.
        let x: [FeatureMap]
        /// The features of both modalities.
        let features: [[FeatureMap]]
        let blocks: [[PackedHaarTransformer.Memory]]
        let crosses: [PackedCrossAttention.Memory]

        init(_ model: PackedModel, _ levels: (inout Arena) -> [FeatureMap], from arena: inout Arena) {
            let x = levels(&arena)
            self.x = x
            features = (0..<2).map { _ in levels(&arena) }
            blocks = model.condition.modalities.map { modality in
                modality.blocks.enumerated().map { level, block in
                    arena.scope { block.memory(x[level].height, x[level].width, from: &$0) }
                }
            }
            crosses = model.condition.crosses.enumerated().map { level, cross in
                arena.scope {
                    let other = $0.map(x[level].height, x[level].width, x[level].channels)
                    return cross.memory(values: (x[level], other), from: &$0)
                }
            }
        }
    }

    struct Step {
        /// What the skip connections keep.
        let kept: [FeatureMap]
        /// The inside of a residual block, or a Transformer block's values.
        let inside: [FeatureMap]
        let result: [FeatureMap]
        let noiseBottom: PackedTransformer.Memory
        let (encoder, refinementBottom, decoder): (PackedTransformer.Memory, PackedTransformer.Memory, PackedTransformer.Memory)

        init(_ model: PackedModel, _ levels: (inout Arena) -> [FeatureMap], from arena: inout Arena) {
            (kept, inside, result) = (levels(&arena), levels(&arena), levels(&arena))
            noiseBottom = model.noise.bottom.memory(values: inside.last!, from: &arena)
            encoder = model.refinement.encoder.memory(values: inside[0], from: &arena)
            refinementBottom = model.refinement.bottom.memory(values: inside[1], from: &arena)
            decoder = model.refinement.decoder.memory(values: inside[0], from: &arena)
        }
    }
}
