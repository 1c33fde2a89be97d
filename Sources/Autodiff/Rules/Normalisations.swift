/// Normalisation of the channels of each pixel: see `LayerNorm.forward`. `scale` and `shift` are (1, 1, 1, C).
public func layerNorm(_ x: Variable, scale: Variable, shift: Variable) -> Variable {
    Variable(LayerNorm.forward(x.value, scale: scale.value, shift: shift.value), from: [x, scale, shift]) { gradient in
        let gradients = LayerNorm.gradients(x.value, scale: scale.value, outputGradient: gradient)
        x.receive(gradients.input)
        scale.receive(gradients.scale)
        shift.receive(gradients.shift)
    }
}

/// Feature-wise modulation of `x` (N, H, W, C) by `m` (N or 1, 1, 1, 2C): see `Modulation.forward`.
public func modulate(_ x: Variable, by m: Variable) -> Variable {
    Variable(Modulation.forward(x.value, m.value), from: [x, m]) { gradient in
        let gradients = Modulation.gradients(x.value, m.value, outputGradient: gradient)
        x.receive(gradients.x)
        m.receive(gradients.m)
    }
}
