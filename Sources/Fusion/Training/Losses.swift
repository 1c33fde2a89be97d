import Foundation
import Networks

/// Differentiable scores of images (N, H, W, 1) in 0...1, each one number.
enum Losses {
    /// The normalised Gaussian window of Wang et al. 2004: 11 taps, σ = 1.5.
    static let gaussian: [Float] = {
        let taps = (-5...5).map { exp(-Double($0 * $0) / (2 * 1.5 * 1.5)) }
        return taps.map { Float($0 / taps.reduce(0, +)) }
    }()

    /// Mean squared error.
    static func squaredError(_ x: Variable, _ y: Variable) -> Variable {
        let difference = x - y
        return (difference * difference).mean
    }

    /// Mean absolute error.
    static func absoluteError(_ x: Variable, _ y: Variable) -> Variable { (x - y).magnitude.mean }

    /// 1 − SSIM (Wang et al. 2004) with the Gaussian window over the valid region.
    static func dissimilarity(_ x: Variable, _ y: Variable) -> Variable {
        func blurred(_ v: Variable) -> Variable { filter(v, rows: gaussian, columns: gaussian) }
        let (c1, c2): (Float, Float) = (1e-4, 9e-4)
        let (mx, my) = (blurred(x), blurred(y))
        let (mxx, myy, mxy) = (mx * mx, my * my, mx * my)
        let (vx, vy, vxy) = (blurred(x * x) - mxx, blurred(y * y) - myy, blurred(x * y) - mxy)
        let numerator = (2 * mxy + c1) * (2 * vxy + c2)
        let denominator = (mxx + myy + c1) * (vx + vy + c2)
        return (numerator / denominator).mean.affine(scale: -1, offset: 1)
    }

    /// Sobel magnitude over the valid region: (N, H − 2, W − 2, 1).
    static func sobel(_ x: Variable) -> Variable {
        let horizontal = filter(x, rows: [0.25, 0.5, 0.25], columns: [-0.5, 0, 0.5])
        let vertical = filter(x, rows: [-0.5, 0, 0.5], columns: [0.25, 0.5, 0.25])
        return (horizontal * horizontal + vertical * vertical).squareRoot(epsilon: 1e-8)
    }

    /// Mean distance of the Sobel magnitude from the larger of the sources'.
    static func gradientLoss(_ x: Variable, _ first: Variable, _ second: Variable) -> Variable {
        absoluteError(sobel(x), maximum(sobel(first), sobel(second)))
    }
}
