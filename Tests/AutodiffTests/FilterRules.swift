@testable import Autodiff

// The filter has a gradient that the objective's own derivatives are made of; as an operation of the record it is checked like others.

/// The pixels where a separable window lies inside, filtered: see `ImageFilter.separable`.
func filter(_ x: Variable, rows: [Float], columns: [Float], step: Int = 1) -> Variable {
    Variable(ImageFilter.separable(x.value, rows: rows, columns: columns, step: step), from: [x]) { gradient in
        let share = Tensor(x.shape)
        ImageFilter.addSeparableGradient(gradient, rows: rows, columns: columns, step: step, to: share)
        x.receive(share)
    }
}
