extension Variable {
    /// Element by element; both of one shape.
    public static func + (x: Variable, y: Variable) -> Variable {
        Variable(Elementwise.add(x.value, y.value), from: [x, y]) { gradient in
            x.receive(gradient, owned: false)
            y.receive(gradient, owned: false)
        }
    }

    public static func - (x: Variable, y: Variable) -> Variable {
        Variable(Elementwise.subtract(x.value, y.value), from: [x, y]) { gradient in
            x.receive(gradient, owned: false)
            y.receive(Elementwise.affine(gradient, scale: -1))
        }
    }

    public static func * (x: Variable, y: Variable) -> Variable {
        Variable(Elementwise.multiply(x.value, y.value), from: [x, y]) { gradient in
            x.receive(Elementwise.multiply(gradient, y.value))
            y.receive(Elementwise.multiply(gradient, x.value))
        }
    }

    public static func * (scale: Float, x: Variable) -> Variable { x.affine(scale: scale) }

    public static func + (x: Variable, offset: Float) -> Variable { x.affine(scale: 1, offset: offset) }

    /// scale · x + offset.
    public func affine(scale: Float, offset: Float = 0) -> Variable {
        Variable(Elementwise.affine(value, scale: scale, offset: offset), from: [self]) { gradient in
            self.receive(Elementwise.affine(gradient, scale: scale))
        }
    }

    /// |x|; the gradient at 0 is 0.
    public var magnitude: Variable {
        Variable(Elementwise.magnitude(value), from: [self]) { gradient in
            self.receive(Elementwise.multiply(gradient, Elementwise.sign(self.value)))
        }
    }

    /// 1 / (1 + e^−x).
    public var logistic: Variable {
        let y = Elementwise.logistic(value)
        return Variable(y, from: [self]) { gradient in
            let slope = Elementwise.multiply(y, Elementwise.affine(y, scale: -1, offset: 1))
            self.receive(Elementwise.multiply(gradient, slope))
        }
    }

    /// x limited to the range; the gradient is 0 outside.
    public func clamped(_ lower: Float, _ upper: Float) -> Variable {
        let limited = Elementwise.clamp(value, lower, upper)
        return Variable(limited, from: [self]) { gradient in
            let moved = Elementwise.magnitude(Elementwise.subtract(self.value, limited))
            self.receive(Elementwise.select(moved, Tensor(gradient.shape), gradient))
        }
    }

    /// A number that was computed from this variable outside the record, together with its derivative by every element.
    ///
    /// - Precondition: `slope` has this variable's shape.
    public func number(_ number: Float, slope: Tensor) -> Variable {
        require(slope.shape == shape, "a slope \(slope.shape) is not of shape \(shape)")
        return Variable(Tensor(.vector(1), repeating: number), from: [self]) { gradient in
            self.receive(Elementwise.affine(slope, scale: gradient.scalar))
        }
    }

    /// The mean of all elements, one number.
    public var mean: Variable {
        let count = Float(shape.count)
        return Variable(Tensor(.vector(1), repeating: Float(Reduction.sum(value) / Double(shape.count))), from: [self]) { gradient in
            self.receive(Tensor(self.shape, repeating: gradient.scalar / count))
        }
    }
}
