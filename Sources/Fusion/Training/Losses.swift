import Networks

/// Distances of images of one shape, each one number.
enum Losses {
    /// Mean squared error.
    static func squaredError(_ x: Variable, _ y: Variable) -> Variable {
        let difference = x - y
        return (difference * difference).mean
    }

    /// Mean absolute error.
    static func absoluteError(_ x: Variable, _ y: Variable) -> Variable { (x - y).magnitude.mean }
}
