import Foundation
import Networks

/// Differentiable scores of images (N, H, W, 1) in 0...1, each one number.
enum Losses {
    /// The normalised Gaussian window of Wang et al. 2004: 11 taps, σ = 1.5.
    static let gaussian = gaussian(taps: 11, sigma: 1.5)

    /// A normalised Gaussian window with an odd number of taps.
    static func gaussian(taps: Int, sigma: Double) -> [Float] {
        let values = (0..<taps).map { exp(-pow(Double($0 - taps / 2), 2) / (2 * sigma * sigma)) }
        return values.map { Float($0 / values.reduce(0, +)) }
    }

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

    /// Visual information fidelity of `fused` towards `source` (Sheikh and Bovik 2006), pixel domain, four scales, as `Scores.VIF` has it.
    ///
    /// Differs from the score in two things: a negative gain is cut to 0 without the score's case distinctions, and on images too small
    /// for four scales (sides under 41) the coarse ones are left out.
    /// - Precondition: sides of at least 17.
    static func informationFidelity(_ source: Variable, _ fused: Variable) -> Variable {
        let (noise, tiny): (Float, Float) = (2, 1e-3)
        var (x, y) = (255 * source, 255 * fused)
        var kept: Variable?
        var whole: Variable?
        for scale in 1...4 {
            let taps = 1 << (5 - scale) + 1
            let window = gaussian(taps: taps, sigma: Double(taps) / 5)
            func blurred(_ v: Variable) -> Variable { filter(v, rows: window, columns: window) }
            let side = min(x.shape.h, x.shape.w)
            if scale > 1 {
                if (side - taps + 2) / 2 < taps { break }
                (x, y) = (everySecond(blurred(x)), everySecond(blurred(y)))
            }
            let (mx, my) = (blurred(x), blurred(y))
            let vx = (blurred(x * x) - mx * mx).clamped(0, .greatestFiniteMagnitude)
            let vy = (blurred(y * y) - my * my).clamped(0, .greatestFiniteMagnitude)
            let vxy = blurred(x * y) - mx * my
            let gain = (vxy / (vx + tiny)).clamped(0, .greatestFiniteMagnitude)
            let rest = (vy - gain * vxy).clamped(tiny, .greatestFiniteMagnitude)
            let information = ((gain * gain * vx) / (rest + noise) + 1).logarithm.mean
            let reference = ((1 / noise) * vx + 1).logarithm.mean
            // Sums over the scales' pixels: each mean times its number of pixels.
            let pixels = Float(vx.shape.count)
            kept = kept.map { $0 + pixels * information } ?? pixels * information
            whole = whole.map { $0 + pixels * reference } ?? pixels * reference
        }
        return (kept! + 1e-6) / (whole! + 1e-6)
    }

    /// Q^AB/F (Xydeas and Petrovic 2000): how much of the sources' edges `fused` keeps, weighted by their strength, 0...1.
    ///
    /// Differs from the score in the angle between two edges: here it is taken between lines, by the series of the arcsine of |sin Δ|
    /// (within 0.01 rad up to 45°, where the orientation's sigmoid has long fallen), which is smooth where edges agree.
    static func edgePreservation(_ first: Variable, _ second: Variable, _ fused: Variable) -> Variable {
        struct Edges {
            let x: Variable, y: Variable, strength: Variable

            init(_ image: Variable) {
                x = filter(255 * image, rows: [1, 2, 1], columns: [-1, 0, 1])
                y = filter(255 * image, rows: [-1, 0, 1], columns: [1, 2, 1])
                strength = (x * x + y * y).squareRoot(epsilon: 1e-2)
            }
        }
        let edges = Edges(fused)
        func preserved(_ source: Edges) -> Variable {
            let ratio = minimum(source.strength, edges.strength) / maximum(source.strength, edges.strength)
            let sine = ((source.x * edges.y - source.y * edges.x).magnitude / (source.strength * edges.strength)).clamped(0, 1)
            let square = sine * sine
            let angle = sine * (square * square.affine(scale: 3 / 40, offset: 1 / 6) + 1)
            let alignment = angle.affine(scale: -2 / Float.pi, offset: 1)
            let strength = 0.9994 * ratio.affine(scale: 15, offset: -15 * 0.5).logistic
            return strength * (0.9879 * alignment.affine(scale: 22, offset: -22 * 0.8).logistic)
        }
        let (a, b) = (Edges(first), Edges(second))
        return (preserved(a) * a.strength + preserved(b) * b.strength).mean / (a.strength + b.strength).mean
    }
}
