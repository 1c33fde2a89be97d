import Networks

/// The layers that an inference plan is made of, at every level where they occur.
public enum LayerBenchmark {
    /// Times them on the maps of a picture of `side` × `side` pixels. Operations are counted as the layers define them: where Winograd's
    /// algorithm saves some, a rate may pass the peak.
    public static func run(_ model: FusionModel, side: Int, runs: Int) -> [Timing] {
        let plan = InferencePlan(model, height: side, width: side)
        var source = Philox(seed: 1)
        let picture = source.normal(Shape(1, side, side, 1))
        let (networks, maps, t) = (plan.model, plan.maps, model.description.schedule.steps / 2)
        // The layers see what they see in a fusion.
        plan.encode(mri: picture, other: picture)
        plan.estimate(picture, at: t, into: Tensor(uninitialized: picture.shape))

        let condition = networks.channels.indices.flatMap { level -> [Timing] in
            let (memory, place) = (maps.condition, Place(networks.channels[level], side >> (level + 1)))
            let features = memory.features.map { $0[level] }
            return [
                place.measure("Haar-Transformer block", model.encoder.first.blocks[level].operations, runs) {
                    networks.condition.modalities[0].blocks[level].run(
                        memory.x[level], into: features[0], memory: memory.blocks[0][level], workers: maps.workers)
                },
                place.measure(
                    "cross-attention both ways",
                    { model.encoder.crossOperations(level, pixels: $0) + model.predictor.conditionMixes[level].operations(pixels: $0) },
                    runs
                ) {
                    networks.condition.crosses[level].run(
                        features[0], features[1], into: maps.prepared[level], memory: memory.crosses[level], workers: maps.workers)
                },
            ]
        }
        let step = maps.step
        let embedding = networks.noise.time.run(t, memory: maps.small)
        let residuals = networks.channels.indices.map { level in
            Place(networks.channels[level], side >> (level + 1)).measure("residual block", model.predictor.encoders[level].operations, runs)
            {
                networks.noise.encoders[level].run(
                    step.kept[level], inside: step.inside[level], embedding: embedding, memory: maps.small + networks.noise.time.size,
                    workers: maps.workers)
            }
        }
        let transformers = [
            (0, networks.refinement.encoder, step.encoder, model.refinement.encoder),
            (1, networks.refinement.bottom, step.refinementBottom, model.refinement.bottom),
        ].map { level, block, memory, counted in
            Place(networks.channels[level], side >> (level + 1)).measure("Transformer block", counted.operations, runs) {
                block.run(step.kept[level], into: step.result[level], memory: memory, workers: maps.workers)
            }
        }
        return condition + residuals + transformers
    }
}

/// Channels and side of a layer's map.
private struct Place {
    let (channels, side): (Int, Int)

    init(_ channels: Int, _ side: Int) { (self.channels, self.side) = (channels, side) }

    func measure(_ name: String, _ operations: (_ pixels: Int) -> Int, _ runs: Int, _ body: () -> Void) -> Timing {
        Fusion.measure("\(name) \(channels) at \(side)²", operations: Double(operations(side * side)), runs: runs, body)
    }
}
