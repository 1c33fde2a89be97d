import Networks

/// Floating-point operations of the networks' products per picture of so many pixels, as the layers define them, whatever a plan makes
/// of them.
extension FusionModel {
    /// The condition of one pair, ε_θ's first look at it included.
    func conditionOperations(pixels: Int) -> Int {
        encoder.first.operations(pixels: pixels) + encoder.second.operations(pixels: pixels)
            + total(encoder.merges.indices) { level in
                let pixels = pixels.atLevel(level)
                return encoder.crossOperations(level, pixels: pixels) + predictor.conditionMixes[level].operations(pixels: pixels)
            }
    }

    /// ε_θ of one picture.
    func noiseOperations(pixels: Int) -> Int {
        let (first, last) = (pixels.atLevel(0), pixels.atLevel(predictor.ups.count))
        let ends = predictor.stem.operations(pixels: first) + predictor.head.operations(pixels: first)
        let bottom = predictor.bottom.operations(pixels: last) + predictor.bottomBlock.operations(pixels: last)
        let down = total(predictor.encoders.indices) { predictor.encoders[$0].operations(pixels: pixels.atLevel($0)) }
        let between = total(predictor.ups.indices) { level in
            let (here, below) = (pixels.atLevel(level), pixels.atLevel(level + 1))
            let moves = predictor.downs[level].mix.operations(pixels: below) + predictor.ups[level].mix.operations(pixels: below)
            return moves + predictor.skips[level].operations(pixels: here) + predictor.decoders[level].operations(pixels: here)
        }
        return ends + down + bottom + between
    }

    /// n_θ of one picture.
    func refinementOperations(pixels: Int) -> Int {
        let (shallow, deep) = (pixels.atLevel(0), pixels.atLevel(1))
        let ends = refinement.stem.operations(pixels: shallow) + refinement.head.operations(pixels: shallow)
        let blocks = refinement.encoder.operations(pixels: shallow) + refinement.decoder.operations(pixels: shallow)
        let moves = refinement.down.mix.operations(pixels: deep) + refinement.up.mix.operations(pixels: deep)
        return ends + blocks + moves + refinement.bottom.operations(pixels: deep)
    }
}

extension ModalityEncoder {
    fileprivate func operations(pixels: Int) -> Int {
        let levels = total(blocks.indices) { blocks[$0].operations(pixels: pixels.atLevel($0)) }
        let moves = total(downs.indices) { downs[$0].mix.operations(pixels: pixels.atLevel($0 + 1)) }
        return stem.operations(pixels: pixels.atLevel(0)) + levels + moves
    }
}

extension ConditionEncoder {
    /// Cross-attention both ways and the merging of both, at one level of so many pixels.
    func crossOperations(_ level: Int, pixels: Int) -> Int {
        firstToSecond[level].operations(pixels: pixels) + secondToFirst[level].operations(pixels: pixels)
            + merges[level].operations(pixels: pixels)
    }
}

extension HaarTransformerBlock {
    /// - Parameter pixels: of the block's input; its parts work at half its sides.
    func operations(pixels: Int) -> Int {
        let pixels = pixels / 4
        return transformer.operations(pixels: pixels) + detailLocal.operations(pixels: pixels) + detailMix.operations(pixels: pixels)
    }
}

extension Int {
    /// Of a picture of so many pixels, those of the maps of a level.
    fileprivate func atLevel(_ level: Int) -> Int { self >> (2 * level + 2) }
}

private func total(_ levels: Range<Int>, _ operations: (Int) -> Int) -> Int { levels.reduce(0) { $0 + operations($1) } }
