/// Floating-point operations of a layer's products, a multiply-add counted as two, as the layers define them: what is activated,
/// normalised or added costs passes over memory and is not counted.
extension ConvolutionLayer {
    /// - Parameter pixels: of the output, over all images.
    package func operations(pixels: Int) -> Int { 2 * weight.shape.count * pixels }
}

extension DepthwiseLayer {
    package func operations(pixels: Int) -> Int { 2 * weight.shape.count * pixels }
}

extension ResidualBlock {
    package func operations(pixels: Int) -> Int { first.operations(pixels: pixels) + second.operations(pixels: pixels) }
}

extension TransformerBlock {
    package func operations(pixels: Int) -> Int {
        attention.expand.operations(pixels: pixels) + attention.local.operations(pixels: pixels)
            + attentionOperations(attention.project, heads: attention.heads, pixels: pixels)
            + feedForward.expand.operations(pixels: pixels) + feedForward.local.operations(pixels: pixels)
            + feedForward.project.operations(pixels: pixels)
    }
}

extension CrossAttention {
    package func operations(pixels: Int) -> Int {
        query.operations(pixels: pixels) + queryLocal.operations(pixels: pixels)
            + keyValue.operations(pixels: pixels) + keyValueLocal.operations(pixels: pixels)
            + attentionOperations(project, heads: heads, pixels: pixels)
    }
}

/// QᵀK and the product of its softmax with V within each head, then the projection.
private func attentionOperations(_ project: ConvolutionLayer, heads: Int, pixels: Int) -> Int {
    let channels = project.weight.shape.c
    return 2 * 2 * channels * channels / heads * pixels + project.operations(pixels: pixels)
}
