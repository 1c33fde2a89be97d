/// x · σ(x).
public func silu(_ x: Variable) -> Variable {
    Variable(Activation.silu(x.value), from: [x]) { gradient in x.receive(Activation.siluGradient(x.value, gradient)) }
}

/// GELU of the first half of the channels times the second half: see `Activation.geluGate`.
public func geluGate(_ x: Variable) -> Variable {
    Variable(Activation.geluGate(x.value), from: [x]) { gradient in x.receive(Activation.geluGateGradient(x.value, gradient)) }
}
