@testable import Autodiff

// The filters have gradients that the objective's own derivatives are made of; as operations of the record they are checked like others.

/// The pixels where a separable window lies inside, filtered: see `ImageFilter.separable`.
func filter(_ x: Variable, rows: [Float], columns: [Float]) -> Variable {
    Variable(ImageFilter.separable(x.value, rows: rows, columns: columns), from: [x]) { gradient in
        x.receive(ImageFilter.separableGradient(gradient, rows: rows, columns: columns))
    }
}

/// Every second pixel of every second row: (N, H, W, C) → (N, ⌈H/2⌉, ⌈W/2⌉, C).
func everySecond(_ x: Variable) -> Variable {
    Variable(ImageFilter.everySecond(x.value), from: [x]) { gradient in
        x.receive(ImageFilter.everySecondGradient(gradient, shape: x.shape))
    }
}
