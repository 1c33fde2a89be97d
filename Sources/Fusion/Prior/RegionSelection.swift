import Foundation
import Imaging

/// Makes one picture of several, each region from the candidate that serves it best.
///
/// Square windows overlap by half. In each the candidate of the highest score, weighted with the window's own Hann profile, is chosen,
/// and the choices are blended with the same profiles: `sin²(π(i+½)/N)` and its copy half a window on sum to 1, so where
/// neighbouring windows agree the candidate passes unchanged, and where they differ the change is spread over half a window.
struct RegionSelection {
    /// The side of the windows, even, at least 2.
    let side: Int

    /// - Parameters:
    ///   - candidates: at least one plane, all of one size, the preferred first: it wins ties.
    ///   - scores: for each candidate how good each of its pixels is.
    /// - Complexity: O(pixels · candidates).
    func compose(_ candidates: [Plane], scores: [Grid]) -> Plane {
        precondition(!candidates.isEmpty && candidates.count == scores.count, "each candidate needs its scores")
        precondition(side >= 2 && side.isMultiple(of: 2), "windows cannot overlap by half")
        var result = Plane(width: candidates[0].width, height: candidates[0].height)
        let profile = (0..<side).map { sin(.pi * (Double($0) + 0.5) / Double(side)) }.map { $0 * $0 }
        for top in stride(from: -side / 2, to: result.height, by: side / 2) {
            for left in stride(from: -side / 2, to: result.width, by: side / 2) {
                let window = Window(top: top, left: left, profile: profile, width: result.width, height: result.height)
                var (chosen, best) = (0, -Double.infinity)
                for (index, score) in scores.enumerated() {
                    let sum = window.sum(of: score)
                    // The margin keeps rounding from deciding between equals.
                    if sum > best + 1e-9 { (chosen, best) = (index, sum) }
                }
                window.add(candidates[chosen], to: &result)
            }
        }
        return result
    }
}

/// One placed window: the part of it that lies inside the plane.
private struct Window {
    let rows: Range<Int>
    let columns: Range<Int>
    let top: Int
    let left: Int
    let profile: [Double]

    init(top: Int, left: Int, profile: [Double], width: Int, height: Int) {
        rows = max(top, 0)..<min(top + profile.count, height)
        columns = max(left, 0)..<min(left + profile.count, width)
        (self.top, self.left, self.profile) = (top, left, profile)
    }

    func sum(of grid: Grid) -> Double {
        var total = 0.0
        for y in rows {
            var row = 0.0
            for x in columns { row += profile[x - left] * grid.values[y * grid.width + x] }
            total += profile[y - top] * row
        }
        return total
    }

    func add(_ plane: Plane, to result: inout Plane) {
        for y in rows {
            for x in columns {
                let weight = Float(profile[y - top] * profile[x - left])
                result.values[y * plane.width + x] += weight * plane.values[y * plane.width + x]
            }
        }
    }
}
