/// The timestep embedding, and what is made of it for each modulated layer.
package struct PackedTimestep: Sendable {
    private let first: PackedMatrix
    private let second: PackedMatrix

    package init(_ embedding: TimestepEmbedding) { (first, second) = (PackedMatrix(embedding.first), PackedMatrix(embedding.second)) }

    /// Floats that `run` needs.
    package var size: Int { first.inputs + first.outputs + second.outputs }

    /// The embedding of timestep t in `memory`: a pointer to its first element.
    package func run(_ t: Int, memory: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
        let (hidden, result) = (memory + first.inputs, memory + first.inputs + first.outputs)
        TimestepEmbedding.sinusoids(t, count: first.inputs, into: memory)
        first.multiply(.init(memory, stride: 0), count: 1, into: hidden, outStride: 0)
        PixelRows.silu(hidden, count: first.outputs)
        second.multiply(.init(hidden, stride: 0), count: 1, into: result, outStride: 0)
        PixelRows.silu(result, count: second.outputs)
        return UnsafePointer(result)
    }
}

/// The scale and offset that a timestep gives each channel of a layer: y·(1 + s) + d.
package struct PackedModulation: Sendable {
    private let matrix: PackedMatrix
    package let channels: Int

    package init(_ layer: ConvolutionLayer) {
        matrix = PackedMatrix(layer)
        channels = layer.weight.shape.c / 2
    }

    /// Floats that `run` needs.
    package var size: Int { matrix.outputs }

    /// 1 + s and (1 + s)·b + d in `memory`, for a layer whose bias b was left out.
    package func run(
        _ embedding: UnsafePointer<Float>, bias: UnsafePointer<Float>? = nil, memory: UnsafeMutablePointer<Float>
    ) -> (scale: UnsafePointer<Float>, offset: UnsafePointer<Float>) {
        matrix.multiply(.init(embedding, stride: 0), count: 1, into: memory, outStride: 0)
        for c in 0..<channels {
            memory[c] += 1
            if let bias { memory[channels + c] += memory[c] * bias[c] }
        }
        return (UnsafePointer(memory), UnsafePointer(memory) + channels)
    }
}

/// The residual block: two convolutions; everything between them happens as they load and store.
package struct PackedResidualBlock: Sendable {
    private let norm: NormLayer
    private let first: WinogradConvolution
    private let modulation: PackedModulation
    private let second: WinogradConvolution

    package init(_ block: ResidualBlock) {
        (norm, first, second) = (block.norm, WinogradConvolution(block.first), WinogradConvolution(block.second))
        modulation = PackedModulation(block.modulation)
    }

    /// Floats of scratch memory of a thread.
    package var scratch: Int { max(first.scratch, second.scratch) }
    /// Floats that `run` needs for its modulation.
    package var size: Int { modulation.size }

    /// Computes the block of `x` in place; `inside` is a map of its size, `memory` of `size` floats.
    package func run(
        _ x: FeatureMap, inside: FeatureMap, embedding: UnsafePointer<Float>, memory: UnsafeMutablePointer<Float>, workers: Workers
    ) {
        let (scale, offset) = modulation.run(embedding, bias: first.offsets, memory: memory)
        let affine = (UnsafePointer(norm.scale.value.pointer), UnsafePointer(norm.shift.value.pointer))
        first.run(x, affine: affine, into: inside, .init(scale: scale, offset: offset, then: .silu), workers: workers)
        second.run(inside, into: x, second.plain(then: .adding(x)), workers: workers)
    }
}

extension WinogradConvolution {
    /// The convolution of a whole map.
    package func run(
        _ input: FeatureMap, affine: (scale: UnsafePointer<Float>, shift: UnsafePointer<Float>)? = nil, into output: FeatureMap,
        _ epilogue: Epilogue, workers: Workers
    ) {
        let cut = Cut(height: input.height, width: input.width, workers: workers.count)
        workers.run(cut.count) { block, scratch in
            run(block: block, of: cut, input, affine: affine, into: output, epilogue, scratch: scratch)
        }
    }
}
