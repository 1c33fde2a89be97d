/// One level of the Haar transform: (N, H, W, C) → (N, H/2, W/2, 4C), H and W even: see `Haar.forward`.
public func haar(_ x: Variable) -> Variable {
    require(x.shape.h % 2 == 0 && x.shape.w % 2 == 0, "a network's input is padded to even sides first, not \(x.shape)")
    return Variable(Haar.forward(x.value), from: [x]) { gradient in x.receive(Haar.inverse(gradient)) }
}

/// The inverse of `haar`: (N, H, W, 4C) → (N, 2H, 2W, C).
public func inverseHaar(_ x: Variable) -> Variable {
    Variable(Haar.inverse(x.value), from: [x]) { gradient in x.receive(Haar.forward(gradient)) }
}

/// The channels of all variables side by side.
public func concatenate(_ parts: [Variable]) -> Variable {
    Variable(Channels.concatenate(parts.map(\.value)), from: parts) { gradient in
        var offset = 0
        for part in parts {
            let channels = offset..<offset + part.shape.c
            part.receive(Channels.slice(gradient, channels))
            offset = channels.upperBound
        }
    }
}

/// Channels `range` of `x`.
public func slice(_ x: Variable, _ range: Range<Int>) -> Variable {
    Variable(Channels.slice(x.value, range), from: [x]) { gradient in
        x.receive(Channels.embed(gradient, offset: range.lowerBound, total: x.shape.c))
    }
}
